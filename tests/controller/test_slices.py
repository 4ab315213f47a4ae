"""Slices in the data plane: who reaches whom, whatever anybody sends."""

from fabric import FakeHost
from hypothesis import given, settings
from hypothesis import strategies as st
from sliced import BROADCAST, Tenants, layouts, tagged, two_by_port

from controller import labels


def test_two_slices_with_the_same_addresses_work_side_by_side() -> None:
    fabric = two_by_port()
    a, b = fabric.hosts[:2], fabric.hosts[2:]
    for x, y in (a, b):
        assert fabric.reaches(x, y)
        assert fabric.reaches(y, x)
        ((end, reply),) = fabric.emit(x, x.arp(y.ip))
        assert end == (x.dpid, x.port)
        assert (reply["arp_op"], reply["arp_sha"]) == (2, y.mac)


# --- properties ---------------------------------------------------------------------------------

_MACS = st.one_of(
    st.integers(0x0200_0000_0001, 0x0200_0000_0004),
    st.integers(0, 7).flatmap(
        lambda n: st.builds(labels.label, st.integers(0, 4), st.integers(0, 4), st.just(n % 3),
                            st.integers(0, 4))
    ),
    st.sampled_from([BROADCAST, 0x3333FF000001, 0x0180C2000003, 0x01005E000001, 0]),
)  # fmt: skip
_IPS = st.builds(lambda n, low: 10 << 24 | n << 16 | low, st.integers(0, 5), st.integers(0, 5))


@st.composite
def frames(draw: st.DrawFn, sender: FakeHost) -> bytes:
    """Anything that a host could make up."""
    mac = draw(st.one_of(st.just(sender.mac), _MACS.filter(lambda mac: not mac >> 40 & 1)))
    ip = draw(st.one_of(st.just(sender.ip), _IPS))
    liar = FakeHost(mac, ip, sender.dpid, sender.port)
    target, other = draw(_IPS), draw(_MACS)
    frame = draw(
        st.sampled_from(
            [
                liar.arp(target),
                liar.arp(target, op=2, target_mac=other),
                liar.udp(FakeHost(other, target, 0, 0)),
                liar.nd(target),
                liar.nd(target, kind=136),
            ]
        )
    )
    if draw(st.booleans()):
        frame = other.to_bytes(6, "big") + frame[6:]
    own = [sender.vlan] if sender.vlan else []
    tags = draw(
        st.one_of(
            st.just(own),
            st.lists(st.sampled_from([0, 10, 20, 30, 40, 4095]), max_size=2).map(list),
        )
    )
    return tagged(frame, tags, draw(st.sampled_from([0x8100, 0x88A8])))


def _source_ip(frame: bytes) -> int | None:
    at = 12
    while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    kind = frame[at : at + 2]
    if kind == b"\x08\x06":
        return int.from_bytes(frame[at + 16 : at + 20], "big")
    return int.from_bytes(frame[at + 14 : at + 18], "big") if kind == b"\x08\x00" else None


@settings(max_examples=60, deadline=None)
@given(layouts(), st.data())
def test_nothing_a_host_sends_reaches_a_slice_it_may_not_talk_to(
    tenants: Tenants, data: st.DataObject
) -> None:
    fabric = tenants.fabric
    fabric.tags_parsed = data.draw(st.sampled_from([1, 2]))
    for _ in range(20):
        sender = data.draw(st.sampled_from(fabric.hosts))
        frame = data.draw(frames(sender))
        tags = _tags(frame)
        delivered = fabric.emit(sender, frame)
        if len(tags) > 1 or 0 in tags:
            assert not delivered
            continue
        end, vlan = (sender.dpid, sender.port), tags[0] if tags else 0
        tenants.check(tenants.origin(end, vlan, _source_ip(frame)), delivered)


def _tags(frame: bytes) -> list[int]:
    tags, at = [], 12
    while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        tags.append(int.from_bytes(frame[at + 2 : at + 4], "big") & 0xFFF)
        at += 4
    return tags


@settings(max_examples=60, deadline=None)
@given(layouts(unique=True))
def test_who_may_talk_does_and_with_the_tag_it_expects(tenants: Tenants) -> None:
    fabric = tenants.fabric
    for a, b in fabric.pairs():
        if ((a.dpid, a.port), a.vlan) == ((b.dpid, b.port), b.vlan):
            continue  # on one wire: they hear each other without us
        may = tenants.number_of[b] in tenants.circle(tenants.number_of[a])
        assert fabric.reaches(a, b) == may
        replies = [
            (end, packet)
            for end, packet in fabric.emit(a, a.arp(b.ip))
            if packet.get("arp_op") == 2
        ]
        if may:
            ((end, reply),) = replies
            assert end == (a.dpid, a.port)
            assert reply["vlan_vid"] & 0xFFF == a.vlan
            assert (reply["arp_sha"], reply["eth_dst"]) == (b.mac, a.mac)
        else:
            assert not replies
