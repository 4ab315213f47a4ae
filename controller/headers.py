"""What the first bytes of a host's frame say: a bounded, single-pass header parser.

Owns the walk from Ethernet to the ports of TCP, UDP and SCTP, and to ARP and neighbour discovery,
for packets that reach the controller. The framework's packet classes loop for ever on one TCP
option of length 0, so no packet-in byte goes there. Must not: look into options or payload, learn,
decide whether to believe what it reads, log.

MAC addresses are integers, as in labels.py; IP addresses are raw network-order bytes.
"""

import ipaddress
import struct
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from enum import Enum
from typing import Any, NoReturn, TypeAlias, cast

_ETHERNET_BYTES = 14
_MAX_VLAN_TAGS = 2
_MAX_EXTENSIONS = 8
_ND_BYTES = 24
_ARP_ETHERNET_IPV4 = (1, 0x0800, 6, 4)  # RFC 826: hardware, protocol, and their address sizes
_GROUP_BIT = 1 << 40  # IEEE 802.3, 3.2.3: no frame comes from a group address

_u16 = struct.Struct("!H").unpack_from
_macs_type = struct.Struct("!HIHIH").unpack_from
_tag_type = struct.Struct("!HH").unpack_from
_ipv4_header = struct.Struct("!BBHHHBBH4s4s").unpack_from
_ipv6_header = struct.Struct("!IHBB16s16s").unpack_from
_tcp_header = struct.Struct("!HHIIH").unpack_from
_udp_header = struct.Struct("!HHH").unpack_from
_sctp_header = struct.Struct("!HH").unpack_from
_arp_header = struct.Struct("!HHBBHHI4sHI4s").unpack_from


class HeaderReason(Enum):
    """Why a frame was refused."""

    TRUNCATED = "the frame ends inside a header"
    GROUP_SOURCE = "the source MAC address is a group address"
    TOO_MANY_TAGS = "more than two VLAN tags"
    BAD_VERSION = "the IP version is not the one of the Ethernet type"
    BAD_LENGTH = "a header or total length that cannot be true"
    TOO_MANY_EXTENSIONS = "a longer chain of IPv6 extension headers than is walked"
    BAD_ARP = "not an ARP packet of IPv4 over Ethernet"
    BAD_HOP_LIMIT = "neighbour discovery that crossed a router"


class HeaderError(ValueError):
    """A frame whose headers contradict themselves.

    Attributes:
        reason: what is wrong.
    """

    def __init__(self, reason: HeaderReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Arp:
    """An ARP packet of IPv4 over Ethernet (RFC 826): who says it, and whom it is about."""

    op: int
    sha: int
    spa: bytes
    tha: int
    tpa: bytes


@dataclass(frozen=True, slots=True)
class NeighborDiscovery:
    """A neighbour solicitation (135) or advertisement (136) for `target` (RFC 4861, 4.3, 4.4)."""

    icmp_type: int
    target: bytes


@dataclass(frozen=True, slots=True)
class Headers:
    """One frame's headers; None where the frame has no such header.

    Attributes:
        eth_dst, eth_src: MAC addresses as integers.
        eth_type: after the VLAN tags; below 0x0600 it is the length of an IEEE 802.2 frame.
        vlan_ids: outermost first.
        ip_proto: after the IPv6 extension headers.
        fragment: a fragment other than the first, which has no ports.
        l4_src, l4_dst: ports of TCP, UDP or SCTP.
        tcp_flags: the low 9 bits, NS to FIN.
        payload_at: offset of the first byte after the last header read.
        payload_bytes: as the headers declare it; a packet-in may hold less.
    """

    eth_dst: int
    eth_src: int
    eth_type: int
    vlan_ids: tuple[int, ...]
    payload_at: int
    payload_bytes: int
    ip_version: int | None = None
    ip_src: bytes | None = None
    ip_dst: bytes | None = None
    ip_proto: int | None = None
    dscp: int | None = None
    ecn: int | None = None
    fragment: bool = False
    l4_src: int | None = None
    l4_dst: int | None = None
    tcp_flags: int | None = None
    arp: Arp | None = None
    nd: NeighborDiscovery | None = None


# Filling a frozen dataclass takes longer than all the rest here. So its twin, which is open, is
# filled, and then closed by a change of class: both have the same slots.
_Draft: Any = make_dataclass("_Draft", Headers.__slots__, slots=True)
_NO_IP = (None, None, None, None, None, None, False)
_NO_PORTS = (None, None, None)


def _headers(*values: object) -> Headers:
    draft = _Draft(*values)
    draft.__class__ = Headers
    return cast(Headers, draft)


_Link: TypeAlias = tuple[int, int, int, tuple[int, ...]]  # the first four of Headers
# (ports and flags of layer 4, offset of the payload, neighbour discovery)
_Transport: TypeAlias = tuple[int | None, int | None, int | None, int, NeighborDiscovery | None]


def parse(frame: bytes, wire_bytes: int | None = None) -> Headers:
    """The headers of one Ethernet frame, without its frame check sequence.

    Args:
        frame: its first bytes.
        wire_bytes: the length it had on the wire, where `frame` is a shortened copy of it.

    Raises:
        HeaderError: the headers are cut or contradict themselves.
    """
    if len(frame) < _ETHERNET_BYTES:
        _refuse(HeaderReason.TRUNCATED)
    dst_high, dst_low, src_high, src_low, eth_type = _macs_type(frame)
    eth_src = src_high << 32 | src_low
    if eth_src & _GROUP_BIT:
        _refuse(HeaderReason.GROUP_SOURCE)
    vlan_ids: tuple[int, ...] = ()
    at = _ETHERNET_BYTES
    if eth_type in _TAG_TYPES:
        eth_type, vlan_ids, at = _vlan_tags(frame)
    link = (dst_high << 32 | dst_low, eth_src, eth_type, vlan_ids)
    end = max(len(frame), wire_bytes or 0)
    network = _NETWORK.get(eth_type)
    if network:
        return network(frame, at, end, link)
    return _headers(*link, at, end - at, *_NO_IP, *_NO_PORTS, None, None)


def mac_text(mac: int) -> str:
    """`02:00:00:00:00:01` of an integer MAC address."""
    return mac.to_bytes(6, "big").hex(":")


def ip_text(address: bytes) -> str:
    """`10.0.0.1` or `2001:db8::1` of 4 or 16 raw bytes."""
    return str(ipaddress.ip_address(address))


def _refuse(reason: HeaderReason) -> NoReturn:
    raise HeaderError(reason)


_TAG_TYPES = frozenset((0x8100, 0x88A8, 0x9100))  # IEEE 802.1Q: customer, service; and the old QinQ


def _vlan_tags(frame: bytes) -> tuple[int, tuple[int, ...], int]:
    """The type after the tags, their VLAN ids, and the offset after them."""
    ids: tuple[int, ...] = ()
    at = _ETHERNET_BYTES
    for _ in range(_MAX_VLAN_TAGS):
        if at + 4 > len(frame):
            _refuse(HeaderReason.TRUNCATED)
        control, eth_type = _tag_type(frame, at)
        ids, at = (*ids, control & 0xFFF), at + 4
        if eth_type not in _TAG_TYPES:
            return eth_type, ids, at
    _refuse(HeaderReason.TOO_MANY_TAGS)


# --- Network layer -----------------------------------------------------------------------------


def _ipv4(frame: bytes, at: int, end: int, link: _Link) -> Headers:
    """RFC 791, section 3.1."""
    if at + 20 > len(frame):
        _refuse(HeaderReason.TRUNCATED)
    first, tos, total, _, offset, _, proto, _, src, dst = _ipv4_header(frame, at)
    if first >> 4 != 4:
        _refuse(HeaderReason.BAD_VERSION)
    header, end = (first & 15) * 4, _declared(at + total, end)
    if not 20 <= header <= total:
        _refuse(HeaderReason.BAD_LENGTH)
    at += header
    if at > len(frame):
        _refuse(HeaderReason.TRUNCATED)
    # The offset is in the low 13 bits, "more fragments" above it.
    fragment = bool(offset & 0x1FFF)
    src_port, dst_port, flags, at, _ = (
        (None, None, None, at, None)
        if fragment
        else _transport(frame, at, end, proto, bool(offset & 0x2000))
    )
    return _headers(
        *link, at, end - at, 4, src, dst, proto, tos >> 2, tos & 3, fragment,
        src_port, dst_port, flags, None, None,
    )  # fmt: skip


def _ipv6(frame: bytes, at: int, end: int, link: _Link) -> Headers:
    """RFC 8200, section 3."""
    if at + 40 > len(frame):
        _refuse(HeaderReason.TRUNCATED)
    first, payload, proto, hop_limit, src, dst = _ipv6_header(frame, at)
    if first >> 28 != 6:
        _refuse(HeaderReason.BAD_VERSION)
    at += 40
    end = _declared(at + payload, end)
    fragment, more = False, False
    if proto in _EXTENSIONS:
        proto, at, fragment, more = _extensions(frame, at, end, proto)
    src_port, dst_port, flags, at, nd = (
        (None, None, None, at, None) if fragment else _transport(frame, at, end, proto, more)
    )
    if nd and hop_limit != 255:  # RFC 4861, 7.1: the sender is not a neighbour
        _refuse(HeaderReason.BAD_HOP_LIMIT)
    return _headers(
        *link, at, end - at, 6, src, dst, proto, first >> 22 & 63, first >> 20 & 3, fragment,
        src_port, dst_port, flags, None, nd,
    )  # fmt: skip


def _arp(frame: bytes, at: int, end: int, link: _Link) -> Headers:
    if at + 28 > len(frame):
        _refuse(HeaderReason.TRUNCATED)
    *sizes, op, sha_high, sha_low, spa, tha_high, tha_low, tpa = _arp_header(frame, at)
    if tuple(sizes) != _ARP_ETHERNET_IPV4:
        _refuse(HeaderReason.BAD_ARP)
    arp = Arp(op, sha_high << 32 | sha_low, spa, tha_high << 32 | tha_low, tpa)
    return _headers(*link, at + 28, end - at - 28, *_NO_IP, *_NO_PORTS, arp, None)


_NETWORK: dict[int, Callable[[bytes, int, int, _Link], Headers]] = {
    0x0800: _ipv4,
    0x0806: _arp,
    0x86DD: _ipv6,
}


def _declared(declared: int, end: int) -> int:
    """The end of an IP packet: Ethernet may pad after it, but it cannot pass the frame's end."""
    if declared > end:
        _refuse(HeaderReason.BAD_LENGTH)
    return declared


_FRAGMENT, _AUTHENTICATION = 44, 51
# Extension headers that name a next one (IANA): (unit of the length, bytes it leaves out).
_EXTENSIONS = {
    **dict.fromkeys((0, 43, 60, 135, 139, 140), (8, 8)),  # hop-by-hop, routing, options, mobility
    _FRAGMENT: (0, 8),
    _AUTHENTICATION: (4, 8),  # RFC 4302, 2.2
}


def _extensions(frame: bytes, at: int, end: int, proto: int) -> tuple[int, int, bool, bool]:
    """(protocol, offset after the chain, a later fragment, more fragments follow)."""
    more = False
    for _ in range(_MAX_EXTENSIONS):
        unit, base = _EXTENSIONS[proto]
        _room(frame, at, end, 8)
        kind, proto = proto, frame[at]
        if kind == _FRAGMENT:
            (offset,) = _u16(frame, at + 2)
            if offset & 0xFFF8:
                return proto, at + 8, True, True
            more = bool(offset & 1)
        size = base + frame[at + 1] * unit
        _room(frame, at, end, size)
        at += size
        if proto not in _EXTENSIONS:
            return proto, at, False, more
    _refuse(HeaderReason.TOO_MANY_EXTENSIONS)


# --- Transport layer ---------------------------------------------------------------------------


def _room(frame: bytes, at: int, end: int, size: int) -> None:
    """A header lies inside the bytes at hand, and inside its packet."""
    if at + size > end:
        _refuse(HeaderReason.BAD_LENGTH)
    if at + size > len(frame):
        _refuse(HeaderReason.TRUNCATED)


def _transport(frame: bytes, at: int, end: int, proto: int, more: bool) -> _Transport:
    """`more`: only a first fragment is here, so lengths may reach past it."""
    transport = _TRANSPORT.get(proto)
    return transport(frame, at, end, more) if transport else (None, None, None, at, None)


def _tcp(frame: bytes, at: int, end: int, more: bool) -> _Transport:
    """RFC 9293, section 3.1; the options are skipped by the data offset, unread."""
    _room(frame, at, end, 20)
    src, dst, _, _, flags = _tcp_header(frame, at)
    header = (flags >> 12) * 4
    if header < 20:
        _refuse(HeaderReason.BAD_LENGTH)
    if header > 20:
        _room(frame, at, end, header)
    return src, dst, flags & 0x1FF, at + header, None


def _udp(frame: bytes, at: int, end: int, more: bool) -> _Transport:
    """RFC 768."""
    _room(frame, at, end, 8)
    src, dst, length = _udp_header(frame, at)
    if length < 8 or (at + length > end and not more):
        _refuse(HeaderReason.BAD_LENGTH)
    return src, dst, None, at + 8, None


def _sctp(frame: bytes, at: int, end: int, more: bool) -> _Transport:
    """RFC 9260, section 3.1."""
    _room(frame, at, end, 12)
    src, dst = _sctp_header(frame, at)
    return src, dst, None, at + 12, None


def _icmpv6(frame: bytes, at: int, end: int, more: bool) -> _Transport:
    """RFC 4443, section 2.1; of neighbour discovery the target alone, not the options."""
    _room(frame, at, end, 4)
    if frame[at] not in (135, 136):
        return None, None, None, at + 4, None
    _room(frame, at, end, _ND_BYTES)
    nd = NeighborDiscovery(frame[at], frame[at + 8 : at + _ND_BYTES])
    return None, None, None, at + _ND_BYTES, nd


_TRANSPORT: dict[int, Callable[[bytes, int, int, bool], _Transport]] = {
    6: _tcp,
    17: _udp,
    58: _icmpv6,
    132: _sctp,
}
