"""Asks TorchServe: ADDRESS INFERENCE MANAGEMENT METRICS GRPC."""

import json
import sys
import time

import grpc
import httpx


def field(number: int, data: bytes) -> bytes:
    """A length-delimited protobuf field."""
    size = len(data)
    head = bytes([number << 3 | 2])
    return head + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + data


def main(address: str, ask: str, manage: str, metrics: str, rpc: str) -> None:
    """Each of its addresses."""
    values = list(range(100))
    with httpx.Client(base_url=f"http://{address}:{manage}") as client:
        while client.get("/models/double").json()[0]["workers"][0]["status"] != "READY":
            time.sleep(0.2)
        client.get("/models")
    with httpx.Client(base_url=f"http://{address}:{ask}", timeout=30) as client:
        client.get("/ping")
        for _ in range(10):
            client.post("/predictions/double", json=values).raise_for_status()
    with grpc.insecure_channel(f"{address}:{rpc}") as channel:
        service = "/org.pytorch.serve.grpc.inference.InferenceAPIsService"
        channel.unary_unary(f"{service}/Ping")(b"")
        predict = channel.unary_unary(f"{service}/Predictions")
        # PredictionsRequest: model_name = 1; map<string, bytes> input = 3
        entry = field(1, b"data") + field(2, json.dumps(values).encode())
        for _ in range(10):
            predict(field(1, b"double") + field(3, entry))
    with httpx.Client(base_url=f"http://{address}:{metrics}") as client:
        for _ in range(3):
            client.get("/metrics").raise_for_status()


if __name__ == "__main__":
    main(*sys.argv[1:])
