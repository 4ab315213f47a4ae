"""A confined slice stays where it may be, whatever fails."""

import itertools
from dataclasses import replace

import pytest
from fabric import FakeFabric, LoopError
from hypothesis import given, settings
from hypothesis import strategies as st
from sliced import DEFAULT, on, selector, sliced, tenant, two_by_port

from controller.slicing import Slicing, switches_like
from policies.model import Confinement, Tier


def confined(fabric: FakeFabric, *switches: int) -> FakeFabric:
    """Slice a may cross these switches only; b is free."""
    tier = Tier("premises", tuple(str(dpid) for dpid in switches))
    within = Confinement("a", ("premises",), "data of a never leaves tier premises")
    fabric.obey(replace(fabric.state.policy, tiers=(tier,), confinements=(within,)))
    fabric.run(3.0)
    fabric.forwarded = set()
    return fabric


def crossed(fabric: FakeFabric, x: int, y: int) -> set[int]:
    """The switches that pass on what one host sends another."""
    fabric.forwarded = set()
    fabric.trace(fabric.hosts[x], fabric.hosts[y])
    return fabric.forwarded | {fabric.hosts[x].dpid}


def test_it_uses_only_switches_inside_and_others_use_all() -> None:
    fabric = confined(two_by_port(), 1, 2, 101)
    assert fabric.reaches(fabric.hosts[0], fabric.hosts[1])
    assert crossed(fabric, 0, 1) == {1, 101, 2}
    assert fabric.reaches(fabric.hosts[2], fabric.hosts[3])
    assert crossed(fabric, 2, 3) == {1, 101, 102, 2}


@pytest.mark.parametrize("tell", [True, False])
def test_a_cut_inside_leaves_it_unreachable_and_nothing_leaks(tell: bool) -> None:
    fabric = confined(two_by_port(), 1, 2, 101)
    fabric.cut(1, 101, tell=tell)
    assert not fabric.reaches(fabric.hosts[0], fabric.hosts[1])
    assert 102 not in crossed(fabric, 0, 1)
    fabric.run(6.0)  # without carrier events, missing probes tell
    assert fabric.noted("unreachable") == 2
    assert 102 not in crossed(fabric, 0, 1)
    assert fabric.reaches(fabric.hosts[2], fabric.hosts[3])
    fabric.mend(1, 101)
    fabric.run(3.0)
    assert fabric.reaches(fabric.hosts[0], fabric.hosts[1])


def test_a_longer_way_inside_is_found_where_the_shortest_leaves() -> None:
    # 1 - 5 - 3 is short; inside there is only 1 - 2 - 4 - 3.
    fabric = FakeFabric([(1, 5), (5, 3), (1, 2), (2, 4), (4, 3)], [1, 3])
    fabric.state.policy = sliced(
        tenant("a", 1, *map(on, fabric.hosts)), tenant("b", 2, selector("x"))
    )
    confined(fabric.start(), 1, 2, 3, 4)
    assert fabric.reaches(*fabric.hosts)
    assert crossed(fabric, 0, 1) == {1, 2, 4, 3}


def test_no_broadcast_leaves_and_nobody_is_let_in_outside() -> None:
    fabric = confined(two_by_port(leaves=3), 1, 2, 101)
    inside, outside = fabric.hosts[0], fabric.hosts[2]
    ends = {end for end, _ in fabric.emit(inside, inside.arp(10 << 24 | 99))}
    assert ends == {(2, fabric.hosts[1].port)}
    assert not fabric.emit(outside, outside.arp(10 << 24 | 99))
    assert not fabric.reaches(inside, outside)


def test_lifting_it_gives_every_path_back() -> None:
    fabric = two_by_port()
    before = {dpid: dict(s.rules) for dpid, s in fabric.switches.items()}
    plain = fabric.state.policy
    confined(fabric, 1, 2, 101)
    fabric.obey(plain)
    fabric.run(3.0)
    assert {dpid: s.rules for dpid, s in fabric.switches.items()} == before


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_it_holds_under_any_failures(data: st.DataObject) -> None:
    size = data.draw(st.integers(3, 6))
    cables = {(data.draw(st.integers(1, i - 1)), i) for i in range(2, size + 1)}
    extra = st.tuples(st.integers(1, size), st.integers(1, size)).filter(lambda e: e[0] < e[1])
    cables |= set(data.draw(st.lists(extra, max_size=6)))
    places = data.draw(st.lists(st.integers(1, size), min_size=2, max_size=4))
    fabric = FakeFabric(sorted(cables), places, DEFAULT)
    fabric.state.policy = sliced(
        tenant("a", 1, *map(on, fabric.hosts[::2])), tenant("b", 2, *map(on, fabric.hosts[1::2])),
    )  # fmt: skip
    inside = data.draw(st.sets(st.integers(1, size), min_size=1))
    confined(fabric.start(), *inside)
    for cut in data.draw(st.lists(st.sampled_from(sorted(cables)), max_size=4, unique=True)):
        fabric.cut(*cut, tell=data.draw(st.booleans()))
        if data.draw(st.booleans()):
            fabric.run(2.0)
        for x, y in itertools.permutations(fabric.hosts[::2], 2):
            fabric.forwarded = set()
            try:
                ends = fabric.trace(x, y)
            except LoopError as error:
                pytest.fail(str(error))
            assert fabric.forwarded <= inside
            assert all(end == (y.dpid, y.port) for end, _ in ends)


def test_switches_are_named_by_patterns_and_ids() -> None:
    names = {1: "leaf1", 2: "leaf2", 3: "spine1"}
    assert switches_like(("leaf*",), names) == {1, 2}
    assert switches_like(("0x10", "3", "spine?"), names) == {16, 3}
    policy = sliced(
        tenant("a", 1, selector("p")),
        confinements=(Confinement("a", ("edge",), ""), Confinement("a", ("leaf",), "")),
    )
    tiers = {"edge": frozenset({1, 3}), "leaf": frozenset({1, 2})}
    assert Slicing.of(policy, names, tiers).allowed == {1: {1}}
