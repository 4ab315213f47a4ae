"""Checks for message brokers and message libraries.

Owns what a pattern can't say of MQTT, ZMTP, Kafka and their like: frames that must follow one
another, topics, announced lengths. Each is bounded and takes any bytes.
"""

import re

from classifier.evidence import MATCH, Detail
from classifier.octets import U16, U32, is_text
from policies.classes import TrafficClass


def rtps(data: bytes, other: bytes) -> Detail | None:
    """The RTPS header, version 1 or 2."""
    return MATCH if len(data) >= 20 and 1 <= data[4] <= 3 else None


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
    rb"(?:\+(?:OK|PONG|QUEUED|FULLRESYNC \w+ \d+|CONTINUE)\r\n"
    rb"|-(?:ERR|NOAUTH|WRONGTYPE|MOVED|LOADING|NOPERM|READONLY|DENIED) "
    rb"|\$-?\d{1,10}\r\n|:-?\d{1,19}\r\n|\*-?\d{1,6}\r\n[$:*+-]|%\d{1,3}\r\n\$)"
).match
_RESP_PUBLISHING = frozenset(
    b"SUBSCRIBE PSUBSCRIBE SSUBSCRIBE PUBLISH SPUBLISH XADD XREAD XREADGROUP UNSUBSCRIBE".split()
)
_RESP_SENTINEL = re.compile(
    rb"\r\n__sentinel__:hello|\r\nsentinel-[0-9a-f]{8}-(?:cmd|pubsub)\r"
    rb"|\+switch-master"
).search
_RESP_SETTING_UP = frozenset(b"HELLO CLIENT AUTH SELECT PING COMMAND INFO CONFIG".split())
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
            if _RESP_SENTINEL(data):
                return Detail("fail-over", TrafficClass.CONTROL)
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
    if b"SENTINEL" in words or _RESP_SENTINEL(data) or _RESP_SENTINEL(other):
        return Detail("fail-over", TrafficClass.CONTROL)
    if words & _RESP_PUBLISHING or _RESP_HEARD(other):
        return Detail("publish/subscribe", TrafficClass.MESSAGING)
    sized, answered = _RESP_BULK(data), _RESP_BULK(other)
    sizes = (int(sized[1]) if sized else 0, int(answered[1]) if answered else 0)
    confidence = None if asked or other else 0.75
    final = bool(words - _RESP_SETTING_UP)  # what a connection is for comes after its set-up
    return Detail(None, None, max(sizes), sizes[1] > sizes[0], final, confidence)


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


_ZENOH_INIT, _ZENOH_VERSIONS = 0x01, range(7, 11)


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
    end = (data[0] | data[1] << 8) + 2
    opened = data[end + 2 : end + 3]  # the OPEN that follows, if any did yet
    return MATCH if end == len(data) or (opened and opened[0] & 0x1F == 2) else None


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


_MAVLINK_1, _MAVLINK_SIGNATURE = 0xFE, 13
_MAVLINK_HEARTBEAT = 9  # bytes, the last of which is the dialect's version, always 3


def _mavlink_message(data: bytes, at: int) -> tuple[int, bytes]:
    """Where the message here ends, -1 if there can't be one, and who sent it."""
    if data[at] == _MAVLINK_1:
        return at + data[at + 1] + 8 if data[at + 3] else -1, data[at + 3 : at + 5]
    if data[at + 2] > 1 or data[at + 3] or not data[at + 5]:
        return -1, b""
    return at + data[at + 1] + 12 + _MAVLINK_SIGNATURE * data[at + 2], data[at + 5 : at + 7]


def mavlink(data: bytes, other: bytes) -> Detail | None:
    """A heartbeat of its exact length, or two messages of one system with successive numbers."""
    if len(data) < 12:
        return None
    number, header = (2, 6) if data[0] == _MAVLINK_1 else (4, 10)
    end, sender = _mavlink_message(data, 0)
    if end < 0:
        return None
    if end == len(data):
        beat = data[1] == _MAVLINK_HEARTBEAT and data[header - 1] == 0
        return MATCH if beat and data[header + _MAVLINK_HEARTBEAT - 1] == 3 else None
    if end + 12 > len(data) or data[end] != data[0]:
        return None
    successive = data[end + number] == (data[number] + 1) & 0xFF
    return MATCH if successive and _mavlink_message(data, end)[1] == sender else None


def mqtt_sn(data: bytes, other: bytes) -> Detail | None:
    """A CONNECT of its exact length, with protocol 1 and the client's name."""
    fits = data[0] == len(data) and data[3] == 1 and not data[2] & 0xF3
    return MATCH if fits and is_text(data[6:]) else None
