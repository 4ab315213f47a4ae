"""A rival that looks at no traffic. ECMP, the other one, is `controller.advice.builtin.Static`."""

import numpy as np
from numpy.typing import NDArray

from controller.advice.advisor import Observation
from controller.advice.network import CandidatePaths, FloatArray
from controller.advice.view import fallback_splits


class ShortestPath:
    """All traffic of a pair on its shortest live path, the first of several."""

    def __init__(self, paths: CandidatePaths) -> None:
        self.paths = paths

    def advise(self, seen: Observation) -> FloatArray:
        """The same whatever was seen, but for links that are down."""
        shortest = fallback_splits(self.paths, seen.link_up) > 0
        # Shortest paths of all pairs before, and of this one so far.
        before: NDArray[np.int64] = np.cumsum(shortest) - shortest
        first = shortest & (before == before[self.paths.start][self.paths.pair])
        return self.paths.normalise(first.astype(float))
