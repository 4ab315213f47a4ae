"""What the advisor is shown of the network: switches, links and usable paths as arrays, numbered.

Owns the translation between rows of arrays and the controller's own words (datapath ids, ports).
Holds no measurement: a view stays the same until paths, links or capacities change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from controller.advice.network import BoolArray, CandidatePaths, FloatArray, IntArray
from policies.classes import PathGroup

End = tuple[int, int]  # (datapath id, port number)
Steps = tuple[End, ...]  # a path as the ports it leaves by
FULL_WEIGHT = 100  # in a group: all of a pair's traffic, or an equal share of it
GROUPS = tuple(PathGroup)  # the order of the first axis of demands and splits, below "G"


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One version of the network.

    Attributes:
        version: Goes up with every change; advice for another version is refused.
        paths: Nodes are switches, pairs are (ingress, egress) edge switches.
        dpids: Datapath id of each node.
        ends: Where each directed link leaves, E of them.
        steps: The ports each path leaves by, P of them.
        places: Datapath id of the switch of each host that has a name.
        row: The number of the pair (ingress, egress), by datapath id.
    """

    version: int
    paths: CandidatePaths
    dpids: tuple[int, ...]
    ends: tuple[End, ...]
    steps: tuple[Steps, ...]
    row: dict[tuple[int, int], int]
    places: Mapping[str, int] = field(default_factory=dict)

    def pair(self, row: int) -> tuple[int, int]:
        """(ingress, egress) datapath ids of a pair."""
        source, target = self.paths.pairs[row]
        return self.dpids[source], self.dpids[target]

    def rows_in(self, older: "View | None") -> IntArray:
        """int32 (K,), each pair's row in an older view, -1 where it had none."""
        known = older.row if older else {}
        return np.array([known.get(pair, -1) for pair in self.row], np.int32)

    def span(self, row: int) -> slice:
        """The paths of a pair."""
        start = int(self.paths.start[row])
        return slice(start, start + int(self.paths.per_pair[row]))


def utilisation(paths: CandidatePaths, splits: FloatArray, demands: FloatArray) -> FloatArray:
    """(G, P) splits and (..., G, K) demands to (..., E) link utilisations, all groups together."""
    flows = (splits * demands[..., paths.pair]).sum(-2)
    answer: FloatArray = paths.link_loads(flows) / paths.network.capacity
    return answer


def fallback_splits(paths: CandidatePaths, link_up: BoolArray) -> FloatArray:
    """(P,) equal shares of the shortest live paths of each pair: `static_weights` in arrays.

    A pair without a live path is split over its shortest paths: its traffic is lost anyway.
    """
    alive = paths.alive(link_up)
    any_alive = paths.pair_sum(alive.astype(float))[paths.pair] > 0
    length = np.where(alive | ~any_alive, paths.length, np.iinfo(np.int32).max)
    shortest = np.minimum.reduceat(length, paths.start)[paths.pair]
    return paths.normalise((length == shortest).astype(float))
