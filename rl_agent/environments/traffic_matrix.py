"""`headway/TrafficMatrix-v0`: split the next, unknown traffic matrix over candidate paths.

Owns the Gymnasium faces of `TrafficMatrixCore`, one environment or a batch, and what their
constructors accept. The rules are in `traffic_core`, traffic in `traffic`.

* Observation: float32 (P, F), one row of features (`observe.FEATURES`) for each candidate path.
* Action: float32 (P,), from -1 to 1. `reach` times it is added to the logit that the plan (`base`)
  gives the path; softmax over the paths of a pair is its split. So an action of 0 does as the plan
  says, and without a plan splits evenly.
* Reward: -(largest utilisation / reference) - churn_cost x share of traffic moved. The reference
  is the optimum over all paths (over given tunnels, if they are given) where matrices are replayed,
  a lower bound on it (node cuts and volume) where they are generated; the ratio is never below 1.
* Episodes end by truncation after `episode_length` steps. `reset(options={"first": t})` begins
  where matrix t is the newest seen.
"""

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from controller.advice.network import BoolArray, CandidatePaths, Network
from rl_agent.environments import chance
from rl_agent.environments.actions import checked
from rl_agent.environments.scenario import Source, core_of
from rl_agent.environments.traffic_core import FEATURE_LIMIT, State, TrafficMatrixCore
from rl_agent.errors import EnvironmentOptionError
from rl_agent.matrices import Matrices

Observations = NDArray[np.float32]
Actions = NDArray[np.float32]


class TrafficMatrixEnv(gymnasium.Env[Observations, Actions]):
    """One environment: a batch of one."""

    metadata = {"render_modes": []}  # noqa: RUF012 (Gymnasium's)

    def __init__(
        self,
        topology: str | Network | None = None,
        matrices: Matrices | Path | str | None = None,
        paths: CandidatePaths | Path | str | None = None,
        base: str | None = None,
        core: TrafficMatrixCore | None = None,
        **options: float,
    ) -> None:
        """An environment.

        Args:
            topology: A spec as in `headway topo`, or a network, on which traffic is generated.
            matrices: A recording to replay instead, or the file of one.
            paths: Candidates, or a file of tunnels; None for the usual ones.
            base: A plan actions are added to, such as "online-gradient"; None for no plan.
            core: The rules, made already; then nothing else may be given.
            **options: Fields of `traffic_core.Options`.

        Raises:
            EnvironmentOptionError: The arguments don't go together.
            AgentError, TopologyError, AdviceError: What they name can't be used.
        """
        self.core = core or core_of(Source(topology, matrices, paths, base), options)
        self.observation_space, self.action_space = _spaces(self.core)
        self._state: State | None = None

    @property
    def paths(self) -> CandidatePaths:
        """The candidates; row p of an observation is path p."""
        return self.core.paths

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, Any]]:
        """Begins an episode; without a seed, the one that follows the last."""
        super().reset(seed=seed)
        key = _keys(seed, self._state, self.np_random, 1)
        self._state = self.core.initial(key, _first(self.core, options, 1))
        return self.core.observation(self._state)[0], {}

    def step(self, action: Actions) -> tuple[Observations, float, bool, bool, dict[str, Any]]:
        """Splits the next matrix."""
        self._state = state = _after(self.core, self._state, np.asarray(action)[None])
        info = {"ratio": float(state.ratio[0]), "moved": float(state.moved[0])}
        observation = self.core.observation(state)[0]
        over = bool(self.core.is_over(state)[0])
        return observation, float(self.core.reward(state)[0]), False, over, info


class TrafficMatrixVectorEnv(gymnasium.vector.VectorEnv[Observations, Actions, NDArray[Any]]):
    """A batch: environment i seeded with seed + i goes as a single one with that seed."""

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(
        self,
        num_envs: int = 1,
        topology: str | Network | None = None,
        matrices: Matrices | Path | str | None = None,
        paths: CandidatePaths | Path | str | None = None,
        base: str | None = None,
        core: TrafficMatrixCore | None = None,
        **options: float,
    ) -> None:
        """A batch of `num_envs`; the rest is as for `TrafficMatrixEnv`."""
        self.core = core or core_of(Source(topology, matrices, paths, base), options)
        self.num_envs = num_envs
        self.single_observation_space, self.single_action_space = _spaces(self.core)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.state: State | None = None
        """All there is to continue from: what a checkpoint keeps."""

    @property
    def paths(self) -> CandidatePaths:
        """The candidates; row p of an observation is path p."""
        return self.core.paths

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, Any]]:
        """Begins an episode in every environment."""
        super().reset(seed=seed)
        key = _keys(seed, self.state, self.np_random, self.num_envs)
        self.state = self.core.initial(key, _first(self.core, options, self.num_envs))
        return self._seen(), {}

    def step(
        self, actions: Actions
    ) -> tuple[Observations, NDArray[Any], BoolArray, BoolArray, dict[str, Any]]:
        """A step in every environment; those that end begin anew at once."""
        self.state = state = _after(self.core, self.state, actions)
        observations, rewards = self._seen(), self.core.reward(state)
        over, everywhere = self.core.is_over(state), np.ones(self.num_envs, bool)
        infos: dict[str, Any] = {
            "ratio": state.ratio, "_ratio": everywhere, "moved": state.moved, "_moved": everywhere,
        }  # fmt: skip
        if over.any():
            # Gymnasium's form: an object array, None where the episode goes on.
            infos["final_obs"] = np.array([*observations, None], object)[:-1]
            infos["final_obs"][~over] = None
            infos["_final_obs"] = over
            self.state = self.core.restarted(state, over)
            observations = self._seen()
        return observations, rewards, np.zeros(self.num_envs, bool), over, infos

    def _seen(self) -> Observations:
        assert self.state is not None  # for mypy; every caller has set it
        return self.core.observation(self.state)


def _spaces(core: TrafficMatrixCore) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    seen = spaces.Box(-FEATURE_LIMIT, FEATURE_LIMIT, core.observation_shape, np.float32)
    return seen, spaces.Box(-1.0, 1.0, (len(core.paths.pair),), np.float32)


def _keys(
    seed: int | None, last: State | None, random: np.random.Generator, count: int
) -> chance.Keys:
    """Of the episodes that a reset begins: the seed's, the ones after the last, or any."""
    if seed is not None:
        return chance.keys(seed, count)
    if last is None:
        return chance.keys(int(random.integers(2**63)), count)
    return chance.following(last.key)


def _after(core: TrafficMatrixCore, state: State | None, actions: Actions) -> State:
    """A step of the batch."""
    if state is None:
        raise EnvironmentOptionError("call reset() before step()")
    return core.transition(state, checked(actions))


def _first(
    core: TrafficMatrixCore, options: dict[str, Any] | None, count: int
) -> NDArray[np.int64] | None:
    """Where episodes begin, if the caller says so."""
    if not options or "first" not in options:
        return None
    first, least = int(options["first"]), core.options.window - 1
    most = None if core.traffic.length is None else core.traffic.length - 2
    if first < least or (most is not None and first > most):
        raise EnvironmentOptionError(
            f"first is {first}: give {least} to {'any' if most is None else most}"
        )
    return np.full(count, first, np.int64)
