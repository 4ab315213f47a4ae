"""Files and topohub: the forms that are read, and what is said about the others."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from topologies import errors
from topologies.document import to_document
from topologies.model import Topology
from topologies.nodelink import from_node_link
from topologies.registry import build


def graph(*edges: tuple[Any, Any, Any], key: str = "links", **flags: bool) -> dict[str, Any]:
    """Node-link data; an edge is (source, target, capacity)."""
    ids = dict.fromkeys(end for a, b, _ in edges for end in (a, b))
    return {
        **flags,
        "nodes": [{"id": node} for node in ids],
        key: [{"source": a, "target": b, "capacity": c} for a, b, c in edges],
    }


def load(tmp_path: Path, data: object, options: str = "") -> Topology:
    path = tmp_path / "net.json"
    path.write_text(json.dumps(data))
    return build(f"file:{path}{options}")


@pytest.mark.parametrize("key", ["links", "edges"])
def test_both_names_for_edges(tmp_path: Path, key: str) -> None:
    topology = load(tmp_path, graph((0, 1, 5.0), (1, 2, 7.5), key=key), ",scale=1k,hosts=2")
    assert topology.name == "net"
    assert [switch.name for switch in topology.switches] == ["s0", "s1", "s2"]
    assert len(topology.hosts) == 6
    assert [link.rate_bps for link in topology.links] == [5_000, 7_500]


def test_two_directions_are_one_link_at_the_slower_rate() -> None:
    topology = from_node_link(graph((0, 1, 200), (1, 0, 150), directed=True), "net")
    assert [link.rate_bps for link in topology.links] == [150]


def test_one_direction_is_a_whole_link() -> None:
    assert from_node_link(graph((0, 1, 200), directed=True), "net").links[0].rate_bps == 200


def test_parallel_edges_of_a_multigraph_add_up() -> None:
    undirected = from_node_link(graph((0, 1, 5), (1, 0, 5), (0, 1, 5), multigraph=True), "net")
    assert [link.rate_bps for link in undirected.links] == [15]
    edges = ((0, 1, 5), (0, 1, 5), (1, 0, 10))
    directed = from_node_link(graph(*edges, multigraph=True, directed=True), "net")
    assert [link.rate_bps for link in directed.links] == [10]


def test_switches_come_in_the_order_of_whole_number_ids() -> None:
    topology = from_node_link(graph((4, 3, 1), (3, 0, 1)), "net")
    assert [(switch.name, switch.dpid) for switch in topology.switches] == [
        ("s0", 1),
        ("s3", 2),
        ("s4", 3),
    ]


def test_names_are_kept_as_far_as_linux_allows() -> None:
    labels = ["New York", "São Paulo", "Indianapolis East", "Indianapolis West", "h1", "東京", "7"]
    data = {
        "nodes": [{"id": i, "name": label} for i, label in enumerate(labels)],
        "edges": [{"source": 0, "target": i} for i in range(1, len(labels))],
    }
    names = [switch.name for switch in from_node_link(data, "net").switches]
    assert names == ["NewYork", "SaoPaulo", "Indianapol", "Indianap_2", "h1_2", "s", "s7"]


def test_ends_as_places_in_the_list() -> None:
    # networkx 1 wrote them so; here "b" is place 0.
    data = {
        "nodes": [{"id": "b"}, {"id": "a"}, {"id": "c"}],
        "links": [{"source": 0, "target": 1}, {"source": 1, "target": 2}],
    }
    topology = from_node_link(data, "net")
    assert [(link.a, link.b) for link in topology.links] == [("b", "a"), ("a", "c")]


def test_delays_and_missing_capacities() -> None:
    data = graph((0, 1, 5), (1, 2, 5), (2, 3, 5))
    data["links"][0] = {"source": 0, "target": 1, "delay_s": 0.003}
    data["links"][1]["dist"] = 1000
    topology = from_node_link(data, "net", rate_bps=42)
    assert [link.delay_s for link in topology.links] == [0.003, 0.005, 0.0]
    assert [link.rate_bps for link in topology.links] == [42, 5, 5]


def test_what_networkx_itself_writes() -> None:
    networkx = pytest.importorskip("networkx", reason="the optional check against networkx")
    digraph = networkx.DiGraph()
    digraph.add_edge("a", "b", capacity=10)
    digraph.add_edge("b", "a", capacity=10)
    for key in ("links", "edges"):
        topology = from_node_link(networkx.node_link_data(digraph, edges=key), "net")
        assert [(link.a, link.b, link.rate_bps) for link in topology.links] == [("a", "b", 10)]


def test_a_network_of_754_nodes_loads_at_once(tmp_path: Path) -> None:
    ring = [(i, (i + 1) % 754, 1000.0) for i in range(754)]
    chords = [(i, (i + 300) % 754, 500.0) for i in range(0, 754, 5)]
    both_ways = [edge for a, b, c in ring + chords for edge in ((a, b, c), (b, a, c))]
    data = graph(*both_ways, directed=True)
    started = time.perf_counter()
    topology = load(tmp_path, data)
    assert time.perf_counter() - started < 1.0
    assert len(topology.switches) == 754


def test_a_saved_topology_comes_back(tmp_path: Path) -> None:
    saved = build("edgecloud")
    assert load(tmp_path, to_document(saved)) == saved
    with pytest.raises(errors.UnknownParameterError, match="of its own"):
        load(tmp_path, to_document(saved), ",hosts=2")


@pytest.mark.parametrize(
    ("data", "error", "remedy"),
    [
        ([], errors.FileFormatError, "holds a list"),
        ({}, errors.FileFormatError, 'needs a list "nodes"'),
        ({"nodes": [{"id": 0}]}, errors.FileFormatError, 'needs a list "edges"'),
        ({"nodes": [{"id": 0}], "links": 5}, errors.FileFormatError, 'needs a list "links"'),
        ({"nodes": [{}], "links": []}, errors.FileFormatError, r'nodes\[0\] needs an "id"'),
        ({"nodes": [{"id": [1]}], "links": []}, errors.FileFormatError, r"nodes\[0\]"),
        ({"nodes": [], "links": []}, errors.NoSwitchError, "at least one"),
        ({"nodes": [{"id": 0}] * 2, "links": []}, errors.DuplicateNameError, "id 0"),
        ({"nodes": [{"id": 0}, {"id": 1}], "links": []}, errors.DisconnectedError, "add a link"),
        ({"nodes": [{"id": 0}], "links": [{"source": 0}]}, errors.FileFormatError, r"links\[0\]"),
        (
            {"nodes": [{"id": 0}], "links": [{"source": 0, "target": 9}]},
            errors.UnknownSwitchError,
            "no node has the id 9",
        ),
        (graph((0, 0, 5)), errors.SelfLoopError, "itself"),
        (graph((0, 1, 0)), errors.RateError, "capacity x scale"),
        (graph((0, 1, -3)), errors.RateError, "capacity x scale"),
        (graph((0, 1, 1e308)), errors.RateError, "capacity x scale"),
        (graph((0, 1, "fast")), errors.RateError, "'fast'"),
        (graph((0, 1, float("nan"))), errors.RateError, "capacity x scale"),
        (
            {"nodes": [{"id": 0}], "links": [{"source": 0, "target": 0, "dist": "far"}]},
            errors.DelayError,
            "kilometres",
        ),
    ],
)
def test_files_that_are_no_network(
    tmp_path: Path, data: object, error: type[errors.TopologyError], remedy: str
) -> None:
    with pytest.raises(error, match=remedy):
        load(tmp_path, data)


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"links": None}, "'links' must be a list"),
        ({"switches": ["s1"]}, r"switches\[0\] must be an object"),
        ({"switches": [{"name": "s1", "dpidd": 1}]}, "did you mean 'dpid'"),
        ({"switches": [{"name": "s1", "zzz": 1}]}, "it takes name, dpid, tier"),
        ({"switches": [{"name": "s1", "dpid": "1"}]}, "dpid must be of type int"),
        ({"switches": [{"name": "s1", "dpid": True}]}, "dpid must be of type int"),
        ({"switches": [{"name": "s1"}]}, "lacks 'dpid'"),
    ],
)
def test_saved_topologies_with_a_mistake(
    tmp_path: Path, change: dict[str, object], remedy: str
) -> None:
    with pytest.raises(errors.FileFormatError, match=remedy):
        load(tmp_path, {**to_document(build("ring")), **change})


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(errors.FileFormatError, match="No such file"):
        build(f"file:{tmp_path}/none.json")
    with pytest.raises(errors.FileFormatError, match="check the path"):
        build(f"file:{tmp_path}")
    for content in (b"{", b"\xff", b"[" * 200_000):
        (tmp_path / "bad.json").write_bytes(content)
        with pytest.raises(errors.FileFormatError, match="is not JSON"):
            build(f"file:{tmp_path}/bad.json")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
KEYS = st.sampled_from(
    ["nodes", "links", "edges", "switches", "hosts", "id", "name", "source", "target", "capacity"]
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, JUNK, max_size=5))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_json_loads_or_is_explained(tmp_path: Path, data: dict[str, Any]) -> None:
    try:
        assert load(tmp_path, data).switches
    except errors.TopologyError as error:
        assert str(error)


def test_topohub() -> None:
    pytest.importorskip("topohub", reason="the optional topohub package")
    topology = build("topohub:sndlib/polska,hosts=2,rate=10M")
    assert (len(topology.switches), len(topology.hosts)) == (12, 24)
    assert topology.switches[0].name == "Gdansk"
    assert all(link.rate_bps == 10_000_000 and link.delay_s > 0 for link in topology.links)
    with pytest.raises(errors.UnknownNetworkError, match="did you mean 'sndlib/polska'"):
        build("topohub:sndlib/polsk")


def test_topohub_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "topohub", None)
    with pytest.raises(errors.MissingPackageError, match="pip install topohub"):
        build("topohub:sndlib/polska")
