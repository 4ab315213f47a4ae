"""Checks for message brokers and message libraries.

Owns what a pattern can't say of MQTT, ZMTP, Kafka and their like: frames that must follow one
another, topics, announced lengths. Each is bounded and takes any bytes.
"""

import re
from typing import NamedTuple

from classifier.evidence import MATCH, Detail
from classifier.octets import U16, U32, is_text
from policies.classes import TrafficClass

_FRAMES = 24  # looked at of one side
_PACKETS = 8  # the same, of MQTT
_ZMTP_GREETING = 64  # bytes, of version 3
_ZMTP2_GREETING = 12


class _Frames(NamedTuple):
    """Frames of one side.

    Attributes:
        begun: How many of the user.
        largest: Bytes of the largest of them.
    """

    begun: int
    largest: int


def _zmtp_frames(data: bytes, at: int) -> _Frames:
    """The user frames after a greeting (ZMTP 3.1, RFC 37: flags, length, body)."""
    count = largest = 0
    for _ in range(_FRAMES):
        if at + 2 > len(data):
            break
        flags = data[at]
        if flags & 2:
            if at + 9 > len(data):
                break
            size, at = int.from_bytes(data[at + 1 : at + 9], "big"), at + 9
        else:
            size, at = data[at + 1], at + 2
        if not flags & 4:
            count, largest = count + 1, max(largest, size)
        at += size
    return _Frames(count, largest)


def _zmtp_said(data: bytes) -> _Frames:
    if len(data) > 10 and data[10] >= 3:
        return _zmtp_frames(data, _ZMTP_GREETING)
    return _zmtp_frames(data, _ZMTP2_GREETING)


_ZMTP_MECHANISMS = (b"NULL\0", b"PLAIN", b"CURVE", b"GSSAP")


def _zmtp_version(data: bytes) -> bool:
    """The rest of the greeting, as far as it came."""
    if len(data) < 17 or data[10] < 3:
        return data[1:8] == bytes(7)
    return data[12:17] in _ZMTP_MECHANISMS


def zmtp(data: bytes, other: bytes) -> Detail | None:
    """The greeting of ZMTP 2 or 3, then frames."""
    if len(data) < 10 or data[9] != 0x7F or not _zmtp_version(data):
        return None
    mine = _zmtp_said(data)
    its = _zmtp_said(other) if other[:1] == b"\xff" else _Frames(0, 0)
    larger = max(mine.largest, its.largest)
    final = mine.begun + its.begun > 0
    return Detail(declared=larger, by_other=its.largest > mine.largest, final=final)


class _Mqtt(NamedTuple):
    """Control packets of one side; `good` is False where one can't be."""

    good: bool
    packets: int
    topic: bytes  # first published to, else first subscribed to
    largest: int
    published: bool


_MQTT_FLAGS = {
    1: 0,
    2: 0,
    4: 0,
    5: 0,
    6: 2,
    7: 0,
    8: 2,
    9: 0,
    10: 2,
    11: 0,
    12: 0,
    13: 0,
    14: 0,
    15: 0,
}
_MQTT_FIXED = {4: 2, 5: 2, 6: 2, 7: 2, 11: 2, 12: 0, 13: 0}  # the least bytes after the header


def _mqtt_length(data: bytes, at: int) -> tuple[int, int]:
    """The remaining length (MQTT 5.0 section 1.5.5) and where it ends; -1 if it isn't one."""
    value = shift = 0
    for position in range(at, min(at + 4, len(data))):
        value |= (data[position] & 0x7F) << shift
        if data[position] < 0x80:
            return value, position + 1
        shift += 7
    return -1, at


def _mqtt_packet(kind: int, flags: int, size: int, body: bytes) -> bytes | None:
    """Its topic, b"" if it has none; None if it can't be a packet."""
    if kind == 3:
        if len(body) < 3 or flags & 6 == 6:
            return None
        length = body[0] << 8 | body[1]
        topic = body[2 : 2 + length]
        if not 0 < length <= size - 2 or 0 in topic or b"#" in topic or b"+" in topic:
            return None
        return topic
    if flags != _MQTT_FLAGS.get(kind, -1) or size < _MQTT_FIXED.get(kind, 0):
        return None
    if (kind in (12, 13) and size) or (kind in (4, 5, 6, 7, 11) and size > 1024):
        return None
    if kind == 8:
        length = body[2] << 8 | body[3] if len(body) > 5 and size > 5 else 0
        for skip in (2, 3):  # version 5 has a byte of property length before
            if len(body) > skip + 1:
                length = body[skip] << 8 | body[skip + 1]
                topic = body[skip + 2 : skip + 2 + length]
                if 0 < length <= size - 5 and 0 not in topic:
                    return topic
        return None
    return b""


def _mqtt_packets(data: bytes) -> _Mqtt:
    at = count = largest = 0
    topic, published = b"", False
    while at + 2 <= len(data) and count < _PACKETS:
        kind, flags = data[at] >> 4, data[at] & 15
        size, body = _mqtt_length(data, at + 1)
        if size < 0:
            return _Mqtt(len(data) - at < 5, count, topic, largest, published)
        named = _mqtt_packet(kind, flags, size, data[body : min(body + size, body + 300)])
        if named is None:
            return _Mqtt(len(data) - body < min(size, 6), count, topic, largest, published)
        if kind == 3:
            largest = max(largest, size)
            topic, published = topic if published else named, True
        topic = topic or named
        count += 1
        at = body + size
    return _Mqtt(True, count, topic, largest, published)


_FEDERATED = re.compile(
    rb"fedml|fl_?(?:server|client|run)|feder(?:at|ation)|(?:\A|/)fl/", re.I
).search
_CONNECT = re.compile(
    rb"\x10.{1,4}?\x00(?:\x04MQTT[\x04\x05]|\x06MQIsdp[\x03\x83])", re.DOTALL
).match


def mqtt(data: bytes, other: bytes) -> Detail | None:
    """Control packets that follow one another, on both sides where both spoke."""
    mine = _mqtt_packets(data)
    if not mine.good or not mine.packets:
        return None
    its = _mqtt_packets(other) if other else _Mqtt(True, 0, b"", 0, False)
    if not its.good:
        return None
    opened = bool(_CONNECT(data) or _CONNECT(other))
    if not opened and (mine.packets + its.packets < 3 or not (mine.topic or its.topic)):
        return None
    topic = its.topic if its.published and not mine.published else mine.topic or its.topic
    federated = bool(topic and _FEDERATED(topic))
    return Detail(
        "federated update" if federated else None,
        TrafficClass.FEDERATED if federated else None,
        max(mine.largest, its.largest),
        its.largest > mine.largest,
        mine.published or its.published,
        None if opened else 0.8,
    )


def rtps(data: bytes, other: bytes) -> Detail | None:
    """The RTPS header, version 1 or 2."""
    return MATCH if len(data) >= 20 and 1 <= data[4] <= 3 else None


_NATS = re.compile(
    rb"(?:INFO \{|CONNECT \{|\+OK\r\n|PING\r\n|PONG\r\n|MSG \S{1,200} \S{1,60} |H?PUB \S{1,200} |SUB \S)"
).match
_NATS_TOLD = re.compile(
    rb'"(?:server_id|verbose|pedantic|nonce|lang)" ?:|\nSUB |\nH?PUB \S+ (?:\S+ )?\d+\r'
).search
_NATS_SIZE = re.compile(rb"(?:\A|\n)(?:H?PUB|H?MSG) [^\r\n]{1,300} (\d{1,9})\r\n").search


def nats(data: bytes, other: bytes) -> Detail | None:
    """The server's INFO, the client's CONNECT, or a message with its size."""
    if not _NATS_TOLD(data) and not _NATS_TOLD(other) and not _NATS_SIZE(data):
        return None
    mine, its = _NATS_SIZE(data), _NATS_SIZE(other)
    sizes = (int(mine[1]) if mine else 0, int(its[1]) if its else 0)
    return Detail(declared=max(sizes), by_other=sizes[1] > sizes[0])


_KAFKA_NEWEST = (13, 18, 11, 14, 8, 5, 9, 4, 10, 10, 7, 10, 6, 6, 6, 6, 6, 2, 5, 8, 7, 3, 6, 5)
_KAFKA_APIS = 90


def kafka(data: bytes, other: bytes) -> Detail | None:
    """A request: length, a call, its version, then the client's name."""
    if len(data) < 14:
        return None
    length, call, version, named = U32(data)[0], U16(data, 4)[0], U16(data, 6)[0], U16(data, 12)[0]
    newest = _KAFKA_NEWEST[call] if call < len(_KAFKA_NEWEST) else 6
    if call >= _KAFKA_APIS or version > newest or not 10 <= length < 1 << 27:
        return None
    if named == 0xFFFF:
        return Detail(confidence=0.7) if call == 18 and length < 64 else None
    name = data[14 : 14 + named]
    if not 1 <= named <= min(200, length - 10) or not is_text(name):
        return None
    answered = len(other) >= 8 and other[4:8] == data[8:12]
    if (named < 3 and not answered) or (length + 4 > len(data) and len(data) < 100):
        return None
    return Detail(declared=length if call == 0 else 0)


def amqp_frame(data: bytes, other: bytes) -> Detail | None:
    """A frame of AMQP 0-9-1 with its end where its length says."""
    if len(data) < 12:
        return None
    end = 7 + U32(data, 3)[0]
    method = U16(data, 7)[0] in (10, 20, 40, 50, 60, 85, 90)
    if data[0] != 1 or not method or U16(data, 9)[0] > 120:
        return None
    return MATCH if data[end : end + 1] == b"\xce" else None


_RESP = re.compile(rb"\*\d{1,6}\r\n\$(\d{1,4})\r\n([A-Za-z.]{2,24})\r\n").match
_RESP_ANSWER = re.compile(
    rb"(?:\+(?:OK|PONG|QUEUED|FULLRESYNC \w+ \d+|CONTINUE)\r\n|-(?:ERR|NOAUTH|WRONGTYPE|MOVED|LOADING|NOPERM|READONLY|DENIED) "
    rb"|\$-?\d{1,10}\r\n|:-?\d{1,19}\r\n|\*-?\d{1,6}\r\n[$:*+-]|%\d{1,3}\r\n\$)"
).match
_RESP_PUBLISHING = frozenset(
    b"SUBSCRIBE PSUBSCRIBE SSUBSCRIBE PUBLISH SPUBLISH XADD XREAD XREADGROUP UNSUBSCRIBE".split()
)
_RESP_HEARD = re.compile(
    rb"\*3\r\n\$(?:7\r\nmessage|9\r\nsubscribe)|>\d\r\n\$(?:7\r\nmessage|9\r\nsubscribe)|\*4\r\n\$8\r\npmessage"
).match
_RESP_COMMANDS = re.compile(rb"\*\d{1,6}\r\n\$\d{1,4}\r\n([A-Za-z.]{2,24})\r\n").findall
_RESP_BULK = re.compile(rb"\r\n\$(\d{4,9})\r\n").search


def redis(data: bytes, other: bytes) -> Detail | None:
    """A command as an array, or an answer; publishing tells its role."""
    asked = _RESP(data)
    if asked is None:
        if _RESP_HEARD(data):
            return Detail("publish/subscribe", TrafficClass.MESSAGING)
        if not _RESP_ANSWER(data):
            return None
        if other and not _RESP(other):
            return None
        if not other and data[:1] not in b"+*-" and len(data) < 16:
            return None
    elif int(asked[1]) != len(asked[2]):
        return None
    words = {word.upper() for word in _RESP_COMMANDS(data) + _RESP_COMMANDS(other)}
    if words & _RESP_PUBLISHING or _RESP_HEARD(other):
        return Detail("publish/subscribe", TrafficClass.MESSAGING)
    sized, answered = _RESP_BULK(data), _RESP_BULK(other)
    sizes = (int(sized[1]) if sized else 0, int(answered[1]) if answered else 0)
    confidence = None if asked or other else 0.75
    return Detail(None, None, max(sizes), sizes[1] > sizes[0], True, confidence)


def pulsar(data: bytes, other: bytes) -> Detail | None:
    """A command: two lengths that agree, then its kind twice."""
    if len(data) < 14 or data[8] != 0x08:
        return None
    whole, size = U32(data)[0], U32(data, 4)[0]
    kind = data[9]
    if not 4 <= size <= whole - 4 < 5 << 20 or not 2 <= kind <= 64:
        return None
    field = (kind << 3) | 2
    key = data[10] if field < 0x80 else data[10] & 0x7F | (data[11] & 0x7F) << 7
    return MATCH if key == field else None


_ZENOH_INIT, _ZENOH_VERSIONS = 0x01, range(5, 12)


def _zenoh_init(data: bytes, at: int) -> bool:
    """An INIT message: a version, a node's kind and number, sizes of numbers and batches."""
    if len(data) < at + 8 or data[at] & 0x1F != _ZENOH_INIT or data[at + 1] not in _ZENOH_VERSIONS:
        return False
    if data[at + 2] & 0x0F > 2:
        return False
    sizes = at + 4 + (data[at + 2] >> 4)
    if not data[at] & 0x40:
        return len(data) >= sizes
    return len(data) >= sizes + 3 and data[sizes] < 0x10 and data[sizes + 2] >= 1


def zenoh(data: bytes, other: bytes) -> Detail | None:
    """An INIT message behind its length, or begun with it."""
    if len(data) < 8 or not _zenoh_init(data, 2):
        return None
    return MATCH if (data[0] | data[1] << 8) + 2 <= len(data) else None


def zenoh_datagram(data: bytes, other: bytes) -> Detail | None:
    """An INIT message; without its sizes the other side must have begun alike."""
    if len(data) < 8 or not _zenoh_init(data, 0):
        return None
    return MATCH if data[0] & 0x40 or _zenoh_init(other, 0) else None


_THRIFT = re.compile(
    rb"\x80\x01\x00[\x01-\x04]\x00\x00(..)([A-Za-z_][\w.:]{1,120})", re.DOTALL
).match


def thrift(data: bytes, other: bytes) -> Detail | None:
    """A message of the strict binary protocol, framed or not, with its name's length."""
    for at in (0, 4):
        found = _THRIFT(data, at)
        if found and len(found[2]) >= (found[1][0] << 8 | found[1][1]) > 1:
            return MATCH
    return None


def some_ip(data: bytes, other: bytes) -> Detail | None:
    """A header whose length is the datagram's, versions and kinds as defined."""
    if len(data) < 16 or data[12] != 1 or data[14] not in (0, 1, 2, 0x80, 0x81, 0x20, 0x22, 0xA0):
        return None
    return (
        MATCH
        if U32(data, 4)[0] == len(data) - 8 and data[15] < 0x20 and data[:4] != bytes(4)
        else None
    )


_AERON = {0: 32, 1: 32, 2: 28, 3: 36, 5: 40, 6: 24}  # kind: its least length


def aeron(data: bytes, other: bytes) -> Detail | None:
    """A frame of Aeron: length, version 0, a kind with its least length, numbers of its session."""
    if len(data) < 24 or data[4] or data[5] & 0x3F or data[7]:
        return None
    kind, length = data[6], int.from_bytes(data[:4], "little")
    if length < _AERON.get(kind, 1 << 30) or (length > len(data) and len(data) < 1200):
        return None
    if kind in (3, 5):
        return MATCH if length == _AERON[kind] == len(data) and any(data[8:16]) else None
    aligned = kind == 1 and data[5] & 0xC0 and data[8] & 31 == 0
    return MATCH if aligned and any(data[12:16]) and any(data[16:20]) else None


def rocketmq(data: bytes, other: bytes) -> Detail | None:
    """A length, a header's length, then the header in JSON."""
    if len(data) < 24 or data[8:9] != b"{":
        return None
    whole, header = U32(data)[0], U32(data, 4)[0] & 0xFFFFFF
    return MATCH if header + 4 <= whole and b'"code"' in data[:600] else None


def zmtp_1(data: bytes, other: bytes) -> Detail | None:
    """Frames of ZMTP 1.0 from both sides: an identity first, lengths that fit."""
    return Detail(confidence=0.6) if _zmtp_1_frames(data) and _zmtp_1_frames(other) else None


def _zmtp_1_frames(data: bytes) -> bool:
    at = count = 0
    while at + 2 <= len(data) and count < _FRAMES:
        size, at = data[at], at + 1
        if size == 0xFF:
            if at + 9 > len(data):
                return False
            size, at = int.from_bytes(data[at : at + 8], "big"), at + 8
        if size < 1 or data[at] > 1:
            return False
        count += 1
        at += size
    return count >= 2
