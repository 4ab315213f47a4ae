"""Frames from capture files: pcap and pcapng, either of them gzipped.

Owns the formats (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng). Reads a file front to back,
holds one block at a time, and trusts no length in it: what was read before a damage is yielded, and
then `CaptureError` tells its place. Knows nothing of what frames carry.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO, Final, NamedTuple, cast

from classifier.errors import CaptureError

STDIN: Final = "-"
_MOST_FRAME_BYTES = 1 << 20  # libpcap's own bound is 256 KiB, of super-sized offloaded frames 512
_MOST_BLOCK_BYTES = 16 << 20  # as Wireshark has it
_CHUNK_BYTES = 1 << 18


class Frame(NamedTuple):
    """One captured frame.

    Attributes:
        time: Seconds since the epoch; 0.0 where the file doesn't tell.
        link_type: Of https://www.tcpdump.org/linktypes.html.
        data: What was kept of it.
        length: In bytes on the wire.
    """

    time: float
    link_type: int
    data: bytes
    length: int


def read_capture(file: str | Path) -> Iterator[Frame]:
    """Every frame of a capture, in its order; "-" is standard input.

    Raises:
        CaptureError: It isn't there, is no capture, or is damaged; after all that could be read.
    """
    name = str(file)
    if name == STDIN:
        if sys.stdin is None:
            raise CaptureError("stdin", 0, "is closed")
        yield from _read(_Source(sys.stdin.buffer, "stdin"))
        return
    with _opened(name) as stream:
        yield from _read(_Source(stream, name))


def _opened(name: str) -> BinaryIO:
    try:
        return Path(name).open("rb")
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise CaptureError(name, 0, getattr(error, "strerror", "") or str(error)) from error


class _Source:
    """A file read in large pieces; says where it is, and refuses to end in the middle."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.name = name
        self.consumed = 0
        self._stream: BinaryIO | gzip.GzipFile = stream
        self._buffer = b""
        self._at = 0
        if self.peek(2) == b"\x1f\x8b":
            self._stream = gzip.GzipFile(fileobj=cast(BinaryIO, _Rest(self._buffer, stream)))
            self._buffer = b""

    def peek(self, count: int) -> bytes:
        """The next bytes, fewer only at the end; they stay."""
        while len(self._buffer) - self._at < count:
            more = self._more(max(_CHUNK_BYTES, count))
            if not more:
                break
            self._buffer = self._buffer[self._at :] + more
            self._at = 0
        return self._buffer[self._at : self._at + count]

    def take(self, count: int, what: str) -> bytes:
        """The next `count` bytes of `what`.

        Raises:
            CaptureError: The file ends before.
        """
        at = self._at
        end = at + count
        if end > len(self._buffer):
            held = len(self.peek(count))
            if held < count:
                raise self.error(f"the file ends {count - held} bytes before {what} does")
            at, end = self._at, self._at + count
        self._at = end
        self.consumed += count
        return self._buffer[at:end]

    def skip(self, count: int, what: str) -> None:
        """Pass over `count` bytes without holding them."""
        while count:
            piece = min(count, _CHUNK_BYTES)
            held = len(self.peek(piece))
            if held < piece:
                raise self.error(f"the file ends {count - held} bytes before {what} does")
            count -= len(self.take(piece, what))

    def error(self, what: str, back: int = 0) -> CaptureError:
        """The error for what begins `back` bytes before here."""
        return CaptureError(self.name, self.consumed - back, what)

    def _more(self, count: int) -> bytes:
        try:
            return self._stream.read(count)
        except (zlib.error, EOFError, gzip.BadGzipFile) as error:
            raise self.error(f"damaged gzip data ({error})") from error
        except OSError as error:
            raise self.error(error.strerror or str(error)) from error


class _Rest:
    """A stream again whose first bytes were already read, for gzip."""

    def __init__(self, first: bytes, stream: BinaryIO) -> None:
        self._first, self._stream = first, stream

    def read(self, count: int = -1) -> bytes:
        if not self._first:
            return self._stream.read(count)
        count = len(self._first) if count < 0 else count
        taken, self._first = self._first[:count], self._first[count:]
        return taken


def _read(source: _Source) -> Iterator[Frame]:
    magic = source.peek(4)
    if magic in _PCAP_MAGICS:
        yield from _read_pcap(source, *_PCAP_MAGICS[magic])
    elif magic == _SECTION_MAGIC:
        yield from _read_pcapng(source)
    elif not magic:
        raise source.error("an empty file")
    else:
        raise source.error("neither pcap nor pcapng")


# Magic number: byte order, ticks a second, bytes that a patched libpcap adds to each record.
_PCAP_MAGICS: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 10**6, 0),
    b"\xa1\xb2\xc3\xd4": (">", 10**6, 0),
    b"\x4d\x3c\xb2\xa1": ("<", 10**9, 0),
    b"\xa1\xb2\x3c\x4d": (">", 10**9, 0),
    b"\x34\xcd\xb2\xa1": ("<", 10**6, 8),
    b"\xa1\xb2\xcd\x34": (">", 10**6, 8),
}


def _read_pcap(source: _Source, order: str, ticks: int, extra: int) -> Iterator[Frame]:
    header = source.take(24, "its header")
    link_type = Struct(order + "20xI").unpack(header)[0] & 0xFFFF  # above: length of the FCS
    record = Struct(f"{order}IIII{extra}x")
    size, unpack, take = record.size, record.unpack, source.take
    make = tuple.__new__
    while source.peek(1):
        seconds, fraction, kept, length = unpack(take(size, "a record's header"))
        if kept > _MOST_FRAME_BYTES:
            raise source.error(f"a frame of {kept} bytes; no capture has such", size)
        yield make(Frame, (seconds + fraction / ticks, link_type, take(kept, "a frame"),
                           length if length > kept else kept))  # fmt: skip


_SECTION_MAGIC = b"\x0a\x0d\x0d\x0a"
_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 0x0A0D0D0A, 1, 2, 3, 6
_TICKS_OPTION, _OFFSET_OPTION = 9, 14
_MOST_INTERFACES = 65536
_LATEST_S = 2.0**34  # the year 2514; the format could say the age of the universe


class _Interface(NamedTuple):
    link_type: int
    snap: int
    ticks: int
    offset_s: int


class _Section:
    """One section of a pcapng file: its byte order and interfaces."""

    def __init__(self, order: str) -> None:
        self.block = Struct(order + "II")
        self.word = Struct(order + "I")
        self.packet = Struct(order + "IIIII")
        self.old_packet = Struct(order + "HHIIII")
        self.interface = Struct(order + "HHI")
        self.option = Struct(order + "HH")
        self.signed = Struct(order + "q")
        self.interfaces: list[_Interface] = []


def _read_pcapng(source: _Source) -> Iterator[Frame]:
    section = _Section("<")
    while head := source.peek(12):
        if head[:4] == _SECTION_MAGIC:
            section = _Section(_order(source, head))
        if len(head) < 12:
            raise source.error("the file ends in the middle of a block")
        kind, size = section.block.unpack_from(head)
        if size < 12 or size % 4:
            raise source.error(f"a block of {size} bytes; it must be 12 or more, in fours")
        if kind not in _BLOCKS:
            source.skip(size, "a block")
            continue
        if size > _MOST_BLOCK_BYTES:
            raise source.error(f"a block of {size} bytes; no capture has such")
        block = source.take(size, "a block")
        if section.word.unpack_from(block, size - 4)[0] != size:
            raise source.error("a block's two lengths differ", size)
        frame = _BLOCKS[kind](source, section, block)
        if frame:
            yield frame


def _order(source: _Source, head: bytes) -> str:
    order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(head[8:12])
    if order is None:
        raise source.error("a section without the byte-order magic")
    return order


def _on_section(source: _Source, section: _Section, block: bytes) -> None:
    if len(block) < 28:
        raise source.error(f"a section header of {len(block)} bytes", len(block))


def _on_interface(source: _Source, section: _Section, block: bytes) -> None:
    if len(block) < 20:
        raise source.error(f"an interface of {len(block)} bytes", len(block))
    if len(section.interfaces) >= _MOST_INTERFACES:
        raise source.error("more interfaces than any machine has", len(block))
    link_type, _, snap = section.interface.unpack_from(block, 8)
    ticks, offset_s, at = 10**6, 0, 16
    while at + 4 <= len(block) - 4:
        code, size = section.option.unpack_from(block, at)
        value = block[at + 4 : at + 4 + size]
        if code == 0:
            break
        if at + 4 + size > len(block) - 4:
            raise source.error("an option longer than its block", len(block) - at)
        if code == _TICKS_OPTION and size == 1:
            ticks = 1 << (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == _OFFSET_OPTION and size == 8:
            offset_s = section.signed.unpack(value)[0]
        at += 4 + size + -size % 4
    section.interfaces.append(_Interface(link_type, snap, ticks, offset_s))


def _on_packet(source: _Source, section: _Section, block: bytes) -> Frame:
    if len(block) < 32:
        raise source.error(f"a packet block of {len(block)} bytes", len(block))
    number, high, low, kept, length = section.packet.unpack_from(block, 8)
    return _frame(source, section, block, number, high << 32 | low, kept, length)


def _on_old_packet(source: _Source, section: _Section, block: bytes) -> Frame:
    if len(block) < 32:
        raise source.error(f"a packet block of {len(block)} bytes", len(block))
    number, _, high, low, kept, length = section.old_packet.unpack_from(block, 8)
    return _frame(source, section, block, number, high << 32 | low, kept, length)


def _on_simple_packet(source: _Source, section: _Section, block: bytes) -> Frame:
    if len(block) < 16:
        raise source.error(f"a packet block of {len(block)} bytes", len(block))
    if not section.interfaces:
        raise source.error("a packet of an interface that the section doesn't have", len(block))
    (length,) = section.word.unpack_from(block, 8)
    link_type, snap, _, _ = section.interfaces[0]
    kept = min(length, snap or length, len(block) - 16)
    return Frame(0.0, link_type, block[12 : 12 + kept], max(length, kept))


def _frame(source: _Source, section: _Section, block: bytes, number: int, ticks: int, kept: int,
           length: int) -> Frame:  # fmt: skip
    if number >= len(section.interfaces):
        raise source.error("a packet of an interface that the section doesn't have", len(block))
    if kept > min(len(block) - 32, _MOST_FRAME_BYTES):
        raise source.error(f"a frame of {kept} bytes in a block of {len(block)}", len(block))
    link_type, _, a_second, offset_s = section.interfaces[number]
    time = min(max(ticks / a_second + offset_s, 0.0), _LATEST_S)
    return Frame(time, link_type, block[28 : 28 + kept], max(length, kept))


_BLOCKS: Final = {
    _SECTION: _on_section,
    _INTERFACE: _on_interface,
    _OLD_PACKET: _on_old_packet,
    _SIMPLE_PACKET: _on_simple_packet,
    _PACKET: _on_packet,
}
