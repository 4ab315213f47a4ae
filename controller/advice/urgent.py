"""Requests and other small urgent messages keep to fast paths.

Owns what becomes of an advisor's splits for the latency group. Advisors balance loads, in which a
request counts for nothing; but it waits until each link has sent all of it, and longer on a slow
link, even an idle one. Urgent traffic is little, so it can leave slow paths at nearly no cost;
that the cost is indeed small is for the guard to see.
"""

import numpy as np

from controller.advice.network import BoolArray, CandidatePaths, FloatArray
from controller.advice.view import GROUPS
from policies.classes import PathGroup

URGENT = GROUPS.index(PathGroup.LATENCY)
_SLOW = 0.5  # of the rate of a pair's fastest path, at its slowest link


def on_fast_paths(paths: CandidatePaths, splits: FloatArray, alive: BoolArray) -> FloatArray:
    """(G, P) splits, those of urgent traffic without slow paths and otherwise in proportion."""
    rate = np.where(alive, paths.bottleneck, 0.0)
    fast = rate >= _SLOW * np.maximum.reduceat(rate, paths.start)[paths.pair]
    kept = splits[URGENT] * fast
    none_left = (paths.pair_sum(kept) <= 0)[paths.pair]
    answer = splits.copy()
    answer[URGENT] = paths.normalise(np.where(none_left, fast, kept))
    return answer


def slowness(paths: CandidatePaths) -> FloatArray:
    """(P,) how many times as long a message takes on each path's slowest link as on the best's."""
    longest: FloatArray = 1.0 / paths.bottleneck
    return longest / np.minimum.reduceat(longest, paths.start)[paths.pair]


def waiting(paths: CandidatePaths, splits: FloatArray, demands: FloatArray) -> float:
    """Of (G, P) splits and (G, K) demands: urgent bits, each times its path's slowness."""
    sent = splits[URGENT] * demands[URGENT, paths.pair]
    return float((sent * slowness(paths)).sum())
