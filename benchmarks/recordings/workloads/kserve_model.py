"""A KServe model and its client: `server HTTP GRPC` or `client ADDRESS HTTP GRPC`."""

import asyncio
import sys

import numpy as np
from kserve import InferInput, InferRequest, InferResponse, Model, ModelServer
from kserve.utils.utils import get_predict_response


class Double(Model):
    """Doubles numbers."""

    def load(self):
        self.ready = True
        return True

    def predict(self, payload, headers=None, response_headers=None):
        if isinstance(payload, InferRequest):
            return get_predict_response(payload, payload.inputs[0].as_numpy() * 2, self.name)
        return {"predictions": [[2 * x for x in row] for row in payload["instances"]]}


def serve(http, rpc):
    """One model."""
    model = Double("double")
    model.load()
    ModelServer(http_port=int(http), grpc_port=int(rpc), workers=1).start([model])


async def ask(address, http, rpc):
    """Old and new protocol, both transports."""
    import httpx
    from kserve import InferenceGRPCClient

    with httpx.Client(base_url=f"http://{address}:{http}") as client:
        instances = np.random.random((20, 10)).tolist()
        for _ in range(8):
            client.post("/v1/models/double:predict", json={"instances": instances})
        client.get("/v2/health/ready")
        client.get("/v2/models/double")
        data = {"name": "x", "shape": [1, 50], "datatype": "FP32", "data": [0.5] * 50}
        for _ in range(5):
            answer = client.post("/v2/models/double/infer", json={"inputs": [data]})
            answer.raise_for_status()
    client = InferenceGRPCClient(f"{address}:{rpc}")
    await client.is_server_ready()
    for _ in range(8):
        tensor = InferInput("x", [1, 5000], "FP32")
        tensor.set_data_from_numpy(np.ones((1, 5000), np.float32))
        answer: InferResponse = await client.infer(
            InferRequest(model_name="double", infer_inputs=[tensor])
        )
        assert answer.outputs
    await client.close()


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    if role == "server":
        serve(*rest)
    else:
        asyncio.run(ask(*rest))
