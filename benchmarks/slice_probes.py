"""Every lie that a host of one slice can tell to reach another: the hosts, the policy, the frames.

    left switch           right switch
    port 1  a1            port 1  a2
    port 2  b1            port 2  b2     the same MAC and IP addresses as a1 and a2
    port 3  d1, c1        port 3  d2, c2   d untagged, c with a VLAN tag

Slice c talks to a; nobody else talks to another slice. Pure: sends nothing.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from benchmarks.slice_wire import TOKEN
from controller import labels
from emulation.attachments import attachments
from topologies.model import Topology

A, B, C, D = SLICES = tuple(f"tenant-{letter}" for letter in "abcd")
_VLAN, _NOBODYS_VLAN = 30, 31
_TALK = {frozenset((A, C))}
_EDGES, _HOSTS_OF_AN_EDGE = (1, 2), range(4)  # as the controller numbers them in labels


class Kind(Enum):
    """What a probe tries; one with several lies is of the last kind here that fits."""

    ARP = "ARP"
    IPV4 = "IPv4 unicast"
    IPV6 = "IPv6 unicast"
    BROADCAST = "IPv4 broadcast"
    MULTICAST = "multicast, neighbour discovery"
    SOURCE_IP = "spoofed source IP"
    SOURCE_MAC = "spoofed source MAC"
    VLAN = "other VLAN tags, double tags"
    LABEL = "forged labels"


@dataclass(frozen=True, slots=True)
class End:
    """A host of a slice: a MAC and IP address in a host's namespace, `vlan` 0 is untagged."""

    slice: str
    host: str
    mac: str
    ip: str
    vlan: int = 0

    @property
    def ipv6(self) -> str:
        """The same last number as the IPv4 address."""
        return "fd92::" + self.ip.rpartition(".")[2]

    @property
    def wire(self) -> str:
        """The interface to the switch, which others may share."""
        return f"{self.host}-eth0"

    @property
    def interface(self) -> str:
        """The interface that has the addresses."""
        return f"{self.wire}.{self.vlan}" if self.vlan else self.wire


@dataclass(frozen=True, slots=True)
class Probe:
    """A frame without its number, who sends it, and the slices that it may reach at most."""

    kind: Kind
    sender: End
    frame: bytes
    reach: frozenset[str]

    def numbered(self, number: int) -> bytes:
        """The frame to send; the number comes after the packet, where no checksum covers it."""
        return (self.frame + TOKEN + b"%06d" % number).ljust(64, b"\0")


def ends_of(topology: Topology) -> tuple[End, ...]:
    """The hosts of all slices on a network of two switches with three hosts each."""
    return tuple(_ends_of(topology))


def _ends_of(topology: Topology) -> Iterator[End]:
    for n, switch in enumerate(topology.switches, 1):
        first, second, trunk = (h.name for h in topology.hosts if h.switch == switch.name)
        yield End(A, first, f"02:00:00:00:5c:0{n}", f"10.92.0.{n}")
        yield End(B, second, f"02:00:00:00:5c:0{n}", f"10.92.0.{n}")
        yield End(D, trunk, f"02:00:00:00:5c:1{n}", f"10.92.0.2{n}")
        yield End(C, trunk, f"02:00:00:00:5c:1{n}", f"10.92.0.1{n}", _VLAN)


def policy_text(topology: Topology, maximum: str | None = None) -> str:
    """The policy file: slices by port, by prefix and by VLAN tag; `maximum` is b's."""
    port_of = {p.peer: p.interface for p in attachments(topology)}
    ends = ends_of(topology)
    slices = {
        name: {
            "members": [{"ports": [port_of[e.host] for e in ends if e.slice == name]}],
            "guarantee": "10%",
        }
        for name in SLICES
    }
    slices[B]["members"][0]["prefixes"] = ["10.92.0.0/29", "fd92::/125"]  # type: ignore[index]
    slices[C]["members"][0]["vlan"] = _VLAN  # type: ignore[index]
    slices[C]["talks_to"] = [A]
    if maximum:
        slices[B]["maximum"] = maximum
    return json.dumps({"version": 1, "name": "tenants", "slices": slices}, indent=1)


def may_talk(one: str, other: str) -> bool:
    """Whether the policy lets hosts of these slices reach each other."""
    return one == other or frozenset((one, other)) in _TALK


def questions(ends: Iterable[End]) -> Iterator[tuple[End, End]]:
    """Pairs whose ping says something: to the sender, the address is not that of another host."""
    ends = tuple(ends)
    for a, b in itertools.permutations(ends, 2):
        own = {e.ip for e in ends if may_talk(a.slice, e.slice)}
        if may_talk(a.slice, b.slice) or b.ip not in own:
            yield a, b


# --- frames -------------------------------------------------------------------------------------

_Tags = tuple[tuple[int, int], ...]  # (type, VLAN id), the outer one first
_DOT1Q, _DOT1AD = 0x8100, 0x88A8
_OTHER_TAGS: tuple[_Tags, ...] = (
    (),
    ((_DOT1Q, _VLAN),),
    ((_DOT1Q, _NOBODYS_VLAN),),
    ((_DOT1Q, 0),),
    ((_DOT1AD, _VLAN),),
    ((_DOT1Q, _VLAN), (_DOT1Q, _VLAN)),
    ((_DOT1Q, 1), (_DOT1Q, _VLAN)),
    ((_DOT1AD, _VLAN), (_DOT1Q, _VLAN)),
)
_STRANGER = "02:00:00:00:66:66"
_EVERYBODY, _EVERYBODY_IP = b"\xff" * 6, b"\xff" * 4
_MDNS, _MDNS_IP = b"\x01\x00\x5e\x00\x00\xfb", IPv4Address("224.0.0.251").packed
_ALL_NODES, _ALL_NODES_IP = b"\x33\x33\x00\x00\x00\x01", IPv6Address("ff02::1").packed
_ARP, _IPV4, _IPV6 = b"\x08\x06", b"\x08\x00", b"\x86\xdd"
_REQUEST, _REPLY, _SOLICITATION, _ADVERTISEMENT = 1, 2, 135, 136
_UDP, _ICMPV6 = b"\x11", b"\x3a"
_PORTS = b"\x1b\x58\x1b\x58"


def probes(ends: Sequence[End]) -> tuple[Probe, ...]:
    """Everything that each host can try with each other."""
    return tuple(itertools.chain.from_iterable(
        itertools.chain(_lies(a, b, ends), _forged(a, b, ends))
        for a, b in itertools.permutations(ends, 2)
    ))  # fmt: skip


def _lies(a: End, b: End, ends: Sequence[End]) -> Iterator[Probe]:
    """From a to b with every tag, and as a, as b and as a stranger."""
    own = _own_tags(a)
    sources = {e.ip: e for e in (b, a)}.values()
    for tags in dict.fromkeys((own, *_OTHER_TAGS)):
        for mac, source in itertools.product(dict.fromkeys((a.mac, b.mac, _STRANGER)), sources):
            packets = list(_packets(mac, source, b))
            if tags == own:
                packets += _more_packets(mac, source, b)
            for plain, target, packet in packets:
                kind = _kind(a, tags, mac, source) or plain
                yield Probe(
                    kind, a, target + _mac(mac) + _tagged(tags, packet), _reach(a, tags, ends)
                )


def _forged(a: End, b: End, ends: Sequence[End]) -> Iterator[Probe]:
    """Frames as switches send them to each other, with the label of every slice and place."""
    tags = _own_tags(a)
    packet = _tagged(tags, _udp(a, b.ip))
    reach = _reach(a, tags, ends)
    for number, edge, host in itertools.product(range(len(SLICES) + 1), _EDGES, _HOSTS_OF_AN_EDGE):
        label = labels.label(edge, host, slice_number=number).to_bytes(6, "big")
        yield Probe(Kind.LABEL, a, label + _mac(a.mac) + packet, reach)
    yield Probe(Kind.LABEL, a, _mac(b.mac) + label + packet, reach)


def _own_tags(end: End) -> _Tags:
    return ((_DOT1Q, end.vlan),) if end.vlan else ()


def _kind(sender: End, tags: _Tags, mac: str, source: End) -> Kind | None:
    """What is untrue about a frame; None is nothing."""
    if tags != _own_tags(sender):
        return Kind.VLAN
    if mac != sender.mac:
        return Kind.SOURCE_MAC
    return Kind.SOURCE_IP if source.ip != sender.ip else None


def _reach(sender: End, tags: _Tags, ends: Sequence[End]) -> frozenset[str]:
    """The slices that its port and tag may reach: who has a port may be anybody there."""
    if len(tags) > 1 or 0 in (vlan for _, vlan in tags):
        return frozenset()
    vlan = tags[0][1] if tags else 0
    meant = [e.slice for e in ends if (e.host, e.vlan) == (sender.host, vlan)]
    return frozenset(name for name in SLICES if meant and may_talk(meant[0], name))


def _packets(mac: str, source: End, target: End) -> Iterator[tuple[Kind, bytes, bytes]]:
    """Kind, destination MAC, and EtherType with packet."""
    to = _mac(target.mac)
    yield Kind.ARP, _EVERYBODY, _arp(_REQUEST, mac, source, target)
    yield Kind.IPV4, to, _udp(source, target.ip)
    yield Kind.IPV6, to, _udp6(source, IPv6Address(target.ipv6).packed)
    yield Kind.BROADCAST, _EVERYBODY, _udp(source, "255.255.255.255")
    yield Kind.MULTICAST, *_solicitation(mac, source, target)


def _more_packets(mac: str, source: End, target: End) -> Iterator[tuple[Kind, bytes, bytes]]:
    to = _mac(target.mac)
    yield Kind.ARP, to, _arp(_REQUEST, mac, source, target)
    yield Kind.ARP, to, _arp(_REPLY, mac, source, target)
    yield Kind.BROADCAST, _EVERYBODY, _udp(source, "10.92.0.255")
    yield Kind.MULTICAST, _MDNS, _udp(source, "224.0.0.251")
    yield Kind.MULTICAST, _ALL_NODES, _udp6(source, _ALL_NODES_IP)
    address = IPv6Address(source.ipv6).packed
    yield (
        Kind.MULTICAST,
        _ALL_NODES,
        _neighbour(_ADVERTISEMENT, mac, address, _ALL_NODES_IP, address),
    )


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _tagged(tags: _Tags, packet: bytes) -> bytes:
    head = (kind.to_bytes(2, "big") + vlan.to_bytes(2, "big") for kind, vlan in tags)
    return b"".join(head) + packet


def _arp(operation: int, mac: str, source: End, target: End) -> bytes:
    return (
        _ARP + b"\x00\x01\x08\x00\x06\x04" + operation.to_bytes(2, "big")
        + _mac(mac) + IPv4Address(source.ip).packed
        + (_mac(target.mac) if operation == _REPLY else bytes(6)) + IPv4Address(target.ip).packed
    )  # fmt: skip


def _udp(source: End, target: str) -> bytes:
    addresses = IPv4Address(source.ip).packed + IPv4Address(target).packed
    head = b"\x45\0\0\x1c\0\0\0\0\x40" + _UDP + b"\0\0" + addresses
    head = head[:10] + _checksum(head) + head[12:]
    return _IPV4 + head + _PORTS + b"\0\x08\0\0"


def _udp6(source: End, target: bytes) -> bytes:
    addresses = IPv6Address(source.ipv6).packed + target
    datagram = _PORTS + b"\0\x08\0\0"
    checksum = _checksum(addresses + bytes(3) + _UDP + bytes(3) + b"\x08" + datagram)
    return _IPV6 + b"\x60\0\0\0\0\x08" + _UDP + b"\x40" + addresses + datagram[:6] + checksum


def _solicitation(mac: str, source: End, target: End) -> tuple[bytes, bytes]:
    wanted = IPv6Address(target.ipv6).packed
    group = b"\x33\x33\xff" + wanted[-3:]
    to = IPv6Address("ff02::1:ff00:0").packed[:-3] + wanted[-3:]
    address = IPv6Address(source.ipv6).packed
    return group, _neighbour(_SOLICITATION, mac, address, to, wanted)


def _neighbour(kind: int, mac: str, source: bytes, target: bytes, about: bytes) -> bytes:
    """A solicitation or an advertisement (RFC 4861 sections 4.3, 4.4) with the sender's MAC."""
    flags, option = (0, 1) if kind == _SOLICITATION else (0x20, 2)
    rest = bytes([flags, 0, 0, 0]) + about + bytes([option, 1]) + _mac(mac)
    length = (4 + len(rest)).to_bytes(2, "big")
    pseudo = source + target + bytes(2) + length + bytes(3) + _ICMPV6
    checksum = _checksum(pseudo + bytes([kind, 0, 0, 0]) + rest)
    head = _IPV6 + b"\x60\0\0\0" + length + _ICMPV6 + b"\xff" + source + target
    return head + bytes([kind, 0]) + checksum + rest


def _checksum(data: bytes) -> bytes:
    """RFC 1071."""
    words = sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    while words >> 16:
        words = (words & 0xFFFF) + (words >> 16)
    return (words ^ 0xFFFF).to_bytes(2, "big")
