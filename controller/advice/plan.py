"""Plans: splits kept near the best for recent traffic by a few steps of mirror descent an interval.

Owns the optimisation and nothing else. The objective is the mean over scenarios (matrices seen) of
the logarithm of the largest link utilisation, smoothed; its gradient is that of the ratio to each
scenario's own optimum, which therefore nobody has to compute. Steps are exponentiated gradient
(Kivinen and Warmuth 1997) with momentum, from splits that prefer few hops, so that pairs that don't
matter stay on short paths. Measured against the alternatives in docs/training.md.

Two plans look at different scenarios: `Recent` at the last few matrices, drawn towards the newest;
`Replay` at random ones of a long memory, for traffic that has no short-term pattern. `Blend`
follows whichever has done better lately.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controller.advice.advisor import Observation, live_paths, on_live_paths
from controller.advice.network import BoolArray, CandidatePaths, FloatArray

_DEAD = -1e9
_DECIDED = 0.999  # share of a plan at which the other one is only kept warm
_YOUNG_STEP, _YOUNG_STEPS, _MOST_STEPS = 2000.0, 2000.0, 16  # of `Replay`, over its age
_SETTLED_STEP = 0.2  # of `Replay` with a prior, which only has to follow what changes
_CELLS = 50_000_000  # hops x scenarios x steps that an update of a plan may touch


@dataclass(frozen=True, slots=True)
class Descent:
    """How a plan descends.

    Attributes:
        steps: Steps an interval.
        step: Length of the first step, in logits for a gradient of 1.
        fade: Length of the last step in an interval over the first: long ones to get somewhere,
            short ones so that the answer is not an overshoot.
        steepest: A gradient with a larger element is shortened to this: on a network of few pairs
            one of them may be all there is to gain.
        momentum: Part of the last direction kept within an interval.
        smoothing: Links within this part of the largest utilisation share the gradient.
        depth: A logit is at most this far below its pair's largest, so that no path is forgotten.
        hop_cost: Logits that each hop more than the shortest path costs at the start.
        settle: Steps of the first interval.
    """

    steps: int = 10
    step: float = 45.0
    fade: float = 0.03
    steepest: float = 0.05
    momentum: float = 0.5
    smoothing: float = 0.03
    depth: float = 8.0
    hop_cost: float = 2.0
    settle: int = 100


class MirrorDescent:
    """Logits of one plan and their descent.

    Attributes:
        logits: float64 (P,), at most 0, largest of each pair 0.
    """

    def __init__(
        self, paths: CandidatePaths, descent: Descent, prior: FloatArray | None = None
    ) -> None:
        self.paths, self.descent = paths, descent
        self.logits = (
            -descent.hop_cost * paths.extra_hops
            if prior is None
            else self._centred(prior.astype(float))
        )
        # Single precision and one product a direction: most of the time of a decision goes here.
        self._use = (
            (paths.incidence / paths.network.capacity).astype(np.float32)
            if paths.is_small
            else None
        )

    def splits(self, alive: BoolArray | None = None) -> FloatArray:
        """float64 (P,) split ratios; 0 on dead paths of pairs that have a live one."""
        logits = self.logits if alive is None else np.where(alive, self.logits, _DEAD)
        return self.paths.softmax(logits)

    def descend(
        self, scenarios: FloatArray, weights: FloatArray, steps: int, alive: BoolArray | None = None
    ) -> None:
        """Takes steps on (B, K) demands with (B,) weights that sum to 1."""
        kind: Any = np.float64 if self._use is None else np.float32
        demands: FloatArray = scenarios.astype(kind)[:, self.paths.pair]
        shares: FloatArray = weights.astype(kind)
        self.logits = self.logits.astype(kind)
        kept, fade = self.descent.momentum, self.descent.fade ** (1.0 / max(1, steps - 1))
        momentum = np.zeros_like(self.logits)
        for step in self.descent.step * fade ** np.arange(steps):
            momentum *= kept
            momentum += (1.0 - kept) * self._gradient(demands, shares, alive)
            self.logits -= kind(step) * momentum
        self.logits = np.maximum(self._centred(self.logits), -self.descent.depth)

    def _gradient(
        self, demands: FloatArray, weights: FloatArray, alive: BoolArray | None
    ) -> FloatArray:
        paths, splits = self.paths, self.splits(alive)
        utilisation = self._utilisation(demands * splits)
        largest = utilisation.max(1, keepdims=True)
        share = np.exp((utilisation / largest - 1.0) / self.descent.smoothing)
        share *= weights[:, None] / (largest * share.sum(1, keepdims=True))
        cost = np.einsum("bp,bp->p", self._along(share), demands)
        gradient: FloatArray = cost - paths.pair_sum(splits * cost)[paths.pair]
        if alive is not None:
            gradient *= alive
        steepest = float(np.abs(gradient).max())
        return gradient * min(1.0, self.descent.steepest / max(steepest, 1e-300))

    def _utilisation(self, flows: FloatArray) -> FloatArray:
        if self._use is not None:
            return flows @ self._use
        return self.paths.link_loads(flows) / self.paths.network.capacity

    def _along(self, prices: FloatArray) -> FloatArray:
        """Sums of link prices / capacity along paths."""
        if self._use is not None:
            return prices @ self._use.T
        return self.paths.path_sum(prices / self.paths.network.capacity)

    def _centred(self, logits: FloatArray) -> FloatArray:
        top = np.maximum.reduceat(logits, self.paths.start)[self.paths.pair]
        centred: FloatArray = logits - top
        return centred


@dataclass(frozen=True, slots=True)
class Memory:
    """What a plan looks at.

    Attributes:
        window: Newest matrices that `Recent` looks at.
        decay: Weight of a matrix for each interval of age.
        towards_newest: Part of the way each of them is drawn to the newest one.
        replay: Matrices that `Replay` draws an interval.
        age: Their mean age in intervals.
        capacity: Matrices remembered.
        averaging: `Replay` answers with the running mean of its logits, this slow.
    """

    window: int = 8
    decay: float = 0.8
    towards_newest: float = 0.5
    replay: int = 32
    age: float = 2000.0
    capacity: int = 4000
    averaging: float = 0.99


def within_reach(paths: CandidatePaths, descent: Descent, memory: Memory) -> tuple[Descent, Memory]:
    """Fewer steps and scenarios where the network is so large that an update would take seconds."""
    affordable = max(1, _CELLS // paths.hops.size)
    if descent.steps * memory.window <= affordable:
        return descent, memory
    window = max(1, min(memory.window, int(affordable**0.5)))
    steps = max(2, min(descent.steps, affordable // window))
    descent = replace(descent, steps=steps, settle=min(descent.settle, 10 * steps))
    return descent, replace(memory, window=window, replay=min(memory.replay, window))


class History:
    """The newest matrices, (K,) each, in a ring; float32, because it is large and only averaged."""

    def __init__(self, pairs: int, capacity: int) -> None:
        self._ring = np.zeros((min(capacity, max(16, 100_000_000 // max(pairs, 1))), pairs), "f4")
        self.seen = 0

    def add(self, demands: FloatArray) -> None:
        """Remembers one matrix."""
        self._ring[self.seen % len(self._ring)] = demands
        self.seen += 1

    def back(self, ages: NDArray[np.int64]) -> FloatArray:
        """Matrices of these ages, 0 the newest, float64 (B, K); older than memory starts anew."""
        known = min(self.seen, len(self._ring))
        rows = (self.seen - 1 - ages % known) % len(self._ring)
        matrices: FloatArray = self._ring[rows].astype(np.float64)
        return matrices


class Recent:
    """A plan for what the last few intervals carried."""

    def __init__(
        self,
        paths: CandidatePaths,
        descent: Descent | None = None,
        memory: Memory | None = None,
        prior: FloatArray | None = None,
    ) -> None:
        self.descent, self.memory = descent or Descent(), memory or Memory()
        self.core = MirrorDescent(paths, self.descent, prior)

    def update(self, history: History, alive: BoolArray | None) -> None:
        """Takes the newest matrix of `history` in."""
        window = min(history.seen, self.memory.window)
        scenarios = history.back(np.arange(window))
        scenarios += self.memory.towards_newest * (scenarios[:1] - scenarios)
        weights = self.memory.decay ** np.arange(window)
        first = self.descent.settle if history.seen == 1 else self.descent.steps
        useful = scenarios.any(1)
        if useful.all():
            self.core.descend(scenarios, weights / weights.sum(), first, alive)

    def splits(self, alive: BoolArray | None) -> FloatArray:
        """float64 (P,)."""
        return self.core.splits(alive)


class Replay:
    """A plan for what a long memory carried: random matrices of it, averaged over many steps.

    While it is young, unless it begins from a prior, it takes more and longer steps: lengths that
    fall with time as stochastic approximation asks (Robbins and Monro 1951).
    """

    def __init__(
        self,
        paths: CandidatePaths,
        descent: Descent | None = None,
        memory: Memory | None = None,
        prior: FloatArray | None = None,
        seed: int = 0,
    ) -> None:
        self.descent = descent or Descent(steps=1, step=0.5, smoothing=0.015, momentum=0.0)
        self.memory = memory or Memory()
        self.core = MirrorDescent(paths, self.descent, prior)
        self._settled = prior is not None
        self._mean = self.core.logits.copy()
        self._random = np.random.default_rng(seed)

    def update(self, history: History, alive: BoolArray | None) -> None:
        """Takes random matrices of `history` in."""
        memory = self.memory
        ages = self._random.exponential(memory.age, memory.replay).astype(np.int64)
        scenarios = history.back(ages)
        scenarios = scenarios[scenarios.any(1)]
        if not len(scenarios):
            return
        weights = np.full(len(scenarios), 1.0 / len(scenarios))
        young = 0.0 if self._settled else 1.0 / history.seen
        # With a prior, matrices count the more the more of them there are beside it.
        known = _SETTLED_STEP * min(1.0, history.seen / memory.age) if self._settled else 1.0
        step = self.descent.step * (1.0 + _YOUNG_STEP * young) * known
        self.core.descent = replace(self.descent, step=step)
        steps = int(np.clip(_YOUNG_STEPS * young, self.descent.steps, _MOST_STEPS))
        self.core.descend(scenarios, weights, steps, alive)
        kept = min(memory.averaging, 1.0 - 3.0 * young / (1.0 + 3.0 * young))
        self._mean = kept * self._mean + (1.0 - kept) * self.core.logits

    def splits(self, alive: BoolArray | None) -> FloatArray:
        """float64 (P,)."""
        mean = self._mean if alive is None else np.where(alive, self._mean, _DEAD)
        return self.core.paths.softmax(mean)


class Blend:
    """Follows the plan that has done better lately: exponential weights over the two (Hedge).

    After each interval both plans are judged on the matrix that came, so the weights need no
    tuning for a network: log max utilisation, averaged over about `horizon` intervals, times
    `keenness`.
    """

    def __init__(
        self, recent: Recent, replay: Replay, horizon: float = 50.0, keenness: float = 200.0
    ) -> None:
        self.recent, self.replay = recent, replay
        self._rate, self._keenness = 1.0 / horizon, keenness
        self._advantage = 0.0  # of `replay` over `recent`, in log max utilisation
        self._judged = 0

    @property
    def share_of_replay(self) -> float:
        """Weight of the long memory, 0 to 1."""
        return float(1.0 / (1.0 + np.exp(-self._keenness * self._advantage)))

    def update(self, history: History, alive: BoolArray | None) -> None:
        """Judges both on the newest matrix, then lets both take it in.

        A plan that nobody follows is only kept warm: it takes in every fourth.
        """
        paths = self.recent.core.paths
        newest = history.back(np.zeros(1, np.int64))[0]
        if history.seen > 1 and newest.any():
            both = np.stack([self.recent.splits(alive), self.replay.splits(alive)])
            fast, slow = np.log(paths.max_utilisation(both, newest[None]))
            self._judged += 1
            rate = max(self._rate, 1.0 / self._judged)
            self._advantage += rate * (float(fast - slow) - self._advantage)
        share, warm = self.share_of_replay, history.seen % 4 == 0 or alive is not None
        if warm or share < _DECIDED:
            self.recent.update(history, alive)
        if warm or share > 1.0 - _DECIDED:
            self.replay.update(history, alive)

    def splits(self, alive: BoolArray | None) -> FloatArray:
        """float64 (P,)."""
        share = self.share_of_replay
        fast, slow = self.recent.splits(alive), self.replay.splits(alive)
        blended: FloatArray = (1.0 - share) * fast + share * slow
        return blended


def plan_for(
    paths: CandidatePaths,
    descent: Descent | None = None,
    memory: Memory | None = None,
    prior: FloatArray | None = None,
) -> Blend:
    """The two plans of a network, blended, within what it can afford.

    Args:
        paths: Where.
        descent: Of `Recent`.
        memory: What both look at.
        prior: float64 (P,) logits that `Replay` begins from, if there are any.
    """
    descent, memory = within_reach(paths, descent or Descent(), memory or Memory())
    return Blend(Recent(paths, descent, memory), Replay(paths, memory=memory, prior=prior))


class OnlineGradient:
    """The plan alone as an advisor: what the agent corrects, and its strongest cheap rival."""

    def __init__(self, paths: CandidatePaths, plan: Blend | Recent | None = None) -> None:
        self.paths = paths
        self.plan = plan or plan_for(paths)
        self.history = History(len(paths.pairs), Memory().capacity)

    def advise(self, seen: Observation) -> FloatArray:
        """Takes the interval just over; see `Advisor`."""
        self.history.add(seen.demands)
        alive = live_paths(self.paths, seen.link_up)
        self.plan.update(self.history, alive)
        return on_live_paths(self.paths, self.plan.splits(alive), seen.link_up)


def for_known(paths: CandidatePaths) -> OnlineGradient:
    """An advisor for traffic known beforehand: the newest matrix is the one that comes.

    Nothing is left to learn there, so it is the descent alone, with steps enough to arrive.
    """
    descent = Descent(steps=60, step=60.0, smoothing=0.005, fade=0.003, settle=200)
    return OnlineGradient(paths, Recent(paths, descent, Memory(window=1)))
