"""`PathPolicy`: the actor-critic that stable-baselines3 trains, of one size for any network.

Owns how networks, distribution and optimiser go together; the arithmetic is in `path_network`.
"""

from typing import Any

import torch
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor, nn

from rl_agent.training.path_network import PathNetwork, PooledValue


class _Towers(nn.Module):  # type: ignore[misc]
    """Actor and critic, under the names that stable-baselines3 calls."""

    def __init__(self, shape: tuple[int, ...], width: int, depth: int) -> None:
        super().__init__()
        self._shape = shape  # (P, F)
        self.actor = PathNetwork(shape[-1], width, depth)
        self.critic = PooledValue(shape[-1], width)

    def forward_actor(self, flat: Tensor) -> Tensor:
        """(B, P x F) observations to (B, P) mean actions."""
        return self.actor(flat.unflatten(1, self._shape))

    def forward_critic(self, flat: Tensor) -> Tensor:
        """(B, P x F) observations to (B, 1) values."""
        return self.critic(self.actor.normalised(flat.unflatten(1, self._shape)))

    def forward(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Both."""
        return self.forward_actor(flat), self.forward_critic(flat)


class PathPolicy(ActorCriticPolicy):  # type: ignore[misc]
    """A Gaussian around the actor's answer for each path, with one deviation for all of them."""

    def __init__(self, *args: Any, width: int = 32, depth: int = 2, **kwargs: Any) -> None:
        """As `ActorCriticPolicy`, over observations (P, F) and actions (P,).

        Args:
            *args: Spaces and learning rate, from the algorithm.
            width: Neurons of a hidden layer.
            depth: Hidden layers of the actor.
            **kwargs: To `ActorCriticPolicy`.
        """
        self._width, self._depth = width, depth
        super().__init__(*args, **kwargs)

    @property
    def actor(self) -> PathNetwork:
        """What is exported."""
        actor: PathNetwork = self.mlp_extractor.actor
        return actor

    def _build(self, lr_schedule: Any) -> None:
        shape = self.observation_space.shape
        self.mlp_extractor = _Towers(shape, self._width, self._depth)
        self.action_net, self.value_net = nn.Identity(), nn.Identity()
        self.log_std = nn.Parameter(torch.full((1,), float(self.log_std_init)))
        self.optimizer = self.optimizer_class(
            self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs
        )
