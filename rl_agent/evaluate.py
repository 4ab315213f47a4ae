"""Judges advisors on traffic matrices: each decides in turn, and is held against the optimum.

Owns the replay and the figures. At every step an advisor is shown the matrix just over (or, in
mode KNOWN, the very one it is judged on) and the links that are up; then its splits carry the next.
A ratio is max link utilisation / the least possible; time is that of `advise`, all it needs
included.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable

import numpy as np

from controller.advice.advisor import Advisor, Observation, on_live_paths
from controller.advice.network import BoolArray, CandidatePaths, FloatArray
from rl_agent import failures
from rl_agent.errors import MethodError
from rl_agent.optima import Progress, no_progress, optima

_WARM_UP = 200  # matrices shown before the first that counts
_OPTIMUM_SLACK = 1e-6  # a ratio below 1 by more than this is a defect, not rounding


class Mode(Enum):
    """What an advisor is shown before it decides."""

    HISTORY = "history"  # the matrix just over; the next is unknown
    KNOWN = "known"  # the matrix it is judged on


@runtime_checkable
class Watches(Protocol):
    """An advisor that can take a matrix in without deciding."""

    def watch(self, seen: Observation) -> None:
        """As `advise`, with no answer."""
        ...


@runtime_checkable
class Thinks(Protocol):
    """An advisor that renews a slower plan aside, after its answer; not counted in decisions."""

    def think(self) -> None:
        """Renews the plan, if there is anything new."""
        ...


@dataclass(frozen=True, eq=False)
class Course:
    """Matrices to be judged on, with what came before and what was possible.

    Attributes:
        paths: What is split over.
        demands: float64 (T, K).
        optima: float64 (T,), of the demands a live path can carry, under the links that are up.
        link_up: bool (T, E).
        begin: The first that counts; those before are history. At least 1 where history matters.
        stranded: Share of all traffic that had no live candidate path: lost, whoever decides, and
            left out of ratios on both sides.
    """

    paths: CandidatePaths
    demands: FloatArray
    optima: FloatArray
    link_up: BoolArray
    begin: int
    stranded: float = 0.0


@dataclass(frozen=True, eq=False)
class Score:
    """What one advisor reached.

    Attributes:
        ratios: float64, max utilisation / optimum at each step that counts.
        decision_s: float64, seconds of each decision.
        plan_ms: Milliseconds of each plan computed aside; None where there is none.
        plans: How many of those.
        fit_s: Seconds to make it, training included.
    """

    ratios: FloatArray
    decision_s: FloatArray
    plan_ms: float | None = None
    plans: int | None = None
    fit_s: float = 0.0
    window: int | None = field(default=None)

    @property
    def mean(self) -> float:
        """Mean ratio."""
        return float(self.ratios.mean())

    @property
    def p99(self) -> float:
        """99th percentile of ratios."""
        return float(np.percentile(self.ratios, 99))

    @property
    def ms_per_decision(self) -> float:
        """Mean milliseconds."""
        return float(self.decision_s.mean() * 1e3)


def course(
    paths: CandidatePaths,
    matrices: FloatArray,
    begin: int = 1,
    *,
    link_up: BoolArray | None = None,
    over_paths: bool = False,
    known: FloatArray | None = None,
    progress: Progress = no_progress,
    spread: bool = False,
) -> Course:
    """Prepares matrices, float64 (T, N, N), for replay, optima included.

    Args:
        paths: What is split over; every pair with traffic must have some.
        matrices: History, then what is judged.
        begin: The first that is judged.
        link_up: bool (T, E); None for all up.
        over_paths: Optima over `paths` alone, in place of all paths.
        known: float64 (T,), optima already computed with all links up.
        progress: Of the optima.
        spread: Compute those on all cores; see `optima`.

    Raises:
        MethodError: Traffic between nodes without candidate paths.
    """
    demands = paths.demands(matrices)
    if not np.isclose(demands.sum(), matrices.sum(), rtol=1e-9):
        raise MethodError("some pairs have traffic and no candidate path: give paths for all")
    up = failures.none(paths.network, len(matrices)) if link_up is None else link_up
    carried = demands * (paths.pair_sum(paths.alive(up).astype(float)) > 0)
    if known is None or not up.all():
        shown = np.zeros_like(matrices)
        shown[:, paths.pairs[:, 0], paths.pairs[:, 1]] = carried
        limits = paths if over_paths else None
        known = np.zeros(len(matrices))
        known[begin:] = optima(
            paths.network, shown[begin:], up[begin:], limits, progress, spread=spread
        )
    stranded = 1.0 - float(carried[begin:].sum()) / max(float(demands[begin:].sum()), 1e-300)
    return Course(paths, carried, known, up, begin, max(stranded, 0.0))


def replay(
    advisor: Advisor, over: Course, mode: Mode = Mode.HISTORY,
    tick: Callable[[], None] = lambda: None,
) -> Score:  # fmt: skip
    """Lets an advisor decide once for each matrix of the course.

    Args:
        advisor: Fresh: what it saw elsewhere would be another history.
        over: What it is judged on.
        mode: What it is shown.
        tick: Called after each decision.

    Raises:
        MethodError: Its splits are none: not finite, negative, or not summing to 1.
    """
    shift = 1 if mode is Mode.HISTORY else 0
    first = max(over.begin, shift)
    _warm_up(advisor, over, first - shift)
    counted = [t for t in range(first, len(over.demands)) if over.optima[t] > 0]
    ratios, spent = np.zeros(len(counted)), np.zeros(len(counted))
    position = {t: i for i, t in enumerate(counted)}
    thought = np.zeros(len(counted))
    for t in range(first, len(over.demands)):
        seen = Observation(over.demands[t - shift], over.link_up[t])
        begin_s = time.perf_counter()
        splits = advisor.advise(seen)
        took_s = time.perf_counter() - begin_s
        thought_s = _think(advisor)
        if t in position:
            spent[position[t]], thought[position[t]] = took_s, thought_s
            ratios[position[t]] = _ratio(splits, over, t)
        tick()
    if not thought.any():
        return Score(ratios, spent)
    return Score(ratios, spent, float(thought.mean() * 1e3), int((thought > 0).sum()))


def _warm_up(advisor: Advisor, over: Course, end: int) -> None:
    take = advisor.watch if isinstance(advisor, Watches) else advisor.advise
    for t in range(max(0, end - _WARM_UP), end):
        take(Observation(over.demands[t], over.link_up[t]))
        _think(advisor)


def _think(advisor: Advisor) -> float:
    """Seconds that a plan aside took; 0 where there was nothing to think about."""
    if not (isinstance(advisor, Thinks) and getattr(advisor, "answers_first", True)):
        return 0.0
    begin_s = time.perf_counter()
    advisor.think()
    return time.perf_counter() - begin_s


def _ratio(splits: FloatArray, over: Course, t: int) -> float:
    """What the splits make of matrix t; traffic of dead paths moves, as switches move it."""
    paths = over.paths
    if splits.shape != paths.pair.shape or not np.isfinite(splits).all() or splits.min() < -1e-9:
        raise MethodError("splits must be one finite number a path, none negative")
    if not np.allclose(paths.pair_sum(splits), 1.0, atol=1e-6):
        raise MethodError("splits must sum to 1 for each pair: traffic can't vanish")
    live = on_live_paths(paths, splits, over.link_up[t])
    ratio = float(paths.max_utilisation(live, over.demands[t]) / over.optima[t])
    if ratio < 1 - _OPTIMUM_SLACK:
        raise MethodError(f"ratio {ratio:.6f} is below 1: the optimum is not of these paths")
    return ratio


def judged(scores: Sequence[Score]) -> dict[str, float | int | None]:
    """Figures of one method over its seeds, as JSON has them: means, and the spread of the mean."""
    means = [score.mean for score in scores]
    figures: dict[str, float | int | None] = {
        "mean": float(np.mean(means)),
        "p99": float(np.mean([score.p99 for score in scores])),
        "ms_per_decision": float(np.mean([score.ms_per_decision for score in scores])),
        "ms_p99": float(np.percentile(np.concatenate([s.decision_s for s in scores]), 99) * 1e3),
        "fit_s": float(np.mean([score.fit_s for score in scores])),
        "decisions": len(scores[0].ratios),
        "seeds": len(scores),
    }
    if len(scores) > 1:
        figures["mean_spread"] = max(means) - min(means)
    if scores[0].plans is not None:
        figures |= {"plan_ms": scores[0].plan_ms, "plans": scores[0].plans}
    return figures
