"""Which links are up at each matrix: schedules of failures. A cable that fails takes both ways.

Cables whose loss cuts the network in two are left alone: no routing helps there.
"""

import numpy as np

from controller.advice.network import BoolArray, IntArray, Network


def none(network: Network, length: int) -> BoolArray:
    """Nothing fails; bool (T, E)."""
    return np.ones((length, len(network.ends)), bool)


def in_turn(network: Network, length: int) -> BoolArray:
    """Each single cable in turn, for an equal share of the time each; bool (T, E)."""
    cables = survivable(network)
    if not cables:
        return none(network, length)
    return ~np.array(cables)[np.arange(length) * len(cables) // length]


def at_random(network: Network, length: int, seed: int, mean_length: int = 10) -> BoolArray:
    """Random single cables, down about a third of the time; bool (T, E)."""
    rng = np.random.default_rng(seed)
    cables = np.array([np.zeros(len(network.ends), bool), *survivable(network)])
    changes = rng.random(length) < 1.0 / mean_length
    which = 1 + (rng.random(length) * (len(cables) - 1)).astype(int)
    choices = np.where(rng.random(length) < 1 / 3, which, 0) % len(cables)
    last = np.maximum.accumulate(np.where(changes, np.arange(length), 0))
    up: BoolArray = ~cables[choices[last]]
    return up


def survivable(network: Network) -> list[BoolArray]:
    """The links of each cable whose loss leaves the network connected, bool (E,) each."""
    ends = np.sort(network.ends, axis=1)
    cables = [(ends == cable).all(1) for cable in np.unique(ends, axis=0)]
    return [cable for cable in cables if _connected(network, ~cable)]


def _connected(network: Network, link_up: BoolArray) -> bool:
    ends = network.ends[link_up]
    return all(
        len(_reached(tails, heads)) == len(network.nodes)
        for tails, heads in ((ends[:, 0], ends[:, 1]), (ends[:, 1], ends[:, 0]))
    )


def _reached(tails: IntArray, heads: IntArray) -> IntArray:
    """Nodes that links lead to from node 0, itself among them."""
    found = np.zeros(1, np.int32)
    while True:
        more = np.union1d(found, heads[np.isin(tails, found)])
        if len(more) == len(found):
            return found
        found = more
