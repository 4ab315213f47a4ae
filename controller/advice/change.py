"""Which pairs get other splits: only what pays, the most gainful first, and not all at once.

Owns hysteresis, dwell times and the cap on changes. A half-carried-out plan is judged as what it
is: if the part that is allowed now doesn't pay by itself, nothing changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from controller.advice.guard import Case, judge_splits
from controller.advice.network import FloatArray
from controller.advice.records import Limits
from controller.advice.urgent import URGENT, slowness, waiting
from controller.advice.view import View, utilisation

_SAME = 1e-6  # splits this close are the same weights
ChangedAt = Mapping[tuple[tuple[int, int], int], float]


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """`pairs` are (group, row of the pair) to be given their part of `splits` (G, P)."""

    pairs: tuple[tuple[int, int], ...]
    splits: FloatArray


def choose(
    view: View,
    case: Case,
    current: FloatArray,
    wanted: FloatArray,
    changed_at: ChangedAt,
    now: float,
    limits: Limits,
) -> Change | None:
    """What of the way from `current` to `wanted` splits, (G, P) both, is worth going now."""
    if limits.obey:
        return _all(view, current, wanted)
    gain = _gains(case, current, wanted, limits)
    order = np.argsort(-gain, axis=None, kind="stable")
    chosen: list[tuple[int, int]] = []
    for place in order[: int((gain > 0).sum())]:
        group, row = divmod(int(place), gain.shape[1])
        if now - changed_at.get((view.pair(row), group), -np.inf) >= limits.dwell_s:
            chosen.append((group, row))
        if len(chosen) == limits.most_changes:
            break
    splits = current.copy()
    for group, row in chosen:
        splits[group, view.span(row)] = wanted[group, view.span(row)]
    return (
        Change(tuple(chosen), splits) if chosen and _pays(case, current, splits, limits) else None
    )


def _all(view: View, current: FloatArray, wanted: FloatArray) -> Change | None:
    """Every pair whose weights would be others."""
    differ = view.paths.pair_sum(np.abs(wanted - current)) > _SAME
    pairs = tuple((int(group), int(row)) for group, row in zip(*np.nonzero(differ), strict=True))
    return Change(pairs, wanted) if pairs else None


def _gains(case: Case, current: FloatArray, wanted: FloatArray, limits: Limits) -> FloatArray:
    """(G, K): how much traffic each change takes from busy to less busy paths, to first order.

    For urgent traffic, slow paths count as busy.
    """
    paths, demands = case.paths, case.demands.max(0)
    busy = np.tile(paths.path_max(utilisation(paths, current, demands)), (len(current), 1))
    busy[URGENT] += slowness(paths)
    moved = paths.pair_sum(np.abs(wanted - current)) / 2
    gain = paths.pair_sum((current - wanted) * busy) * demands
    return np.where((moved >= limits.least_step) & (demands > 0), gain, 0.0)


def _pays(case: Case, current: FloatArray, splits: FloatArray, limits: Limits) -> bool:
    """Whether it lowers the busiest link, or leaves it and lowers the rest, by enough.

    Or leaves it about as busy and brings urgent traffic sooner.
    """
    paths, demands = case.paths, case.demands.max(0)
    before, after = (utilisation(paths, s, demands) for s in (current, splits))
    moved = paths.pair_sum(np.abs(splits - current)) / 2 * demands
    least = limits.least_gain + limits.churn_cost * moved.sum() / max(demands.sum(), 1e-12)
    highest = after.max() <= before.max() * (1 - least)
    rest = after.max() <= before.max() and (after**2).mean() <= (before**2).mean() * (1 - least)
    about_as_busy = after.max() <= before.max() * (1 + limits.tolerance)
    late, later = (waiting(paths, s, demands) for s in (splits, current))
    sooner = about_as_busy and late < later * (1 - limits.least_gain)
    return bool(highest or rest or sooner) and judge_splits(splits, case, limits).reason is None
