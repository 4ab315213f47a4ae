"""A decoupled Triton model in a gRPC stream: `server HTTP GRPC METRICS`, `client ADDRESS GRPC`."""

import queue
import sys
import time

import numpy as np


def serve(http: str, rpc: str, metrics: str) -> None:
    """One model that answers several times."""
    from pytriton.model_config import ModelConfig, Tensor
    from pytriton.triton import Triton, TritonConfig

    def speak(requests):
        for number in range(30):
            time.sleep(0.02)
            yield [{"y": np.full(8, number, np.float32)} for _ in requests]

    config = TritonConfig(
        http_address="0.0.0.0", http_port=int(http), grpc_address="0.0.0.0", grpc_port=int(rpc),
        metrics_port=int(metrics),
    )  # fmt: skip
    with Triton(config=config) as triton:
        triton.bind(
            model_name="speak", infer_func=speak,
            inputs=[Tensor(name="x", dtype=np.float32, shape=(-1,))],
            outputs=[Tensor(name="y", dtype=np.float32, shape=(-1,))],
            config=ModelConfig(decoupled=True, batching=False),
        )  # fmt: skip
        triton.serve()


def ask(address: str, rpc: str) -> None:
    """Two prompts in one stream."""
    import tritonclient.grpc as triton

    client = triton.InferenceServerClient(f"{address}:{rpc}")
    while not client.is_model_ready("speak"):
        time.sleep(0.2)
    answers: queue.Queue[object] = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for number in range(2):
        tensor = triton.InferInput("x", (200,), "FP32")
        tensor.set_data_from_numpy(np.ones(200, np.float32))
        client.async_stream_infer("speak", [tensor], request_id=str(number))
    for _ in range(60):
        _, error = answers.get(timeout=20)
        if error:
            raise error
    client.stop_stream()


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else ask)(*sys.argv[2:])
