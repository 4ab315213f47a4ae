"""TLS and DTLS from the first bytes: the name and the protocols that a client hello asks for.

Owns the reading of records and hellos (RFC 8446, RFC 5246, RFC 9147), cut anywhere. What lies
inside stays unknown: without a name, behaviour decides.
"""

from typing import NamedTuple

from classifier.model import Identity
from classifier.names import alpn_claim, name_claim

_RFC, _DTLS_RFC = "RFC 8446", "RFC 9147"
_CIPHER_CHANGE, _HANDSHAKE = 20, 22
_RECORD_HEADER = 5
_LONGEST_RECORD = 16384 + 2048  # RFC 5246, 6.2.3: what expansion may add
CLIENT_HELLO, _SERVER_HELLO = 1, 2
_SERVER_NAME, _ALPN = 0, 16
_MOST_PROTOCOLS, _MOST_RECORDS = 16, 32
_DTLS_HEADER, _DTLS_HANDSHAKE_HEADER = 13, 12


class Hello(NamedTuple):
    """A client hello: the server's name ("" if it has none or hides it) and the ALPN names."""

    name: str
    protocols: tuple[bytes, ...]
    complete: bool


def looks_like(first: bytes) -> bool:
    """Whether these bytes begin with a plausible TLS record."""
    return (
        len(first) >= 3
        and 20 <= first[0] <= 23
        and first[1] == 3
        and 1 <= first[2] <= 4
        and (len(first) < _RECORD_HEADER or 0 < first[3] << 8 | first[4] <= _LONGEST_RECORD)
    )


def looks_like_datagram(first: bytes) -> bool:
    """Whether a datagram begins with a plausible DTLS record (RFC 6347, 4.1)."""
    return (
        len(first) >= _DTLS_HEADER
        and 20 <= first[0] <= 23
        and first[1] == 0xFE
        and first[2] in (0xFF, 0xFD, 0xFC)
        and 0 < first[11] << 8 | first[12] <= _LONGEST_RECORD
    )


def client_hello(body: bytes, cookie: bool = False) -> Hello:
    """Read a client hello without its handshake header, as far as it goes.

    Args:
        body: From its version on.
        cookie: Whether one follows the session's number, as in DTLS.
    """
    name, place = "", 34
    protocols: tuple[bytes, ...] = ()
    try:
        place += 1 + body[place]
        if cookie:
            place += 1 + body[place]
        place += 2 + (body[place] << 8 | body[place + 1])
        place += 1 + body[place]
        end = place + 2 + (body[place] << 8 | body[place + 1])
        place += 2
        while place < end:
            kind = body[place] << 8 | body[place + 1]
            size = body[place + 2] << 8 | body[place + 3]
            if kind == _SERVER_NAME:
                name = _server_name(body[place + 4 : place + 4 + size])
            elif kind == _ALPN:
                protocols = _protocols(body[place + 4 : place + 4 + size])
            place += 4 + size
    except IndexError:  # cut
        return Hello(name, protocols, False)
    return Hello(name, protocols, len(body) >= end)


def _server_name(value: bytes) -> str:
    if len(value) < 5:
        return ""
    size = value[3] << 8 | value[4]
    return value[5 : 5 + size].decode("ascii", "replace").lower() if len(value) >= 5 + size else ""


def _protocols(value: bytes) -> tuple[bytes, ...]:
    found: list[bytes] = []
    place = 2
    while place < len(value) and len(found) < _MOST_PROTOCOLS:
        found.append(value[place + 1 : place + 1 + value[place]])
        place += 1 + value[place]
    return tuple(found)


def handshake(data: bytes) -> bytes:
    """The handshake bytes of the records that `data` begins with."""
    if len(data) < _RECORD_HEADER:
        return b""
    size = data[3] << 8 | data[4]
    if _RECORD_HEADER + size >= len(data):
        return data[_RECORD_HEADER:]
    parts: list[bytes] = []
    place = 0
    while place + _RECORD_HEADER <= len(data) and data[place] == _HANDSHAKE:
        size = data[place + 3] << 8 | data[place + 4]
        parts.append(data[place + _RECORD_HEADER : place + _RECORD_HEADER + size])
        place += _RECORD_HEADER + size
        if len(parts) == _MOST_RECORDS:
            break
    return b"".join(parts)


def identify(client: bytes, server: bytes) -> Identity | None:
    """What TLS this is; None if it isn't. Both directions may be swapped or missing."""
    if not looks_like(client):
        client, server = server, client
        if not looks_like(client):
            return None
    for data, other in ((client, server), (server, client)):
        body = handshake(data) if data[:1] == b"\x16" and looks_like(data) else b""
        if body[:1] == b"\x01":
            return named(client_hello(body[4:]), "TLS", _RFC, bool(other))
    if client[0] == _HANDSHAKE:  # nothing to see yet, or only the server's hello
        hello = client[5:6] == bytes([_SERVER_HELLO])
        return Identity("TLS", "", None, 0.95 if hello else 0.8, _RFC, hello)
    sure = _chained(client)
    return Identity("TLS", "", None, sure, _RFC) if sure else None


def _chained(data: bytes) -> float:
    """How sure it is that records were joined midway: where one ends, another begins."""
    if data[0] == _CIPHER_CHANGE and len(data) > 4 and data[3:5] != b"\0\1":
        return 0.0
    end = _RECORD_HEADER + (data[3] << 8 | data[4]) if len(data) >= _RECORD_HEADER else 0
    if end and len(data) == end:
        return 0.9
    if end and end + 3 <= len(data):
        return 0.95 if looks_like(data[end:]) else 0.0
    return 0.75


def named(hello: Hello, protocol: str, source: str, answered: bool = False) -> Identity:
    """What a client hello says.

    Args:
        hello: As far as it was read.
        protocol, source: Of what carries it.
        answered: Whether the server has spoken, so that nothing more of it comes.
    """
    claim = name_claim(hello.name) if hello.name else None
    if claim is None:
        claim = alpn_claim(hello.protocols)
    if claim is None:
        return Identity(protocol, "", None, 0.98, source, hello.complete or answered)
    role = f"{claim.protocol}: {claim.role}" if claim.role else claim.protocol
    return Identity(protocol, role, claim.traffic_class, claim.confidence, claim.source)


def identify_datagram(first: bytes) -> Identity | None:
    """What DTLS this is; None if it isn't."""
    if not looks_like_datagram(first):
        return None
    body = first[_DTLS_HEADER:]
    if first[0] == _HANDSHAKE and body[:1] == bytes([CLIENT_HELLO]):
        return named(client_hello(body[_DTLS_HANDSHAKE_HEADER:], cookie=True), "DTLS", _DTLS_RFC)
    return Identity("DTLS", "", None, 0.9, _DTLS_RFC)
