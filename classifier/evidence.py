"""What one line of the table of signatures is, and what a check function may add to it.

Owns the two data types that the table (`table_*.py`), the check functions (`checks_*.py`) and the
engine (`signatures.py`) share. Must not look at payload itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from policies.classes import TrafficClass


class Detail(NamedTuple):
    """What a check read, where it says more than the table's line; None: as the line says.

    Attributes:
        role: What this flow does.
        traffic_class: For a protocol that carries several, when the bytes tell.
        declared: Bytes that will follow.
        by_other: Whether the other side's bytes announce these.
        final: No further byte can change it.
        confidence: 0..1, for a check that knows how much it saw.
    """

    role: str | None = None
    traffic_class: TrafficClass | None = None
    declared: int = 0
    by_other: bool = False
    final: bool = True
    confidence: float | None = None


MATCH = Detail()  # the line's own words
Check = Callable[[bytes, bytes], Detail | None]  # (one side's opening, the other's)


@dataclass(frozen=True, slots=True)
class Entry:
    """One signature.

    Attributes:
        protocol, role, traffic_class, confidence, source: As in `Identity`.
        transport: IANA number.
        lead: The payload has one of these at `offset`; b"" among a weak entry's: any byte.
        port: Fits only a server with this one, for what is plausible on no other; 0: any.
        offset: Of the lead; 0, or one of `signatures.OFFSETS`.
        test: A pattern that must match from the first byte, or a function, or None.
    """

    protocol: str
    role: str
    traffic_class: TrafficClass | None
    transport: int
    lead: tuple[bytes, ...]
    test: bytes | Check | None
    confidence: float
    source: str
    offset: int = 0
    port: int = 0
