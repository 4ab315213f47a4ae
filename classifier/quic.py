"""QUIC from a flow's first datagram: the versions of the IETF, and the client hello inside.

Owns the long header (RFC 8999, RFC 9000), and the opening of Initial packets of version 1 and 2
(RFC 9001, section 5; RFC 9369), whose keys follow from what the packet shows. For that it needs the
package `cryptography`; without it the flow is QUIC and its name stays unknown. The tag at the end
isn't checked, because the datagram is cut: what is read must be plausible instead.
"""

import hmac
from typing import NamedTuple

from classifier.model import Identity
from classifier.tls import CLIENT_HELLO, client_hello, named

try:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
except ImportError:  # the extra `quic` isn't installed
    _CAN_OPEN = False
else:
    _CAN_OPEN = True

_RFC = "RFC 9000"
_LONG, _FIXED_BIT = 0x80, 0x40
_MOST_ID_BYTES = 20
_SHORTEST_CHOSEN, _SHORTEST_ID = 8, 4  # RFC 9000, 7.2: of the client's first; of known servers'
_TAG_BYTES = 16
_RETRY = 3
_FIRST = b"\0\0\0\x01"
_SHORTEST_INITIAL = 1200  # RFC 9000, 14.1: of the datagram that a client begins with
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO = 0, 1, 2, 3, 6
_MOST_FRAMES = 64


class _Version(NamedTuple):
    initial_type: int
    salt: bytes
    label: bytes


_VERSIONS = {
    b"\x00\x00\x00\x01": _Version(
        0, bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), b"quic "
    ),
    b"\x6b\x33\x43\xcf": _Version(
        1, bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), b"quicv2 "
    ),
}
_FAMILIES = (b"Q04", b"Q05", b"T05", b"\xfa\xce\xb0")  # Google's, Facebook's
_DRAFT = b"\xff\x00\x00"
_DRAFTS = range(22, 35)  # with connection IDs as RFC 8999 has them
_NEGOTIATION = b"\0\0\0\0"


def looks_like(first: bytes) -> bool:
    """Whether a datagram begins with a plausible long header."""
    if len(first) < 7 or first[0] & _LONG == 0:
        return False
    version = first[1:5]
    if version == _NEGOTIATION:
        return _negotiates(first)
    if first[0] & _FIXED_BIT == 0:
        return False
    if version in _VERSIONS or (version.startswith(_DRAFT) and version[3] in _DRAFTS):
        place = _after_ids(first)
        return place > 0 and _is_packet(first, place)
    return version.startswith(_FAMILIES)


def _after_ids(first: bytes) -> int:
    """The place after both connection IDs; 0 where they can't be any."""
    size = first[5]
    place = 6 + size
    if size > _MOST_ID_BYTES or place >= len(first) or first[place] > _MOST_ID_BYTES:
        return 0
    other = first[place]
    # one side may use none; they are random (RFC 9000, 5.1)
    ids = first[6 : 6 + size] + first[place + 1 : place + 1 + other]
    return place + 1 + other if len(ids) >= _SHORTEST_ID and 4 * ids.count(0) <= len(ids) else 0


def _negotiates(first: bytes) -> bool:
    """Whether a server lists versions (RFC 8999, 6) for a client's ID of 8 bytes or more."""
    place = _after_ids(first)
    if not place or first[6 + first[5]] < _SHORTEST_CHOSEN or (len(first) - place) % 4:
        return False
    versions = [first[at : at + 4] for at in range(place, len(first), 4)]
    return any(version in _VERSIONS or version.startswith(_DRAFT) for version in versions)


def _is_packet(first: bytes, place: int) -> bool:
    """Whether the length that a packet gives fits the datagram, or another packet follows."""
    version = _VERSIONS.get(first[1:5], _VERSIONS[_FIRST])
    kind = (first[0] >> 4 & 3) - version.initial_type & 3
    if kind == _RETRY:
        return len(first) >= place + _TAG_BYTES
    try:
        if kind == 0:
            token, place = _integer(first, place)
            place += token
        length, place = _integer(first, place)
    except IndexError:
        return len(first) >= _SHORTEST_INITIAL  # a long token
    end = place + length
    if length < _TAG_BYTES + 4 or (end > len(first) and len(first) < _SHORTEST_INITIAL):
        return False
    return end >= len(first) or first[end] & _FIXED_BIT > 0 or not any(first[end:])


def identify(first: bytes) -> Identity | None:
    """What QUIC a datagram begins; None if it isn't."""
    if not looks_like(first):
        return None
    version = _VERSIONS.get(first[1:5])
    initial = version is not None and first[0] >> 4 & 3 == version.initial_type
    if version is None or not initial or len(first) < _SHORTEST_INITIAL:
        known = version is not None or first[1:5] == _NEGOTIATION
        return Identity("QUIC", "", None, 0.9 if known else 0.8, _RFC)
    hello = _crypto(first, version) if _CAN_OPEN else b""
    if hello[:1] == bytes([CLIENT_HELLO]) and len(hello) > 4:
        return named(client_hello(hello[4:]), "QUIC", "RFC 9001")
    return Identity("QUIC", "", None, 0.97, _RFC)


def _crypto(packet: bytes, version: _Version) -> bytes:
    """The TLS handshake bytes of a client's Initial packet; b"" where it can't be opened."""
    try:
        start, end = _number_span(packet)
        size = packet[5]
        key, vector, mask_key = _keys(packet[6 : 6 + size], version)
        mask = _encrypt(mask_key, ECB(), packet[start + 4 : start + 20])
        length = ((packet[0] ^ mask[0]) & 3) + 1
        number = bytes(
            a ^ b for a, b in zip(packet[start : start + length], mask[1:], strict=False)
        )
        nonce = int.from_bytes(vector, "big") ^ int.from_bytes(number, "big")
        # GCM encrypts as CTR does, from the counter 2 on (NIST SP 800-38D, 7.1)
        counter = nonce.to_bytes(12, "big") + b"\0\0\0\2"
        return _assembled(_encrypt(key, CTR(counter), packet[start + length : end]))
    except (IndexError, ValueError):  # cut, or it only looked like one
        return b""


def _number_span(packet: bytes) -> tuple[int, int]:
    """Where the packet number begins and where the packet ends (RFC 9000, 17.2.2)."""
    place = 6 + packet[5]
    place += 1 + packet[place]
    token, place = _integer(packet, place)
    length, place = _integer(packet, place + token)
    return place, place + length


def _keys(destination: bytes, version: _Version) -> tuple[bytes, bytes, bytes]:
    """Key, initialisation vector and header protection key of the client (RFC 9001, 5.2)."""
    secret = hmac.digest(version.salt, destination, "sha256")
    client = _expand(secret, b"client in", 32)
    label = version.label
    return (
        _expand(client, label + b"key", 16),
        _expand(client, label + b"iv", 12),
        _expand(client, label + b"hp", 16),
    )


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label of at most one block (RFC 8446, 7.1; RFC 5869)."""
    full = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(full)]) + full + b"\0\1"
    return hmac.digest(secret, info, "sha256")[:length]


def _encrypt(key: bytes, mode: "CTR | ECB", data: bytes) -> bytes:
    """AES; in counter mode, which is its own inverse, and to make the header's mask."""
    return Cipher(AES(key), mode).encryptor().update(data)


def _assembled(plain: bytes) -> bytes:
    """What CRYPTO frames carry, from the handshake's beginning to the first gap."""
    parts: dict[int, bytes] = {}
    place = 0
    for _ in range(_MOST_FRAMES):
        while plain[place : place + 1] == b"\0":
            place += 1
        if place >= len(plain):
            break
        kind = plain[place]
        if kind == _PING:
            place += 1
        elif kind == _CRYPTO:
            offset, place = _integer(plain, place + 1)
            length, place = _integer(plain, place)
            parts[offset] = plain[place : place + length]
            place += length
        elif kind in (_ACK, _ACK_ECN):
            place = _after_ack(plain, place)
        else:
            break
    return _joined(parts)


def _joined(parts: dict[int, bytes]) -> bytes:
    data = b""
    for offset in sorted(parts):
        if offset > len(data):
            break
        data = data[:offset] + parts[offset]
    return data


def _after_ack(plain: bytes, place: int) -> int:
    ecn = plain[place] == _ACK_ECN
    _, place = _integer(plain, place + 1)
    _, place = _integer(plain, place)
    ranges, place = _integer(plain, place)
    for _ in range(min(ranges, _MOST_FRAMES) * 2 + 1 + (3 if ecn else 0)):
        _, place = _integer(plain, place)
    return place


def _integer(data: bytes, place: int) -> tuple[int, int]:
    """A variable-length integer and the place after it (RFC 9000, 16)."""
    size = 1 << (data[place] >> 6)
    if place + size > len(data):
        raise IndexError
    value = int.from_bytes(data[place : place + size], "big")
    return value & ((1 << (8 * size - 2)) - 1), place + size
