"""The Open Inference Protocol (KServe v2, REST) as bytes: pure encoding and decoding.

Owns the form of requests and answers with one FP32 tensor each, both ways the protocol knows: JSON
numbers, and raw little-endian bytes after a JSON head (the binary tensor data extension, whose head
length travels in `Inference-Header-Content-Length`). It must not open sockets or compute answers.

Source: KServe "Open Inference Protocol (V2)", and Triton's "Binary Tensor Data Extension".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

HEADER_LENGTH = "Inference-Header-Content-Length"
JSON_TYPE = "application/json"
BINARY_TYPE = "application/octet-stream"
Tensor: TypeAlias = NDArray[np.float32]


class ProtocolError(ValueError):
    """A request or answer that is not Open Inference Protocol; the message goes to the client."""


@dataclass(frozen=True, slots=True)
class Message:
    """A body; `head_bytes` is the length of its JSON head, None when it is JSON as a whole."""

    body: bytes
    head_bytes: int | None = None

    @property
    def content_type(self) -> str:
        """The media type that goes with the body."""
        return JSON_TYPE if self.head_bytes is None else BINARY_TYPE


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A decoded request: its input tensor, and whether the answer is wanted as raw bytes."""

    tensor: Tensor
    binary_answer: bool


def encode_request(tensor: Tensor, *, binary: bool = True) -> Message:
    """The body of `POST /v2/models/MODEL/infer` for one input tensor."""
    entry, raw = _encode_tensor("input", tensor, binary=binary)
    head = {
        "inputs": [entry],
        "outputs": [{"name": "output", "parameters": {"binary_data": binary}}],
    }
    return _join(head, raw)


def encode_answer(model: str, tensor: Tensor, *, binary: bool) -> Message:
    """The body that answers a request."""
    entry, raw = _encode_tensor("output", tensor, binary=binary)
    return _join({"model_name": model, "model_version": "1", "outputs": [entry]}, raw)


def decode_request(body: bytes, head_bytes: int | None) -> InferRequest:
    """Read a request with exactly one FP32 input.

    Raises:
        ProtocolError: anything else.
    """
    head, raw = _split(body, head_bytes)
    tensor = _decode_tensor(_only(head, "inputs"), raw)
    wanted = head.get("outputs") or [{}]
    try:
        binary = bool(wanted[0].get("parameters", {}).get("binary_data", False))
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise ProtocolError("outputs must be a list of objects") from error
    return InferRequest(tensor, binary)


def decode_answer(body: bytes, head_bytes: int | None) -> Tensor:
    """Read the one FP32 output of an answer.

    Raises:
        ProtocolError: anything else.
    """
    head, raw = _split(body, head_bytes)
    return _decode_tensor(_only(head, "outputs"), raw)


def _encode_tensor(name: str, tensor: Tensor, *, binary: bool) -> tuple[dict[str, Any], bytes]:
    entry: dict[str, Any] = {"name": name, "shape": list(tensor.shape), "datatype": "FP32"}
    if not binary:
        return entry | {"data": tensor.ravel().tolist()}, b""
    raw = tensor.astype("<f4").tobytes()
    return entry | {"parameters": {"binary_data_size": len(raw)}}, raw


def _join(head: dict[str, Any], raw: bytes) -> Message:
    encoded = json.dumps(head, separators=(",", ":")).encode()
    return Message(encoded + raw, len(encoded)) if raw else Message(encoded)


def _split(body: bytes, head_bytes: int | None) -> tuple[dict[str, Any], bytes]:
    length = len(body) if head_bytes is None else head_bytes
    if not 0 < length <= len(body):
        raise ProtocolError(f"{HEADER_LENGTH} is {length}, the body has {len(body)} bytes")
    try:
        head = json.loads(body[:length])
    except ValueError as error:
        raise ProtocolError("the head is not JSON") from error
    if not isinstance(head, dict):
        raise ProtocolError("the head is not a JSON object")
    return head, body[length:]


def _only(head: dict[str, Any], field: str) -> dict[str, Any]:
    entries = head.get(field)
    if not isinstance(entries, list) or len(entries) != 1 or not isinstance(entries[0], dict):
        raise ProtocolError(f"{field} must be a list of exactly one tensor")
    return entries[0]


def _decode_tensor(entry: dict[str, Any], raw: bytes) -> Tensor:
    if entry.get("datatype") != "FP32":
        raise ProtocolError(f"datatype must be FP32, not {entry.get('datatype')!r}")
    try:
        if "data" in entry:
            flat = np.asarray(entry["data"], dtype=np.float32)
        else:
            size = int(entry["parameters"]["binary_data_size"])
            if size != len(raw):
                raise ProtocolError(f"binary_data_size is {size}, {len(raw)} bytes follow the head")
            flat = np.frombuffer(raw, dtype="<f4").astype(np.float32, copy=False)
        return flat.reshape(entry["shape"])
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ProtocolError):
            raise
        raise ProtocolError(f"shape and data of the tensor do not agree: {error}") from error
