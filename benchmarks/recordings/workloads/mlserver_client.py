"""For MLServer: `settings FOLDER HTTP GRPC METRICS` or `client ADDRESS HTTP GRPC METRICS`."""

import json
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import tritonclient.grpc as triton


def settings(folder: str, http: str, rpc: str, metrics: str) -> None:
    """What `mlserver start` reads."""
    home = Path(folder)
    home.mkdir()
    server = {"host": "0.0.0.0", "http_port": int(http), "grpc_port": int(rpc),
              "metrics_port": int(metrics), "parallel_workers": 0, "debug": False}  # fmt: skip
    model = {"name": "halve", "implementation": "mlserver_model.Halve"}
    (home / "settings.json").write_text(json.dumps(server), encoding="ascii")
    (home / "model-settings.json").write_text(json.dumps(model), encoding="ascii")


def client(address: str, http: str, rpc: str, metrics: str) -> None:
    """Plain REST without Triton's client; gRPC with huge batches."""
    base = f"http://{address}:{http}"
    for path in ("/v2", "/v2/health/live", "/v2/models/halve"):
        urllib.request.urlopen(base + path).read()
    body = {"inputs": [{"name": "a", "shape": [8, 50], "datatype": "FP32", "data": [0.5] * 400}]}
    for _ in range(12):
        asked = urllib.request.Request(
            f"{base}/v2/models/halve/infer", json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )  # fmt: skip
        urllib.request.urlopen(asked).read()
        time.sleep(0.05)
    there = triton.InferenceServerClient(f"{address}:{rpc}")
    there.is_server_ready()
    batch = np.ones((512, 150), np.float32)
    for _ in range(3):
        tensor = triton.InferInput("b", batch.shape, "FP32")
        tensor.set_data_from_numpy(batch)
        there.infer("halve", [tensor])
    there.close()
    for _ in range(3):
        urllib.request.urlopen(f"http://{address}:{metrics}/metrics").read()


if __name__ == "__main__":
    (settings if sys.argv[1] == "settings" else client)(*sys.argv[2:])
