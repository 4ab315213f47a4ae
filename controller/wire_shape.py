"""The vocabulary of the check in `wire`: checks made from sizes and from other checks.

Owns bounds, records, lists and text, and the error they raise. Knows no OpenFlow structure.
"""

import struct
from collections.abc import Callable
from enum import Enum
from typing import NoReturn, TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
Check: TypeAlias = Callable[[Buffer, int, int], None]  # (message, first byte, byte after the last)

# The library copies what is left of these lists at each element, so their cost grows with the
# square of their length. Real ones are a fraction of this.
MAX_COPIED_BYTES = 4096
MAX_TABLE_BYTES = 16384
MAX_HELLO_BYTES = 1024  # read before anything is known about the peer
ANY_LENGTH = 0xFFFF

unpack_header = struct.Struct("!BBHI").unpack_from
u16 = struct.Struct("!H").unpack_from
type_length = struct.Struct("!HH").unpack_from
u32 = struct.Struct("!I").unpack_from


class Reason(Enum):
    """Why a message was refused."""

    TRUNCATED = "ends inside a structure"
    TOO_SHORT = "a length below the minimum of its structure"
    TOO_LONG = "a structure longer than any real one"
    OVERRUN = "a length past the end of what holds it"
    WRONG_SIZE = "not the size its type declares"
    WRONG_VERSION = "an OpenFlow version that is not spoken here"
    WRONG_DIRECTION = "a message only a controller may send"
    UNKNOWN_TYPE = "an unknown message type"
    UNKNOWN_ELEMENT = "an element of a type that cannot be read"
    NOT_ASKED_FOR = "an extension that was never switched on"
    BAD_TEXT = "text that is not UTF-8, or not ASCII where that is required"
    NO_IN_PORT = "a packet-in without the port it came in"


class WireError(ValueError):
    """A message that must not reach the library's parser.

    Attributes:
        reason: what is wrong.
        offset: byte of the message where it was noticed.
    """

    def __init__(self, reason: Reason, offset: int) -> None:
        super().__init__(f"byte {offset}: {reason.value}")
        self.reason = reason
        self.offset = offset


# --- The vocabulary: checks made from sizes and from other checks ------------------------------


def anything(buffer: Buffer, at: int, end: int) -> None:
    """Opaque bytes."""


def unknown(buffer: Buffer, at: int, end: int) -> NoReturn:
    """An element that cannot be read."""
    raise WireError(Reason.UNKNOWN_ELEMENT, at)


def between(fewest: int, most: int) -> Check:
    """Opaque, of a bounded size in bytes."""

    def inside(buffer: Buffer, at: int, end: int) -> None:
        if end - at < fewest:
            raise WireError(Reason.TRUNCATED, at)
        if end - at > most:
            raise WireError(Reason.TOO_LONG, at)

    return inside


def text(skip: int, size: int, encoding: str = "utf-8") -> Check:
    """A text field; the library hands it on undecoded, and its callers decode it."""

    def inside(buffer: Buffer, at: int, end: int) -> None:
        try:
            str(buffer[at + skip : min(at + skip + size, end)], encoding)
        except UnicodeDecodeError as error:
            raise WireError(Reason.BAD_TEXT, at + skip + error.start) from None

    return inside


def after(skip: int, inside: Check) -> Check:
    """A fixed part of `skip` bytes, then `inside`."""

    def whole(buffer: Buffer, at: int, end: int) -> None:
        if end - at < skip:
            raise WireError(Reason.TRUNCATED, at)
        inside(buffer, at + skip, end)

    return whole


def records(size: int, fewest: int = 0, most: int = ANY_LENGTH, each: Check = anything) -> Check:
    """`fewest` to `most` records of one fixed size."""

    def inside(buffer: Buffer, at: int, end: int) -> None:
        count, rest = divmod(end - at, size)
        if rest or not fewest <= count <= most:
            raise WireError(Reason.WRONG_SIZE, at)
        if each is not anything:
            for record in range(at, end, size):
                each(buffer, record, record + size)

    return inside


def exactly(size: int, each: Check = anything) -> Check:
    """One record of a fixed size."""
    return records(size, 1, 1, each)


def entries(fixed: int, inside: Check, length_at: int = 0, most: int = ANY_LENGTH) -> Check:
    """A list of entries, each with a fixed part that holds its whole length, and a rest."""

    def walk(buffer: Buffer, at: int, end: int) -> None:
        while at < end:
            if end - at < fixed:
                raise WireError(Reason.TRUNCATED, at)
            (length,) = u16(buffer, at + length_at)
            if not fixed <= length <= most:
                raise WireError(Reason.TOO_SHORT if length < fixed else Reason.TOO_LONG, at)
            if length > end - at:
                raise WireError(Reason.OVERRUN, at)
            inside(buffer, at + fixed, at + length)
            at += length

    return walk


def elements(
    minimum: int,
    sizes: dict[int, int],
    others: dict[int, Check],
    *,
    default: Check = unknown,
    align: int = 1,
    most: int = ANY_LENGTH,
) -> Check:
    """A list of (type, length, ...) elements: of a fixed size, or checked by type.

    `align` is the padding after an element that its length leaves out.
    """

    def walk(buffer: Buffer, at: int, end: int) -> None:
        while at < end:
            if end - at < minimum:
                raise WireError(Reason.TRUNCATED, at)
            kind, length = type_length(buffer, at)
            after = at + -(-length // align) * align
            if not minimum <= length <= most:
                raise WireError(Reason.TOO_SHORT if length < minimum else Reason.TOO_LONG, at)
            if after > end:
                raise WireError(Reason.OVERRUN, at)
            size = sizes.get(kind)
            if size is None:
                others.get(kind, default)(buffer, at, at + length)
            elif length != size:
                raise WireError(Reason.WRONG_SIZE, at)
            at = after

    return walk
