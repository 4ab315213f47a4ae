"""Routing matrices nobody knows yet, as pure functions over a batch of environments.

Owns the rules: what the next interval brings, what splits do to it and what that is worth. Must
not keep state of its own, and no step loops over environments, pairs, paths or links. B is the
number of environments; the sizes K, P and E are those of the candidate paths.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from controller.advice.advisor import on_live_paths
from controller.advice.network import BoolArray, CandidatePaths, FloatArray, IntArray
from controller.advice.observe import FEATURES, RATES, Averages, features
from rl_agent.environments import chance
from rl_agent.environments.chance import Keys
from rl_agent.environments.traffic import Positions, Traffic
from rl_agent.errors import EnvironmentOptionError

FEATURE_LIMIT = 100.0  # observed features are kept within plus and minus this
_DEAD = -1e9
_BEGIN, _FAIL, _BURST = range(3)  # streams of chance


@dataclass(frozen=True, slots=True)
class Options:
    """What makes an environment harder or longer; the defaults replay as recorded.

    Attributes:
        window: Intervals before an episode that its first moving averages are made of.
        episode_length: Steps.
        churn_cost: Reward lost when all traffic changes its path.
        failure_rate: Chance of each cable to fail in an interval, both directions at once.
        failure_steps: Intervals until it is mended.
        burst_rate: Chance of each pair to burst in an interval.
        burst_steps: Intervals it lasts.
        burst_factor: What a burst multiplies its demand by, at least 1.
        reach: Logits per unit of action.
        relative: The ratio counts as the excess over what the plan alone would have had on the same
            matrix: the same to learn, with what no action changes taken out of the reward.
    """

    window: int = 32
    episode_length: int = 128
    churn_cost: float = 0.0
    failure_rate: float = 0.0
    failure_steps: int = 12
    burst_rate: float = 0.0
    burst_steps: int = 3
    burst_factor: float = 4.0
    reach: float = 4.0
    relative: bool = False

    def __post_init__(self) -> None:
        for name in ("window", "episode_length", "failure_steps", "burst_steps"):
            if getattr(self, name) < 1:
                raise EnvironmentOptionError(f"{name} must be at least 1")
        for name in ("failure_rate", "burst_rate"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise EnvironmentOptionError(f"{name} is a chance: give 0 to 1")
        if self.churn_cost < 0 or self.burst_factor < 1 or not self.reach > 0:
            raise EnvironmentOptionError(
                "churn_cost must be at least 0, burst_factor at least 1 and reach above 0"
            )


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A batch of environments. R is the number of moving averages (`observe.RATES`), newest first.

    Attributes:
        key: uint64 (B,), what settles all chance.
        at: int64 (B,), position in the traffic of the newest interval seen.
        steps: int64 (B,), taken in this episode.
        demands: float64 (B, R, K), averages of the demands seen; the first is the newest alone.
        loads: float64 (B, R, E), averages of what links carried.
        repair: int64 (B, C), intervals until each cable is mended; 0 for those in order.
        burst: int64 (B, K), intervals each pair's burst still lasts.
        splits: float64 (B, P), what was asked for; switches keep it off links that died since.
        moved: float64 (B,), share of traffic whose path that changed.
        ratio: float64 (B,), largest utilisation of the newest interval over the reference.
        plan_ratio: float64 (B,), the same under the plan alone; 0 unless rewards are relative.
    """

    key: Keys
    at: Positions
    steps: NDArray[np.int64]
    demands: FloatArray
    loads: FloatArray
    repair: NDArray[np.int64]
    burst: NDArray[np.int64]
    splits: FloatArray
    moved: FloatArray
    ratio: FloatArray
    plan_ratio: FloatArray

    @property
    def averages(self) -> Averages:
        """What features are made of."""
        return Averages(self.demands, self.loads)

    def put(self, mask: BoolArray, fresh: "State") -> "State":
        """This batch, with others in place of the masked environments."""
        merged = {field.name: getattr(self, field.name).copy() for field in fields(self)}
        for name, values in merged.items():
            values[mask] = getattr(fresh, name)
        return State(**merged)


@dataclass(frozen=True, eq=False)
class TrafficMatrixCore:
    """The rules of `headway/TrafficMatrix-v0`.

    Attributes:
        paths: The candidates splits are over.
        traffic: What there is to carry.
        options: See `Options`.
        plan: float32 (T, P) logits that actions are added to: row t is the plan when matrix t
            is the newest it has seen. None for even splits.
        prior: float64 (P,) logits that a plan may start from elsewhere, having seen this traffic.
    """

    paths: CandidatePaths
    traffic: Traffic
    options: Options = Options()
    plan: NDArray[np.float32] | None = None
    prior: FloatArray | None = None

    def __post_init__(self) -> None:
        length, least = self.traffic.length, self.options.window + self.options.episode_length
        if length is not None and length < least:
            raise EnvironmentOptionError(
                f"{length} matrices are too few for a window of {self.options.window} and "
                f"episodes of {self.options.episode_length}: shorten them by {least - length}"
            )
        if self.plan is not None and self.options.burst_rate > 0:
            raise EnvironmentOptionError("a plan is made for the traffic as it is: no bursts")

    @property
    def observation_shape(self) -> tuple[int, int]:
        """(P, F)."""
        return len(self.paths.pair), len(FEATURES)

    @cached_property
    def cable(self) -> IntArray:
        """int32 (E,): the cable of each link; a link and the one back share theirs."""
        _, cable = np.unique(np.sort(self.paths.network.ends, axis=1), axis=0, return_inverse=True)
        return cable.astype(np.int32)

    def initial(self, key: Keys, first: Positions | None = None) -> State:
        """Environments at the beginning of an episode.

        Args:
            key: (B,).
            first: (B,), position of the newest interval seen; None draws it.
        """
        batch, window = len(key), self.options.window
        at = self._draw_first(key) if first is None else first
        past = at[:, None] + np.arange(1 - window, 1)
        demands = self.traffic.demands(np.repeat(key, window), past.ravel())
        splits = self.paths.softmax(self._plan_at((past - 1).clip(0)))
        seen = demands.reshape(batch, window, -1)
        weights = _averaging(window)
        return State(
            key=key,
            at=at,
            steps=np.zeros(batch, np.int64),
            demands=weights @ seen,
            loads=weights @ self.paths.link_loads(splits * seen[..., self.paths.pair]),
            repair=np.zeros((batch, self.cable.max() + 1), np.int64),
            burst=np.zeros((batch, len(self.paths.pairs)), np.int64),
            splits=splits[:, -1],
            moved=np.zeros(batch),
            ratio=np.ones(batch),
            plan_ratio=np.zeros(batch),
        )

    def transition(self, state: State, action: FloatArray) -> State:
        """Splits are chosen by (B, P) actions, then the next interval shows its demands."""
        at = state.at + 1
        repair, burst = self._failures(state), self._bursts(state)
        demands = self.traffic.demands(state.key, at)
        demands = demands * np.where(burst > 0, self.options.burst_factor, 1.0)
        splits = self.splits(state, action)
        reference = self.traffic.reference(state.key, at)
        loads = self._loads(splits, repair, demands)
        plan_ratio = np.zeros(len(at))
        if self.options.relative:
            plan_alone = self._loads(self._planned(state)[1], repair, demands)
            plan_ratio = self._largest(plan_alone) / reference
        averages = state.averages.after(demands, loads)
        return State(
            key=state.key,
            at=at,
            steps=state.steps + 1,
            demands=averages.demands,
            loads=averages.loads,
            repair=repair,
            burst=burst,
            splits=splits,
            moved=self._moved(state.splits, splits, demands),
            ratio=self._largest(loads) / reference,
            plan_ratio=plan_ratio,
        )

    def splits(self, state: State, action: FloatArray) -> FloatArray:
        """(B, P) actions to the split ratios they ask for; 0 on paths known to be dead."""
        logits, _, alive = self._planned(state)
        asked = logits + self.options.reach * action
        return self.paths.softmax(asked if alive is None else np.where(alive, asked, _DEAD))

    def observation(self, state: State) -> NDArray[np.float32]:
        """(B, P, F) features: those the live network gives the policy, from the same code."""
        logits, splits, alive = self._planned(state)
        seen = features(self.paths, state.averages, logits, splits, alive)
        return seen.clip(-FEATURE_LIMIT, FEATURE_LIMIT).astype(np.float32)

    def reward(self, following: State) -> FloatArray:
        """(B,): minus the ratio (or its excess over the plan's), minus the price of what moved."""
        return following.plan_ratio - following.ratio - self.options.churn_cost * following.moved

    def is_over(self, state: State) -> BoolArray:
        """(B,): whether the episode has all its steps. Nothing else ends it."""
        over: BoolArray = state.steps >= self.options.episode_length
        return over

    def restarted(self, state: State, mask: BoolArray) -> State:
        """The masked environments at the beginning of their next episodes."""
        return state.put(mask, self.initial(chance.following(state.key[mask])))

    def example(self, state: State, following: State) -> tuple[FloatArray, ...]:
        """What a differentiable objective needs of a transition.

        Returns:
            Logits of the plan (B, P), splits before (B, P), demands over the reference (B, K), and
            whether paths carried the interval (B, P).
        """
        logits, _, _ = self._planned(state)
        reference = self.traffic.reference(state.key, following.at)
        alive = self.paths.alive(self.link_up(following.repair)).astype(float)
        return logits, state.splits, following.demands[:, 0] / reference[:, None], alive

    def link_up(self, repair: NDArray[np.int64]) -> BoolArray:
        """(B, C) intervals until cables are mended to (B, E) links that are up."""
        up: BoolArray = repair[:, self.cable] == 0
        return up

    def _loads(
        self, splits: FloatArray, repair: NDArray[np.int64], demands: FloatArray
    ) -> FloatArray:
        """What links carry when switches keep (B, P) splits off dead paths, (B, E)."""
        carried = on_live_paths(self.paths, splits, self.link_up(repair))
        return self.paths.link_loads(carried * demands[:, self.paths.pair])

    def _largest(self, loads: FloatArray) -> FloatArray:
        utilisation: FloatArray = (loads / self.paths.network.capacity).max(1)
        return utilisation

    def _plan_at(self, at: Positions) -> FloatArray:
        """(...) positions to the plan's logits (..., P)."""
        if self.plan is None:
            return np.zeros((*at.shape, len(self.paths.pair)))
        return self.plan[at].astype(np.float64)

    def _planned(self, state: State) -> tuple[FloatArray, FloatArray, BoolArray | None]:
        """Logits and splits of the plan (B, P), and the paths known to be alive; None for all."""
        logits, alive = self._plan_at(state.at), None
        if state.repair.any():
            alive = self.paths.alive(self.link_up(state.repair))
            logits = np.where(alive, logits, _DEAD)
        splits = self.paths.softmax(logits)
        return np.log(splits.clip(1e-6)), splits, alive

    def _draw_first(self, key: Keys) -> Positions:
        least = self.options.window - 1
        room = (self.traffic.length or 1 << 20) - least - self.options.episode_length
        drawn = chance.uniform(key, np.zeros(len(key), np.int64), _BEGIN, 1)[:, 0]
        return (least + drawn * room).astype(np.int64)

    def _failures(self, state: State) -> NDArray[np.int64]:
        """Cables fail and are mended; what would leave a pair without a path does not happen."""
        options, mending = self.options, (state.repair - 1).clip(0)
        if options.failure_rate == 0.0:
            return mending
        drawn = chance.uniform(state.key, state.steps, _FAIL, mending.shape[1])
        failing = np.where(drawn < options.failure_rate, options.failure_steps, 0)
        failed = np.maximum(mending, failing)
        alive = self.paths.alive(self.link_up(failed))
        whole: BoolArray = np.all(self.paths.pair_sum(alive.astype(float)) > 0, axis=1)
        answer: NDArray[np.int64] = np.where(whole[:, None], failed, mending)
        return answer

    def _bursts(self, state: State) -> NDArray[np.int64]:
        options, fading = self.options, (state.burst - 1).clip(0)
        if options.burst_rate == 0.0:
            return fading
        drawn = chance.uniform(state.key, state.steps, _BURST, fading.shape[1])
        fresh = np.where(drawn < options.burst_rate, options.burst_steps, 0)
        lasting: NDArray[np.int64] = np.maximum(fading, fresh)
        return lasting

    def _moved(self, old: FloatArray, new: FloatArray, demands: FloatArray) -> FloatArray:
        shares = self.paths.pair_sum(np.abs(new - old)) / 2.0
        moved: FloatArray = (shares * demands).sum(1) / demands.sum(1)
        return moved


def _averaging(window: int) -> FloatArray:
    """(R, W): what each interval of a window weighs in each average that began with the first."""
    rates, age = np.array(RATES)[:, None], np.arange(window)[::-1]
    weights: FloatArray = np.where(age < window - 1, rates, 1.0) * (1.0 - rates) ** age
    return weights
