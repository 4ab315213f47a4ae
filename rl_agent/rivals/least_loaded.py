"""Least-loaded placing: the largest demands first, each on the path that stays emptiest.

The idea of Hedera's Global First Fit (Al-Fares et al., NSDI 2010) with the best fit in place of
the first: a whole pair goes one way.
"""

import numpy as np

from controller.advice.advisor import Observation
from controller.advice.network import CandidatePaths, FloatArray


class LeastLoaded:
    """Places the last matrix greedily, and expects the next to be like it."""

    def __init__(self, paths: CandidatePaths) -> None:
        self.paths = paths
        ends = [*paths.start[1:], len(paths.pair)]
        self._candidates = [range(a, b) for a, b in zip(paths.start, ends, strict=True)]
        # One more link than there is, of no end of capacity: what short rows are padded with.
        self._capacity = np.append(paths.network.capacity, np.inf)

    def advise(self, seen: Observation) -> FloatArray:
        """1 on the path each pair was placed on; ties go to the shorter."""
        paths = self.paths
        alive = paths.alive(seen.link_up)
        load = np.zeros(len(self._capacity))
        splits = np.zeros(len(paths.pair))
        for pair in np.argsort(-seen.demands, kind="stable"):
            among = self._candidates[pair]
            links = paths.hops[among.start : among.stop]
            fullest = ((load[links] + seen.demands[pair]) / self._capacity[links]).max(1)
            fullest[~alive[among.start : among.stop]] = np.inf
            best = among.start + int(
                np.lexsort((paths.length[among.start : among.stop], fullest))[0]
            )
            splits[best] = 1.0
            load[paths.hops[best]] += seen.demands[pair]
            load[-1] = 0.0
        return splits
