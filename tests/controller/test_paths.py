"""Candidate paths over random graphs: loop-free, complete, different, the same again."""

import itertools
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.paths import UNREACHABLE, Arc, Graph, InTree, hop_distances, in_trees, visited

EXAMPLES = int(os.environ.get("EXAMPLES", "30"))  # of each property; more digs deeper

Cable = tuple[int, int]


def graph_of(switches: int, cables: list[Cable]) -> Graph:
    """Switches 1..n with these cables (several between a pair are fine)."""
    ports = itertools.count(1)
    arcs = []
    for a, b in cables:
        a_port, b_port = next(ports), next(ports)
        arcs += [Arc(a, a_port, b, b_port), Arc(b, b_port, a, a_port)]
    return Graph.of(range(1, switches + 1), arcs)


@st.composite
def cable_plans(draw: st.DrawFn, ring: bool = False) -> tuple[int, list[Cable]]:
    """A spanning tree (or a ring, so that no single cable cuts it) and some more cables."""
    switches = draw(st.integers(3 if ring else 2, 12))
    if ring:
        cables = [(n, n % switches + 1) for n in range(1, switches + 1)]
    else:
        cables = [(draw(st.integers(1, n - 1)), n) for n in range(2, switches + 1)]
    more = st.tuples(st.integers(1, switches), st.integers(1, switches))
    extra = draw(st.lists(more.filter(lambda c: c[0] != c[1]), max_size=12))
    return switches, cables + extra


@st.composite
def problems(draw: st.DrawFn, ring: bool = False) -> tuple[Graph, int, list[int]]:
    switches, cables = draw(cable_plans(ring))
    sources = draw(st.sets(st.integers(0, switches - 1), min_size=1))
    return graph_of(switches, cables), draw(st.integers(0, switches - 1)), sorted(sources)


def path(graph: Graph, tree: InTree, source: int) -> list[int]:
    """The switches from `source` on; fails on a loop."""
    hops, steps = tree.hops(graph), [source]
    while hops[steps[-1]] != steps[-1]:
        steps.append(int(hops[steps[-1]]))
        assert len(steps) <= len(graph.dpids), f"loop: {steps}"
    return steps


@settings(max_examples=EXAMPLES)
@given(problems())
def test_every_tree_leads_everybody_to_the_target(problem: tuple[Graph, int, list[int]]) -> None:
    graph, target, sources = problem
    trees = in_trees(graph, target, sources)
    assert trees
    for tree in trees:
        for source in range(len(graph.dpids)):
            assert path(graph, tree, source)[-1] == target


@settings(max_examples=EXAMPLES)
@given(problems(), st.integers(1, 8))
def test_first_trees_are_shortest_paths(problem: tuple[Graph, int, list[int]], most: int) -> None:
    graph, target, sources = problem
    distance = hop_distances(graph, target)
    trees = in_trees(graph, target, sources, most=most, least=1, protect=False)
    assert len(trees) <= most
    for tree in trees:
        for source in sources:
            assert len(path(graph, tree, source)) - 1 == distance[source]


@settings(max_examples=EXAMPLES)
@given(problems())
def test_trees_before_protection_differ_for_some_source(
    problem: tuple[Graph, int, list[int]],
) -> None:
    graph, target, sources = problem
    trees = in_trees(graph, target, sources, protect=False)
    arcs_used = [
        tuple(tuple(_arcs(graph, tree, source)) for source in sources if source != target)
        for tree in trees
    ]
    assert len(set(arcs_used)) == len(trees)


def _arcs(graph: Graph, tree: InTree, source: int) -> list[tuple[int, int]]:
    return [(v, int(tree.slot[v])) for v in path(graph, tree, source)[:-1]]


@settings(max_examples=EXAMPLES)
@given(problems())
def test_same_question_same_answer(problem: tuple[Graph, int, list[int]]) -> None:
    graph, target, sources = problem
    once, again = in_trees(graph, target, sources), in_trees(graph, target, sources)
    assert [t.slot.tolist() for t in once] == [t.slot.tolist() for t in again]


@settings(max_examples=EXAMPLES)
@given(cable_plans(), st.randoms(use_true_random=False))
def test_order_of_discovery_does_not_matter(plan: tuple[int, list[Cable]], rng: object) -> None:
    switches, cables = plan
    one = graph_of(switches, cables)
    arcs = [
        Arc(one.dpids[v], int(one.port[v, j]), one.dpids[one.neighbour[v, j]], 0)
        for v, j in zip(*np.nonzero(one.neighbour >= 0), strict=True)
    ]
    rng.shuffle(arcs)  # type: ignore[attr-defined]
    other = Graph.of(reversed(one.dpids), arcs)
    assert (other.neighbour == one.neighbour).all()
    assert (other.port == one.port).all()


@settings(max_examples=EXAMPLES)
@given(problems())
def test_bounds_are_kept(problem: tuple[Graph, int, list[int]]) -> None:
    graph, target, sources = problem
    for most, least in ((1, 1), (2, 4), (16, 4)):
        assert len(in_trees(graph, target, sources, most=most, least=least)) <= max(most, least) + 2


# --- protection ---------------------------------------------------------------------------------


def unprotected(graph: Graph, trees: list[InTree], sources: list[int], target: int) -> set[int]:
    """Switches on the sources' paths, with two or more neighbours, that all trees send one way."""
    on_path = np.zeros(len(graph.dpids), bool)
    wanted = np.asarray([s for s in sources if s != target], np.int32)
    for tree in trees:
        on_path |= visited(graph, tree, wanted)
    alone = set()
    for v in np.flatnonzero(on_path):
        if v != target and len({int(tree.slot[v]) for tree in trees}) < 2:
            alone.add(int(v))
    return alone


@settings(max_examples=EXAMPLES)
@given(problems(ring=True))
def test_with_hosts_everywhere_every_switch_has_a_second_way(
    problem: tuple[Graph, int, list[int]],
) -> None:
    """Where no single cable cuts the network and every switch is a source."""
    graph, target, _ = problem
    everyone = list(range(len(graph.dpids)))
    trees = in_trees(graph, target, everyone)
    assert len(unprotected(graph, trees, everyone, target)) <= len(everyone) // 8


def coverage(seed: int, switches: int, extra: int, part: float) -> tuple[int, int]:
    """(protected, all) sources in a random network that no single cable cuts, over all targets."""
    rng = np.random.default_rng(seed)
    cables = [(n, n % switches + 1) for n in range(1, switches + 1)]
    while len(cables) < switches + extra:
        a, b = (int(x) for x in rng.integers(1, switches + 1, 2))
        if a != b:
            cables.append((a, b))
    graph = graph_of(switches, cables)
    sources = sorted(rng.choice(switches, int(part * switches), replace=False).tolist())
    alone = total = 0
    for target in range(switches):
        trees = in_trees(graph, target, sources)
        alone += len(unprotected(graph, trees, sources, target) & set(sources))
        total += len(set(sources) - {target})
    return total - alone, total


@pytest.mark.parametrize(("part", "least"), [(1.0, 1.0), (0.7, 1.0), (0.4, 1.0), (0.2, 1.0)])
def test_coverage_of_protection_in_random_networks(part: float, least: float) -> None:
    """What part of the sources has a second way is measured, and must not shrink."""
    found = [coverage(seed, 12, extra, part) for seed in range(3) for extra in (0, 3, 8)]
    protected, total = (sum(column) for column in zip(*found, strict=True))
    assert protected / total >= least


# --- known networks -----------------------------------------------------------------------------


def test_leaf_spine_uses_every_spine() -> None:
    spines, leaves = range(1, 5), range(5, 8)
    graph = graph_of(7, [(s, leaf) for s in spines for leaf in leaves])
    trees = in_trees(graph, 4, [4, 5, 6])
    for source in (5, 6):
        assert {path(graph, tree, source)[1] for tree in trees} >= {0, 1, 2, 3}


def test_parallel_cables_are_different_ways() -> None:
    graph = graph_of(2, [(1, 2)] * 3)
    assert {int(tree.slot[1]) for tree in in_trees(graph, 0, [1])} == {0, 1, 2}


def test_unreachable_switches_have_no_hop() -> None:
    graph = graph_of(4, [(1, 2), (3, 4)])
    for tree in in_trees(graph, 0, [1, 2, 3]):
        assert tree.slot.tolist()[2:] == [-1, -1]
    assert hop_distances(graph, 0).tolist()[2:] == [UNREACHABLE] * 2


def test_target_that_is_the_only_source() -> None:
    graph = graph_of(3, [(1, 2), (2, 3)])
    assert in_trees(graph, 0, [0])


@pytest.mark.parametrize("arcs", [[], [Arc(1, 1, 99, 1)]])
def test_a_switch_alone(arcs: list[Arc]) -> None:
    graph = Graph.of([1], arcs)
    (tree,) = in_trees(graph, 0, [0])
    assert tree.slot.tolist() == [-1]
