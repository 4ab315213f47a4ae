"""What a flow's first bytes say: the engine over the table of signatures.

Owns the dispatch from bytes to the few lines of the table that could fit, and the choice among
those that do. Must not know any protocol (`table_*.py`, `checks_*.py` and `web.py` do), keep state,
or raise on any bytes.

Lines are found, never walked: by four bytes at a fixed offset, by two, by one. Of lines found alike
a stronger is asked before a weaker, and a weak one never wins over a strong.
"""

import re
from collections.abc import Iterable

from classifier import web
from classifier.evidence import MATCH, Check, Detail, Entry
from classifier.model import TCP, UDP, Identity
from classifier.table import ENTRIES

OFFSETS = (0, 4, 8, 12)  # where a lead of four bytes or more may stand
_ZEROS = bytes(16)
SURE = 0.9  # from here on, the other side's bytes are not asked

_Line = tuple[tuple[bytes, ...], int, Check | None, Identity, int]
_Lines = tuple[_Line, ...]


def identify(transport: int, sport: int, client: bytes, server: bytes) -> Identity | None:
    """Name the protocol, and the role where the bytes tell it.

    Args:
        transport: IANA protocol number.
        sport: The server's port; never evidence by itself.
        client: The first payload bytes that the client sent, in order, up to `OPENING_BYTES`; for
            UDP its first datagram. May be empty.
        server: The same of the server.

    Returns:
        None if no signature fits.
    """
    lines = _LINES.get(transport)
    if lines is None:
        return None
    found = web.identify(transport, sport, client, server)
    if found is not None and found.confidence >= SURE:
        return found
    if client:
        found = _surer(found, lines.find(client, server, sport, False))
    if server and (found is None or found.confidence < SURE):
        found = _surer(found, lines.find(server, client, sport, True))
    return found


def _surer(one: Identity | None, other: Identity | None) -> Identity | None:
    if one is None or other is None:
        return one or other
    return other if other.confidence > one.confidence else one


class _Index:
    """The entries of one transport, found by their leads."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        strongest = sorted(entries, key=lambda entry: -entry.confidence)
        at: dict[int, dict[bytes, list[_Line]]] = {}
        for entry in strongest:
            line = _compile(entry)
            for lead in entry.lead:
                width = 4 if len(lead) >= 4 else 2 if len(lead) >= 2 else len(lead)
                keys = (
                    [bytes([any_byte]) for any_byte in range(256)] if not lead else [lead[:width]]
                )
                for key in keys:
                    slot = at.setdefault(entry.offset << 4 | len(key), {}).setdefault(key, [])
                    if line not in slot:
                        slot.append(line)
        order = sorted(at, key=lambda place: (-(place & 15), place >> 4))
        self._places = tuple(
            (place >> 4, (place >> 4) + (place & 15), {k: tuple(v) for k, v in at[place].items()})
            for place in order
        )

    def find(self, data: bytes, other: bytes, sport: int, from_server: bool) -> Identity | None:
        """The strongest entry that fits what one side sent."""
        if data[:16] == data[8:24] != _ZEROS:
            return None  # one number again and again fits many a weak line
        best: Identity | None = None
        for start, stop, slots in self._places:
            for leads, offset, check, identity, port in slots.get(data[start:stop], ()):
                if best is not None and identity.confidence <= best.confidence:
                    break
                if (port and port != sport) or not data.startswith(leads, offset):
                    continue
                detail = MATCH if check is None else check(data, other)
                if detail is not None:
                    found = identity if detail is MATCH else _told(identity, detail, from_server)
                    if best is None or found.confidence > best.confidence:
                        best = found
            if best is not None and best.confidence >= SURE:
                break
        return best


def _told(identity: Identity, detail: Detail, from_server: bool) -> Identity:
    """The line's words with what the check read."""
    return Identity(
        identity.protocol,
        identity.role if detail.role is None else detail.role,
        detail.traffic_class or identity.traffic_class,
        identity.confidence if detail.confidence is None else detail.confidence,
        identity.source,
        detail.final,
        detail.declared,
        detail.declared > 0 and from_server != detail.by_other,
    )


def _compile(entry: Entry) -> _Line:
    identity = Identity(
        entry.protocol, entry.role, entry.traffic_class, entry.confidence, entry.source
    )
    test = _pattern(entry.test) if isinstance(entry.test, bytes) else entry.test
    return entry.lead, entry.offset, test, identity, entry.port


def _pattern(expression: bytes) -> Check:
    match = re.compile(expression, re.DOTALL).match
    return lambda data, other: MATCH if match(data) else None


_LINES = {
    transport: _Index(entry for entry in ENTRIES if entry.transport == transport)
    for transport in (TCP, UDP)
}
