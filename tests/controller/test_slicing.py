"""The index of a policy's slices, the figures of slices, and how rules grow."""

import time
from ipaddress import ip_address

import pytest
from fabric import FakeFabric, FakeHost
from sliced import DEFAULT, on, selector, sliced, tenant, two_by_port

from controller.advice.capacities import Capacities
from controller.events import FlowCounters, MeterCounters, QueueCounters
from controller.rules import MeterUnit, Table
from controller.slice_pipeline import foreign_rule
from controller.slicing import FIRST_METER, FIRST_QUEUE, Slicing
from controller.telemetry import Telemetry
from policies.model import Rate


def raw(text: str) -> bytes:
    return ip_address(text).packed


MIXED = Slicing.of(
    sliced(
        tenant("by-port", 3, selector("s1-eth1", "s2-*")),
        tenant("by-vlan", 5, selector("s1-eth1", vlan=20), talks_to=("by-port",)),
        tenant("v4", 7, selector("s3-eth1", prefixes=("10.1.0.0/16", "10.9.0.0/24"))),
        tenant("v6", 9, selector("s3-eth1", prefixes=("fd01::/64", "10.2.0.0/16"))),
        tenant("rest", 11, selector("s4-eth?")),
    )
)


@pytest.mark.parametrize(
    ("port", "vlan", "address", "number"),
    [
        ("s1-eth1", 0, None, 3),
        ("s1-eth1", 20, None, 5),
        ("s1-eth1", 21, None, None),
        ("s2-eth9", 0, "10.1.0.1", 3),
        ("s2-eth9", 20, None, None),
        ("s3-eth1", 0, "10.1.2.3", 7),
        ("s3-eth1", 0, "10.2.2.3", 9),
        ("s3-eth1", 0, "fd01::1", 9),
        ("s3-eth1", 0, "fd02::1", None),
        ("s3-eth1", 0, "0.0.0.0", None),  # two could be meant
        ("s3-eth1", 0, None, None),
        ("s4-eth1", 0, "fe80::1", 11),
        ("s5-eth1", 0, None, None),
    ],
)
def test_a_frame_is_of_the_slice_that_port_tag_and_address_give(
    port: str, vlan: int, address: str | None, number: int | None
) -> None:
    assert MIXED.slice_of(port, vlan, raw(address) if address else None) == number


def test_the_first_slice_in_the_file_wins() -> None:
    both = Slicing.of(sliced(tenant("y", 2, selector("s1-*")), tenant("x", 1, selector("s1-eth1"))))
    assert both.slice_of("s1-eth1", 0, None) == 2


def test_talking_counts_both_ways() -> None:
    assert MIXED.circle(3) == MIXED.circle(5) == {3, 5}
    assert MIXED.circle(7) == {7}


def test_a_host_without_an_address_is_known_where_it_can_be_one_slices_only() -> None:
    alone = Slicing.of(sliced(tenant("a", 1, selector("p", prefixes=("10.1.0.0/16", "fd01::/64")))))
    for address in (None, raw("0.0.0.0"), raw("::"), raw("fe80::1")):
        assert alone.slice_of("p", 0, address) == 1
    assert alone.slice_of("p", 0, raw("10.2.0.1")) is None


def test_a_thousand_slices_on_thousands_of_ports_are_looked_up_quickly() -> None:
    slices = [
        tenant(f"t{n}", n, selector(*(f"s{n}-eth{p}" for p in range(5)), f"rack{n}-*"))
        for n in range(1, 1001)
    ]
    start = time.perf_counter()
    index = Slicing.of(sliced(*slices))
    names = [f"s{n}-eth{p}" for n in range(1, 1001) for p in range(5)]
    for _ in range(20):
        for n, name in enumerate(names):
            assert index.slice_of(name, 0, None) == n // 5 + 1
    assert time.perf_counter() - start < 20  # measured: about 1 s


# --- maxima -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("maximum", "fastest", "kbps"),
    [
        (Rate(bps=5e6), {}, 5000),
        (Rate(share=0.2), {1: 1e9}, 200_000),
        (Rate(share=0.2), {}, None),
        (None, {1: 1e9}, None),
    ],
)
def test_a_maximum_is_metered_where_its_rate_is_known(
    maximum: Rate | None, fastest: dict[int, float], kbps: int | None
) -> None:
    fabric = FakeFabric([], [1], DEFAULT)
    fabric.state.capacities = Capacities(fastest=fastest)
    fabric.state.policy = sliced(tenant("a", 4, on(fabric.hosts[0]), maximum=maximum))
    fabric.start()
    meter = fabric.switches[1].meters.get(FIRST_METER + 4)
    assert (meter.rate if meter else None) == kbps
    door = next(r for r in fabric.switches[1].rules.values() if r.priority == 510)
    assert door.meter == (FIRST_METER + 4 if kbps else None)
    if meter:
        assert meter.unit is MeterUnit.KILOBITS


# --- identity -----------------------------------------------------------------------------------


def test_a_host_is_refused_where_it_is_of_no_slice() -> None:
    fabric = FakeFabric([], [1, 1], DEFAULT)
    known, stranger = fabric.hosts
    fabric.state.policy = sliced(tenant("a", 1, on(known)))
    fabric.start()
    assert {host.mac for host in fabric.state.hosts.values()} == {known.mac}
    foreign = foreign_rule(stranger.port)
    assert foreign.key in fabric.switches[1].rules
    counters = FlowCounters(foreign, 12, 1200)
    fabric.state.telemetry.take(1, counters, fabric.now)
    fabric.run(fabric.settings.audit_interval_s + 1)
    assert fabric.noted("slice-none") == 1


def test_who_sends_from_anothers_prefix_on_the_same_wire_is_refused() -> None:
    fabric = FakeFabric([], [], DEFAULT)
    a = fabric.add_host(FakeHost(0x02000000_0001, 0x0A010001, 1, 0))
    b = fabric.add_host(FakeHost(0x02000000_0002, 0x0A020001, 1, a.port))
    fabric.state.policy = sliced(
        tenant("a", 1, selector("s1-eth1", prefixes=("10.1.0.0/16",))),
        tenant("b", 2, selector("s1-eth1", prefixes=("10.2.0.0/16",))),
    )
    fabric.start()
    liar = FakeHost(a.mac, b.ip + 1, 1, a.port)
    fabric.say(liar, liar.arp(liar.ip))
    assert fabric.noted("slice-spoof") == 1
    assert set(fabric.state.hosts) == {(1, a.mac), (2, b.mac)}


def test_one_tenant_on_a_trunk_does_not_use_up_the_others_addresses() -> None:
    fabric = FakeFabric([], [], DEFAULT, hosts_per_port=4)
    a = fabric.add_host(FakeHost(0x02000000_0001, 0x0A010001, 1, 0, 10))
    b = fabric.add_host(FakeHost(0x02000000_0002, 0x0A010002, 1, a.port, 20))
    fabric.state.policy = sliced(tenant("a", 1, on(a)), tenant("b", 2, on(b)))
    fabric.start()
    for n in range(9):
        flood = FakeHost(0x0A00_0000_0000 + n, 0x0B000000 + n, 1, a.port, 10)
        fabric.say(flood, flood.arp(flood.ip))
    assert sum(number == 1 for number, _ in fabric.state.hosts) == 4
    late = FakeHost(0x02000000_0003, 0x0A010003, 1, a.port, 20)
    fabric.say(late, late.arp(late.ip))
    assert (2, late.mac) in fabric.state.hosts


# --- figures ------------------------------------------------------------------------------------


def test_figures_are_told_by_slice() -> None:
    telemetry = Telemetry()
    for now, total in ((1.0, 1000), (2.0, 2000)):
        telemetry.take(1, QueueCounters(3, FIRST_QUEUE + 7, total, 10, dropped=4), now)
        telemetry.take(1, QueueCounters(3, 2, total, 10), now)
        telemetry.take(1, MeterCounters(FIRST_METER + 7, 9, 900, 5, 500), now)
        telemetry.take(1, MeterCounters(3, 9, 900, 5, 500), now)
    ((number, traffic),) = telemetry.by_slice().items()
    assert number == 7
    assert traffic.tx[1, 3].bps == 8000
    assert (traffic.bytes_total, traffic.dropped_total) == (2000, 9)
    telemetry.forget(1)
    assert not telemetry.by_slice()


def test_rules_grow_with_who_may_talk_and_not_with_all_slices() -> None:
    few, many = two_by_port(), two_by_port()
    others = [tenant(f"o{n}", n, selector(f"far{n}")) for n in range(10, 300)]
    many.obey(sliced(*many.state.policy.slices, *others))
    many.run(1.0)
    for dpid, switch in many.switches.items():
        assert len(switch.rules) == len(few.switches[dpid].rules)
    routes = [r for r in few.switches[1].rules.values() if r.table == Table.ROUTE]
    hosts_here, hosts_away, punts = 2, 2, 2
    assert len(routes) == hosts_here + 2 * hosts_away + punts
