"""A Triton server with a Python model: `server HTTP GRPC METRICS`, `client ADDRESS …`."""

import sys
import time

import numpy as np


def serve(http, rpc, metrics):
    """One model that doubles."""
    from pytriton.decorators import batch
    from pytriton.model_config import Tensor
    from pytriton.triton import Triton, TritonConfig

    @batch
    def double(x):
        return {"y": x * 2}

    config = TritonConfig(
        http_address="0.0.0.0", http_port=int(http), grpc_address="0.0.0.0", grpc_port=int(rpc),
        metrics_port=int(metrics),
    )  # fmt: skip
    with Triton(config=config) as triton:
        triton.bind(
            model_name="double",
            infer_func=double,
            inputs=[Tensor(name="x", dtype=np.float32, shape=(-1,))],
            outputs=[Tensor(name="y", dtype=np.float32, shape=(-1,))],
        )
        triton.serve()


def ask(address, http, rpc, metrics):
    """Triton's own clients."""
    import urllib.request

    import tritonclient.grpc
    import tritonclient.http

    values = np.ones((1, 3000), np.float32)
    for module, port in ((tritonclient.http, http), (tritonclient.grpc, rpc)):
        client = module.InferenceServerClient(f"{address}:{port}")
        while not client.is_model_ready("double"):
            time.sleep(0.2)
        client.get_model_metadata("double")
        for _ in range(10):
            tensor = module.InferInput("x", values.shape, "FP32")
            tensor.set_data_from_numpy(values)
            client.infer("double", [tensor])
        client.close()
    for _ in range(3):
        urllib.request.urlopen(f"http://{address}:{metrics}/metrics").read()


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    (serve if role == "server" else ask)(*rest)
