"""HTTP/2 and gRPC from the first bytes of both directions.

Owns the walk over frames (RFC 9113) and header blocks (RFC 7541), cut anywhere; Huffman codes and
the static table are the `hpack` library's. Its decoder isn't used: it wants whole blocks, decodes
fields nobody asks for, and takes 60-120 us where these few fields take 10. Must not decide by port.
"""

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from hpack.exceptions import HPACKDecodingError
from hpack.huffman_table import decode_huffman
from hpack.table import HeaderTable

from classifier.bodies import body_claim
from classifier.claims import SURE, Claim, weigh
from classifier.fields import HTTP_NAMES, NAMES, field_claim
from classifier.grpc_services import is_neutral, method_claim, service_claim
from classifier.model import Identity
from classifier.paths import NEUTRAL, query_claims, target_claims

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_RFC = "RFC 9113"
_DATA, _HEADERS, _RESET, _SETTINGS, _PUSH, _PING, _GOAWAY, _WINDOW, _CONTINUATION = (
    0,
    1,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
)
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x4, 0x8, 0x20
_SHORTEST_GOAWAY, _LONGEST_GOAWAY = 8, 256
_FRAME_HEADER = 9
_PRIORITY_FRAME = 2
_LENGTHS = {_PRIORITY_FRAME: 5, _RESET: 4, _PING: 8, _WINDOW: 4}  # of types that have only one
# By type, the flags that there are (RFC 9113, 6); others must be left unset.
_FLAGS = (0x9, 0x2D, 0, 0, 0x1, 0xC, 0x1, 0, 0, 0x4)
_HEADER = struct.Struct(">HBBBI")
_LONGEST_SETTINGS = 240
_LAST_SETTING = 0x10  # IANA registry: TLS_RENEG_PERMITTED
_LAST_ERROR = 0xD  # RFC 9113, 7
_LONGEST_NAME = 64
_LATE_STREAM = 1 << 24
_LONG = 30  # for a length to be right by chance
_NEW_NAMES = frozenset((0, 0x10, 0x40))  # RFC 7541, 6.2: literal fields whose name follows
_MOST_SECTIONS, _MOST_BODIES = 8, 3
_MESSAGE_PREFIX, _FULL_FRAME = 5, 16384
_LONGEST_FRAME = 1 << 20  # above what known peers allow, though the field holds 2**24
_MOST_FRAMES, _ENOUGH_FRAMES = 24, 4  # that are looked at, and that make others unlikely
_MOST_FIELDS = 64  # of one block
_TABLE_BYTES, _ENTRY_OVERHEAD = 4096, 32  # RFC 7541, 4.1 and RFC 9113, 6.5.2
_STATIC: tuple[tuple[bytes, bytes], ...] = tuple(HeaderTable.STATIC_TABLE)
_DECIDES = 0.5  # claims below tell less than the roles of HTTP/2 do
_WANTED = NAMES | {b":path", b":status", b":method", b"content-type", b"grpc-status"}


class Frame(NamedTuple):
    """One frame; `payload` is what there is of `length` bytes."""

    kind: int
    flags: int
    stream: int
    length: int
    payload: bytes


class _Coded(NamedTuple):
    """A string of a header block, decoded only when asked for."""

    data: bytes
    huffman: bool

    def text(self) -> bytes:
        return _huffman(self.data) if self.huffman else self.data


@lru_cache(maxsize=1024)
def _huffman(data: bytes) -> bytes:
    try:
        return bytes(decode_huffman(data))
    except HPACKDecodingError:
        return b""


def frames(data: bytes) -> Iterator[Frame]:
    """The frames that `data` begins with; ends before the first that can't be one."""
    start, last = 0, len(data) - _FRAME_HEADER
    for _ in range(_MOST_FRAMES):
        if start > last:
            return
        high, low, kind, flags, stream = _HEADER.unpack_from(data, start)
        length = high << 8 | low
        if not _plausible(kind, length, flags, stream):
            return
        start += _FRAME_HEADER
        yield Frame(kind, flags, stream, length, data[start : start + length])
        start += length


def _plausible(kind: int, length: int, flags: int, stream: int) -> bool:
    if kind > _CONTINUATION or length > _LONGEST_FRAME or stream >= 1 << 31:
        return False
    if flags & ~_FLAGS[kind]:
        return False
    only = _LENGTHS.get(kind)
    if only is not None and only != length:
        return False
    if kind == _SETTINGS:
        fits = length == 0 if flags else length % 6 == 0 and length <= _LONGEST_SETTINGS
        return fits and stream == 0
    if kind == _PING:
        return stream == 0
    if kind == _GOAWAY:
        return stream == 0 and length >= _SHORTEST_GOAWAY
    if kind == _WINDOW:
        return True
    # an empty one is of use only where it ends a stream
    return stream > 0 and (length > 0 or (kind == _DATA and flags & _END_STREAM > 0))


class FieldTable:
    """The dynamic table of one direction (RFC 7541, 2.3.2), in encoded form.

    Attributes:
        size: Of the entries in bytes, as RFC 7541, 4.1 counts them.
    """

    def __init__(self) -> None:
        self._entries: list[tuple[bytes, _Coded]] = []
        self.size = 0

    def add(self, name: bytes, value: _Coded) -> None:
        """Put an entry in front, and drop the oldest ones that no longer fit."""
        self._entries.insert(0, (name, value))
        self.size += len(name) + len(value.data) + _ENTRY_OVERHEAD
        while self.size > _TABLE_BYTES and self._entries:
            old, coded = self._entries.pop()
            self.size -= len(old) + len(coded.data) + _ENTRY_OVERHEAD

    def get(self, index: int) -> tuple[bytes, _Coded]:
        """The entry at an index; empty where a flow joined midway has not shown it."""
        if 0 < index <= len(_STATIC):
            name, value = _STATIC[index - 1]
            return name, _Coded(value, False)
        place = index - len(_STATIC) - 1
        if 0 <= place < len(self._entries):
            return self._entries[place]
        return b"", _Coded(b"", False)

    def read(self, block: bytes) -> dict[bytes, bytes]:
        """The wanted fields of a header block, which may be cut short anywhere.

        Ends at a path that names a service: then nothing else is asked for.
        """
        found: dict[bytes, bytes] = {}
        place, named = 0, False
        try:
            for _ in range(_MOST_FIELDS):
                if place >= len(block):
                    break
                place = self._field(block, place, found)
                if not named and b":path" in found:
                    named = True
                    if service_claim(found[b":path"]) is not None:
                        break
        except IndexError:  # cut
            pass
        return found

    def _field(self, block: bytes, place: int, found: dict[bytes, bytes]) -> int:
        first = block[place]
        if first & 0x80:
            index, place = _integer(block, place, 0x7F)
            name, value = self.get(index)
        elif first & 0xE0 == 0x20:
            return _integer(block, place, 0x1F)[1]
        else:
            index, place = _integer(block, place, 0x3F if first & 0x40 else 0x0F)
            if index:
                name = self.get(index)[0]
            else:
                coded, place = _string(block, place)
                name = coded.text()
            value, place = _string(block, place)
            if first & 0x40:
                self.add(name, value)
        if name in _WANTED:
            found[name] = value.text()
        return place


def _integer(block: bytes, place: int, mask: int) -> tuple[int, int]:
    value = block[place] & mask
    place += 1
    if value < mask:
        return value, place
    shift = 0
    while True:
        byte = block[place]
        place += 1
        value += (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, place
        if shift > 21:
            raise IndexError


def _string(block: bytes, place: int) -> tuple[_Coded, int]:
    huffman = bool(block[place] & 0x80)
    length, place = _integer(block, place, 0x7F)
    end = place + length
    if end > len(block):
        raise IndexError
    return _Coded(block[place:end], huffman), end


class _Half(NamedTuple):
    """What one direction shows.

    Attributes:
        sections: The wanted fields of header sections.
        longest: gRPC message, in bytes, as its prefix has it.
        claim: Of the service that a path names.
        settings: Whether there are known ones, or the preface promises them.
        grpc: Whether a DATA frame holds a message with gRPC's prefix.
        bodies: What DATA frames begin with.
    """

    sections: list[dict[bytes, bytes]]
    longest: int
    claim: Claim | None
    settings: bool
    grpc: bool
    bodies: list[bytes]


def _walk(data: bytes, preface: bool = False) -> _Half:
    if not data:
        return _SILENT
    table = FieldTable()
    sections: list[dict[bytes, bytes]] = []
    bodies: list[bytes] = []
    longest, settings, grpc = 0, preface, False
    block: bytes | None = None
    claim: Claim | None = None
    for frame in frames(data):
        if frame.kind == _DATA:
            message = _message_length(frame.payload)
            longest, grpc = max(longest, message), grpc or _fits(message, frame)
            bodies.append(frame.payload)
        if claim is not None:
            if frame.kind == _DATA:
                break
            continue
        settings = settings or (frame.kind == _SETTINGS and _known_settings(frame.payload))
        if frame.kind == _HEADERS:
            block = _fragment(frame)
        elif frame.kind == _CONTINUATION and block is not None:
            block += frame.payload
        if block is not None and (frame.flags & _END_HEADERS or len(frame.payload) < frame.length):
            section = table.read(block)
            sections.append(section)
            claim = service_claim(section.get(b":path", b""))
            block = None
            if len(sections) == _MOST_SECTIONS:
                break
    return _Half(sections, longest, claim, settings, grpc, bodies[:_MOST_BODIES])


_SILENT = _Half([], 0, None, False, False, [])


def _message_length(payload: bytes) -> int:
    """The length that gRPC puts before a message, after a byte that tells of compression."""
    return (
        int.from_bytes(payload[1:5], "big")
        if len(payload) >= _MESSAGE_PREFIX and payload[0] < 2
        else 0
    )


def _fits(message: int, frame: Frame) -> bool:
    """Whether a message fills its DATA frame, or one of the usual greatest size and more."""
    whole = message + _MESSAGE_PREFIX
    return message > 0 and (whole == frame.length or whole > frame.length == _FULL_FRAME)


def _known_settings(payload: bytes) -> bool:
    """Whether there are settings, and all are registered or in the range left to experiments."""
    names = [payload[at] << 8 | payload[at + 1] for at in range(0, len(payload) - 1, 6)]
    return bool(names) and all(0 < name <= _LAST_SETTING or name >= 0xF000 for name in names)


def _fragment(frame: Frame) -> bytes:
    start, end = 0, len(frame.payload)
    if frame.flags & _PADDED and frame.payload:
        start = 1
        if end == frame.length:
            end -= frame.payload[0]
    if frame.flags & _PRIORITY:
        start += 5
    return frame.payload[start:end]


def looks_like(first: bytes) -> bool:
    """Whether these bytes begin with the preface, or are frames as far as they go.

    Numbers with zeros between them easily look like one frame or two.
    """
    if first.startswith(PREFACE[: max(3, len(first))]):
        return True
    if len(first) < _FRAME_HEADER or first[0] > 0x10 or first[3] > _CONTINUATION or first[5] > 0x7F:
        return False
    seen = count = 0
    telling = False
    for frame in frames(first):
        tells = _tells(frame)
        if tells is None:
            return False
        telling = telling or tells
        count += 1
        seen += _FRAME_HEADER + frame.length
        if count == _ENOUGH_FRAMES or (telling and frame.kind == _SETTINGS):
            return telling
    rest = len(first) - seen
    if rest == 0:
        return telling or seen >= _LONG or (count == 1 and frame.kind == _SETTINGS)
    return telling and count > 1 and rest < _FRAME_HEADER


def _tells(frame: Frame) -> bool | None:
    """Whether hardly anything else looks like a frame; None where it can't be one after all."""
    kind, flags, stream, length, payload = frame
    if stream and (stream & 1 == 0 or stream >= _LATE_STREAM):
        return None  # servers open none of their own any more (RFC 9113, 8.4)
    if kind == _DATA:
        return _fits(_message_length(payload), frame)
    if kind == _HEADERS:
        return flags & _END_HEADERS > 0 if _is_block(_fragment(frame)) else None
    if kind == _SETTINGS:
        if length and not _known_settings(payload):
            return None
        return length > 0
    number = int.from_bytes(payload, "big")
    if kind == _WINDOW:
        return True if len(payload) < length or 0 < number < 1 << 31 else None
    if kind == _RESET:
        return True if number <= _LAST_ERROR else None
    if kind == _GOAWAY:
        fits = length <= _LONGEST_GOAWAY and int.from_bytes(payload[4:8], "big") <= _LAST_ERROR
        return True if fits else None
    return kind == _PING


def _is_block(block: bytes) -> bool:
    """Whether a header block begins with a field, or with a new name of some length."""
    if not block:
        return True  # cut
    first = block[0]
    if first in _NEW_NAMES:
        return len(block) > 1 and 0 < block[1] & 0x7F < _LONGEST_NAME
    return first != 0x80


def identify(client: bytes, server: bytes) -> Identity | None:
    """What HTTP/2 this is; None if it isn't. Both directions may be swapped or missing."""
    if server.startswith(b"PRI") or (not client and server):
        client, server = server, client
    preface = client.startswith(PREFACE[: max(3, len(client))])
    if not (preface or looks_like(client) or looks_like(server)):
        return None
    asks = _walk(client[len(PREFACE) :], True) if preface else _walk(client)
    if asks.claim is not None:
        return Identity(*asks.claim, True, asks.longest)
    answers = _walk(server)
    if answers.claim is not None:  # swapped
        return Identity(*answers.claim, True, answers.longest, True)
    return _decide(asks, answers, preface)


_NO_REQUEST_YET = Identity("HTTP/2", "", None, 0.98, _RFC, False)


def _decide(asks: _Half, answers: _Half, preface: bool) -> Identity:
    sections = asks.sections + answers.sections
    if preface and not sections and not (asks.grpc or answers.grpc):
        return _NO_REQUEST_YET
    declared, from_server = max(asks.longest, answers.longest), answers.longest > asks.longest
    grpc = asks.grpc or answers.grpc or any(_is_grpc(section) for section in sections)
    claims = [claim for section in sections for claim in _of_section(section, grpc)]
    if not grpc:
        claims += _of_bodies(asks) + _of_bodies(answers)
    best = weigh(claims)
    if best is not None and best.confidence >= _DECIDES:
        return Identity(*best, best.confidence >= SURE, declared, from_server)
    paths = [section[b":path"] for section in sections if b":path" in section]
    named = any(not (is_neutral(path) or path.partition(b"?")[0] in NEUTRAL) for path in paths)
    sure = (
        0.98 if preface else 0.9 if asks.settings or answers.settings else 0.75 if sections else 0.6
    )
    if grpc:
        return Identity("gRPC", "", None, sure, "gRPC over HTTP/2", named, declared, from_server)
    return Identity("HTTP/2", "", None, sure, _RFC, named, 0, from_server)


def _is_grpc(section: dict[bytes, bytes]) -> bool:
    kind = section.get(b"content-type", b"")
    return kind.startswith(b"application/grpc") or b"grpc-status" in section


def _of_section(section: dict[bytes, bytes], grpc: bool) -> list[Claim]:
    path = section.get(b":path", b"")
    found: list[Claim] = []
    if path and grpc:
        claim = method_claim(path)
        found += [claim] if claim else []
    elif path:
        target, _, query = path.partition(b"?")
        found += target_claims(section.get(b":method", b"GET"), target)
        found += query_claims(query) if query else []
    names = NAMES if grpc else HTTP_NAMES
    for name, value in section.items():
        claim = field_claim(name, value.lower()) if name in names else None
        if claim is not None and not (grpc and name == b"user-agent"):
            found.append(claim)
    return found


def _of_bodies(half: _Half) -> list[Claim]:
    answers = any(b":status" in section for section in half.sections)
    claims = [body_claim(body, answers) for body in half.bodies]
    return [claim for claim in claims if claim is not None]
