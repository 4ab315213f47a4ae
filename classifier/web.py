"""HTTP, gRPC, TLS and QUIC: the openings that carry the name of a service in them.

Owns the choice of the reader by the first bytes; must not read further than that itself.
"""

from classifier import http1, http2, quic, tls
from classifier.model import TCP, UDP, Identity

_TLS_TYPES = frozenset((20, 21, 22, 23))
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_TEXT, _TLS, _HTTP2 = 1, 2, 3


def identify(transport: int, sport: int, client: bytes, server: bytes) -> Identity | None:
    """What the openings say; None if they are of none of these protocols.

    Args:
        transport: IANA protocol number.
        sport: The server's port. No evidence: services sit on any port.
        client, server: The first bytes of each direction; either may be empty, and both may be
            swapped where the flow was joined midway.
    """
    if transport != TCP:
        return _datagram(client) or _datagram(server) if transport == UDP else None
    kind = _kind(client) or _kind(server)
    if not kind:
        return None
    if kind == _TEXT:
        return http1.identify(transport, client, server)
    if kind == _TLS:
        return tls.identify(client, server)
    return http2.identify(client, server)


def _kind(first: bytes) -> int:
    if not first:
        return 0
    byte = first[0]
    if byte in _TLS_TYPES:
        return _TLS if tls.looks_like(first) else 0
    if byte in _LETTERS:
        if first.startswith(b"PRI"):
            return _HTTP2 if http2.looks_like(first) else 0
        return _TEXT if http1.begins(first) else 0
    return _HTTP2 if http2.looks_like(first) else 0


def _datagram(first: bytes) -> Identity | None:
    if quic.looks_like(first):
        return quic.identify(first)
    if http1.looks_like(first):
        return http1.identify(UDP, first, b"")
    return tls.identify_datagram(first)
