"""Federated averaging of an array of 400 kB."""

import numpy as np
from flwr.common import Context, ndarrays_to_parameters
from flwr.server import ServerApp, ServerAppComponents, ServerConfig
from flwr.server.strategy import FedAvg


def make(_context: Context):
    """Three rounds with two clients."""
    start = ndarrays_to_parameters([np.zeros((50_000,))])
    strategy = FedAvg(min_available_clients=2, initial_parameters=start)
    return ServerAppComponents(strategy=strategy, config=ServerConfig(num_rounds=3))


app = ServerApp(server_fn=make)
