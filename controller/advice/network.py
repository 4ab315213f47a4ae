"""A network and its candidate paths as arrays: what observing, planning and judging share.

Owns the arithmetic of splits: flows on paths to loads on links and back. Knows no traffic, no
OpenFlow and no learning. Everything takes leading batch dimensions, written "..." below.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from controller.advice.errors import NetworkError, PathError
from controller.paths import Arc, Graph, in_trees

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]

_DENSE_CELLS = 2_000_000  # paths x links up to which a dense product beats gathering


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes and directed links.

    Attributes:
        nodes: Names; the position is the index. N of them.
        ends: int32 (E, 2), tail and head of each directed link.
        capacity: float64 (E,), above 0, any one unit (bit/s where it is a real network).
    """

    nodes: tuple[str, ...]
    ends: IntArray
    capacity: FloatArray

    def __post_init__(self) -> None:
        ends, capacity = self.ends, self.capacity
        if ends.ndim != 2 or ends.shape[1] != 2 or capacity.shape != ends.shape[:1]:
            raise NetworkError(
                f"links of shape {ends.shape} and capacities of shape {capacity.shape}: "
                "give (E, 2) and (E,)"
            )
        if not len(ends) or ends.min() < 0 or ends.max() >= len(self.nodes):
            raise NetworkError(f"links must join nodes 0 to {len(self.nodes) - 1}")
        if not (np.isfinite(capacity).all() and (capacity > 0).all()):
            raise NetworkError("every capacity must be a number above 0")

    @cached_property
    def link_of(self) -> dict[tuple[int, int], int]:
        """(tail, head) -> link; the first of parallel ones."""
        return {(int(a), int(b)): e for e, (a, b) in reversed(list(enumerate(self.ends)))}

    @cached_property
    def graph(self) -> Graph:
        """The same as the graph that in-trees are computed on; port numbers are link indices."""
        arcs = (Arc(int(a), e, int(b), e) for e, (a, b) in enumerate(self.ends))
        return Graph.of(range(len(self.nodes)), arcs)


@dataclass(frozen=True, eq=False)
class CandidatePaths:
    """Loop-free candidate paths of ordered node pairs.

    Attributes:
        network: What they run over.
        pairs: int32 (K, 2), source and target node, in lexical order.
        pair: int32 (P,), the pair of each path, ascending.
        hops: int32 (P, H), links of each path in order, padded with E.
    """

    network: Network
    pairs: IntArray
    pair: IntArray
    hops: IntArray

    @staticmethod
    def of_lists(
        network: Network, lists: Iterable[tuple[tuple[int, int], Sequence[Sequence[int]]]]
    ) -> "CandidatePaths":
        """From the links of each path: ((source, target), [[link, ...], ...]) for each pair.

        Raises:
            PathError: A pair without a path, twice the same pair, or a path that is none.
        """
        ordered = sorted(lists, key=lambda entry: entry[0])
        pairs = np.array([pair for pair, _ in ordered], np.int32).reshape(-1, 2)
        flat = [(k, path) for k, (_, paths) in enumerate(ordered) for path in paths]
        longest = max((len(path) for _, path in flat), default=1)
        hops = np.full((len(flat), longest), len(network.ends), np.int32)
        for row, (_, path) in enumerate(flat):
            hops[row, : len(path)] = path
        paths = CandidatePaths(network, pairs, np.array([k for k, _ in flat], np.int32), hops)
        paths._check()
        return paths

    @staticmethod
    def along_trees(
        network: Network, sources: Sequence[int] | None = None, *, most: int = 8, least: int = 8
    ) -> "CandidatePaths":
        """The paths the controller would install: along in-trees, between all `sources`.

        Args:
            network: Where.
            sources: Nodes with traffic; None for all.
            most: Bound on trees over shortest paths to one target.
            least: Detours are added until there are this many trees.

        Raises:
            PathError: Some pair has no path: the network is disconnected.
        """
        edges = range(len(network.nodes)) if sources is None else sorted(sources)
        graph = network.graph
        found: dict[tuple[int, int], dict[tuple[int, ...], None]] = {}
        for target in edges:
            for tree in in_trees(graph, target, edges, most=most, least=least, protect=False):
                step = {v: int(j) for v, j in enumerate(tree.slot) if j >= 0}
                for source in edges:
                    path = _walk(graph, step, source, target) if source != target else ()
                    if path:
                        found.setdefault((source, target), {})[path] = None
        missing = [(s, t) for t in edges for s in edges if s != t and (s, t) not in found]
        if missing:
            s, t = (network.nodes[v] for v in missing[0])
            raise PathError(f"no path from {s} to {t}: the network is disconnected, add a link")
        return CandidatePaths.of_lists(network, ((k, list(v)) for k, v in found.items()))

    def _check(self) -> None:
        network, rows = self.network, np.arange(len(self.hops))
        if len(np.unique(self.pairs, axis=0)) != len(self.pairs):
            raise PathError("a pair comes twice: list all its paths in one place")
        if len(np.unique(self.pair)) != len(self.pairs):
            raise PathError("a pair has no path: give each at least one")
        ends = np.vstack([network.ends, [[-1, -1]]]).astype(np.int32)[self.hops]
        tails, heads = ends[..., 0], ends[..., 1]
        joined = (heads[:, :-1] == tails[:, 1:]) | (tails[:, 1:] < 0)
        right = (tails[:, 0] == self.pairs[self.pair, 0]) & (
            heads[rows, self.length - 1] == self.pairs[self.pair, 1]
        )
        wrong = np.flatnonzero(~(joined.all(1) & right))
        if wrong.size:
            pair = self.pairs[self.pair[wrong[0]]]
            raise PathError(f"a path of pair {pair[0]}-{pair[1]} does not lead from one to other")

    @cached_property
    def length(self) -> IntArray:
        """int32 (P,), hops of each path."""
        used: IntArray = (self.hops < len(self.network.ends)).sum(1, dtype=np.int32)
        return used

    @cached_property
    def extra_hops(self) -> FloatArray:
        """float64 (P,), hops more than the pair's shortest candidate."""
        shortest = np.minimum.reduceat(self.length, self.start)[self.pair]
        extra: FloatArray = (self.length - shortest).astype(np.float64)
        return extra

    @cached_property
    def bottleneck(self) -> FloatArray:
        """float64 (P,), the least capacity along each path."""
        return -self.path_max(-self.network.capacity)

    @cached_property
    def start(self) -> IntArray:
        """int32 (K,), the first path of each pair."""
        return np.searchsorted(self.pair, np.arange(len(self.pairs))).astype(np.int32)

    @cached_property
    def incidence(self) -> FloatArray:
        """float64 (P, E), 1 where a path uses a link. Only for small networks."""
        matrix = np.zeros((len(self.hops), len(self.network.ends) + 1))
        np.put_along_axis(matrix, self.hops, 1.0, axis=1)
        return np.ascontiguousarray(matrix[:, :-1])

    @property
    def is_small(self) -> bool:
        """Whether dense products are the faster way."""
        return len(self.hops) * len(self.network.ends) <= _DENSE_CELLS

    @cached_property
    def _by_link(self) -> tuple[IntArray, IntArray, IntArray]:
        """Paths sorted by the links they use, where each used link's run begins, and the links."""
        rows, slots = np.nonzero(self.hops < len(self.network.ends))
        links = self.hops[rows, slots]
        order = np.argsort(links, kind="stable")
        used, begin = np.unique(links[order], return_index=True)
        return rows[order].astype(np.int32), begin.astype(np.int32), used.astype(np.int32)

    def rows_of(self, pairs: IntArray) -> IntArray:
        """Paths of some pairs, ascending if the pairs are, int32."""
        count = self.per_pair[pairs]
        first = np.repeat(self.start[pairs] - np.append(0, np.cumsum(count)[:-1]), count)
        rows: IntArray = (first + np.arange(len(first))).astype(np.int32)
        return rows

    def only(self, pairs: IntArray, rows: IntArray) -> "CandidatePaths":
        """Some pairs, ascending, with all their paths; `rows` as `rows_of` gives them."""
        pair = np.repeat(np.arange(len(pairs), dtype=np.int32), self.per_pair[pairs])
        return CandidatePaths(self.network, self.pairs[pairs], pair, self.hops[rows])

    def demands(self, matrices: FloatArray) -> FloatArray:
        """(..., N, N) matrices to (..., K) demands of the pairs."""
        return matrices[..., self.pairs[:, 0], self.pairs[:, 1]]

    def link_loads(self, flows: FloatArray) -> FloatArray:
        """(..., P) flows on paths to (..., E) loads on links."""
        if self.is_small:
            return flows @ self.incidence
        rows, begin, used = self._by_link
        loads = np.zeros((*flows.shape[:-1], len(self.network.ends)))
        loads[..., used] = np.add.reduceat(flows[..., rows], begin, axis=-1)
        return loads

    def path_max(self, values: FloatArray) -> FloatArray:
        """(..., E) values of links to the largest along each path, (..., P)."""
        padded = np.concatenate([values, np.full((*values.shape[:-1], 1), -np.inf)], axis=-1)
        largest = padded[..., self.hops[:, 0]]
        for hop in range(1, self.hops.shape[1]):
            np.maximum(largest, padded[..., self.hops[:, hop]], out=largest)
        return largest

    def path_sum(self, values: FloatArray) -> FloatArray:
        """(..., E) values of links to their sum along each path, (..., P)."""
        if self.is_small:
            return values @ self.incidence.T
        padded = np.concatenate([values, np.zeros((*values.shape[:-1], 1))], axis=-1)
        total = padded[..., self.hops[:, 0]]
        for hop in range(1, self.hops.shape[1]):
            total += padded[..., self.hops[:, hop]]
        return total

    def pair_sum(self, values: FloatArray) -> FloatArray:
        """(..., P) values of paths to their sum for each pair, (..., K)."""
        return np.add.reduceat(values, self.start, axis=-1)

    def normalise(self, weights: FloatArray) -> FloatArray:
        """(..., P) weights, none negative, to split ratios: they sum to 1 for each pair.

        Pairs whose weights are all 0 are split evenly, so that no traffic vanishes.
        """
        total = self.pair_sum(weights)[..., self.pair]
        even = 1.0 / self.per_pair[self.pair]
        return np.where(total > 0, weights / np.where(total > 0, total, 1.0), even)

    def softmax(self, logits: FloatArray) -> FloatArray:
        """(..., P) logits to split ratios; the maximum is each pair's own."""
        powers = np.exp(logits - np.maximum.reduceat(logits, self.start, axis=-1)[..., self.pair])
        splits: FloatArray = powers / self.pair_sum(powers)[..., self.pair]
        return splits

    @cached_property
    def per_pair(self) -> IntArray:
        """int32 (K,), how many candidate paths each pair has."""
        return np.diff(np.append(self.start, len(self.pair))).astype(np.int32)

    def alive(self, link_up: BoolArray) -> BoolArray:
        """(..., E) links that are up to (..., P) paths with all links up."""
        alive: BoolArray = self.path_max(np.where(link_up, 0.0, 1.0)) == 0.0
        return alive

    def utilisation(self, splits: FloatArray, demands: FloatArray) -> FloatArray:
        """(..., P) split ratios and (..., K) demands to (..., E) link utilisations."""
        return self.link_loads(splits * demands[..., self.pair]) / self.network.capacity

    def max_utilisation(self, splits: FloatArray, demands: FloatArray) -> FloatArray:
        """(..., P) split ratios and (..., K) demands to (...) largest link utilisations."""
        largest: FloatArray = self.utilisation(splits, demands).max(-1)
        return largest


def _walk(graph: Graph, step: dict[int, int], source: int, target: int) -> tuple[int, ...]:
    """Links from source to target along a tree; () where the tree does not lead there."""
    links = []
    while source != target:
        slot = step.get(source)
        if slot is None:
            return ()
        links.append(int(graph.port[source, slot]))
        source = int(graph.neighbour[source, slot])
    return tuple(links)
