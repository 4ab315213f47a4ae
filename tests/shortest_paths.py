"""Candidate paths that tests can count on: the k shortest of each pair."""

import heapq
from collections.abc import Sequence

from controller.advice.network import CandidatePaths, Network
from controller.paths import hop_distances


def k_shortest(
    network: Network, k: int = 4, sources: Sequence[int] | None = None
) -> CandidatePaths:
    """The k loop-free paths of fewest hops of every pair; ties by link order, so reproducible."""
    edges = range(len(network.nodes)) if sources is None else sorted(sources)
    pairs = [(source, target) for target in edges for source in edges if source != target]
    return CandidatePaths.of_lists(network, ((p, _shortest(network, *p, k)) for p in pairs))


def _shortest(network: Network, source: int, target: int, k: int) -> list[tuple[int, ...]]:
    """Best-first search over loop-free beginnings of paths; hop distances make it exact (A*)."""
    distance = hop_distances(network.graph, target)
    found: list[tuple[int, ...]] = []
    heap: list[tuple[int, int, tuple[int, ...], tuple[int, ...]]]
    heap = [(int(distance[source]), 0, (source,), ())]
    pushed = 0
    while heap and len(found) < k:
        _, _, nodes, links = heapq.heappop(heap)
        if nodes[-1] == target:
            found.append(links)
            continue
        for link, (tail, head) in enumerate(network.ends.tolist()):
            if tail == nodes[-1] and head not in nodes:
                pushed += 1
                bound = len(nodes) + int(distance[head])
                heapq.heappush(heap, (bound, pushed, (*nodes, head), (*links, link)))
    return found
