"""Candidate paths as arrays: they lead where they say, and no traffic vanishes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shortest_paths import k_shortest

from controller.advice.errors import NetworkError, PathError
from controller.advice.network import CandidatePaths, Network


def ring(n: int, chords: tuple[tuple[int, int], ...] = ()) -> Network:
    cables = [(i, (i + 1) % n) for i in range(n)] + list(chords)
    ends = np.array([*cables, *((b, a) for a, b in cables)], np.int32)
    return Network(tuple(f"n{i}" for i in range(n)), ends, np.linspace(1.0, 2.0, len(ends)))


@st.composite
def networks(draw: st.DrawFn) -> Network:
    n = draw(st.integers(4, 9))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
    chords = draw(
        st.sets(pairs.filter(lambda p: (p[1] - p[0]) % n not in (0, 1, n - 1)), max_size=5)
    )
    return ring(n, tuple({tuple(sorted(c)) for c in chords}))


@given(networks())
def test_paths_are_loop_free_and_distinct(network: Network) -> None:
    paths = CandidatePaths.along_trees(network)
    n = len(network.nodes)
    assert len(paths.pairs) == n * (n - 1)
    for row, pair in zip(paths.hops, paths.pair, strict=True):
        links = row[row < len(network.ends)]
        nodes = [*network.ends[links, 0], network.ends[links[-1], 1]]
        assert len(set(nodes)) == len(nodes)
        assert (nodes[0], nodes[-1]) == tuple(paths.pairs[pair])
    assert len(np.unique(np.column_stack([paths.pair, paths.hops]), axis=0)) == len(paths.hops)


@given(networks(), st.integers(0, 2**32 - 1))
def test_flow_is_conserved_at_every_node(network: Network, seed: int) -> None:
    paths = k_shortest(network)
    rng = np.random.default_rng(seed)
    demands = rng.exponential(1.0, (3, len(paths.pairs)))
    loads = paths.link_loads(
        paths.softmax(rng.normal(0, 20, (3, len(paths.pair)))) * demands[:, paths.pair]
    )
    nodes = len(network.nodes)
    for load, demand in zip(loads, demands, strict=True):
        out = np.bincount(network.ends[:, 0], load, nodes)
        into = np.bincount(network.ends[:, 1], load, nodes)
        offered = np.bincount(paths.pairs[:, 0], demand, nodes)
        taken = np.bincount(paths.pairs[:, 1], demand, nodes)
        np.testing.assert_allclose(out - into, offered - taken, atol=1e-9)


@given(networks(), st.integers(0, 2**32 - 1))
def test_sparse_and_dense_arithmetic_agree(network: Network, seed: int) -> None:
    small = k_shortest(network)
    large = CandidatePaths(small.network, small.pairs, small.pair, small.hops)
    object.__setattr__(large, "__class__", _Large)
    rng = np.random.default_rng(seed)
    flows, values = rng.random((2, len(small.pair))), rng.random((2, len(network.ends)))
    np.testing.assert_allclose(large.link_loads(flows), small.link_loads(flows))
    np.testing.assert_allclose(large.path_sum(values), small.path_sum(values))


class _Large(CandidatePaths):
    is_small = False


@given(networks(), st.lists(st.booleans(), min_size=40, max_size=40))
def test_splits_sum_to_one_whatever_the_weights(network: Network, zero: list[bool]) -> None:
    paths = k_shortest(network)
    weights = np.where(np.resize(zero, len(paths.pair)), 0.0, 1e-200)
    for splits in (paths.normalise(weights), paths.softmax(np.log(weights.clip(1e-300)) * 50)):
        np.testing.assert_allclose(paths.pair_sum(splits), 1.0)


def test_some_pairs_keep_their_paths() -> None:
    paths = k_shortest(ring(6, ((0, 3),)))
    pairs = np.array([2, 7, 20], np.int32)
    rows = paths.rows_of(pairs)
    some = paths.only(pairs, rows)
    assert (some.pairs == paths.pairs[pairs]).all()
    assert (some.hops == paths.hops[rows]).all()
    assert (pairs[some.pair] == paths.pair[rows]).all()


def test_trees_offer_what_a_wide_area_network_needs() -> None:
    """Every pair of a ring with chords has the two ways round at least."""
    paths = CandidatePaths.along_trees(ring(8, ((0, 4), (2, 6))))
    assert paths.per_pair.min() >= 2


@pytest.mark.parametrize(
    ("ends", "capacity", "message"),
    [
        ([[0, 1]], [0.0], "above 0"),
        ([[0, 1]], [np.nan], "above 0"),
        ([[0, 2]], [1.0], "nodes 0 to 1"),
        ([[0, 1], [1, 0]], [1.0], "shape"),
    ],
)
def test_arrays_that_are_no_network_are_refused(ends: list, capacity: list, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        Network(("a", "b"), np.array(ends, np.int32), np.array(capacity))


def test_a_disconnected_network_is_refused_by_name() -> None:
    ends = np.array([[0, 1], [1, 0], [2, 3], [3, 2]], np.int32)
    network = Network(("a", "b", "c", "d"), ends, np.ones(4))
    with pytest.raises(PathError, match=r"no path from [abcd] to [abcd]"):
        CandidatePaths.along_trees(network)


def test_a_path_that_leads_elsewhere_is_refused() -> None:
    network = ring(4)
    with pytest.raises(PathError, match="does not lead"):
        CandidatePaths.of_lists(network, [((0, 2), [[0]])])
    with pytest.raises(PathError, match="no path"):
        CandidatePaths.of_lists(network, [((0, 2), [])])
