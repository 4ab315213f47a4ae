"""Everything a run needs to go on as if it had never stopped, in one file.

Owns what is kept and how it is put back: weights, optimiser and counters (in the zip of
stable-baselines3), reward normalisation, environments, and every generator of chance. Files are
pickles, which run code: only those that a run wrote into its own folder are ever read.
"""

import io
import pickle
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv, VecMonitor, VecNormalize

from rl_agent.errors import TrainingError
from rl_agent.training.files import write_whole

KEPT = 2  # checkpoints; older ones are removed
_PATTERN = "checkpoint-*.pickle"


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A run between two rollouts.

    Attributes:
        steps: Taken so far.
        model: stable-baselines3's zip.
        wrappers: Attributes of the wrappers around the environments, outermost first.
        states: States of the environments, one for each batch.
        chance: States of the generators of Python, NumPy and torch.
        evaluations: (steps, mean reward) so far.
    """

    steps: int
    model: bytes
    wrappers: list[dict[str, Any]]
    states: list[Any]
    chance: tuple[Any, Any, Any]
    evaluations: list[tuple[int, float]]


def take(model: OnPolicyAlgorithm, evaluations: list[tuple[int, float]]) -> Checkpoint:
    """What `model` and its environments are now; call between rollouts."""
    buffer = io.BytesIO()
    model.save(buffer)
    wrappers, batch = _layers(model.get_env())
    return Checkpoint(
        steps=model.num_timesteps,
        model=buffer.getvalue(),
        wrappers=[_attributes(wrapper) for wrapper in wrappers],
        states=batch.states(),
        chance=(random.getstate(), np.random.get_state(), torch.get_rng_state()),
        evaluations=list(evaluations),
    )


def put_back(
    found: Checkpoint, algorithm: type[OnPolicyAlgorithm], environments: VecEnv
) -> OnPolicyAlgorithm:
    """The model of a checkpoint over environments made as for a fresh run.

    Environments that keep no `state` begin new episodes; all else goes on as it was.
    """
    stateless = any(state is None for state in found.states)
    model = algorithm.load(io.BytesIO(found.model), env=environments, force_reset=stateless)
    wrappers, batch = _layers(environments)
    for wrapper, attributes in zip(wrappers, found.wrappers, strict=True):
        vars(wrapper).update(attributes)
    batch.restore(found.states)
    random.setstate(found.chance[0])
    np.random.set_state(found.chance[1])
    torch.set_rng_state(found.chance[2])
    return model


def save(found: Checkpoint, folder: Path) -> None:
    """Writes it, then removes the oldest ones."""
    write_whole(folder / f"checkpoint-{found.steps:012d}.pickle", pickle.dumps(found))
    for old in sorted(folder.glob(_PATTERN))[:-KEPT]:
        old.unlink()


def latest(folder: Path) -> Checkpoint | None:
    """The newest of the run's own folder; None where it left none.

    Raises:
        TrainingError: The file is damaged.
    """
    files = sorted(folder.glob(_PATTERN))
    if not files:
        return None
    try:
        found = pickle.loads(files[-1].read_bytes())
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, TypeError) as error:
        raise TrainingError(
            f"{files[-1]} is damaged ({error}): remove it to go on from the one before"
        ) from None
    if not isinstance(found, Checkpoint):
        raise TrainingError(f"{files[-1]} is no checkpoint: remove it")
    return found


def _layers(environments: Any) -> tuple[list[Any], Any]:
    """The wrappers, outermost first, and what they wrap."""
    wrappers = []
    while isinstance(environments, VecNormalize | VecMonitor):
        wrappers.append(environments)
        environments = environments.venv
    return wrappers, environments


_KEPT_OF_WRAPPERS = {
    VecNormalize: ("ret_rms", "returns"),
    VecMonitor: ("episode_returns", "episode_lengths", "episode_count"),
}


def _attributes(wrapper: Any) -> dict[str, Any]:
    return {name: getattr(wrapper, name) for name in _KEPT_OF_WRAPPERS[type(wrapper)]}
