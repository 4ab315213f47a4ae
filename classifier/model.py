"""The words of the classifier: who sends, what the bytes say, what is decided and why.

Owns data only. Everything else in this package makes these or reads them.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple

from policies.classes import TrafficClass

TCP, UDP, SCTP = 6, 17, 132  # IANA protocol numbers
OPENING_BYTES = 1200  # of each direction are looked at


class Side(IntEnum):
    """Who sent it."""

    CLIENT = 0
    SERVER = 1


class Reason(Enum):
    """What a decision rests on, the strongest first; docs/classification.md tells why so."""

    OPERATOR = "operator rule"
    JOB = "job"
    MARK = "trusted mark"
    SIGNATURE = "signature"
    BEHAVIOUR = "behaviour"
    PORT = "port"
    DEFAULT = "default"


class FlowKey(NamedTuple):
    """A flow of packets, told apart from all others; addresses are raw, 4 or 16 bytes.

    Attributes:
        domain: Where the addresses mean something: a slice's number, a file's; else 0.
        transport: IANA protocol number.
        client, cport: Who began, as far as is known.
        server, sport: Whom it spoke to.
    """

    domain: int
    transport: int
    client: bytes
    cport: int
    server: bytes
    sport: int


class Identity(NamedTuple):
    """What a flow's first bytes say; a tuple, as one is made for nearly every new flow.

    Attributes:
        protocol: By its usual name, such as "KServe v2 HTTP".
        role: What this flow does in it, such as "inference request"; "" if the bytes don't tell.
        traffic_class: None: this protocol carries several, and volume and shape decide.
        confidence: 0..1, that the protocol is this.
        source: The specification or program that the signature is from.
        final: No further byte can change it. False: it may become more precise.
        declared: Bytes that the opening announces will follow (a Content-Length, the length of a
            frame), the larger direction; 0 if it announces none.
        from_server: Whether it is the server that sends these.
    """

    protocol: str
    role: str
    traffic_class: TrafficClass | None
    confidence: float
    source: str
    final: bool = True
    declared: int = 0
    from_server: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a flow is taken for.

    Attributes:
        traffic_class: One of the nine; background when it isn't known.
        known: False: nothing told, and the class is only the default.
        protocol: "" when unknown.
        role: "" when unknown.
        reason: What it rests on.
        why: The same in words, such as the signature's source or the job's name.
        confidence: 0..1, that the class is right.
        packets_needed: Packets with payload, both ways, seen when this was first decided.
    """

    traffic_class: TrafficClass
    known: bool
    protocol: str
    role: str
    reason: Reason
    why: str
    confidence: float
    packets_needed: int
