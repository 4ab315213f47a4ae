"""Rivals that solve linear programs at every decision.

The optimal splits of the matrix just over, or those that would have been best over the last W.
"""

from dataclasses import dataclass

import numpy as np

from controller.advice.advisor import Observation
from controller.advice.network import BoolArray, CandidatePaths, FloatArray
from rl_agent.lp import PathProgram
from rl_agent.rivals.window import Window


class PreviousLp:
    """Splits that were optimal for the matrix just over; of those, the ones of fewest hops."""

    def __init__(self, paths: CandidatePaths) -> None:
        self.paths = paths
        self._programs = _Programs(paths)

    def advise(self, seen: Observation) -> FloatArray:
        """Two programs: the optimum, then the shortest paths that reach it."""
        now = self._programs.under(seen.link_up)
        return now.program.solve_short(seen.demands * now.carried)


class RollingLp:
    """Splits of least mean ratio over the last `width` matrices: strong, and slow."""

    def __init__(self, paths: CandidatePaths, width: int) -> None:
        self.paths = paths
        self._programs = _Programs(paths)
        self._demands = Window(width, len(paths.pairs))
        self._optima = np.zeros(0)
        self._latest: _Program | None = None

    def watch(self, seen: Observation) -> None:
        """Takes a matrix in without deciding."""
        now, before = self._programs.under(seen.link_up), self._latest
        self._demands.push(seen.demands)
        window = self._demands.rows
        if now is before:
            fresh = now.optima(window[-1:])
            self._optima = np.concatenate([self._optima, fresh])[-len(window) :]
        else:  # what was possible with other links up is no measure any more
            self._optima = now.optima(window)
        self._latest = now

    def advise(self, seen: Observation) -> FloatArray:
        """One small program for the newest optimum, one large for the splits."""
        self.watch(seen)
        now, optima = self._programs.under(seen.link_up), self._optima
        busy = optima > 0
        if not busy.any():
            return now.program.solve_short(seen.demands)
        demands = (self._demands.rows * now.carried)[busy]
        return now.program.least_mean_ratio(demands, optima[busy])


@dataclass(frozen=True, eq=False)
class _Program:
    """What is solved while the same links are up; pairs without a live path are not carried."""

    program: PathProgram
    carried: FloatArray

    def optima(self, demands: FloatArray) -> FloatArray:
        return np.array([self.program.optimum(row) for row in demands * self.carried])


class _Programs:
    """One program for each set of live links met lately."""

    _MOST = 32

    def __init__(self, paths: CandidatePaths) -> None:
        self._paths = paths
        self._known: dict[bytes, _Program] = {}

    def under(self, link_up: BoolArray) -> _Program:
        key = link_up.tobytes()
        if key not in self._known:
            if len(self._known) >= self._MOST:
                self._known.clear()
            alive = self._paths.alive(link_up).astype(float)
            carried = (self._paths.pair_sum(alive) > 0).astype(float)
            self._known[key] = _Program(PathProgram(self._paths, link_up), carried)
        return self._known[key]
