"""A sequence of packets as bytes that a fuzzer can change well: each packet a short record.

Six bytes, a seventh for a fragment, then the payload. So cut, repeated or swapped records are again
packets, mostly of flows that are already there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from classifier.frames import ROCE, Fragment, Packet
from classifier.model import SCTP, TCP, UDP

TRANSPORTS = (TCP, UDP, SCTP, ROCE)
SERVERS = (80, 443, 5000, 4791, 29500, 40001, 8080, 1883)  # ports, one for each pair of hosts
MOST_PACKETS = 4096
MOST_UNCAPTURED = 255 * 64  # bytes; alone, they stand for a switch's counters
_BACK, _MARKED, _FRAGMENT = 0x08, 0x80, 0x40
_HEAD = struct.Struct("<BBhBBB")  # who and what, flags, step of seq, kept, more of it, time


class Step(NamedTuple):
    """A packet, and when it comes."""

    now: float
    packet: Packet
    trusted: bool


def record(payload: bytes = b"", pair: int = 0, back: bool = False, transport: int = TCP,
           flags: int = 0x18, step: int = 0, uncaptured: int = 0, gap: int = 1,
           marked: bool = False, fragment: Fragment | None = None) -> bytes:  # fmt: skip
    """One packet; `step` is how far its sequence number is from where the sender's stream is."""
    who = pair | back * _BACK | TRANSPORTS.index(transport) << 4 | marked * _MARKED
    who |= _FRAGMENT if fragment else 0
    head = _HEAD.pack(who, flags, step, len(payload), uncaptured, gap)
    if fragment:
        head += bytes([fragment.ident | fragment.more << 3 | (fragment.offset >> 3 & 15) << 4])
    return head + payload


def stream(payload: bytes, size: int = 200, **of: int) -> bytes:
    """Several packets with consecutive pieces of a payload."""
    pieces = [payload[at : at + size] for at in range(0, len(payload), size)]
    return b"".join(record(piece, **of) for piece in pieces)  # type: ignore[arg-type]


def steps(data: bytes) -> Iterator[Step]:
    """The packets that bytes stand for; those that are cut off are left out."""
    at, now, count = 0, 1_700_000_000.0, 0
    ahead: dict[tuple[int, int, bool], int] = {}
    while at + _HEAD.size <= len(data) and count < MOST_PACKETS:
        who, flags, step, kept, uncaptured, gap = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        fragment = None
        if who & _FRAGMENT and at < len(data):
            part, at = data[at], at + 1
            fragment = Fragment(part & 7, part >> 4 << 3, bool(part & 8))
        payload, at = data[at : at + kept], at + kept
        now += _gap_s(gap)
        yield Step(now, _packet(who, flags, step, payload, uncaptured, fragment, ahead),
                   bool(who & _MARKED))  # fmt: skip
        count += 1


def _gap_s(gap: int) -> float:
    """Little or much; clocks of captures go backwards, too."""
    if gap >= 128:
        return -_gap_s(gap - 128)
    return gap * gap / 100 if gap < 120 else 10.0 ** (gap - 118)


def _packet(who: int, flags: int, step: int, payload: bytes, uncaptured: int,
            fragment: Fragment | None, ahead: dict[tuple[int, int, bool], int]
            ) -> Packet:  # fmt: skip
    pair, back, transport = who & 7, bool(who & _BACK), TRANSPORTS[who >> 4 & 3]
    wide = 16 if pair & 1 else 4
    client, server = bytes([pair]) * wide, bytes([0x40 | pair]) * wide
    ports = (0, 0) if transport == ROCE else (40_000 + pair, SERVERS[pair])
    size = len(payload) + uncaptured * 64
    if fragment and fragment.offset:
        ports, payload = (0, 0), b""
    seq = 0
    if transport == TCP:
        stream = (pair, transport, back)
        seq = (ahead.get(stream, (1 << 32) - 700) + step) % (1 << 32)  # numbers wrap soon
        ahead[stream] = (seq + size + (flags >> 1 & 1)) % (1 << 32)
    else:
        flags = 0
    ends = (server, ports[1], client, ports[0]) if back else (client, ports[0], server, ports[1])
    return Packet(transport, *ends, payload, size, flags, seq, pair * 8, fragment)
