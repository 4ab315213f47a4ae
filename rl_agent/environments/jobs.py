"""`headway/Jobs-v0`: AI jobs on a fabric; where do their flows go, so that nobody waits?

Owns the Gymnasium faces of `JobsCore`, one environment or a batch, and what their constructors
accept. The rules are in `rl_agent.jobs.core`, the form of numbers in `jobs_coding`.

* A flow between two hosts is on ONE path of its pair of edge switches, chosen by its hash and the
  weights of the candidates, as a select group does; so heavy flows can collide. Changed weights
  move only the flows they must.
* Observation: float32 (P, F), one row for each candidate path; with `pinning` a Dict of that as
  "paths" and of "flows", one row for each flow slot and candidate, slot by slot.
* Action: float32 (A,), from -1 to 1; see `jobs_coding`.
* Reward: less the mean part of the interval that jobs lost to the network (a training job loses
  what its collectives take past their time on a fabric where only access links are narrow), less
  `churn_cost` for each flow under way that moved. It is 0 at best, and an episode's sum is the time
  by which its iterations, answers and rounds came late.
* Episodes end by truncation after `steps` decisions; then info has, for each kind of job, how many
  cycles finished, and mean and 99th percentile of their time, in seconds and as ratio to ideal:
  `training_mean_ratio`, `training_p99_ratio`, `inference_p99_s`, and so on.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from controller.advice.network import BoolArray
from rl_agent.environments.actions import checked
from rl_agent.environments.jobs_coding import Coding
from rl_agent.errors import EnvironmentOptionError
from rl_agent.jobs import report
from rl_agent.jobs.core import Decision, JobsCore, Setting, View
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.workload import Mix
from topologies.model import Topology
from topologies.registry import build

DEFAULT_TOPOLOGY = "leafspine,spines=4,leaves=4,hosts=4,rate=100M"
_SETTING_OPTIONS = ("interval_s", "steps", "churn_cost")

Observation = NDArray[np.float32] | dict[str, NDArray[np.float32]]
Actions = NDArray[np.float32]


class Batch:
    """What both faces share: a core, its coding, and what was last seen and decided."""

    def __init__(self, core: JobsCore, coding: Coding) -> None:
        self.core, self.coding = core, coding
        self._view: View | None = None

    def reset(self, generators: list[np.random.Generator]) -> dict[str, NDArray[np.float32]]:
        """Begins an episode everywhere; what is seen."""
        self._view = self.core.reset(generators)
        return self.coding.observation(self._view, np.tile(self.core.even, (self.core.batch, 1, 1)))

    def step(
        self, actions: Actions
    ) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float64], NDArray[np.float64]]:
        """Observation, reward and how many flows moved."""
        if self._view is None:
            raise EnvironmentOptionError("call reset() before step()")
        decision: Decision = self.coding.decision(checked(actions), self._view)
        self._view, reward = self.core.step(decision)
        return self.coding.observation(self._view, decision.weights), reward, self.core.moved

    def plain(self, seen: dict[str, NDArray[np.float32]], row: int | None = None) -> Observation:
        """As the space has it: an array, or a dict with pinning; of one environment or all."""
        own = seen if row is None else {name: array[row] for name, array in seen.items()}
        return own if self.coding.pinning else own["paths"]


def _batch(
    count: int,
    topology: str | Topology,
    setting: Setting | None,
    pinning: bool,
    shares: bool,
    options: dict[str, Any],
) -> Batch:
    if setting is None:
        place = build(topology) if isinstance(topology, str) else topology
        setting = setting_of(place, options)
    elif options:
        raise EnvironmentOptionError(f"give a setting or {', '.join(options)}, not both")
    core = JobsCore(setting, count)
    return Batch(core, Coding(core, pinning, shares))


def setting_of(topology: Topology, options: dict[str, Any]) -> Setting:
    """The setting that options describe.

    Args:
        topology: Where.
        options: Fields of `workload.Mix` and some of `core.Setting`.

    Raises:
        AgentError: An option that there is not, or out of its bounds.
    """
    own = {name: options[name] for name in _SETTING_OPTIONS if name in options}
    try:
        mix = Mix(**{name: value for name, value in options.items() if name not in own})
    except TypeError as error:
        raise EnvironmentOptionError(f"no such option of a jobs environment: {error}") from None
    return Setting(Fabric.of(topology), mix, **own)


class JobsEnv(gymnasium.Env[Any, Any]):
    """One environment: a batch of one."""

    metadata = {"render_modes": []}  # noqa: RUF012 (Gymnasium's)

    def __init__(
        self,
        topology: str | Topology = DEFAULT_TOPOLOGY,
        *,
        setting: Setting | None = None,
        pinning: bool = False,
        shares: bool = False,
        **options: Any,
    ) -> None:
        """An environment.

        Args:
            topology: A spec as in `headway topo`, or a topology.
            setting: Everything at once, instead of `topology` and `options`.
            pinning: Let actions put single flows on paths.
            shares: Let actions change the queues' guarantees, from half to twice the policy's.
            **options: Fields of `workload.Mix` (`training=8`) and `core.Setting` (`steps=100`).

        Raises:
            AgentError, TopologyError: What they name can't be used.
        """
        self._batch = _batch(1, topology, setting, pinning, shares, options)
        self.observation_space = self._batch.coding.observation_space
        self.action_space = self._batch.coding.action_space

    @property
    def core(self) -> JobsCore:
        """The rules, and the simulation under them."""
        return self._batch.core

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begins an episode with jobs of its own; without a seed, the ones that follow."""
        super().reset(seed=seed)
        return self._batch.plain(self._batch.reset([self.np_random]), 0), {}

    def step(self, action: Actions) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Decides for one interval."""
        seen, reward, moved = self._batch.step(np.asarray(action)[None])
        info: dict[str, Any] = {"moved": float(moved[0])}
        if self.core.over:
            info |= report.as_info(self.core.simulation, 0)
        return self._batch.plain(seen, 0), float(reward[0]), False, self.core.over, info


class JobsVectorEnv(gymnasium.vector.VectorEnv[Any, Any, NDArray[Any]]):
    """A batch: environment i seeded with seed + i goes as a single one with that seed."""

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(
        self,
        num_envs: int = 1,
        topology: str | Topology = DEFAULT_TOPOLOGY,
        *,
        setting: Setting | None = None,
        pinning: bool = False,
        shares: bool = False,
        **options: Any,
    ) -> None:
        """A batch of `num_envs`; the rest is as for `JobsEnv`."""
        self._batch = _batch(num_envs, topology, setting, pinning, shares, options)
        self.num_envs = num_envs
        self.single_observation_space = self._batch.coding.observation_space
        self.single_action_space = self._batch.coding.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._generators = [np.random.default_rng() for _ in range(num_envs)]

    @property
    def core(self) -> JobsCore:
        """The rules, and the simulation under them."""
        return self._batch.core

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begins an episode in every environment."""
        super().reset(seed=seed)
        if seed is not None:
            self._generators = [np.random.default_rng(seed + i) for i in range(self.num_envs)]
        return self._batch.plain(self._batch.reset(self._generators)), {}

    def step(
        self, actions: Actions
    ) -> tuple[Any, NDArray[Any], BoolArray, BoolArray, dict[str, Any]]:
        """A step in every environment; as all end together, all begin anew together."""
        seen, reward, moved = self._batch.step(np.asarray(actions))
        everywhere = np.ones(self.num_envs, bool)
        infos: dict[str, Any] = {"moved": moved, "_moved": everywhere}
        over = np.full(self.num_envs, self.core.over)
        if self.core.over:
            rows = range(self.num_envs)
            final = np.empty(self.num_envs, object)
            final[:] = [self._batch.plain(seen, row) for row in rows]
            ends = [report.as_info(self.core.simulation, row) for row in rows]
            infos |= {"final_obs": final, "_final_obs": everywhere, "_final_info": everywhere}
            infos["final_info"] = {name: np.array([end[name] for end in ends]) for name in ends[0]}
            seen = self._batch.reset(self._generators)
        return self._batch.plain(seen), reward, np.zeros_like(over), over, infos
