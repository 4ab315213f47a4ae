"""The frames that probe slices: what they are, and whom each may reach."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NS, IPv6
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether

from benchmarks import live
from benchmarks.slice_probes import (
    SLICES,
    Kind,
    Probe,
    ends_of,
    may_talk,
    policy_text,
    probes,
    questions,
)
from policies.load import parse_policy

TOPOLOGY = live.topology_of("dumbbell,left=3,right=3")
ENDS = ends_of(TOPOLOGY)
PROBES = probes(ENDS)


def of(kind: Kind, slice_name: str) -> Probe:
    return next(p for p in PROBES if p.kind is kind and p.sender.slice == slice_name)


def test_every_kind_goes_from_every_host():
    assert {(p.kind, p.sender) for p in PROBES} == {(k, e) for k in Kind for e in ENDS}


@pytest.mark.parametrize(
    ("kind", "layer"),
    [
        (Kind.ARP, ARP),
        (Kind.IPV4, UDP),
        (Kind.IPV6, IPv6),
        (Kind.BROADCAST, IP),
        (Kind.MULTICAST, ICMPv6ND_NS),
    ],
)
@pytest.mark.parametrize("name", SLICES)
def test_honest_frames_are_what_they_say_and_correct(kind: Kind, layer: type, name: str):
    probe = of(kind, name)
    frame = Ether(probe.numbered(7))
    assert layer in frame
    assert frame.src == probe.sender.mac
    assert (Dot1Q in frame) == bool(probe.sender.vlan)
    assert b"PROBE000007" in bytes(frame)
    for inside, checksum in ((IP, "chksum"), (ICMPv6ND_NS, "cksum")):
        if inside in frame:
            told = getattr(frame[inside], checksum)
            again = frame.copy()
            delattr(again[inside], checksum)
            assert getattr(Ether(bytes(again))[inside], checksum) == told


def test_they_may_reach_their_own_slice_and_those_it_talks_to():
    for kind in Kind:
        if kind is not Kind.VLAN:
            for name in SLICES:
                assert of(kind, name).reach == {s for s in SLICES if may_talk(name, s)}


def test_two_tags_reach_nobody_and_one_is_who_has_it_there():
    reach: dict[str, set[frozenset[str]]] = {}
    for probe in PROBES:
        layers = Ether(probe.frame).layers()
        tags = [layer for layer in layers if layer in (Dot1Q, Dot1AD)]
        if len(tags) > 1:
            assert not probe.reach
        elif tags and probe.kind is Kind.VLAN:
            reach.setdefault(probe.sender.slice, set()).add(probe.reach)
    assert reach["tenant-a"] == {frozenset()}
    assert reach["tenant-d"] == {frozenset(), frozenset({"tenant-a", "tenant-c"})}


def test_a_ping_is_asked_where_its_answer_says_something():
    asked = set(questions(ENDS))
    for a, b in asked:
        if not may_talk(a.slice, b.slice):
            assert not any(may_talk(a.slice, e.slice) and e.ip == b.ip for e in ENDS)
    assert {(a, b) for a in ENDS for b in ENDS if a != b and may_talk(a.slice, b.slice)} <= asked


def test_the_policy_is_one():
    policy = parse_policy(policy_text(TOPOLOGY, "4 Mbit/s"), "tenants")
    assert tuple(s.name for s in policy.slices) == SLICES
