"""Checks for the protocols that carry measurements and logs.

Owns what a pattern can't say of SNMP, NetFlow, IPFIX, sFlow, collectd, Fluentd and NRPE: lengths
that must agree, counts that must be possible. Each is bounded and takes any bytes.
"""

from zlib import crc32

from classifier.evidence import MATCH, Detail
from classifier.octets import U16, U32, ber, is_text

_SEQUENCE, _OCTETS = 0x30, 0x04
_PDUS = range(0xA0, 0xA9)  # GetRequest … Report


def snmp(data: bytes, other: bytes) -> Detail | None:
    """A message: version, then a community and a PDU, or version 3's header."""
    at, length = ber(data, 0, _SEQUENCE)
    if at < 0 or len(data) < at + 8 or length + at < min(len(data), 30):
        return None
    if data[at : at + 2] != b"\x02\x01" or data[at + 2] not in (0, 1, 3):
        return None
    version, at = data[at + 2], at + 3
    if version == 3:
        start, size = ber(data, at, _SEQUENCE)
        return MATCH if start > 0 and size < 40 and data[start : start + 1] == b"\x02" else None
    start, size = ber(data, at, _OCTETS)
    end = start + size
    return MATCH if 0 < start <= end < len(data) and data[end] in _PDUS else None


def sflow(data: bytes, other: bytes) -> Detail | None:
    """A datagram of version 5: an agent's address, then samples."""
    if len(data) < 28 or data[4:7] != b"\0\0\0" or data[7] not in (1, 2):
        return None
    after = 12 if data[7] == 1 else 24
    if len(data) < after + 16:
        return None
    if data[8:after].count(0) > 8 or not data[8]:  # the agent's address
        return None
    agent, samples = U32(data, after)[0], U32(data, after + 12)[0]
    first = data[after + 16 : after + 22]  # a sample's format and the upper half of its length
    fits = len(first) < 6 or (first[:3] == bytes(3) and 1 <= first[3] <= 5 and first[4:] == b"\0\0")
    return MATCH if agent < 1 << 20 and 0 < samples < 256 and fits else None


def netflow_5(data: bytes, other: bytes) -> Detail | None:
    """A header and as many records as it says."""
    count = U16(data, 2)[0] if len(data) >= 24 else 0
    whole = 24 + 48 * count
    recent = count and 900_000_000 < U32(data, 8)[0] < 4_000_000_000
    return MATCH if count <= 30 and len(data) in (whole, min(whole, 1200)) and recent else None


def netflow_9(data: bytes, other: bytes) -> Detail | None:
    """A header, then a set of a possible number and length."""
    if len(data) < 28:
        return None
    count, number, length = U16(data, 2)[0], U16(data, 20)[0], U16(data, 22)[0]
    seconds = U32(data, 8)[0]
    fits = length % 4 == 0 and 8 <= length <= 1500 and (number in (0, 1) or 256 <= number < 4096)
    return MATCH if 1 <= count <= 200 and fits and seconds > 900_000_000 else None


def ipfix(data: bytes, other: bytes) -> Detail | None:
    """A message whose length is the datagram's, then a set."""
    if len(data) < 20:
        return None
    whole, number, length = U16(data, 2)[0], U16(data, 16)[0], U16(data, 18)[0]
    recent = 900_000_000 < U32(data, 4)[0] < 4_000_000_000
    fits = recent and 4 <= length <= whole - 16 and (number in (2, 3) or number >= 256)
    return MATCH if fits and (whole == len(data) or len(data) == 1200 < whole <= 9000) else None


def ipfix_stream(data: bytes, other: bytes) -> Detail | None:
    """The same over TCP, where a template set comes first."""
    if len(data) < 20:
        return None
    whole, number, length = U16(data, 2)[0], U16(data, 16)[0], U16(data, 18)[0]
    recent = 900_000_000 < U32(data, 4)[0] < 4_000_000_000
    return MATCH if recent and number in (2, 3) and 4 <= length <= whole - 16 else None


_COLLECTD_TEXT = frozenset((0, 2, 3, 4, 5, 0x100))
_COLLECTD_NUMBERS = frozenset((1, 7, 8, 9, 0x101))
_COLLECTD_SIGNED, _COLLECTD_SEALED = 0x200, 0x210


def collectd(data: bytes, other: bytes) -> Detail | None:
    """Parts that follow one another; signed and encrypted packets too."""
    if len(data) < 8:
        return None
    kind, length = U16(data)[0], U16(data, 2)[0]
    if kind == _COLLECTD_SIGNED:
        return MATCH if 36 < length < 100 and is_text(data[36:length]) else None  # HMAC, user
    if kind == _COLLECTD_SEALED:
        name = U16(data, 4)[0]
        return MATCH if length <= 1452 and is_text(data[6 : 6 + min(name, 64)]) else None
    at = parts = 0
    while at + 4 <= len(data) and parts < 3:
        kind, length = U16(data, at)[0], U16(data, at + 2)[0]
        end = at + length
        if kind in _COLLECTD_TEXT:
            if not 5 <= length <= 260 or data[end - 1 : end] not in (b"\0", b""):
                return None
            if not is_text(data[at + 4 : end - 1]) and length > 5:
                return None
        elif kind not in _COLLECTD_NUMBERS or length != 12:
            return None
        parts, at = parts + 1, end
    return MATCH if parts == 3 else None


def fluentd(data: bytes, other: bytes) -> Detail | None:
    """A msgpack array that begins with a tag, then a time, entries or packed entries."""
    if len(data) < 12 or (data[1] not in range(0xA1, 0xC0) and data[1] != 0xD9):
        return None
    length, at = (data[2], 3) if data[1] == 0xD9 else (data[1] & 31, 2)
    tag, kind = data[at : at + length], data[at + length : at + length + 1]
    if not kind or len(tag) < 3 or not is_text(tag) or b" " in tag or b"\n" in tag:
        return None
    if tag in (b"HELO", b"PING", b"PONG"):
        return MATCH if kind[0] in range(0x80, 0x90) or kind[0] in (0xC2, 0xC3, 0xD9) else None
    if data[0] > 0x93:
        return MATCH if kind[0] in (0xCE, 0xD7) else None  # seconds of this century, or both parts
    timed = kind[0] in (0xCE, 0xD7) and data[0] == 0x93
    packed = kind[0] in (0xDC, 0xDD, 0xDA, 0xDB, 0xC4, 0xC5, 0xC6) or kind[0] in range(0x90, 0xA0)
    return MATCH if timed or packed else None


def graphite_pickle(data: bytes, other: bytes) -> Detail | None:
    """A length, then a pickled list of its metrics."""
    length = U32(data)[0] if len(data) > 8 else 0
    return (
        MATCH if length < 1 << 20 and data[6:8] in (b"]q", b"](", b"]\x94", b"\x95\x00") else None
    )


_NRPE_OLD, _NRPE_HEADER = 1036, 16  # bytes of a packet of version 2, and of a later one's header


def nrpe(data: bytes, other: bytes) -> Detail | None:
    """A query or an answer whose checksum is right."""
    if len(data) < _NRPE_HEADER:
        return None
    size = _NRPE_OLD if data[1] == 2 else _NRPE_HEADER + U32(data, 12)[0]
    if size > len(data):
        return None
    whole = data[:4] + bytes(4) + data[8:size]
    return MATCH if crc32(whole) == U32(data, 4)[0] else None
