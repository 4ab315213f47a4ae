"""Candidate paths: for every egress switch a few in-trees that differ. Pure NumPy, no OpenFlow.

An in-tree gives each switch one next hop towards the egress, so a packet that keeps its tree can't
loop. The first trees spread over equal-cost shortest paths (as ECMP would); the others are detours
found by making links already used dearer (the penalty method for dissimilar paths), which give
failures and the agent somewhere to go where there is only one shortest path.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

UNREACHABLE = np.iinfo(np.int32).max
NO_HOP = -1
_PENALTY = 8.0  # a used link counts as this many hops more, for each time it was used

IntArray = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Arc:
    """One direction of a link between two switches, by datapath id and port number."""

    source: int
    source_port: int
    target: int
    target_port: int


@dataclass(frozen=True)
class Graph:
    """Switches as indices 0..N-1, their arcs in padded arrays of width D (largest degree).

    Attributes:
        dpids: Sorted datapath ids; the position is the index.
        neighbour: int32 (N, D), index of the switch behind each slot, NO_HOP where unused.
        port: int32 (N, D), the port number of each slot.
    """

    dpids: tuple[int, ...]
    neighbour: IntArray
    port: IntArray
    index: dict[int, int] = field(repr=False)

    @staticmethod
    def of(dpids: Iterable[int], arcs: Iterable[Arc]) -> "Graph":
        """Builds the arrays; arcs that name an unknown switch are left out."""
        nodes = tuple(sorted(set(dpids)))
        index = {dpid: i for i, dpid in enumerate(nodes)}
        slots: list[list[tuple[int, int]]] = [[] for _ in nodes]
        for arc in sorted(set(arcs), key=lambda a: (a.source, a.target, a.source_port)):
            if arc.source in index and arc.target in index:
                slots[index[arc.source]].append((index[arc.target], arc.source_port))
        width = max((len(s) for s in slots), default=0) or 1
        neighbour = np.full((len(nodes), width), NO_HOP, np.int32)
        port = np.zeros((len(nodes), width), np.int32)
        for i, row in enumerate(slots):
            for j, (target, number) in enumerate(row):
                neighbour[i, j], port[i, j] = target, number
        return Graph(nodes, neighbour, port, index)

    @staticmethod
    def as_indices(nodes: Iterable[int]) -> IntArray:
        """Indices as the array the functions here take."""
        return np.fromiter(nodes, np.int32)


def hop_distances(graph: Graph, target: int) -> IntArray:
    """Hops from every switch to switch index `target`, int32 (N,); UNREACHABLE where none."""
    distance = np.full(len(graph.dpids), UNREACHABLE, np.int32)
    distance[target] = 0
    frontier = np.array([target])
    hops = 0
    # Links are full duplex, so walking arcs outwards from the target gives distances to it.
    while frontier.size:
        hops += 1
        near = np.unique(graph.neighbour[frontier])
        frontier = near[(near >= 0) & (distance[near] == UNREACHABLE)]
        distance[frontier] = hops
    return distance


@dataclass(frozen=True, eq=False)
class InTree:
    """One next hop a switch towards `target`.

    Attributes:
        target: Index of the egress switch.
        slot: int32 (N,), which slot of the graph each switch uses, NO_HOP for the target and
            switches that can't reach it.
    """

    target: int
    slot: IntArray

    def hops(self, graph: Graph) -> IntArray:
        """Index of each switch's next switch, int32 (N,); itself where it has none."""
        everyone = np.arange(len(self.slot), dtype=np.int32)
        return np.where(self.slot >= 0, graph.neighbour[everyone, self.slot], everyone)


def in_trees(
    graph: Graph,
    target: int,
    sources: Sequence[int],
    *,
    most: int = 16,
    least: int = 4,
    protect: bool = True,
) -> list[InTree]:
    """Different in-trees towards `target`: shortest paths first, then detours, then protection.

    Args:
        graph: The switches and arcs.
        target: Index of the egress switch.
        sources: Indices of the ingress switches whose paths have to differ.
        most: Upper bound on trees that spread over shortest paths.
        least: Detours are added until there are this many trees, where the graph has any.
        protect: Add up to two trees that give switches on the way a second next hop, so that one
            that loses its next hop can move the packet to a later tree by itself.

    Returns:
        At least one tree. Order matters: a packet is only ever moved to a later tree, which is why
        any number of failures can't make it loop.
    """
    chosen = _Chosen(graph, target, np.asarray(sources, np.int32))
    for tree in _shortest_trees(graph, target, chosen.sources, most):
        chosen.add_if_new_path(tree)
    for dearer in _detours(graph, target, 4 * least):
        if len(chosen.trees) >= least:
            break
        chosen.add_if_new_path(_detour_tree(graph, target, chosen.uses_by_sources + dearer))
    for _ in range(2 if protect else 0):
        if not chosen.add_if_protecting(_protecting_tree(graph, target, chosen.uses)):
            break
    return chosen.trees


class _Chosen:
    """The trees taken so far and what they already use, in all and on the sources' paths."""

    def __init__(self, graph: Graph, target: int, sources: IntArray) -> None:
        self.trees: list[InTree] = []
        self.uses = np.zeros(graph.neighbour.shape, np.int32)
        self.uses_by_sources = np.zeros(graph.neighbour.shape, np.int32)
        self.sources = sources[sources != target]
        self._graph = graph
        self._paths: list[NDArray[np.uint64]] = []
        rng = np.random.default_rng(0x4857)
        self._salt = rng.integers(1, 1 << 63, graph.neighbour.shape, dtype=np.uint64)

    def add_if_new_path(self, tree: InTree) -> bool:
        """Takes a tree that gives some source a path it had not; counts its use either way."""
        paths = path_hashes(self._graph, tree, self._salt)[self.sources]
        new = not self.trees or bool(np.all([known != paths for known in self._paths], 0).any())
        self._count(tree, taken=new)
        if new:
            self.trees.append(tree)
            self._paths.append(paths)
        return new

    def add_if_protecting(self, tree: InTree) -> bool:
        """Takes a tree that gives some switch on the sources' paths its second next hop."""
        on_path = np.zeros(len(tree.slot), bool)
        for taken in self.trees:
            on_path |= visited(self._graph, taken, self.sources)
        alone = on_path & ((self.uses > 0).sum(1) < 2) & (tree.slot >= 0)
        rows = np.flatnonzero(alone)
        protecting = bool((self.uses[rows, tree.slot[rows]] == 0).any())
        if protecting:
            self._count(tree, taken=True)
            self.trees.append(tree)
        return protecting

    def _count(self, tree: InTree, *, taken: bool) -> None:
        """Notes what a tree uses; one that was not taken only makes the next detour differ."""
        has_hop = tree.slot >= 0
        by_sources = has_hop & visited(self._graph, tree, self.sources)
        _add_uses(self.uses_by_sources, tree, by_sources)
        if taken:
            _add_uses(self.uses, tree, has_hop)


def _add_uses(uses: IntArray, tree: InTree, at: NDArray[np.bool_]) -> None:
    rows = np.flatnonzero(at)
    uses[rows, tree.slot[rows]] += 1


def path_hashes(graph: Graph, tree: InTree, salt: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of every switch's path along `tree`, uint64 (N,): the sum of its arcs' salts."""
    everyone = np.arange(len(tree.slot))
    total = np.where(tree.slot >= 0, salt[everyone, tree.slot], np.uint64(0))
    jump = tree.hops(graph)
    while (jump != jump[jump]).any():  # pointer doubling: log2(diameter) rounds
        total = total + total[jump]
        jump = jump[jump]
    return total + total[jump]


def visited(graph: Graph, tree: InTree, sources: IntArray) -> NDArray[np.bool_]:
    """Which switches the paths of `sources` along `tree` touch, bool (N,)."""
    hops = tree.hops(graph)
    seen = np.zeros(len(hops), bool)
    front = sources
    while front.size:
        seen[front] = True
        front = np.unique(hops[front])
        front = front[~seen[front]]
    return seen


def _shortest_trees(graph: Graph, target: int, sources: IntArray, most: int) -> Iterable[InTree]:
    """Trees over shortest paths: tree i takes the (i // stride)-th equal-cost hop everywhere.

    Strides multiply along the way from a source, as digits of a number, so that counting i up
    visits every combination of choices; starting points differ by target to spread the load.
    """
    distance = hop_distances(graph, target)
    near = graph.neighbour
    closer = (near >= 0) & (distance[near] == distance[:, None] - 1) & (distance > 0)[:, None]
    choices = closer.sum(1).astype(np.int32)
    order = np.argsort(~closer, axis=1, kind="stable")
    stride = _strides(graph, closer, choices, distance, sources)
    combinations = int((stride * choices).max(initial=1))
    everyone = np.arange(len(distance))
    for i in range(min(most, max(1, combinations))):
        pick = (i // stride + target) % np.maximum(choices, 1)
        slot = np.where(choices > 0, order[everyone, pick], NO_HOP).astype(np.int32)
        slot[distance == UNREACHABLE] = NO_HOP
        yield InTree(target, slot)


def _strides(
    graph: Graph,
    closer: NDArray[np.bool_],
    choices: IntArray,
    distance: IntArray,
    sources: IntArray,
) -> NDArray[np.int64]:
    stride = np.ones(len(choices), np.int64)
    transit = np.ones(len(choices), bool)
    transit[sources] = False
    reached = distance[distance != UNREACHABLE]
    for hops in range(int(reached.max(initial=0)), 0, -1):
        rows, slots = np.nonzero(closer & (distance == hops)[:, None])
        np.maximum.at(stride, graph.neighbour[rows, slots], (stride * choices)[rows])
        stride[~transit] = 1
        np.minimum(stride, 1 << 20, out=stride)
    return stride


def _detours(graph: Graph, target: int, count: int) -> Iterator[NDArray[np.float64]]:
    """What to make dearer, in uses, so that detours differ and don't go back and forth.

    First nothing; then all ways into the target but one, each in turn, so that its neighbours have
    to go round too; then noise.
    """
    yield np.zeros(graph.neighbour.shape)
    into = _inbound(graph)[target]
    for v, slot in into if len(into) > 1 else ():
        dearer = np.where(graph.neighbour == target, float(len(graph.dpids)), 0.0)
        dearer[v, slot] = 0.0
        yield dearer
    for attempt in range(count):
        rng = np.random.default_rng([0x4857, attempt])
        yield rng.exponential(1.0 + attempt / 2.0, graph.neighbour.shape)


def _detour_tree(graph: Graph, target: int, uses: NDArray[np.float64] | IntArray) -> InTree:
    """Shortest paths where an arc used n times costs 1 + n * penalty (Dijkstra)."""
    slot = np.full(len(graph.dpids), NO_HOP, np.int32)
    inbound = _inbound(graph)
    done = {target}
    heap = [(1 + _PENALTY * uses[v, j], v, j) for v, j in inbound[target]]
    heapq.heapify(heap)
    while heap:
        cost, v, j = heapq.heappop(heap)
        if v in done:
            continue
        done.add(v)
        slot[v] = j
        for u, i in inbound[v]:
            if u not in done:
                heapq.heappush(heap, (cost + 1 + _PENALTY * uses[u, i], u, i))
    return InTree(target, slot)


def _protecting_tree(graph: Graph, target: int, uses: IntArray) -> InTree:
    """Grows a tree from the target, taking unused arcs first and else the newest branch.

    Going depth first where only used arcs are left sends one neighbour of the target straight home
    and the others round through it, as the red and blue trees of RFC 7811 do.
    """
    slot = np.full(len(graph.dpids), NO_HOP, np.int32)
    inbound = _inbound(graph)
    done = {target}
    heap = [(int(uses[v, j]), 0, v, j) for v, j in inbound[target]]
    heapq.heapify(heap)
    while heap:
        _, _, v, j = heapq.heappop(heap)
        if v in done:
            continue
        done.add(v)
        slot[v] = j
        for u, i in inbound[v]:
            if u not in done:
                heapq.heappush(heap, (int(uses[u, i]), -len(done), u, i))
    return InTree(target, slot)


def _inbound(graph: Graph) -> list[list[tuple[int, int]]]:
    """For every switch the (neighbour, neighbour's slot) pairs that lead to it."""
    inbound: list[list[tuple[int, int]]] = [[] for _ in graph.dpids]
    for v, j in zip(*np.nonzero(graph.neighbour >= 0), strict=True):
        inbound[graph.neighbour[v, j]].append((int(v), int(j)))
    return inbound
