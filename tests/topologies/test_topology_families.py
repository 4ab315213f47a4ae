"""One contract for every family the registry lists, then what is particular to each."""

import ipaddress
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies import edgecloud
from topologies.document import from_document, to_document
from topologies.errors import ParameterValueError, SizeError
from topologies.family import Family, describe
from topologies.model import Topology
from topologies.parameters import Parameter
from topologies.registry import build, families

BUILT_IN = [family for family in families() if family.source is None]
PARAMETERS = [(family, parameter) for family in BUILT_IN for parameter in family.parameters]


def by_name(value: object) -> str:
    return value.name if isinstance(value, (Family, Parameter)) else str(value)


def is_connected(topology: Topology, without: int | None = None) -> bool:
    """Union-find: not the search the model itself makes."""
    parent = {switch.name: switch.name for switch in topology.switches}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for number, link in enumerate(topology.links):
        if number != without:
            parent[root(link.a)] = root(link.b)
    return len({root(name) for name in parent}) == 1


def assert_sound(topology: Topology) -> None:
    switches = {switch.name for switch in topology.switches}
    names = [*switches, *(host.name for host in topology.hosts)]
    assert len(set(names)) == len(topology.switches) + len(topology.hosts)
    assert len({switch.dpid for switch in topology.switches}) == len(topology.switches)
    assert len({host.mac for host in topology.hosts}) == len(topology.hosts)
    assert len({host.address for host in topology.hosts}) == len(topology.hosts)
    assert len({ipaddress.ip_interface(host.ip).network for host in topology.hosts}) <= 1
    assert all(host.switch in switches for host in topology.hosts)
    assert all(link.a != link.b and {link.a, link.b} <= switches for link in topology.links)
    assert is_connected(topology)
    assert from_document(json.loads(json.dumps(to_document(topology)))) == topology


@pytest.mark.parametrize("family", BUILT_IN, ids=by_name)
def test_defaults_are_sound_and_small_enough_to_emulate(family: Family) -> None:
    topology = build(family.name)
    assert_sound(topology)
    assert topology == build(family.name), "the same every time"
    assert len(topology.hosts) >= 2
    assert len(topology.switches) <= 20
    assert all(link.rate_bps <= 100_000_000 for link in topology.links)
    assert family.help


@pytest.mark.parametrize(("family", "parameter"), PARAMETERS, ids=by_name)
def test_bounds_hold_on_both_sides(family: Family, parameter: Parameter) -> None:
    kind = parameter.kind
    assert kind.help and kind.low is not None and kind.high is not None and kind.step != 0
    for extreme in (kind.low, kind.high):
        value = kind.read(extreme)
        build(family.name, **{parameter.name: value})
        build(f"{family.name},{parameter.name}={kind.text(value)}")
    step = kind.step or 1
    for beyond in (kind.low - step, kind.high + step):
        with pytest.raises(SizeError, match=f"{family.name} {parameter.name} must be"):
            build(family.name, **{parameter.name: beyond})
    with pytest.raises(ParameterValueError, match="got lots"):
        build(f"{family.name},{parameter.name}=lots")


def values_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Small counts, so that an example takes milliseconds; rates and delays over their range."""
    low, high, step = parameter.kind.low, parameter.kind.high, parameter.kind.step
    assert low is not None and high is not None
    if step is None:
        return st.floats(low, high).map(parameter.kind.read)
    return st.integers(int(low) // step, min(int(high), int(low) + 6) // step).map(
        lambda number: number * step
    )


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_parameters_within_bounds_make_a_sound_topology(data: st.DataObject) -> None:
    family = data.draw(st.sampled_from(BUILT_IN))
    values = {p.name: data.draw(values_of(p), label=p.name) for p in family.parameters}
    assert_sound(build(family.name, **values))


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 4))
@settings(deadline=None)
def test_leafspine_counts(spines: int, leaves: int, hosts: int) -> None:
    topology = build("leafspine", spines=spines, leaves=leaves, hosts=hosts)
    assert len(topology.switches) == spines + leaves
    assert len(topology.hosts) == leaves * hosts
    assert len(topology.links) == spines * leaves
    tiers = {switch.name: switch.tier for switch in topology.switches}
    assert all({tiers[link.a], tiers[link.b]} == {"leaf", "spine"} for link in topology.links)


@pytest.mark.parametrize("k", [2, 4, 6, 8, 16])
def test_fattree_counts(k: int) -> None:
    topology = build("fattree", k=k)
    assert len(topology.switches) == 5 * k * k // 4
    assert len(topology.hosts) == k**3 // 4
    assert len(topology.links) == k**3 // 2
    ports = {switch.name: 0 for switch in topology.switches}
    for end in [end for link in topology.links for end in (link.a, link.b)]:
        ports[end] += 1
    for host in topology.hosts:
        ports[host.switch] += 1
    assert set(ports.values()) == {k}, "a fat-tree is made of k-port switches only"


def test_fattree_says_that_k_is_even() -> None:
    with pytest.raises(SizeError, match=r"fattree k must be even, 2\.\.32; got 5"):
        build("fattree,k=5")


def test_dumbbell_and_ring_counts() -> None:
    dumbbell = build("dumbbell,left=3,right=1")
    assert [host.switch for host in dumbbell.hosts] == ["left", "left", "left", "right"]
    assert len(dumbbell.links) == 1
    ring = build("ring,n=7,hosts=2")
    assert (len(ring.switches), len(ring.hosts), len(ring.links)) == (7, 14, 7)


def test_abilene_is_the_real_one() -> None:
    topology = build("abilene,hosts=1,rate=9.92G")
    assert (len(topology.switches), len(topology.links)) == (12, 15)
    links = {(link.a, link.b): link for link in topology.links}
    assert links["ATLAng", "IPLSng"].rate_bps == 2_480_000_000
    coast_to_coast = links["DNVRng", "SNVAng"]
    assert coast_to_coast.rate_bps == 9_920_000_000
    assert coast_to_coast.delay_s == pytest.approx(0.0075, rel=0.1)  # some 1500 km


def test_edgecloud_keeps_its_latency_budgets() -> None:
    topology = build("edgecloud")
    tiers = [tier.name for tier in edgecloud.TIERS]
    assert [*dict.fromkeys(switch.tier for switch in topology.switches)] == tiers
    tier_of = {switch.name: switch.tier for switch in topology.switches}
    one_way_s = {tiers[0]: 0.0}
    for link in topology.links:
        one_way_s[tier_of[link.b]] = one_way_s[tier_of[link.a]] + link.delay_s
    for tier in edgecloud.TIERS:
        assert 2 * one_way_s[tier.name] <= tier.latency_budget_s / 2, "room left for queues"


def test_edgecloud_survives_the_loss_of_any_link() -> None:
    topology = build("edgecloud,far=3,aggregation=2,onprem=3,telco=2,cloud=2")
    assert all(is_connected(topology, without=i) for i in range(len(topology.links)))


def test_addresses_widen_where_a_16_is_too_small() -> None:
    small, large = build("ring,n=4,hosts=64"), build("leafspine,leaves=256,hosts=64")
    assert small.hosts[-1].ip == "10.0.1.0/16"
    assert large.hosts[-1].ip == "10.0.64.0/16"
    assert large.hosts[-1].mac == "00:00:00:00:40:00"


def test_a_family_without_parameter_kinds_is_a_mistake_of_ours() -> None:
    def bare(n: int = 1) -> Topology:
        raise NotImplementedError

    with pytest.raises(TypeError, match="'n' needs"):
        describe(bare)
