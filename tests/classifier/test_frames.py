"""Every way a frame may wrap the same packet gives the same packet; wrong ones are told."""

import random
import struct

import pytest
from crafted import (
    A6,
    ACK,
    B6,
    MACS,
    PSH,
    SYN,
    A,
    B,
    ethernet,
    ipv4,
    ipv6,
    mpls,
    raw,
    sctp,
    tcp,
    udp,
)  # fmt: skip
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.errors import FrameError
from classifier.frames import LINK_TYPES, ROCE, Fragment, Packet, parse

HELLO = b"GET / HTTP/1.1\r\n\r\n"
IP4, IP6 = ipv4(tcp(HELLO, seq=9), dscp=46), ipv6(tcp(HELLO, seq=9), dscp=46)
WHOLE4 = Packet(6, raw(A), 40000, raw(B), 80, HELLO, len(HELLO), PSH | ACK, 9, 46)
WHOLE6 = WHOLE4._replace(src=raw(A6), dst=raw(B6))
PSEUDOWIRE = ethernet(IP4)

WRAPPED = {
    "Ethernet": (1, ethernet(IP4)),
    "Ethernet with padding": (1, ethernet(IP4) + bytes(20)),
    "VLAN": (1, ethernet(IP4, tags=[0x8100])),
    "QinQ": (1, ethernet(IP4, tags=[0x88A8, 0x8100])),
    "old QinQ": (1, ethernet(IP4, tags=[0x9100, 0x8100, 0x8100])),
    "MPLS": (1, ethernet(mpls(IP4), 0x8847)),
    "three labels in a VLAN": (1, ethernet(mpls(IP4, 3), 0x8847, tags=[0x8100])),
    "pseudowire": (1, ethernet(mpls(PSEUDOWIRE, 2), 0x8847)),
    "pseudowire with control word": (1, ethernet(mpls(bytes(4) + PSEUDOWIRE), 0x8847)),
    "PPPoE": (1, ethernet(struct.pack("!BBHHH", 0x11, 0, 1, len(IP4) + 2, 0x21) + IP4, 0x8864)),
    "SNAP": (1, MACS + struct.pack("!H", len(IP4) + 8) + b"\xaa\xaa\x03\0\0\0\x08\0" + IP4),
    "cooked": (113, struct.pack("!HHH8sH", 0, 1, 6, b"", 0x0800) + IP4),
    "cooked with VLAN": (113, struct.pack("!HHH8sHHH", 0, 1, 6, b"", 0x8100, 5, 0x0800) + IP4),
    "cooked 2": (276, struct.pack("!HHIHBB8s", 0x0800, 0, 3, 1, 0, 6, b"") + IP4),
    "raw 12": (12, IP4),
    "raw 14": (14, IP4),
    "raw 101": (101, IP4),
    "raw IPv4": (228, IP4),
    "NULL of this machine": (0, struct.pack("<I", 2) + IP4),
    "NULL of the other": (0, struct.pack(">I", 2) + IP4),
    "LOOP": (108, struct.pack(">I", 2) + IP4),
    "PPP": (9, b"\xff\x03\x00\x21" + IP4),
    "IPv4 options": (1, ethernet(ipv4(tcp(HELLO, seq=9), dscp=46, options=b"\x01" * 8))),
    "TCP options": (1, ethernet(ipv4(tcp(HELLO, seq=9, options=b"\x01" * 12), dscp=46))),
    "cut up by the card": (1, ethernet(ipv4(tcp(HELLO, seq=9), dscp=46, total=0))),
}  # fmt: skip
WRAPPED6 = {
    "Ethernet": (1, ethernet(IP6, 0x86DD)),
    "MPLS": (1, ethernet(mpls(IP6), 0x8847)),
    "cooked": (113, struct.pack("!HHH8sH", 0, 1, 6, b"", 0x86DD) + IP6),
    "raw 101": (101, IP6),
    "raw IPv6": (229, IP6),
    "NULL of FreeBSD": (0, struct.pack("<I", 28) + IP6),
    "LOOP": (108, struct.pack(">I", 30) + IP6),
    "PPP": (9, b"\x00\x57" + IP6),
    "hop by hop, routing, destination": (229, ipv6(
        b"\x2b\0" + bytes(6) + b"\x3c\x01" + bytes(14) + b"\x06\0" + bytes(6) + tcp(HELLO, seq=9),
        0, dscp=46)),
    "authentication": (229, ipv6(b"\x06\x04" + bytes(22) + tcp(HELLO, seq=9), 51, dscp=46)),
    "atomic fragment": (229, ipv6(b"\x06\0" + bytes(6) + tcp(HELLO, seq=9), 44, dscp=46)),
    "jumbogram": (229, ipv6(tcp(HELLO, seq=9), dscp=46, size=0)),
}  # fmt: skip


@pytest.mark.parametrize("name", WRAPPED)
def test_ipv4_in_every_wrapping(name: str) -> None:
    link_type, frame = WRAPPED[name]
    assert parse(frame, link_type) == WHOLE4


@pytest.mark.parametrize("name", WRAPPED6)
def test_ipv6_in_every_wrapping(name: str) -> None:
    link_type, frame = WRAPPED6[name]
    assert parse(frame, link_type) == WHOLE6


def test_every_link_type_is_tried() -> None:
    tried = {link_type for link_type, _ in [*WRAPPED.values(), *WRAPPED6.values()]}
    assert tried == set(LINK_TYPES)


@pytest.mark.parametrize("padding", [0, 18])
def test_udp(padding: int) -> None:
    """Short frames take another way through the parser than padded ones."""
    packet = parse(ethernet(ipv4(udp(b"abc", 5353, 53), 17)) + bytes(padding))
    assert packet == Packet(17, raw(A), 5353, raw(B), 53, b"abc", 3)


@pytest.mark.parametrize("size", [3, 40])
def test_udp_length_ends_the_payload(size: int) -> None:
    packet = parse(ethernet(ipv4(udp(b"x" * size + bytes(9), length=8 + size), 17)))
    assert packet is not None and packet.payload == b"x" * size and packet.payload_bytes == size


def test_sctp() -> None:
    assert parse(ethernet(ipv4(sctp(b"chunk"), 132))) == \
        Packet(132, raw(A), 40000, raw(B), 3868, b"chunk", 5)  # fmt: skip


def test_roce_version_1() -> None:
    grh = ipv6(b"", 27, dscp=26, size=12) + b"bth-and-data"
    assert parse(ethernet(grh, ROCE)) == \
        Packet(ROCE, raw(A6), 0, raw(B6), 0, grh, len(grh), dscp=26)  # fmt: skip


def test_without_payload() -> None:
    packet = parse(ethernet(ipv4(tcp(flags=SYN, seq=5))) + bytes(6))
    assert packet is not None
    assert (packet.payload, packet.payload_bytes, packet.flags, packet.seq) == (b"", 0, SYN, 5)


@pytest.mark.parametrize("kept", [54, 60, 500])
def test_cut_frames_are_read_as_far_as_they_go(kept: int) -> None:
    whole = ethernet(ipv4(tcp(b"x" * 1000)))
    packet = parse(whole[:kept], 1, len(whole))
    assert packet is not None
    assert packet.payload_bytes == 1000 and packet.payload == b"x" * (kept - 54)


def test_cut_frame_of_unknown_length() -> None:
    whole = ethernet(ipv4(tcp(b"x" * 1000), total=0))
    packet = parse(whole[:100], 1, len(whole))
    assert packet is not None and packet.payload_bytes == 1000


@pytest.mark.parametrize("kept", range(48))
def test_cut_short_of_the_ports_or_flags(kept: int) -> None:
    assert parse(ethernet(ipv4(tcp(b"x" * 1000)))[:kept], 1, 1054) is None


def test_first_fragment_has_the_ports() -> None:
    first = parse(ethernet(ipv4(udp(b"x" * 16, length=3000), 17, part=0x2000)))
    assert first is not None and first.sport == 40000 and first.payload_bytes == 16
    assert first.fragment == Fragment(7, 0, True)
    later = parse(ethernet(ipv4(b"x" * 24, 17, part=0x2003)))
    assert later == Packet(17, raw(A), 0, raw(B), 0, b"", 24, fragment=Fragment(7, 24, True))


def test_fragments_of_ipv6() -> None:
    head = struct.pack("!BBHI", 17, 0, 0x0001, 99)
    first = parse(ipv6(head + udp(b"x" * 8, length=3000), 44), 229)
    assert first is not None and first.dport == 53 and first.fragment == Fragment(99, 0, True)
    later = parse(ipv6(struct.pack("!BBHI", 17, 0, 16, 99) + bytes(10), 44), 229)
    assert later is not None and later.fragment == Fragment(99, 16, False)
    assert later.payload_bytes == 10 and not later.payload


@pytest.mark.parametrize("frame", [
    ethernet(b"\0" * 28, 0x0806), ethernet(ipv4(b"\x08\0" + bytes(60), 1)), ethernet(bytes(60), 60),
    ethernet(ipv4(bytes(60), 47)), b"", bytes(13), ethernet(struct.pack("!HHH", 1, 2, 3), 0x8864),
    ethernet(b"\0" * 4, 0x8847), ethernet(b"", 0x8100),
])  # fmt: skip
def test_nothing_with_a_flow(frame: bytes) -> None:
    assert parse(frame) is None


def test_unknown_link_type() -> None:
    assert parse(ethernet(IP4), 105) is None


@pytest.mark.parametrize(("frame", "link_type"), [
    (ethernet(b"\x65" + IP4[1:]), 1),
    (ethernet(b"\x42" + IP4[1:]), 1),
    (ethernet(ipv4(tcp(HELLO), total=19)), 1),
    (ethernet(ipv4(tcp(HELLO), total=30)), 1),
    (ethernet(ipv4(tcp(HELLO)[:12] + b"\x40" + tcp(HELLO)[13:])), 1),
    (ethernet(ipv4(udp(b"abc", length=7), 17)) + bytes(20), 1),
    (ethernet(ipv4(udp(b"abc"), 17, total=25)) + bytes(20), 1),
    (ethernet(ipv4(bytes(8), 132)), 1),
    (ethernet(IP4, 0x86DD), 1),
    (ethernet(IP4, tags=[0x8100] * 40), 1),
    (ethernet(mpls(IP4, 40), 0x8847), 1),
    (ipv6(b"\0\0" + bytes(6), 0) + bytes(400), 229),
    (ipv6((b"\x3c\0" + bytes(6)) * 40, 60), 229),
    (IP6, 228),
])  # fmt: skip
def test_contradictions(frame: bytes, link_type: int) -> None:
    with pytest.raises(FrameError):
        parse(frame, link_type)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(LINK_TYPES)), st.binary(max_size=200))
def test_any_bytes(link_type: int, frame: bytes) -> None:
    _survives(frame, link_type)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*WRAPPED.values(), *WRAPPED6.values()]), st.integers(0, 2**32))
def test_any_mutation(wrapped: tuple[int, bytes], seed: int) -> None:
    chance = random.Random(seed)
    link_type, frame = wrapped
    for _ in range(20):
        mutant = bytearray(frame)
        for _ in range(chance.randrange(1, 4)):
            mutant[chance.randrange(len(mutant))] = chance.randrange(256)
        _survives(bytes(mutant)[: chance.randrange(len(mutant) + 1)], link_type)


def _survives(frame: bytes, link_type: int) -> None:
    try:
        packet = parse(frame, link_type)
    except FrameError:
        return
    if packet is not None:
        assert len(packet.payload) <= packet.payload_bytes and packet.payload in frame
        assert 0 <= packet.sport < 65536 and 0 <= packet.dscp < 64
        assert len(packet.src) == len(packet.dst) in (4, 16)
