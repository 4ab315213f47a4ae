"""Connections that another one announces: FTP and TFTP name the ports of their data in plain text.

Owns reading the announcement. Remembers nothing, and tells only that a flow to that place will
carry the announcing protocol's data.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from classifier.model import TCP, UDP, FlowKey, Identity, Side
from policies.classes import TrafficClass

ANNOUNCING: Final = frozenset(("FTP", "TFTP"))  # protocols whose flows announce others
_MOST = 16  # in one packet; GridFTP's striped transfers name several
_SIX_NUMBERS = re.compile(rb"(?<![\d,])(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})"
                          rb"(?![\d,])")  # fmt: skip
_EXTENDED = re.compile(rb"\|([12]?)\|([0-9A-Fa-f.:]{0,45})\|(\d{1,5})\|")
_WORDS = (b"227", b"229", b"PORT", b"EPRT", b"SPOR")

_BULK = TrafficClass.BULK
FTP_DATA: Final = Identity("FTP data", "file transfer", _BULK, 0.97,
                           "RFC 959, RFC 2428, GFD.20")  # fmt: skip
TFTP_DATA: Final = Identity("TFTP", "file transfer", _BULK, 0.9, "RFC 1350")

Place = tuple[int, bytes, int]  # transport, address, port


def announced(
    key: FlowKey, side: Side, payload: bytes
) -> Iterator[tuple[Place, Identity, TrafficClass]]:
    """Where data will flow to, as one packet of an announcing flow says.

    Args:
        key: The announcing flow's.
        side: Who sent the packet. It listens there; an address that it tells is perhaps only what
            it has behind a translator, so its own counts too.
        payload: Of the packet.
    """
    own = key.server if side else key.client
    if key.transport == UDP:
        if side is Side.CLIENT:  # RFC 1350, section 4: the answer comes from another port
            yield (UDP, key.client, key.cport), TFTP_DATA, _BULK
        return
    if not payload.startswith(_WORDS):
        return
    for count, (address, port) in enumerate(_told(payload)):
        if count == _MOST:
            return
        for one in dict.fromkeys((own, address or own)):
            yield (TCP, one, port), FTP_DATA, _BULK


def _told(payload: bytes) -> Iterator[tuple[bytes, int]]:
    for match in _SIX_NUMBERS.finditer(payload):
        numbers = [int(number) for number in match.groups()]
        if max(numbers) < 256:
            yield bytes(numbers[:4]), numbers[4] << 8 | numbers[5]
    for match in _EXTENDED.finditer(payload):
        _, address, port = match.groups()
        try:
            yield ip_address(address.decode()).packed if address else b"", int(port) & 0xFFFF
        except ValueError:
            continue
