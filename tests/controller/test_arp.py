"""ARP frames that scapy and our own parser read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2 import ARP, Ether

from controller.arp import BROADCAST, reply, request
from controller.headers import Arp, parse

MACS = st.integers(0, BROADCAST).map(lambda mac: mac & ~(1 << 40))  # no group addresses
IPS = st.binary(min_size=4, max_size=4)
MAC, IP, OTHER = 0x020000000001, bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))


@given(MACS, IPS, IPS)
def test_a_request_reads_back(mac: int, ip: bytes, target: bytes) -> None:
    packet = parse(request(mac, ip, target))
    assert packet.arp == Arp(1, mac, ip, 0, target)
    assert (packet.eth_src, packet.eth_dst) == (mac, BROADCAST)


@given(MACS, IPS, MACS, IPS)
def test_a_reply_reads_back(mac: int, ip: bytes, asker: int, asker_ip: bytes) -> None:
    packet = parse(reply(mac, ip, asker, asker_ip))
    assert packet.arp == Arp(2, mac, ip, asker, asker_ip)
    assert (packet.eth_src, packet.eth_dst) == (mac, asker)


def test_another_implementation_reads_it() -> None:
    read = Ether(request(MAC, IP, OTHER))
    assert (read.dst, read[ARP].psrc, read[ARP].pdst) == (
        "ff:ff:ff:ff:ff:ff",
        "10.0.0.1",
        "10.0.0.2",
    )
    assert (read[ARP].hwlen, read[ARP].plen, read[ARP].op) == (6, 4, 1)
    assert len(request(MAC, IP, OTHER)) == 60


@pytest.mark.parametrize(
    ("mac", "ip"), [(-1, IP), (1 << 48, IP), (MAC, b"\x0a\0\0"), (MAC, bytes(16))]
)
def test_a_wrong_address_is_refused(mac: int, ip: bytes) -> None:
    with pytest.raises(ValueError):
        request(mac, ip, OTHER)
    with pytest.raises(ValueError):
        reply(MAC, OTHER, mac, ip)
