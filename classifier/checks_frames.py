"""Checks for the two message libraries that carry everything: ZMTP and MQTT.

Owns their frames: that they follow one another, what length they announce, which topic they name.
Each is bounded and takes any bytes.
"""

import re
from typing import NamedTuple

from classifier.evidence import Detail
from classifier.octets import is_text
from policies.classes import TrafficClass

_FRAMES = 24  # looked at of one side
_PACKETS = 8  # the same, of MQTT
_ZMTP_GREETING = 64  # bytes, of version 3
_ZMTP2_GREETING = 12
_TELLING = 40  # bytes of a frame that tell whether it is ps-lite's


class _Frames(NamedTuple):
    """Frames of one side.

    Attributes:
        begun: How many of the user, of which enough is there to tell whose they are.
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
            count += min(size, _TELLING) <= len(data) - at
            largest = max(largest, size)
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


# a node's name; or the scheduler's first message, a node's address, as PBMeta or as RawMeta
_PS_LITE = re.compile(
    rb"\x08Identity\x00\x00\x00[\x03-\x07]ps(\d{1,5})(?!\d)"
    rb"|\x1a.\x08\x02\x12.\x08[\x00-\x02](?:\x10.{1,5}?)?\x1a[\x02-\x40][\w.:-]{2,64}\x20"
    rb"|\xff\x7f\x00{6}\x02\x00\x00\x00\x01\x00\x00\x00",
    re.DOTALL,
).search
_PS_BARRIER = re.compile(rb"\x1a\x04\x08\x03\x18[\x00-\x07]").search  # of a group of nodes
_PS_SCHEDULERS = 8  # nodes' numbers below are groups, and the scheduler


def ps_lite(data: bytes, other: bytes) -> Detail | None:
    """A node of ps-lite among the sockets of ZMTP: its name, or its address for the scheduler."""
    if len(data) < _ZMTP_GREETING or data[9] != 0x7F or not _zmtp_version(data):
        return None
    found = _PS_LITE(data, _ZMTP_GREETING, 400) or _PS_LITE(other, _ZMTP_GREETING, 400)
    if found is None:
        return None
    if found[1] is None or int(found[1]) < _PS_SCHEDULERS:
        return Detail("scheduler", TrafficClass.CONTROL)
    if _PS_BARRIER(data, _ZMTP_GREETING) or _PS_BARRIER(other, _ZMTP_GREETING):
        return Detail("scheduler", TrafficClass.CONTROL)  # only it is asked for one
    mine, its = _zmtp_said(data), _zmtp_said(other) if other[:1] == b"\xff" else _Frames(0, 0)
    final = mine.begun + its.begun > 0
    return Detail(None, None, max(mine.largest, its.largest), its.largest > mine.largest, final)


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


_ZMTP_1_MESSAGE = 4  # with its flags, the least that anybody has to say


def zmtp_1(data: bytes, other: bytes) -> Detail | None:
    """Frames of ZMTP 1.0 from both sides: an identity first, lengths that fit."""
    return Detail(confidence=0.6) if _zmtp_1_frames(data) and _zmtp_1_frames(other) else None


def _zmtp_1_frames(data: bytes) -> bool:
    at = count = largest = size = 0
    if data[1:2] != b"\0":  # nothing belongs to an identity
        return False
    while at + 2 <= len(data) and count < _FRAMES:
        size, at = data[at], at + 1
        if size == 0xFF:
            if at + 9 > len(data):
                return False
            size, at = int.from_bytes(data[at : at + 8], "big"), at + 8
        if size < 1 or data[at] > 1:
            return False
        count += 1
        largest = max(largest, size)
        at += size
    ends = at == len(data) or size >= 0xFF
    return ends and count >= 2 and largest >= _ZMTP_1_MESSAGE


_ZMTP_SHORT = 255  # bytes, the longest frame that needs no long length
_ZMTP_LONGEST = 1 << 32


def zmtp_joined(data: bytes, other: bytes) -> Detail | None:
    """A message of several frames, joined midway: words first, then a long one that ends it."""
    at = 0
    for _ in range(_FRAMES):
        if at + 9 > len(data) or data[at] > 3:
            return None
        if data[at] & 2:
            size = int.from_bytes(data[at + 1 : at + 9], "big")
            fits = at > 0 and data[at] == 2 and _ZMTP_SHORT < size < _ZMTP_LONGEST
            return Detail(declared=size) if fits else None
        word = data[at + 2 : at + 2 + data[at + 1]]
        if not data[at] & 1 or not word or not is_text(word):
            return None
        at += 2 + data[at + 1]
    return None
