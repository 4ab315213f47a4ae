"""From a captured frame to what the classifier wants of it: addresses, ports and payload.

Owns the layers below the payload. Keeps nothing between frames, and every loop over a frame's bytes
is bounded. Numbers are of IEEE 802.1Q, RFC 791, 8200, 9293, 768, 9260, 3032, 2516, InfiniBand annex
A16 (RoCE), and link types of https://www.tcpdump.org/linktypes.html.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Final, NamedTuple

from classifier.errors import FrameError
from classifier.model import SCTP, TCP, UDP

ROCE: Final = (
    0x8915  # its ethertype, in place of a transport: RoCE version 1 has neither IP nor ports
)
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10


class Fragment(NamedTuple):
    """Where a part of an IP packet belongs; all parts of a packet share `ident`."""

    ident: int
    offset: int
    more: bool


class Packet(NamedTuple):
    """What one frame carries.

    Attributes:
        transport: IANA protocol number, or `ROCE`.
        src, dst: Raw addresses, 4 or 16 bytes.
        sport, dport: 0 where there are none, as in all but the first fragment.
        payload: As much of it as the capture holds; of RoCE version 1 the GRH and all after it.
        payload_bytes: How long the headers say it is.
        flags, seq: TCP's; else 0.
        dscp: The mark, 0..63.
        fragment: None in a whole packet.
    """

    transport: int
    src: bytes
    sport: int
    dst: bytes
    dport: int
    payload: bytes
    payload_bytes: int
    flags: int = 0
    seq: int = 0
    dscp: int = 0
    fragment: Fragment | None = None


_IPV4, _IPV6 = 0x0800, 0x86DD
_VLANS = frozenset((0x8100, 0x88A8, 0x9100, 0x9200))
_MPLS = frozenset((0x8847, 0x8848))
_PPPOE_SESSION = 0x8864
_PPP_PROTOCOLS = {0x0021: _IPV4, 0x0057: _IPV6, 0x0281: 0x8847}
_FIRST_ETHERTYPE = 0x0600  # smaller is an 802.3 length
_SNAP = b"\xaa\xaa\x03\x00\x00\x00"
_MOST_TAGS = 16  # of VLANs, labels and nested Ethernet; real networks have three
_MOST_EXTENSIONS = 16
_GRH_BYTES = 40

# Ethernet, IPv4 without options, and the first 20 bytes of TCP (of UDP the first 8 of them).
_COMMON = Struct("!12xHBBHHHBB2x4s4sHHIIBB6x")
_IPV4_HEADER = Struct("!BBHHHBB2x4s4s")
_IPV6_HEADER = Struct("!IHBB16s16s")
_TCP_HEADER = Struct("!HHIIBB")
_UDP_HEADER = Struct("!HHH")
_PORTS = Struct("!HH")
_make = tuple.__new__  # twice as fast as Packet(...)


def parse(frame: bytes, link_type: int = 1, length: int = 0) -> Packet | None:
    """What the frame carries; None if that has no flow, such as ARP, ICMP or an unknown link type.

    A frame that the capture cut is read as far as it goes, and None if that is short of the ports.

    Args:
        frame: As captured.
        link_type: One of `LINK_TYPES`.
        length: Of the frame when it was whole; 0: it is.

    Raises:
        FrameError: It contradicts itself, such as lengths that are shorter than the header.
    """
    if link_type == 1 and len(frame) >= 54:
        (ethertype, version, tos, total, _, part, _, proto, src, dst, sport, dport, seq, _,
         offset, flags) = _COMMON.unpack_from(frame)  # fmt: skip
        if ethertype == _IPV4 and version == 0x45 and not part & 0x3FFF:
            if proto == TCP:
                header = 20 + ((offset >> 4) << 2)
                end = 14 + (total or (length or len(frame)) - 14)
                size = end - 14 - header
                if size >= 0 and header >= 40:
                    return _make(Packet, (TCP, src, sport, dst, dport,
                                          frame[14 + header:end] if size else b"", size,
                                          flags, seq, tos >> 2, None))  # fmt: skip
            elif proto == UDP and total >= 28:
                # seq's upper half is UDP's length; what is beyond it is no payload
                size = min(seq >> 16 or total - 20, total - 20) - 8
                if size >= 0:
                    return _make(Packet, (UDP, src, sport, dst, dport, frame[42:42 + size], size,
                                          0, 0, tos >> 2, None))  # fmt: skip
    reader = LINK_TYPES.get(link_type)
    return reader(frame, length or len(frame)) if reader else None


def _ethernet(frame: bytes, length: int) -> Packet | None:
    return _ethernet_at(frame, 0, length, _MOST_TAGS)


def _ethernet_at(frame: bytes, at: int, length: int, depth: int) -> Packet | None:
    ethertype = _number(frame, at + 12)
    if ethertype < _FIRST_ETHERTYPE:
        if frame[at + 14 : at + 20] != _SNAP:
            return None
        return _network(_number(frame, at + 20), frame, at + 22, length, depth)
    return _network(ethertype, frame, at + 14, length, depth)


def _network(ethertype: int, frame: bytes, at: int, length: int, depth: int) -> Packet | None:
    """What follows an ethertype; `at` is just behind it."""
    while ethertype in _VLANS:
        if not depth:
            raise FrameError("more VLAN tags than any network has")
        depth -= 1
        ethertype = _number(frame, at + 2)
        at += 4
    if ethertype == _IPV4:
        return _ipv4(frame, at, length)
    if ethertype == _IPV6:
        return _ipv6(frame, at, length)
    if ethertype in _MPLS:
        return _mpls(frame, at, length, depth)
    if ethertype == _PPPOE_SESSION:
        inner = _PPP_PROTOCOLS.get(_number(frame, at + 6), 0)
        return _network(inner, frame, at + 8, length, depth - 1) if inner and depth else None
    if ethertype == ROCE:
        return _roce(frame, at, length)
    return None


def _number(frame: bytes, at: int) -> int:
    """Two bytes; 0, which is nothing, where the capture doesn't hold them."""
    return frame[at] << 8 | frame[at + 1] if at + 2 <= len(frame) else 0


def _mpls(frame: bytes, at: int, length: int, depth: int) -> Packet | None:
    """Labels (RFC 3032), then IP, or a pseudowire's Ethernet with or without control word."""
    while True:
        if at + 4 >= len(frame):
            return None
        if not depth:
            raise FrameError("more MPLS labels than any network has")
        depth -= 1
        bottom = frame[at + 2] & 1
        at += 4
        if bottom:
            break
    nibble = frame[at] >> 4
    if nibble == 4:
        return _ipv4(frame, at, length)
    if nibble == 6:
        return _ipv6(frame, at, length)
    # RFC 4385: a control word begins with 0000; a MAC may too, but then no ethertype follows.
    if nibble == 0 and _carries(_number(frame, at + 16)):
        return _ethernet_at(frame, at + 4, length, depth)
    return _ethernet_at(frame, at, length, depth)


def _carries(ethertype: int) -> bool:
    return ethertype in (_IPV4, _IPV6) or ethertype in _VLANS or ethertype in _MPLS


def _roce(frame: bytes, at: int, length: int) -> Packet | None:
    """RoCE version 1: the GRH has the form of an IPv6 header; its GIDs are the addresses."""
    if len(frame) < at + _GRH_BYTES:
        return None
    first, size, _, _, src, dst = _IPV6_HEADER.unpack_from(frame, at)
    end = at + _GRH_BYTES + size
    return Packet(ROCE, src, 0, dst, 0, frame[at:end], _GRH_BYTES + size,
                  dscp=first >> 22 & 0x3F)  # fmt: skip


def _ipv4(frame: bytes, at: int, length: int) -> Packet | None:
    if len(frame) < at + 20:
        return None
    version, tos, total, ident, part, _, proto, src, dst = _IPV4_HEADER.unpack_from(frame, at)
    if version >> 4 != 4:
        raise FrameError(f"IPv4 by its ethertype, version {version >> 4} by its header")
    header = (version & 15) << 2
    total = total or length - at  # 0 in frames captured before the network card cuts them up
    if header < 20 or total < header:
        raise FrameError(f"IPv4 header of {header} bytes in a packet of {total}")
    fragment = Fragment(ident, (part & 0x1FFF) << 3, bool(part & 0x2000)) if part & 0x3FFF else None
    return _transport(proto, src, dst, frame, at + header, at + total, tos >> 2, fragment)


def _ipv6(frame: bytes, at: int, length: int) -> Packet | None:
    if len(frame) < at + 40:
        return None
    first, size, proto, _, src, dst = _IPV6_HEADER.unpack_from(frame, at)
    if first >> 28 != 6:
        raise FrameError(f"IPv6 by its ethertype, version {first >> 28} by its header")
    dscp = first >> 22 & 0x3F
    # 0: a jumbogram (RFC 2675) or a frame that the network card has yet to cut up
    end = at + 40 + size if size else length
    at += 40
    fragment: Fragment | None = None
    for _ in range(_MOST_EXTENSIONS):
        if proto not in _EXTENSIONS:
            return _transport(proto, src, dst, frame, at, end, dscp, fragment)
        if at + 8 > len(frame):
            return None
        if proto == _FRAGMENT:
            part = _number(frame, at + 2)
            ident = int.from_bytes(frame[at + 4 : at + 8], "big")
            # RFC 6946: a whole packet may have the header too
            fragment = Fragment(ident, part & 0xFFF8, bool(part & 1)) if part & 0xFFF9 else None
            proto, at = frame[at], at + 8
            if fragment and fragment.offset:
                return _transport(proto, src, dst, frame, at, end, dscp, fragment)
        else:
            unit = 4 if proto == _AUTHENTICATION else 8
            ahead = 2 if proto == _AUTHENTICATION else 1
            proto, at = frame[at], at + (frame[at + 1] + ahead) * unit
        if at > end:
            raise FrameError("IPv6 extension headers longer than their packet")
    raise FrameError("more IPv6 extension headers than any packet has")


_FRAGMENT, _AUTHENTICATION = 44, 51
_EXTENSIONS = frozenset((0, 43, _FRAGMENT, _AUTHENTICATION, 60, 135, 139, 140))


def _transport(proto: int, src: bytes, dst: bytes, frame: bytes, at: int, end: int, dscp: int,
               fragment: Fragment | None) -> Packet | None:  # fmt: skip
    """`at` to `end` is what the network layer carries; the capture may hold less."""
    if proto not in (TCP, UDP, SCTP):
        return None
    size = end - at
    if fragment and fragment.offset:
        return Packet(proto, src, 0, dst, 0, b"", size, dscp=dscp, fragment=fragment)
    if proto == TCP:
        return _tcp(src, dst, frame, at, end, dscp, fragment)
    if proto == UDP:
        if size < 8:
            raise FrameError(f"UDP in {size} bytes")
        if len(frame) < at + 6:
            return None
        sport, dport, told = _UDP_HEADER.unpack_from(frame, at)
        if told and told < 8:
            raise FrameError(f"a UDP length of {told}")
        if told and not fragment:  # of a fragmented datagram it is the whole's
            end = min(end, at + told)
        return Packet(proto, src, sport, dst, dport, frame[at + 8 : end], end - at - 8,
                      dscp=dscp, fragment=fragment)  # fmt: skip
    if size < 12:
        raise FrameError(f"SCTP in {size} bytes")
    if len(frame) < at + 4:
        return None
    sport, dport = _PORTS.unpack_from(frame, at)
    return Packet(proto, src, sport, dst, dport, frame[at + 12 : end], size - 12,
                  dscp=dscp, fragment=fragment)  # fmt: skip


def _tcp(src: bytes, dst: bytes, frame: bytes, at: int, end: int, dscp: int,
         fragment: Fragment | None) -> Packet | None:  # fmt: skip
    if len(frame) < at + 14:
        return None
    sport, dport, seq, _, offset, flags = _TCP_HEADER.unpack_from(frame, at)
    header = (offset >> 4) << 2
    size = end - at - header
    if header < 20 or size < 0:
        raise FrameError(f"TCP header of {header} bytes in {end - at}")
    return Packet(TCP, src, sport, dst, dport, frame[at + header : end], size, flags, seq,
                  dscp, fragment)  # fmt: skip


def _cooked(frame: bytes, length: int) -> Packet | None:
    return _network(_number(frame, 14), frame, 16, length, _MOST_TAGS)


def _cooked2(frame: bytes, length: int) -> Packet | None:
    return _network(_number(frame, 0), frame, 20, length, _MOST_TAGS)


def _raw(frame: bytes, length: int) -> Packet | None:
    version = frame[0] >> 4 if frame else 0
    if version == 4:
        return _ipv4(frame, 0, length)
    return _ipv6(frame, 0, length) if version == 6 else None


def _loopback(frame: bytes, length: int) -> Packet | None:
    """BSD's: an address family in the byte order of whoever captured, which nobody knows here."""
    family = frame[:4]
    if family in (b"\0\0\0\2", b"\2\0\0\0"):
        return _ipv4(frame, 4, length)
    if max(family, default=0) in (10, 24, 28, 30) and family[1:3] == b"\0\0":
        return _ipv6(frame, 4, length)
    return None


def _ppp(frame: bytes, length: int) -> Packet | None:
    at = 2 if frame[:2] == b"\xff\x03" else 0
    ethertype = _PPP_PROTOCOLS.get(_number(frame, at), 0)
    return _network(ethertype, frame, at + 2, length, _MOST_TAGS) if ethertype else None


LINK_TYPES: Final[dict[int, Callable[[bytes, int], Packet | None]]] = {
    0: _loopback,  # NULL
    1: _ethernet,
    9: _ppp,
    12: _raw,
    14: _raw,
    101: _raw,
    108: _loopback,  # LOOP
    113: _cooked,
    228: lambda frame, length: _ipv4(frame, 0, length),
    229: lambda frame, length: _ipv6(frame, 0, length),
    276: _cooked2,
}
