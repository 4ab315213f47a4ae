"""Ray Serve: `server GCS HTTP_PORT GRPC_PORT` or `client ADDRESS HTTP_PORT GRPC_PORT`."""

import json
import sys
import time

SERVICE = "recording.Model"


def add_model_servicer(servicer, server):
    """What protoc would have made of `service Model { rpc Predict(bytes) returns (bytes); }`."""
    import grpc

    method = grpc.unary_unary_rpc_method_handler(
        servicer.Predict, request_deserializer=bytes, response_serializer=bytes
    )
    handlers = grpc.method_handlers_generic_handler(SERVICE, {"Predict": method})
    server.add_generic_rpc_handlers((handlers,))


def serve(gcs, http, rpc):
    """One deployment behind both."""
    import ray
    from google.protobuf.wrappers_pb2 import BytesValue
    from ray import serve as ray_serve
    from ray.serve.config import gRPCOptions

    @ray_serve.deployment(ray_actor_options={"num_cpus": 0.1})
    class Model:
        async def __call__(self, request):
            body = await request.json()
            return {"scores": [float(x) * 2 for x in body["inputs"]]}

        def Predict(self, request):
            return BytesValue(value=bytes(reversed(request)))

    ray.init(address=gcs)
    ray_serve.start(
        http_options={"host": "0.0.0.0", "port": int(http)},
        grpc_options=gRPCOptions(
            port=int(rpc), grpc_servicer_functions=["ray_serve_app.add_model_servicer"]
        ),
    )
    ray_serve.run(Model.bind(), name="model")
    print("serving")
    time.sleep(300)


def ask(address, http, rpc):
    """Both ingresses."""
    import grpc
    import httpx

    with httpx.Client(base_url=f"http://{address}:{http}") as client:
        for _ in range(10):
            client.post("/", json={"inputs": list(range(100))}).raise_for_status()
        client.get("/-/healthz")
        client.get("/-/routes")
    with grpc.insecure_channel(f"{address}:{rpc}") as channel:
        predict = channel.unary_unary(f"/{SERVICE}/Predict")
        for _ in range(10):
            predict(json.dumps(list(range(200))).encode(), metadata=(("application", "model"),))
        health = channel.unary_unary("/ray.serve.RayServeAPIService/Healthz")
        health(b"")


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    (serve if role == "server" else ask)(*rest)
