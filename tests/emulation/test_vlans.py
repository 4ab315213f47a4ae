"""Which slices a host is in, with which tag and address."""

from pathlib import Path

import pytest

from emulation.vlans import Seat, seats
from policies.load import load_policy, parse_policy
from policies.model import Policy
from topologies.model import Host, Switch, Topology

TOPOLOGY = Topology(
    "two",
    (Switch("s1", 1),),
    tuple(
        Host(f"host{n}", f"00:00:00:00:00:0{n}", f"10.{n}.0.7/16", "s1", 1_000_000) for n in (1, 2)
    ),
    (),
)


def _policy(**members: str) -> Policy:
    slices = "".join(
        f"  {name.replace('_', '-')}: {{guarantee: 10%, members: [{member}]}}\n"
        for name, member in members.items()
    )
    return parse_policy(f"version: 1\nname: p\nslices:\n{slices}", "p.yaml")


def _told(policy: Policy) -> list[tuple[str, str, int | None, str]]:
    return [(s.host, s.slice_name, s.vlan, str(s.address)) for s in seats(TOPOLOGY, policy)]


def test_without_slices_nobody_has_a_seat() -> None:
    assert seats(TOPOLOGY, load_policy()) == ()


def test_an_untagged_host_keeps_its_address() -> None:
    policy = _policy(one="{ports: [s1-eth1]}", two="{ports: [s1-eth2], prefixes: [10.2.0.0/16]}")
    assert _told(policy) == [
        ("host1", "one", None, "10.1.0.7/16"),
        ("host2", "two", None, "10.2.0.7/16"),
    ]


def test_the_own_address_chooses_between_untagged_slices() -> None:
    policy = _policy(
        one="{prefixes: [10.2.0.0/16, 2001:db8::/32]}", two="{prefixes: [10.1.0.0/16]}"
    )
    assert [told[:2] for told in _told(policy)] == [("host1", "two"), ("host2", "one")]


def test_slices_that_number_alike_get_equal_addresses() -> None:
    policy = _policy(
        one="{ports: [s1-eth1], vlan: 10, prefixes: [192.168.0.0/16]}",
        two="{ports: [s1-eth2], vlan: 20, prefixes: [192.168.0.0/16]}",
    )
    assert _told(policy) == [
        ("host1", "one", 10, "192.168.0.7/16"),
        ("host2", "two", 20, "192.168.0.7/16"),
    ]


def test_a_trunk_port_has_a_seat_for_each_vlan() -> None:
    policy = _policy(
        one="{ports: [s1-eth1], vlan: 10, prefixes: [10.10.0.0/16]}",
        two='{ports: ["*"], vlan: 4094, prefixes: [10.20.0.0/16]}',
    )
    found = seats(TOPOLOGY, policy)
    assert [(s.host, s.interface, s.ip) for s in found] == [
        ("host1", "host1.10", "10.10.0.7"),
        ("host1", "host1.4094", "10.20.0.7"),
        ("host2", "host2.4094", "10.20.0.7"),
    ]
    assert [seat.mac for seat in found] == [
        "02:00:0a:00:00:01",
        "02:0f:fe:00:00:01",
        "00:00:00:00:00:02",
    ]


def test_a_vlan_of_any_port_says_nothing_about_who_tags() -> None:
    assert seats(TOPOLOGY, _policy(one="{vlan: 10}")) == ()


@pytest.mark.parametrize("name", ["a" * 8, "host1"])
def test_interface_names_fit_linux(name: str) -> None:
    host = Host(name, "00:00:00:00:00:01", "10.0.0.1/8", "s1", 1_000_000)
    topology = Topology("one", (Switch("s1", 1),), (host,), ())
    seat: Seat = seats(topology, _policy(one="{ports: [s1-eth1], vlan: 4094}"))[0]
    assert len(seat.interface) <= 15


def test_ready_policies_name_hosts_alike_where_they_say_so() -> None:
    from policies.catalogue import topology_file
    from topologies.registry import build

    policy = load_policy(Path("wan"))
    found = seats(build(f"file:{topology_file(Path(policy.source))}"), policy)
    gold = {seat.ip for seat in found if seat.slice_name == "gold"}
    silver = {seat.ip for seat in found if seat.slice_name == "silver"}
    assert gold == silver
