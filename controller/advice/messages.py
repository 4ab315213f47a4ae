"""The words between the controller and its advisor: a small header in JSON, then raw arrays.

Owns the framing and its bounds; both sides read with it and believe nothing. Never pickle: a
message holds numbers, whatever its sender wants.

    "HWA1" | 4 bytes header length | 4 bytes body length | header | arrays, one after another
"""

import json
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from controller.advice.errors import MessageError

Array = NDArray[Any]

MAX_HEADER = 4 << 20
MAX_BODY = 64 << 20
_MAGIC = b"HWA1"
_LEAD = struct.Struct("!4sII")
_KINDS: dict[str, np.dtype[Any]] = {
    "f8": np.dtype("<f8"),
    "i4": np.dtype("<i4"),
    "b1": np.dtype("?"),
}
_MAX_ARRAYS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One message: what it is, small values, and arrays by name."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """A whole number of the header.

        Raises:
            MessageError: There is none of that name.
        """
        value = self.values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise MessageError(f"{self.kind} message: {name} must be a whole number")
        return value

    def seconds(self, name: str) -> float:
        """A time of the header; 0 if there is none, or none worth believing."""
        value = self.values.get(name)
        return float(value) if isinstance(value, int | float) and 0 <= value < 1e9 else 0.0

    def text(self, name: str, most: int = 200) -> str:
        """A printable text of the header, cut to length; "" if there is none."""
        return plain(self.values.get(name), most)

    def array(self, name: str, kind: str, dimensions: int) -> Array:
        """An array of that kind ("f8", "i4", "b1") and that many dimensions.

        Raises:
            MessageError: There is none such.
        """
        array = self.arrays.get(name)
        if array is None or array.dtype != _KINDS[kind] or array.ndim != dimensions:
            raise MessageError(f"{self.kind} message: {name} must be {kind} of {dimensions} axes")
        return array


def plain(value: object, most: int = 200) -> str:
    """A text of somebody else's, fit for a log line."""
    text = value if isinstance(value, str) else ""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:most])


def encode(message: Message) -> bytes:
    """A message as bytes.

    Raises:
        MessageError: It is larger than the other side would take.
    """
    arrays = {name: _sendable(array) for name, array in message.arrays.items()}
    shapes = [[name, kind, list(array.shape)] for name, (kind, array) in arrays.items()]
    header = json.dumps({"kind": message.kind, "arrays": shapes, "values": dict(message.values)})
    head = header.encode()
    body = b"".join(array.tobytes() for _, array in arrays.values())
    if len(head) > MAX_HEADER or len(body) > MAX_BODY:
        raise MessageError(f"{message.kind} message of {len(head) + len(body)} bytes is too large")
    return _LEAD.pack(_MAGIC, len(head), len(body)) + head + body


def _sendable(array: Array) -> tuple[str, Array]:
    name = {"f": "f8", "i": "i4", "b": "b1"}[array.dtype.kind]
    return name, np.ascontiguousarray(array, _KINDS[name])


def read(receive: Callable[[int], bytes]) -> Message | None:
    """The next message; None at the end of the stream.

    Args:
        receive: Returns 1 to n of the next bytes, b"" at the end, as `socket.recv`.

    Raises:
        MessageError: What comes is no message, or too large.
    """
    lead = _exactly(receive, _LEAD.size)
    if not lead:
        return None
    magic, head_size, body_size = _LEAD.unpack(lead)
    if magic != _MAGIC or head_size > MAX_HEADER or body_size > MAX_BODY:
        raise MessageError("not a message, or larger than allowed")
    head, body = _exactly(receive, head_size), _exactly(receive, body_size)
    if len(head) < head_size or len(body) < body_size:
        raise MessageError("the stream ended inside a message")
    return _decode(head, body)


def _exactly(receive: Callable[[int], bytes], size: int) -> bytes:
    parts, left = [], size
    while left and (part := receive(min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    if parts and left and size == _LEAD.size:
        raise MessageError("the stream ended inside a message")
    return b"".join(parts)


def _decode(head: bytes, body: bytes) -> Message:
    try:
        header = json.loads(head, parse_constant=_refuse)
        kind, shapes, values = header["kind"], header["arrays"], header["values"]
        if not (isinstance(kind, str) and isinstance(values, dict) and len(shapes) <= _MAX_ARRAYS):
            raise MessageError("a header without kind, arrays and values")
        return Message(plain(kind, 40), values, _arrays(shapes, body))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MessageError(f"a header that can't be read: {error}") from error


def _arrays(shapes: list[Any], body: bytes) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    offset = 0
    for name, kind, shape in shapes:
        if not all(isinstance(n, int) and 0 <= n <= MAX_BODY for n in shape) or len(shape) > 3:
            raise MessageError("an array of an impossible shape")
        dtype, count = _KINDS[kind], math.prod(shape)
        if offset + count * dtype.itemsize > len(body):
            raise MessageError("an array that is longer than its message")
        arrays[str(name)] = np.frombuffer(body, dtype, count, offset).reshape(shape)
        offset += count * dtype.itemsize
    if offset != len(body):
        raise MessageError("bytes that belong to no array")
    return arrays


def _refuse(constant: str) -> NoReturn:
    raise MessageError(f"{constant} in a header")
