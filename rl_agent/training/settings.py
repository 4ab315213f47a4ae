"""Hyperparameters: YAML as rl-zoo3 has it, one file an algorithm, one section an environment.

Owns reading and checking. Unlike rl-zoo3, nothing in a file is ever evaluated as code: where that
writes "dict(width=32)", write a mapping.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from rl_agent.errors import TrainingError
from rl_agent.training.warm_start import WarmStart

ALGORITHMS: dict[str, type[OnPolicyAlgorithm]] = {"ppo": PPO, "a2c": A2C}
FOLDER = Path(__file__).parent / "hyperparameters"


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a run learns with.

    Attributes:
        policy: "PathPolicy", or a policy of stable-baselines3 such as "MlpPolicy".
        n_envs: Environments in a batch, over all workers.
        n_timesteps: Steps to learn, where the command line says nothing.
        normalize: Arguments of `VecNormalize`; empty for none.
        env_kwargs: Arguments of the environment; the command line's win.
        policy_kwargs: Arguments of the policy.
        warm_start: How to begin from the differentiable objective; None for not at all.
        algorithm: Arguments of the algorithm, as they stand in the file.
    """

    policy: str
    n_envs: int
    n_timesteps: int
    normalize: Mapping[str, Any] = field(default_factory=dict)
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    policy_kwargs: Mapping[str, Any] = field(default_factory=dict)
    warm_start: WarmStart | None = None
    algorithm: Mapping[str, Any] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """Arguments of the algorithm, schedules such as "lin_3e-4" made into functions."""
        return {key: _scheduled(key, value) for key, value in self.algorithm.items()}


def section(algorithm: str, environment: str, path: Path | None = None) -> dict[str, Any]:
    """The section of an environment, from a file of one's own or the one that comes with Headway.

    Raises:
        TrainingError: No such algorithm or section, or no YAML.
    """
    if algorithm not in ALGORITHMS:
        there = ", ".join(ALGORITHMS)
        raise TrainingError(f"no algorithm is called {algorithm!r}; there are: {there}")
    path = path or FOLDER / f"{algorithm}.yml"
    try:
        document = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path} is no YAML: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get(environment), dict):
        raise TrainingError(f"{path} has no section {environment}: add one")
    found: dict[str, Any] = document[environment]
    return found


def decode(values: Mapping[str, Any], algorithm: str) -> Hyperparameters:
    """A section, checked.

    Raises:
        TrainingError: A key that is missing or unknown, or a value that can't be.
    """
    try:
        return _decode(values, ALGORITHMS[algorithm])
    except (TypeError, ValueError) as error:
        raise TrainingError(f"hyperparameters of {algorithm}: {error}") from None


def _decode(given: Mapping[str, Any], algorithm: type[OnPolicyAlgorithm]) -> Hyperparameters:
    values = dict(given)
    own = {key: values.pop(key) for key in _OWN if key in values}
    if missing := [key for key in ("policy", "n_envs", "n_timesteps") if key not in own]:
        raise ValueError(f"{missing[0]} is missing")
    known = set(inspect.signature(algorithm).parameters) - {"policy", "env", "seed"}
    if unknown := sorted(set(values) - known):
        raise ValueError(f"{algorithm.__name__} knows no {unknown[0]!r}")
    for key in ("n_envs", "n_timesteps"):
        own[key] = int(own[key])
        if own[key] < 1:
            raise ValueError(f"{key} must be at least 1")
    if own.get("warm_start"):
        own["warm_start"] = WarmStart(**own["warm_start"])
    for key, value in values.items():
        _scheduled(key, value)
    return Hyperparameters(**own, algorithm=values)


_OWN = tuple(name for name in Hyperparameters.__slots__ if name != "algorithm")


def _scheduled(key: str, value: Any) -> Any:
    """ "lin_3e-4" falls from 3e-4 to 0 over the run."""
    if not isinstance(value, str) or not value.startswith("lin_"):
        return value
    try:
        begin = float(value.removeprefix("lin_"))
    except ValueError:
        raise ValueError(f"{key}: {value!r} is no schedule; write lin_ and a number") from None
    return _falling(begin)


def _falling(begin: float) -> Callable[[float], float]:
    return lambda remaining: remaining * begin
