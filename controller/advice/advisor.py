"""What every way of choosing splits looks like, learned or not: the seam between them and the rest.

An advisor is told what the last interval carried and answers how to split the next one, whose
traffic nobody knows yet.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from controller.advice.network import BoolArray, CandidatePaths, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """One interval, as measured.

    Attributes:
        demands: float64 (K,), what each pair of the candidate paths offered, in the unit of the
            capacities.
        link_up: bool (E,), links that carry traffic now.
        link_load: float64 (E,), what each link carried, in the unit of the capacities, where
            counters told; None where nobody measured.
    """

    demands: FloatArray
    link_up: BoolArray
    link_load: FloatArray | None = None


class Advisor(Protocol):
    """Chooses splits over one set of candidate paths; keeps what history it needs."""

    paths: CandidatePaths

    def advise(self, seen: Observation) -> FloatArray:
        """Takes the interval just over and returns float64 (P,) split ratios for the next.

        Ratios sum to 1 for each pair and are 0 on paths with a link down (if the pair has another).
        """
        ...


def on_live_paths(paths: CandidatePaths, splits: FloatArray, link_up: BoolArray) -> FloatArray:
    """Moves the share of dead paths to the pair's live ones, in proportion; (..., P) to (..., P).

    What select groups with `watch_port` do in a switch, so every advisor is judged with it. A pair
    without a live path keeps its splits: its traffic is lost whatever anyone says.
    """
    if link_up.all():
        return splits
    alive = paths.alive(link_up)
    kept = splits.astype(np.float64) * alive
    left = paths.pair_sum(kept)
    even = alive / paths.pair_sum(alive.astype(float)).clip(1.0)[..., paths.pair]
    shares = left[..., paths.pair]
    moved = kept / shares.clip(1e-300)
    possible = (paths.pair_sum(alive.astype(float)) > 0)[..., paths.pair]
    answer: FloatArray = (
        moved * (shares > 0) + even * ((shares <= 0) & possible) + splits * ~possible
    )
    return answer


def live_paths(paths: CandidatePaths, link_up: BoolArray) -> BoolArray | None:
    """bool (P,) paths to split over: live ones, or all of a pair that has none; None for all."""
    if link_up.all():
        return None
    alive = paths.alive(link_up)
    none_left = paths.pair_sum(alive.astype(float)) == 0
    usable: BoolArray = alive | none_left[paths.pair]
    return usable
