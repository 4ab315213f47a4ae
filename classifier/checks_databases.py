"""Checks for databases, caches and directories.

Owns what a pattern can't say of PostgreSQL, MySQL, Cassandra, memcached, Oracle and LDAP. Each is
bounded and takes any bytes.
"""

from classifier.evidence import MATCH, Detail
from classifier.octets import U16, U32, ber, is_text


def ldap(data: bytes, other: bytes) -> Detail | None:
    """An LDAPMessage with a request or an answer."""
    at, length = ber(data, 0, 0x30)
    start, size = ber(data, at, 0x02)
    end = start + size
    if start < 0 or not 1 <= size <= 4 or end + 2 > len(data) or length < size + 4:
        return None
    kind = data[end]
    if kind == 0x60:
        inner, _ = ber(data, end, 0x60)
        return MATCH if data[inner : inner + 3] in (b"\2\1\2", b"\2\1\3") else None
    if kind in (0x61, 0x65):
        inner, _ = ber(data, end, kind)
        return MATCH if data[inner : inner + 2] == b"\x0a\x01" else None
    if kind in (0x63, 0x64, 0x77, 0x78):
        inner, _ = ber(data, end, kind)
        return MATCH if data[inner : inner + 1] in (b"\x04", b"\x80", b"\x0a") else None
    return MATCH if kind == 0x42 and data[end + 1] == 0 and length == size + 4 else None


def postgres(data: bytes, other: bytes) -> Detail | None:
    """A start-up message with its parameters, of its exact length or not yet whole."""
    length = U32(data)[0] if len(data) >= 9 else 0
    if not 9 <= length <= 10_000 or b"user\0" not in data[8:]:
        return None
    return MATCH


def postgres_answer(data: bytes, other: bytes) -> Detail | None:
    """An authentication request, or an error with its fields."""
    length = U32(data, 1)[0] if len(data) >= 9 else 0
    if data[0] == 0x52:
        return MATCH if 8 <= length <= 64 and U32(data, 5)[0] <= 12 else None
    return MATCH if 8 <= length <= 4096 and data[5:6] == b"S" and b"\0C" in data[:40] else None


def cassandra(data: bytes, other: bytes) -> Detail | None:
    """A frame of version 3 to 5 whose operation fits its direction."""
    if len(data) < 9:
        return None
    asks = data[0] < 0x80
    operation, length = data[4], U32(data, 5)[0]
    if data[1] & 0xE0 or length > 1 << 28:
        return None
    if asks and operation == 5:
        return MATCH if length == 0 and len(data) == 9 else None
    if asks and operation == 1:
        return MATCH if b"CQL_VERSION" in data[:60] else None
    if not asks and operation == 6:
        return MATCH if b"CQL_VERSION" in data else None
    return (
        MATCH if not asks and operation == 2 and length == 0 and len(data) == 9 and other else None
    )


_MEMCACHED_KEYLESS = frozenset(
    (0x07, 0x08, 0x0A, 0x0B, 0x10, 0x17, 0x18, 0x20)
)  # quit, flush, noop…


def memcached_binary(data: bytes, other: bytes) -> Detail | None:
    """A request with a key as text, or without where it has none; or the answer to one."""
    if data[0] == 0x81:
        asked = len(other) >= 24 and other[0] == 0x80 and memcached_binary(other, b"")
        return MATCH if asked and len(data) >= 24 and data[1] == other[1] else None
    if len(data) < 24 or data[5]:
        return None
    command, key, extras, body = data[1], U16(data, 2)[0], data[4], U32(data, 8)[0]
    if command > 0x4D or extras > 32 or not key + extras <= body < 1 << 24:
        return None
    if not key:
        return MATCH if command in _MEMCACHED_KEYLESS and body == extras and data[12:16] else None
    name = data[24 + extras : 24 + extras + key]
    return MATCH if key <= 250 and is_text(name) else None


def oracle(data: bytes, other: bytes) -> Detail | None:
    """A connect packet of TNS."""
    if len(data) < 34 or U16(data)[0] > 4096 or data[2:4] != b"\0\0" or data[4] != 1:
        return None
    return MATCH if b"(DESCRIPTION" in data or b"(CONNECT_DATA" in data else None


_POSTGRES_KINDS = frozenset(b"QPBEXTDCZRSKEN123nstdcGHpAI")
_POSTGRES_ENDS = frozenset((b"Z\0\0\0\5I", b"Z\0\0\0\5T", b"Z\0\0\0\5E"))


def postgres_messages(data: bytes, other: bytes) -> Detail | None:
    """Messages that follow one another, a query or the sign of readiness among them."""
    at = count = 0
    told = False
    while at + 5 <= len(data) and count < 8:
        length = U32(data, at + 1)[0]
        if data[at] not in _POSTGRES_KINDS or not 4 <= length < 1 << 24:
            return None
        end = at + 1 + length
        asked = data[at] in b"QP" and end <= len(data) and data[end - 1] == 0 and length > 8
        told = told or asked or data[at : at + 6] in _POSTGRES_ENDS
        count, at = count + 1, end
    whole = at == len(data) or count > 1
    return MATCH if told and whole else None
