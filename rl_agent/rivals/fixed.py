"""Rivals with one split for all time, and the fit of the best one in hindsight.

Traffic of a dead path moves to the pair's live ones in proportion, as select groups do it.
"""

from controller.advice.advisor import Observation, on_live_paths
from controller.advice.network import CandidatePaths, FloatArray
from rl_agent.lp import PathProgram


class Fixed:
    """The same splits whatever is seen."""

    def __init__(self, paths: CandidatePaths, splits: FloatArray) -> None:
        """`splits` is float64 (P,), summing to 1 for each pair."""
        self.paths = paths
        self.splits = splits

    def advise(self, seen: Observation) -> FloatArray:
        """The splits, moved off dead paths."""
        return on_live_paths(self.paths, self.splits, seen.link_up)


def best_static(paths: CandidatePaths, demands: FloatArray, optima: FloatArray) -> Fixed:
    """The splits of least mean ratio over training matrices, (T, K) with their optima (T,)."""
    busy = optima > 0
    return Fixed(paths, PathProgram(paths).least_mean_ratio(demands[busy], optima[busy]))
