"""Checks for databases, names, time, voice and the rest of what a network carries beside AI.

Owns what a pattern can't say of DNS, NTP, LDAP, PostgreSQL, RTP and their like. Each is bounded and
takes any bytes.
"""

import re

from classifier.evidence import MATCH, Detail
from classifier.octets import U16, U32


def _dns_name(data: bytes, at: int) -> int:
    """Where the name here ends, 0 if there is none."""
    for _ in range(64):
        if at >= len(data):
            return 0
        size = data[at]
        if size == 0:
            return at + 1
        if size & 0xC0:
            return at + 2 if size & 0xC0 == 0xC0 else 0
        if min(data[at + 1 : at + 1 + size], default=0) < 0x20:
            return 0
        at += 1 + size
    return 0


def _dns(data: bytes, at: int) -> bool:
    """A message of RFC 1035: counts that fit, then a question, or an answer without one."""
    if len(data) < at + 17:
        return False
    flags = U16(data, at + 2)[0]
    operation = flags >> 11 & 15
    questions, answers, names, more = (U16(data, at + 4 + 2 * i)[0] for i in range(4))
    if operation not in (0, 2, 4, 5) or flags & 0x40 or questions > 8 or max(names, more) > 40:
        return False
    if answers > 60 or questions + answers + names + more == 0:
        return False
    if not flags & 0x8000 and (answers > 16 or flags & 0x8F):  # an answer's bits
        return False
    end = _dns_name(data, at + 12)
    if not end or end + 4 > len(data):
        return False
    kind, family = U16(data, end)[0], U16(data, end + 2)[0] & 0x7FFF
    rooted = end == at + 13  # the root's name alone
    return (
        kind in (2, 6, 43, 48, 255) and questions < 2 if rooted else 1 <= kind <= 257
    ) and family in (1, 3, 255)


def dns(data: bytes, other: bytes) -> Detail | None:
    """A question or an answer."""
    return MATCH if _dns(data, 0) else None


def dns_stream(data: bytes, other: bytes) -> Detail | None:
    """The same over TCP, behind its length."""
    if len(data) < 19 or not U16(data)[0] >= 17 or U16(data)[0] + 2 > len(data) < 1200:
        return None
    return MATCH if _dns(data, 2) else None


def _is_date(stamp: int) -> bool:
    """Whether these seconds since 1900 are none or within 2000..2036."""
    return stamp == 0 or stamp >= 0xBC000000


def _ntp_fits(data: bytes) -> bool:
    """The packet's length: bare, with a digest, or with an extension field of a possible length."""
    if len(data) in (48, 52, 68, 72):
        return True
    size = U16(data, 50)[0] if len(data) >= 64 else 0
    return 16 <= size <= len(data) - 48 and size % 4 == 0 and data[48] < 0x90


def ntp(data: bytes, other: bytes) -> Detail | None:
    """A packet of version 1 to 4: stratum, poll, precision, delays and dates possible."""
    if len(data) < 48 or not _ntp_fits(data):
        return None
    asked, poll, precision = data[0] & 7 == 3, data[2], data[3]
    if data[1] > 16 or 17 < poll < 0xFA or 32 < precision < 0xD8:
        return None
    if data[4] or data[5] > 0x20 or data[8] or data[9] > 0x20:
        return None
    reference, origin, received, sent = (U32(data, 16 + 8 * i)[0] for i in range(4))
    if not sent or not _is_date(reference) or not _is_date(received):
        return None
    if asked:
        return MATCH if data[1] or not any(data[4:16]) or reference else None
    return MATCH if _is_date(sent) and received and (origin or data[0] & 7 != 4) else None


def stun(data: bytes, other: bytes) -> Detail | None:
    """A message with the magic cookie and a length of whole words."""
    return MATCH if len(data) >= 20 and data[3] & 3 == 0 and data[0] < 0x40 else None


_AUDIO = {0: 80, 8: 80, 9: 80, 18: 10, 4: 24, 3: 33}  # payload types (RFC 3551), bytes a step


def rtp(data: bytes, other: bytes) -> Detail | None:
    """A packet whose size its payload type explains, or that the other side answers alike."""
    if len(data) < 13 or data[0] & 0x2F:
        return None
    if data[2:8].count(0) > 4 or data[8:12].count(0) > 2:  # random numbers (RFC 3550, 5.1)
        return None
    kind = data[1] & 0x7F
    if kind > 34 and kind < 96:
        return None
    if data[0] & 0x10:
        return MATCH if data[12:14] in (b"\xbe\xde", b"\x10\x00") else None
    step = _AUDIO.get(kind)
    if step:
        return (
            MATCH if (len(data) - 12) % step == 0 and len(data) < 600 and data[0] == 0x80 else None
        )
    alike = other[:1] == data[:1] and len(other) > 12 and other[1] & 0x7F == kind
    return Detail(confidence=0.7) if alike else None


def rtcp(data: bytes, other: bytes) -> Detail | None:
    """Reports whose lengths add up to the datagram."""
    at = count = 0
    while at + 4 <= len(data) and count < 8:
        if data[at] & 0xC0 != 0x80 or not 200 <= data[at + 1] <= 207:
            return None
        at += 4 * (U16(data, at + 2)[0] + 1)
        count += 1
    return MATCH if at == len(data) >= 8 and data[1] in (200, 201) else None


def dhcp(data: bytes, other: bytes) -> Detail | None:
    """A BOOTP message with DHCP's cookie."""
    return MATCH if data[236:240] == b"\x63\x82\x53\x63" else None


def ike(data: bytes, other: bytes) -> Detail | None:
    """A header of IKE, after the marker of NAT traversal or not."""
    if len(data) < 32:
        return None
    at = 4 if data[:4] == bytes(4) else 0
    if data[at + 17] not in (0x10, 0x20) or data[at : at + 8] == bytes(8):
        return None
    version, exchange = data[at + 17], data[at + 18]
    following = data[at + 16]  # the kind of the first payload
    if not (
        version == 0x20 and 34 <= exchange <= 44 and (33 <= following <= 54 or not following)
    ) and (version != 0x10 or exchange not in (1, 2, 4, 5, 6, 32) or not 0 < following < 24):
        return None
    if data[at : at + 8].count(0) > 2:  # a random number
        return None
    first = exchange in (2, 4, 34) and any(data[at + 20 : at + 24])
    if first or data[at + 19] & (0xC7 if version == 0x20 else 0xF8):
        return None
    length = U32(data, at + 24)[0]
    return MATCH if length == len(data) - at or len(data) == 1200 < length < 65_536 else None


def wireguard(data: bytes, other: bytes) -> Detail | None:
    """A handshake of its exact length, or data behind its counter; the rest looks random."""
    kind, length = data[0], len(data)
    if (
        length < 32
        or data[4:8] == bytes(4)
        or data[16:48].count(0) > 3
        or len(set(data[16:48])) < len(data[16:48]) - 8
        or sum(byte > 127 for byte in data[16:48]) < 6
        or data[16:18] == data[20:22]
    ):
        return None
    if kind in (1, 2, 3):
        return MATCH if length == (148, 92, 64)[kind - 1] else None
    return MATCH if length % 16 == 0 and data[13:16] == bytes(3) else None


def openvpn(data: bytes, other: bytes) -> Detail | None:
    """A reset that begins a session: of a client's, and its answer."""
    if len(data) not in range(14, 120) or data[1:9].count(0) > 2:
        return None
    asked = data[0] == 0x38 and (
        (data[9] == 0 and data[10:14] == bytes(4)) or len(data) in (42, 50, 54, 62)
    )
    answered = other[:1] in (b"\x40", b"\x38", b"")
    return (
        MATCH
        if asked and answered and (other or data[9:14] == bytes(5) or data[-5:] == bytes(5))
        else None
    )


def openvpn_stream(data: bytes, other: bytes) -> Detail | None:
    """The same over TCP, behind its length."""
    if len(data) < 16 or U16(data)[0] + 2 != len(data):
        return None
    return openvpn(data[2:], b"") if data[2] == 0x38 and data[-5:] == bytes(5) else None


def socks(data: bytes, other: bytes) -> Detail | None:
    """A greeting of version 5 or a request of version 4, and its answer."""
    if len(data) < 3 or len(other) < 2:
        return None
    if data[0] == 5:
        methods = data[2 : 2 + data[1]]
        offered = 1 <= data[1] <= 4 and len(methods) == data[1] and max(methods) <= 3
        return MATCH if offered and other[0] == 5 and other[1] in (0, 2, 0xFF) else None
    asked = data[1] in (1, 2) and len(data) >= 9 and b"\0" in data[8:]
    return (
        MATCH if asked and other[0] == 0 and 0x5A <= other[1] <= 0x5D and len(other) >= 8 else None
    )


def utp(data: bytes, other: bytes) -> Detail | None:
    """A SYN of uTP: a connection's number, a window, sequence 1, nothing acknowledged."""
    if len(data) < 20 or data[1] > 2 or data[2:4] == b"\0\0" or data[8:12] != bytes(4):
        return None
    whole = len(data) == 20 if data[1] == 0 else len(data) <= 40
    return MATCH if whole and data[12:16] != bytes(4) and data[16:20] == b"\0\1\0\0" else None


def rdp(data: bytes, other: bytes) -> Detail | None:
    """A connection request or confirm of X.224 in a TPKT, of their exact lengths."""
    if len(data) < 11 or data[3] != len(data) or data[4] != len(data) - 5:
        return None
    return MATCH if data[5] in (0xE0, 0xD0) and (data[5] == 0xD0 or data[6:8] == b"\0\0") else None


_TELNET = re.compile(
    rb"(?:\xff[\xfb-\xfe][\x00-\x31\xff]|\xff\xfa[\x00-\x31].{0,60}?\xff\xf0){2}"
    rb"|\xff[\xfb-\xfe][\x00-\x31]\Z",
    re.DOTALL,
).match


def telnet(data: bytes, other: bytes) -> Detail | None:
    """Negotiation: commands with options, two at least."""
    return MATCH if _TELNET(data) else None


def ptp(data: bytes, other: bytes) -> Detail | None:
    """A message of PTP version 2 of its exact length."""
    if len(data) < 44 or data[0] & 15 not in (0, 1, 2, 3, 8, 9, 10, 11, 12, 13):
        return None
    return MATCH if U16(data, 2)[0] == len(data) and data[32] <= 5 else None


def radius(data: bytes, other: bytes) -> Detail | None:
    """A packet of its exact length whose attributes add up to it."""
    if not 20 <= len(data) < 1200 or U16(data, 2)[0] != len(data):
        return None
    at = 20
    while at + 2 <= len(data):
        if data[at + 1] < 2 or not data[at]:
            return None
        at += data[at + 1]
    return MATCH if at == len(data) > 20 else None


def mpeg_ts(data: bytes, other: bytes) -> Detail | None:
    """The sync byte of each packet of 188 bytes, two at least."""
    # numbers of four bytes have the same one in front in these places too
    synchronous = len(data) >= 376 and set(data[:1128:188]) == {0x47}
    return MATCH if synchronous and data.count(b"G", 0, 188) < 24 else None


_MODBUS_LONGEST = 254


def modbus(data: bytes, other: bytes) -> Detail | None:
    """A request of its exact length, and an answer of its number, unit and function."""
    if len(data) < 8 or data[2:4] != b"\0\0" or data[:4] != other[:4] or data[4]:
        return None
    size, answer = data[5], other[5:6]
    if not 2 <= size <= _MODBUS_LONGEST or not 0 < data[7] < 0x30 or not answer:
        return None
    ends = all(
        len(side) == side[5] + 6 or side[side[5] + 8 : side[5] + 10] == b"\0\0"
        for side in (data, other)
    )
    same = data[6] == other[6] and data[7] == other[7] & 0x7F if len(other) > 7 else False
    return MATCH if ends and same and other[4] == 0 else None


_DNP3_POLYNOMIAL = 0xA6BC  # 0x3D65, its bits in the order they are sent


def dnp3(data: bytes, other: bytes) -> Detail | None:
    """A link header whose checksum is right."""
    if len(data) < 10 or data[2] < 5:
        return None
    rest = 0
    for byte in data[:8]:
        rest ^= byte
        for _ in range(8):
            rest = rest >> 1 ^ (_DNP3_POLYNOMIAL if rest & 1 else 0)
    return MATCH if (rest ^ 0xFFFF) == data[8] | data[9] << 8 else None
