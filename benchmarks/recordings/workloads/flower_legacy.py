"""Flower before SuperLink: `server PORT [KEY CHAIN]` or `client ADDRESS:PORT [CHAIN]`."""

import os
import sys
from pathlib import Path

import flwr
import numpy as np

NUMBERS = int(os.environ.get("NUMBERS", "100000"))


class Noise(flwr.client.NumPyClient):
    """A client without data."""

    def get_parameters(self, config):
        return [np.zeros((NUMBERS,), dtype=np.float32)]

    def fit(self, parameters, config):
        return [np.random.normal(size=p.shape).astype(np.float32) for p in parameters], 10, {}

    def evaluate(self, parameters, config):
        return 0.5, 10, {"accuracy": 0.5}


if __name__ == "__main__":
    role, where, *tls = sys.argv[1:]
    if role == "server":
        strategy = flwr.server.strategy.FedAvg(min_available_clients=2)
        config = flwr.server.ServerConfig(num_rounds=2)
        files = [Path(name).read_bytes() for name in tls]
        flwr.server.start_server(
            server_address=f"0.0.0.0:{where}",
            config=config,
            strategy=strategy,
            certificates=(files[1], files[1], files[0]) if files else None,
        )
    else:
        root = {"root_certificates": Path(tls[0]).read_bytes(), "insecure": False} if tls else {}
        flwr.client.start_client(server_address=where, client=Noise().to_client(), **root)
