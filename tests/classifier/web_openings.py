"""Openings of web protocols, built field by field for the tests."""

from collections.abc import Iterable

from hpack import Encoder

from classifier.http2 import PREFACE

DATA, HEADERS, SETTINGS, PING, CONTINUATION = 0, 1, 4, 6, 9
END_HEADERS, PADDED, PRIORITY = 0x4, 0x8, 0x20


def request(method: str, target: str, body: bytes = b"", **fields: str) -> bytes:
    """An HTTP/1.1 request; underscores in names of fields stand for hyphens."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 10.0.0.1:8000"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answer(status: int, body: bytes = b"", **fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Reason"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    if body and "Transfer_Encoding" not in fields:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    header = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return header + payload


def settings(*pairs: tuple[int, int]) -> bytes:
    body = b"".join(name.to_bytes(2, "big") + value.to_bytes(4, "big") for name, value in pairs)
    return frame(SETTINGS, 0, 0, body)


def grpc_call(
    path: str,
    huffman: bool = True,
    encoder: Encoder | None = None,
    stream: int = 1,
    extra: Iterable[tuple[str, str]] = (),
) -> bytes:
    fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "a:1"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        *extra,
    ]
    block = (encoder or Encoder()).encode(fields, huffman=huffman)
    return frame(HEADERS, END_HEADERS, stream, block)


def grpc_opening(path: str, huffman: bool = True) -> bytes:
    return PREFACE + settings((2, 0), (4, 65535)) + grpc_call(path, huffman)


def extension(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def client_hello(name: str = "", alpn: Iterable[bytes] = (), cookie: bool = False) -> bytes:
    """The handshake message, without a record around it."""
    extensions = extension(0x2A2A, b"\0")  # RFC 8701: what must be ignored
    if name:
        host = name.encode()
        entry = b"\0" + len(host).to_bytes(2, "big") + host
        extensions += extension(0, len(entry).to_bytes(2, "big") + entry)
    offered = b"".join(bytes([len(item)]) + item for item in alpn)
    if offered:
        extensions += extension(16, len(offered).to_bytes(2, "big") + offered)
    extensions += extension(43, b"\x02\x03\x04")
    body = b"\x03\x03" + bytes(range(32)) + b"\x20" + bytes(32)
    body += (b"\0" if cookie else b"") + b"\0\x04\x13\x01\x13\x02" + b"\x01\0"
    body += len(extensions).to_bytes(2, "big") + extensions
    return b"\x01" + len(body).to_bytes(3, "big") + body


def records(handshake: bytes, piece: int = 16384, kind: int = 22) -> bytes:
    parts = [handshake[at : at + piece] for at in range(0, len(handshake), piece)]
    return b"".join(bytes([kind, 3, 1]) + len(p).to_bytes(2, "big") + p for p in parts)
