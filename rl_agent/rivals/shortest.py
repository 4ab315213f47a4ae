"""Rivals that look at no traffic: the shortest path, and ECMP over the shortest ones."""

import numpy as np
from numpy.typing import NDArray

from controller.advice.advisor import Observation
from controller.advice.network import BoolArray, CandidatePaths, FloatArray


class ShortestPath:
    """All traffic of a pair on its shortest live path, the first of several."""

    def __init__(self, paths: CandidatePaths) -> None:
        self.paths = paths

    def advise(self, seen: Observation) -> FloatArray:
        """The same whatever was seen, but for links that are down."""
        shortest = shortest_live(self.paths, seen.link_up)
        # Shortest paths of all pairs before, and of this one so far.
        before: NDArray[np.int64] = np.cumsum(shortest) - shortest
        first = shortest & (before == before[self.paths.start][self.paths.pair])
        return self.paths.normalise(first.astype(float))


class Ecmp:
    """Even over a pair's shortest live paths (hops), as the controller's own fallback."""

    def __init__(self, paths: CandidatePaths) -> None:
        self.paths = paths

    def advise(self, seen: Observation) -> FloatArray:
        """The same whatever was seen, but for links that are down."""
        return self.paths.normalise(shortest_live(self.paths, seen.link_up).astype(float))


def shortest_live(paths: CandidatePaths, link_up: BoolArray) -> BoolArray:
    """bool (P,): the shortest live paths of each pair; all shortest ones if none is live."""
    far = int(paths.length.max()) + 1
    cost = paths.length + np.where(paths.alive(link_up), 0, far)
    shortest: BoolArray = cost == np.minimum.reduceat(cost, paths.start)[paths.pair]
    return shortest
