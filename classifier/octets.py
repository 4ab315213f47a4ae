"""Readers of the small fields that many binary protocols share: integers, BER, text.

Owns no protocol. Each takes any bytes at any place and never raises where the place is inside.
"""

import re
from struct import Struct

U16 = Struct(">H").unpack_from
U32 = Struct(">I").unpack_from
U64_LITTLE = Struct("<Q").unpack_from

_TEXT = re.compile(rb"[\t\r\n\x20-\x7e]*\Z").match


def is_text(data: bytes) -> bool:
    """Whether there is something and all of it is ASCII that one could read."""
    return bool(data) and _TEXT(data) is not None


def ber(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Where the content of a BER element with this tag begins, and its length; (-1, 0): no."""
    if at < 0 or at + 2 > len(data) or data[at] != tag:
        return -1, 0
    first = data[at + 1]
    if first < 0x80:
        return at + 2, first
    octets = first & 0x7F
    if not 1 <= octets <= 4 or at + 2 + octets > len(data):
        return -1, 0
    return at + 2 + octets, int.from_bytes(data[at + 2 : at + 2 + octets], "big")
