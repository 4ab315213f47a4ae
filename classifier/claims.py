"""What one piece of evidence claims a flow to be, and how several claims are weighed.

Owns the weighing for all text protocols. Must not know any protocol itself: the tables do.
"""

from collections.abc import Sequence
from typing import NamedTuple

from policies.classes import TrafficClass

SURE = 0.8  # from here on, no further byte is awaited
_DOUBT = 0.5  # a claim from here on, of another class, casts doubt on the best


class Claim(NamedTuple):
    """A line of a table, without what it is looked up by.

    Attributes:
        protocol, role, traffic_class, confidence, source: As in `classifier.model.Identity`.
    """

    protocol: str
    role: str
    traffic_class: TrafficClass | None
    confidence: float
    source: str


def weigh(claims: Sequence[Claim]) -> Claim | None:
    """The best of several claims, surer where others agree and less so where they don't.

    Pieces that agree on the protocol are taken as independent: each removes its share of the
    doubt that the others leave. The best claim of another class takes its share away.
    """
    if not claims:
        return None
    if len(claims) == 1:
        return claims[0]
    best = max(claims, key=_confidence)
    doubt, against = 1.0 - best.confidence, 0.0
    for claim in claims:
        if claim.protocol == best.protocol and claim.source != best.source:
            doubt *= 1.0 - claim.confidence
        elif claim.traffic_class is not best.traffic_class and claim.confidence >= _DOUBT:
            against = max(against, claim.confidence)
    confidence = (1.0 - doubt) * (1.0 - against / 4) if against else 1.0 - doubt
    return best._replace(confidence=min(confidence, 0.99))


def _confidence(claim: Claim) -> float:
    return claim.confidence
