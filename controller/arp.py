"""ARP frames (RFC 826) that the controller sends: IPv4 over Ethernet only.

Owns their bytes. Must not: know who is where; reading ARP is the work of headers.py.
MAC addresses are integers and IP addresses 4 raw bytes, as there.
"""

import struct
from typing import Final

BROADCAST: Final = (1 << 48) - 1
REQUEST: Final = 1
REPLY: Final = 2

_ETH_TYPE = 0x0806
_ETHERNET, _IPV4 = 1, 0x0800
_MIN_FRAME_BYTES = 60  # IEEE 802.3, 4A.4.2: 64 with the frame check sequence
_UNKNOWN = 0

_frame = struct.Struct("!6s6sH HHBBH 6s4s6s4s")


def request(sender_mac: int, sender_ip: bytes, target_ip: bytes) -> bytes:
    """The broadcast question who has `target_ip`.

    Raises:
        ValueError: an address is not a 48-bit number, or not 4 bytes.
    """
    return _build(BROADCAST, REQUEST, (sender_mac, sender_ip), (_UNKNOWN, target_ip))


def reply(sender_mac: int, sender_ip: bytes, target_mac: int, target_ip: bytes) -> bytes:
    """The answer to `target_mac` that `sender_ip` is at `sender_mac`.

    Raises:
        ValueError: an address is not a 48-bit number, or not 4 bytes.
    """
    return _build(target_mac, REPLY, (sender_mac, sender_ip), (target_mac, target_ip))


def _build(eth_dst: int, op: int, sender: tuple[int, bytes], target: tuple[int, bytes]) -> bytes:
    if len(sender[1]) != 4 or len(target[1]) != 4:
        raise ValueError("ARP needs IPv4 addresses as 4 raw bytes")
    source = _mac(sender[0])
    return _frame.pack(
        *(_mac(eth_dst), source, _ETH_TYPE),
        *(_ETHERNET, _IPV4, 6, 4, op),
        *(source, sender[1], _mac(target[0]), target[1]),
    ).ljust(_MIN_FRAME_BYTES, b"\0")


def _mac(address: int) -> bytes:
    if not 0 <= address <= BROADCAST:
        raise ValueError(f"{address:#x} is not a MAC address: it needs 48 bits without a sign")
    return address.to_bytes(6, "big")
