"""Any bytes give headers or one `HeaderError`; real packets give what scapy put into them."""

import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.contrib.lacp import LACP, SlowProtocol
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.l2 import ARP, LLC, STP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.sctp import SCTP
from scapy.packet import Packet, Raw

from controller.headers import (
    Arp,
    HeaderError,
    HeaderReason,
    Headers,
    NeighborDiscovery,
    ip_text,
    mac_text,
    parse,
)

E = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
V4 = IP(src="10.0.0.1", dst="10.0.0.2", tos=46 << 2 | 1)
V6 = IPv6(src="2001:db8::1", dst="2001:db8::2", tc=10 << 2 | 2)
SRC4, DST4 = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
DATA = Raw(b"x" * 20)


def refusal(frame: bytes, wire_bytes: int | None = None) -> HeaderReason:
    with pytest.raises(HeaderError) as caught:
        parse(frame, wire_bytes)
    assert str(caught.value) == caught.value.reason.value
    return caught.value.reason


def test_tcp_over_ipv4() -> None:
    packet = parse(bytes(E / V4 / TCP(sport=1000, dport=80, flags="SA") / DATA))
    assert packet == Headers(
        eth_dst=0x020000000002,
        eth_src=0x020000000001,
        eth_type=0x0800,
        vlan_ids=(),
        payload_at=54,
        payload_bytes=20,
        ip_version=4,
        ip_src=SRC4,
        ip_dst=DST4,
        ip_proto=6,
        dscp=46,
        ecn=1,
        l4_src=1000,
        l4_dst=80,
        tcp_flags=0x12,
    )


@pytest.mark.parametrize(
    ("transport", "proto", "header"),
    [(UDP(sport=5, dport=4791), 17, 8), (SCTP(sport=5, dport=4791), 132, 12)],
)
@pytest.mark.parametrize("network", [V4, V6], ids=["ipv4", "ipv6"])
def test_ports(network: Packet, transport: Packet, proto: int, header: int) -> None:
    packet = parse(bytes(E / network / transport / DATA))
    assert (packet.ip_proto, packet.l4_src, packet.l4_dst) == (proto, 5, 4791)
    assert packet.payload_at == 14 + len(network) + header
    assert packet.payload_bytes == 20
    assert packet.tcp_flags is None


def test_ipv6_traffic_class_and_addresses() -> None:
    packet = parse(bytes(E / V6 / TCP()))
    assert (packet.ip_version, packet.dscp, packet.ecn) == (6, 10, 2)
    assert packet.ip_src and ip_text(packet.ip_src) == "2001:db8::1"
    assert packet.ip_dst and ip_text(packet.ip_dst) == "2001:db8::2"


def test_text() -> None:
    assert mac_text(0x02000000000A) == "02:00:00:00:00:0a"
    assert ip_text(SRC4) == "10.0.0.1"


@pytest.mark.parametrize("proto", [ICMP(), Raw(b"any")])
def test_a_protocol_without_ports(proto: Packet) -> None:
    packet = parse(bytes(E / V4 / proto))
    assert (packet.l4_src, packet.l4_dst, packet.payload_at) == (None, None, 34)


@pytest.mark.parametrize(
    ("tags", "ids"),
    [
        (Dot1Q(vlan=7, prio=3), (7,)),
        (Dot1AD(vlan=100) / Dot1Q(vlan=7), (100, 7)),
    ],
)
def test_vlan_tags(tags: Packet, ids: tuple[int, ...]) -> None:
    packet = parse(bytes(E / tags / V4 / UDP(dport=53)))
    assert (packet.vlan_ids, packet.eth_type, packet.l4_dst) == (ids, 0x0800, 53)


@pytest.mark.parametrize(
    ("frame", "eth_type"),
    [
        (E / SlowProtocol() / LACP(), 0x8809),
        (bytes(E)[:12] + b"\x88\x09" + b"\xff" * 3, 0x8809),
        (bytes(E)[:12] + b"\x88\xcc" + b"\xff" * 9, 0x88CC),
        (Dot3(src="02:00:00:00:00:01") / LLC() / STP(), 38),
        (bytes(E)[:12] + b"\x88\xb5", 0x88B5),
    ],
    ids=["lacp", "bad lacp", "bad lldp", "spanning tree", "nothing inside"],
)
def test_what_is_not_ip_is_left_alone(frame: bytes | Packet, eth_type: int) -> None:
    packet = parse(bytes(frame))
    assert packet.eth_type == eth_type
    assert packet.payload_at == 14
    assert packet.ip_version is None
    assert packet.arp is None


def test_arp() -> None:
    arp = ARP(op=1, hwsrc="02:00:00:00:00:01", psrc="10.0.0.1", pdst="10.0.0.2")
    packet = parse(bytes(E / arp) + bytes(18))
    assert packet.arp == Arp(1, 0x020000000001, SRC4, 0, DST4)
    assert packet.ip_version is None


@pytest.mark.parametrize("message", [ICMPv6ND_NS, ICMPv6ND_NA])
def test_neighbour_discovery(message: type[Packet]) -> None:
    target = "fe80::5"
    packet = parse(bytes(E / V6 / message(tgt=target)))
    assert packet.nd == NeighborDiscovery(message().type, b"\xfe\x80" + bytes(13) + b"\x05")
    assert refusal(bytes(E / IPv6(hlim=64) / message())) is HeaderReason.BAD_HOP_LIMIT
    assert refusal(bytes(E / V6 / message())[:-1]) is HeaderReason.BAD_LENGTH


def test_other_icmpv6() -> None:
    packet = parse(bytes(E / V6 / ICMPv6EchoRequest()))
    assert (packet.ip_proto, packet.nd, packet.payload_at) == (58, None, 58)


@pytest.mark.parametrize(
    "chain",
    [
        IPv6ExtHdrHopByHop(),
        IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting() / IPv6ExtHdrDestOpt(),
        IPv6ExtHdrFragment(offset=0, m=1),
    ],
)
def test_ipv6_extensions_are_walked(chain: Packet) -> None:
    packet = parse(bytes(E / V6 / chain / TCP(dport=80) / DATA))
    assert (packet.ip_proto, packet.l4_dst, packet.fragment) == (6, 80, False)


def test_an_authentication_header_counts_words_of_four_bytes() -> None:
    header = b"\x06\x04" + bytes(22)
    assert parse(bytes(E / IPv6(nh=51) / Raw(header) / TCP(dport=80))).l4_dst == 80


def test_ipv6_extension_chain_is_bounded() -> None:
    def chain(length: int) -> bytes:
        options = (b"\x3c" + bytes(7)) * (length - 1) + b"\x06" + bytes(7)
        return bytes(E / IPv6(nh=60) / Raw(options + bytes(TCP(dport=80))))

    assert parse(chain(8)).l4_dst == 80
    assert refusal(chain(9)) is HeaderReason.TOO_MANY_EXTENSIONS
    assert refusal(chain(180)) is HeaderReason.TOO_MANY_EXTENSIONS


def test_encrypted_payload_ends_the_walk() -> None:
    packet = parse(bytes(E / IPv6(nh=50) / Raw(bytes(64))))
    assert (packet.ip_proto, packet.l4_src) == (50, None)


@pytest.mark.parametrize(
    "frame",
    [
        E / IP(frag=100, proto=6) / Raw(bytes(40)),
        E / V6 / IPv6ExtHdrFragment(offset=100, nh=6) / Raw(bytes(40)),
    ],
)
def test_a_later_fragment_has_no_ports(frame: Packet) -> None:
    packet = parse(bytes(frame))
    assert (packet.fragment, packet.ip_proto, packet.l4_src) == (True, 6, None)


def test_a_first_fragment_has_ports() -> None:
    whole = bytes(UDP(sport=1, dport=2, len=4000) / Raw(bytes(1000)))
    packet = parse(bytes(E / IP(flags="MF", proto=17) / Raw(whole)))
    assert (packet.fragment, packet.l4_dst) == (False, 2)


def test_the_syn_that_hangs_the_framework() -> None:
    """A TCP option of length 0: 58 bytes, and `packet.Packet` never comes back."""
    frame = bytes(E / V4 / TCP(dataofs=6, dport=6653, flags="S") / Raw(b"\x08\x00\x00\x00"))
    assert len(frame) == 58
    assert parse(frame).l4_dst == 6653


def ipv4(**fields: int) -> bytes:
    return bytes(E / IP(proto=17, **fields) / UDP())


REFUSED: dict[str, tuple[bytes, HeaderReason]] = {
    "empty": (b"", HeaderReason.TRUNCATED),
    "less than Ethernet": (bytes(13), HeaderReason.TRUNCATED),
    "group source": (bytes(Ether(src="01:00:5e:00:00:01") / V4), HeaderReason.GROUP_SOURCE),
    "cut VLAN tag": (bytes(E)[:12] + b"\x81\x00\x00", HeaderReason.TRUNCATED),
    "three VLAN tags": (bytes(E / Dot1Q() / Dot1Q() / Dot1Q() / V4), HeaderReason.TOO_MANY_TAGS),
    "cut IPv4": (bytes(E / V4)[:33], HeaderReason.TRUNCATED),
    "IPv4 that says it is 6": (ipv4(version=6), HeaderReason.BAD_VERSION),
    "IPv4 header of 16 bytes": (ipv4(ihl=4), HeaderReason.BAD_LENGTH),
    "IPv4 header past its packet": (ipv4(ihl=15), HeaderReason.BAD_LENGTH),
    "IPv4 of length 0": (ipv4(len=0), HeaderReason.BAD_LENGTH),
    "IPv4 past its frame": (ipv4(len=1000), HeaderReason.BAD_LENGTH),
    "UDP past its packet": (bytes(E / V4 / UDP(len=9)), HeaderReason.BAD_LENGTH),
    "UDP of length 7": (bytes(E / V4 / UDP(len=7)), HeaderReason.BAD_LENGTH),
    "cut UDP": (bytes(E / IP(proto=17) / Raw(bytes(7))), HeaderReason.BAD_LENGTH),
    "TCP header of 16 bytes": (bytes(E / V4 / TCP(dataofs=4)), HeaderReason.BAD_LENGTH),
    "TCP header past its packet": (bytes(E / V4 / TCP(dataofs=15)), HeaderReason.BAD_LENGTH),
    "cut SCTP": (bytes(E / IP(proto=132) / Raw(bytes(11))), HeaderReason.BAD_LENGTH),
    "cut IPv6": (bytes(E / V6)[:53], HeaderReason.TRUNCATED),
    "IPv6 that says it is 4": (bytes(E / IPv6(version=4) / TCP()), HeaderReason.BAD_VERSION),
    "IPv6 past its frame": (bytes(E / IPv6(plen=99) / TCP()), HeaderReason.BAD_LENGTH),
    "extension past its packet": (bytes(E / IPv6(nh=60) / Raw(b"\x06\xff" + bytes(30))),
                                  HeaderReason.BAD_LENGTH),
    "extension cut": (bytes(E / IPv6(nh=0) / Raw(b"\x06\x00")), HeaderReason.BAD_LENGTH),
    "ARP cut": (bytes(E / ARP())[:41], HeaderReason.TRUNCATED),
    "ARP of another link": (bytes(E / ARP(hwtype=6, hwlen=6, hwsrc=bytes(6), hwdst=bytes(6))),
                            HeaderReason.BAD_ARP),
    "ARP with long addresses": (bytes(E / ARP(hwlen=255)), HeaderReason.BAD_ARP),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    frame, reason = REFUSED[name]
    assert refusal(frame) is reason


def test_a_shortened_copy_is_read_with_its_length_on_the_wire() -> None:
    frame = bytes(E / V4 / TCP(dport=80) / Raw(bytes(1400)))
    packet = parse(frame[:128], len(frame))
    assert (packet.l4_dst, packet.payload_at, packet.payload_bytes) == (80, 54, 1400)
    assert refusal(frame[:128]) is HeaderReason.BAD_LENGTH
    assert refusal(frame[:50], len(frame)) is HeaderReason.TRUNCATED


def test_ethernet_padding_is_not_payload() -> None:
    assert parse(bytes(E / V4 / UDP()) + bytes(18)).payload_bytes == 0


VALID = [
    bytes(E / V4 / TCP(dport=80, options=[("MSS", 1460)]) / DATA),
    bytes(E / V4 / UDP(dport=80) / DATA),
    bytes(E / Dot1AD() / Dot1Q() / V6 / IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting() / TCP()),
    bytes(E / V6 / IPv6ExtHdrFragment(m=1) / UDP()),
    bytes(E / V6 / ICMPv6ND_NS()),
    bytes(E / ARP()),
]


def parse_or_refuse(frame: bytes, wire_bytes: int | None = None) -> None:
    try:
        packet = parse(frame, wire_bytes)
    except HeaderError:
        return
    assert packet.payload_at <= len(frame)
    assert packet.payload_bytes >= 0
    assert len(packet.vlan_ids) <= 2


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120), st.none() | st.integers(0, 2000))
def test_any_bytes(frame: bytes, wire_bytes: int | None) -> None:
    parse_or_refuse(frame, wire_bytes)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(VALID), st.integers(12, 90), st.binary(min_size=1, max_size=4))
def test_any_change_to_a_valid_frame(frame: bytes, at: int, change: bytes) -> None:
    parse_or_refuse(frame[:at] + change + frame[at + len(change) :])


@pytest.mark.parametrize("frame", VALID)
def test_any_prefix_of_a_valid_frame(frame: bytes) -> None:
    for size in range(len(frame)):
        parse_or_refuse(frame[:size])
        parse_or_refuse(frame[:size], len(frame))


def test_the_headers_of_a_jumbo_frame_cost_no_more() -> None:
    """The payload is not looked at; the yardstick is 300,000 frames a second and core."""
    small, large = (bytes(E / V4 / TCP() / Raw(bytes(size))) for size in (0, 9000))
    rates = []
    for frame in (small, large):
        best = min(_seconds(frame, 2000) for _ in range(5))
        rates.append(2000 / best)
    print(f"headers.parse: {rates[0]:.0f} and {rates[1]:.0f} frames/s")
    assert min(rates) > 50_000
    assert rates[1] > rates[0] / 3


def _seconds(frame: bytes, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        parse(frame)
    return time.perf_counter() - started


def test_headers_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        parse(VALID[0]).l4_src = 1  # type: ignore[misc]
    assert struct.calcsize("!HIHIH") == 14
