"""The network that corrects a plan: one small MLP, the same for every path.

Owns its shape and arithmetic, in torch; `controller.advice.policy` does the same without. Its
weights know no network: what links tell paths about each other is in the features (`observe`), so
what was learned on one network runs on any other. Knows no reinforcement learning.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from controller.advice.policy import REACH


class PathNetwork(nn.Module):  # type: ignore[misc]
    """Features of a path to its action, -1 to 1."""

    def __init__(self, features: int, width: int, depth: int) -> None:
        """Corrects nothing until it has learned.

        Args:
            features: Numbers a path.
            width: Neurons of a hidden layer.
            depth: Hidden layers.
        """
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("spread", torch.ones(features))
        sizes = [features, *[width] * depth]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.rate = nn.Linear(sizes[-1], 1)
        nn.init.zeros_(self.rate.weight)
        nn.init.zeros_(self.rate.bias)

    def forward(self, features: Tensor) -> Tensor:
        """(..., F) to (...)."""
        values = self.normalised(features)
        for layer in self.hidden:
            values = torch.relu(layer(values))
        return torch.tanh(self.rate(values)[..., 0] / REACH)

    def normalised(self, features: Tensor) -> Tensor:
        """Features in standard deviations from the mean of those it was fitted to."""
        return (features - self.mean) / self.spread

    def fit(self, features: Tensor) -> None:
        """Takes mean and deviation of each feature from examples (..., F)."""
        examples = features.flatten(0, -2)
        self.mean.copy_(examples.mean(0))
        self.spread.copy_(examples.std(0).clamp(min=1e-3))

    def layers(self) -> list[nn.Linear]:
        """All of them, in order."""
        return [*self.hidden, self.rate]


class PooledValue(nn.Module):  # type: ignore[misc]
    """What all paths together are worth: the critic. It stays behind when the actor is exported."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.encode = nn.Linear(features, width)
        self.value = nn.Sequential(nn.Linear(2 * width, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, normalised: Tensor) -> Tensor:
        """(B, P, F) to (B, 1)."""
        hidden = torch.tanh(self.encode(normalised))
        return self.value(torch.cat([hidden.mean(1), hidden.amax(1)], -1))
