"""Adds noise to the array, as training would."""

import numpy as np
from flwr.client import ClientApp, NumPyClient
from flwr.common import Context


class Noise(NumPyClient):
    """A client without data."""

    def fit(self, parameters, config):
        return [array + np.random.normal(size=array.shape) for array in parameters], 10, {}

    def evaluate(self, parameters, config):
        return float(np.mean(parameters[0])), 10, {"accuracy": 0.5}


def make(_context: Context):
    """One client."""
    return Noise().to_client()


app = ClientApp(client_fn=make)
