"""The environments of a run: those it learns in and those it is evaluated in, never the same.

Owns the split: a recording's last part is held out; generated traffic has other seeds. Knows no
algorithm.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.vector import VectorEnv
from stable_baselines3.common.vec_env import VecEnv, VecMonitor, VecNormalize

from rl_agent.environments import register
from rl_agent.environments.scenario import Source, core_of
from rl_agent.environments.traffic_core import TrafficMatrixCore
from rl_agent.environments.traffic_matrix import TrafficMatrixVectorEnv
from rl_agent.errors import TrainingError
from rl_agent.matrices import load as load_matrices
from rl_agent.training.settings import Hyperparameters
from rl_agent.training.spec import TRAFFIC_MATRIX, Spec
from rl_agent.training.vec_env import BatchVecEnv

_PLACES = ("topology", "matrices", "paths")
_EVALUATION_SEED = 1_000_003  # apart from the seeds people choose


@dataclass(frozen=True, slots=True)
class Batches:
    """What a run learns in and is evaluated in.

    Attributes:
        learning: With normalised rewards, if the hyperparameters want that.
        evaluation: The same episodes every time, rewards as they are.
        core: The rules of `headway/TrafficMatrix-v0`; None for other environments.
        held_out: The same over traffic that is only evaluated on.
        also: Rules on further networks, for the warm start.
    """

    learning: VecEnv
    evaluation: VecEnv
    core: TrafficMatrixCore | None
    held_out: TrafficMatrixCore | None
    also: tuple[TrafficMatrixCore, ...] = ()

    @property
    def cores(self) -> tuple[TrafficMatrixCore, ...]:
        """Every network to learn on, the run's own first."""
        return () if self.core is None else (self.core, *self.also)


def make(spec: Spec, settings: Hyperparameters) -> Batches:
    """Environments of a run.

    Raises:
        TrainingError: The environment can't be learned in.
        AgentError, TopologyError, AdviceError: What its arguments name can't be used.
    """
    arguments = {**settings.env_kwargs, **spec.env_kwargs}
    core: TrafficMatrixCore | None = None
    held_out: TrafficMatrixCore | None = None
    also: tuple[TrafficMatrixCore, ...] = ()
    if spec.environment == TRAFFIC_MATRIX:
        core, held_out = _cores(arguments, spec.holdout)
        also = tuple(_further(place, arguments, spec.holdout) for place in spec.also)
        learning = _spread(spec, settings, TrafficMatrixVectorEnv, {"core": core})
        apart: VectorEnv[Any, Any, Any] = TrafficMatrixVectorEnv(settings.n_envs, core=held_out)
    else:
        arguments = {"id": spec.environment, **arguments}
        learning = _spread(spec, settings, made, arguments)
        apart = made(settings.n_envs, **arguments)
    evaluation = BatchVecEnv(apart, always_seed=_EVALUATION_SEED)
    wrapped = (_wrapped(learning, settings, learns=True),
               _wrapped(evaluation, settings, learns=False))  # fmt: skip
    return Batches(*wrapped, core, held_out, also)


def made(num_envs: int, **arguments: Any) -> VectorEnv[Any, Any, Any]:
    """A batch of any registered environment.

    Raises:
        TrainingError: There is none, or it does not take the arguments.
    """
    register()
    try:
        return gymnasium.make_vec(num_envs=num_envs, **arguments)
    except (gymnasium.error.Error, TypeError) as error:
        raise TrainingError(f"{arguments['id']}: {error}") from None


def _cores(
    arguments: dict[str, Any], holdout: float
) -> tuple[TrafficMatrixCore, TrafficMatrixCore]:
    """Rules over the first part of a recording, and over the rest; the same where it is endless."""
    options = dict(arguments)
    source = Source(
        *(options.pop(name, None) for name in ("topology", "matrices", "paths", "base"))
    )
    if source.matrices is None:
        core = core_of(source, options)
        return core, _absolute(core)
    whole = load_matrices(Path(str(source.matrices)))
    before, after = whole.split(1.0 - holdout)
    first = core_of(replace(source, matrices=before), options)
    rest = core_of(replace(source, matrices=after, prior=first.prior), options)
    return first, _absolute(rest)


def _further(place: str, arguments: dict[str, Any], holdout: float) -> TrafficMatrixCore:
    """The rules of the run over another network: SPEC, FILE.npz or FILE.npz:TUNNELS.json."""
    file, _, tunnels = place.partition(":")
    own = {name: value for name, value in arguments.items() if name not in _PLACES}
    if file.endswith(".npz"):
        own |= {"matrices": file, **({"paths": tunnels} if tunnels else {})}
    else:
        own["topology"] = place
    return _cores(own, holdout)[0]


def _absolute(core: TrafficMatrixCore) -> TrafficMatrixCore:
    """With rewards that can be compared between runs."""
    return replace(core, options=replace(core.options, relative=False))


def _spread(spec: Spec, settings: Hyperparameters, kind: Any, arguments: dict[str, Any]) -> VecEnv:
    """In this process, or on Ray workers."""
    if not spec.workers:
        return BatchVecEnv(kind(settings.n_envs, **arguments))
    from rl_agent.training.ray_workers import RayVecEnv  # noqa: PLC0415 (an extra of its own)

    return RayVecEnv(kind, settings.n_envs, spec.workers, arguments, spec.address)


def _wrapped(environments: VecEnv, settings: Hyperparameters, learns: bool) -> VecEnv:
    monitored = VecMonitor(environments)
    if not settings.normalize:
        return monitored
    arguments = dict(settings.normalize)
    if not learns:
        arguments |= {"training": False, "norm_reward": False}
    return VecNormalize(monitored, gamma=settings.algorithm.get("gamma", 0.99), **arguments)
