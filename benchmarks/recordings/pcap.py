"""The classic pcap format: frames with nanosecond times, written and read.

Owns the file format (draft-ietf-opsawg-pcap). Knows nothing of what is in a frame.
"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

ETHERNET = 1
_MICROSECONDS = 0xA1B2C3D4
_SNAP_LENGTH = 262_144
_HEADER = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")


class Frame(NamedTuple):
    """One frame in full, and when it was seen."""

    time_ns: int
    data: bytes


def begin(file: BinaryIO) -> None:
    """Writes the head of a capture of Ethernet frames."""
    file.write(_HEADER.pack(_MICROSECONDS, 2, 4, 0, 0, _SNAP_LENGTH, ETHERNET))


def append(file: BinaryIO, frame: Frame) -> None:
    """Writes one frame behind the others."""
    seconds, rest = divmod(frame.time_ns, 1_000_000_000)
    size = len(frame.data)
    file.write(_RECORD.pack(seconds, rest // 1000, size, size) + frame.data)


def write(path: Path, frames: Iterable[Frame]) -> None:
    """Writes a whole capture."""
    with path.open("wb") as file:
        begin(file)
        for frame in frames:
            append(file, frame)


def read(path: Path) -> Iterator[Frame]:
    """The frames of a capture that `write` or `append` made; a half-written last one is left out.

    Raises:
        ValueError: It is not such a file.
    """
    data = path.read_bytes()
    if len(data) < _HEADER.size or _HEADER.unpack_from(data)[0] != _MICROSECONDS:
        raise ValueError(f"{path} is not a capture made by this recorder")
    at = _HEADER.size
    while at + _RECORD.size <= len(data):
        seconds, microseconds, held, _ = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + held > len(data):
            return
        yield Frame(seconds * 1_000_000_000 + microseconds * 1000, data[at : at + held])
        at += held
