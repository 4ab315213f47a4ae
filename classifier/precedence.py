"""Which of several opinions about a flow counts, and the verdict that comes of it.

Owns the precedence (operator rule, job, trusted mark, signature, behaviour, port, default) and the
confidences of what is not certain. Keeps nothing; docs/classification.md tells why so.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from classifier.behaviour import OTHER, Guess, guess
from classifier.hints import Hint
from classifier.model import Identity, Reason, Verdict
from classifier.roles import resolve
from classifier.services import Service
from classifier.shape import Shape
from policies.classes import TrafficClass

WEAK: Final = 0.6  # below, a signature may be contradicted by behaviour
_SURE = {Reason.OPERATOR: 1.0, Reason.JOB: 0.95, Reason.MARK: 0.9}
_OF_SERVICE, _OF_SILENT_SERVICE = 0.85, 0.6  # of the confidence in what the service is
_OF_SIBLINGS, _OF_PORT, _OF_NOTHING = 0.5, 0.3, 0.1
# What they carry is told by names in them, which not every flow to a service has.
_CARRIERS = frozenset(("HTTP", "HTTP/2", "gRPC", "TLS", "QUIC", "WebSocket"))


class Opinion(NamedTuple):
    """A verdict but for its number of packets."""

    traffic_class: TrafficClass
    known: bool
    protocol: str
    role: str
    reason: Reason
    why: str
    confidence: float

    def verdict(self, packets_needed: int) -> Verdict:
        """The same as others read it."""
        return Verdict(*self, packets_needed)


def by_hint(reason: Reason, hint: Hint, identity: Identity | None) -> Opinion:
    """What was known before; bytes still tell protocol and role."""
    protocol, role = (identity.protocol, identity.role) if identity else ("", "")
    return Opinion(hint.traffic_class, True, protocol, role, reason, hint.why, _SURE[reason])


def by_bytes(identity: Identity, traffic_class: TrafficClass, confidence: float) -> Opinion:
    """What the bytes say, with volume and shape where their protocol carries several classes."""
    return Opinion(traffic_class, True, identity.protocol, identity.role, Reason.SIGNATURE,
                   identity.source, confidence)  # fmt: skip


def by_service(service: Service, shape: Shape) -> Opinion:
    """What flows to the same port of the same server were."""
    known, spoke = service.identity, shape.packets != (0, 0)
    if known.traffic_class is None and spoke:
        known = resolve(known, shape)
    same = known.traffic_class is None or known is service.identity
    told, share = "the same port of this server", _OF_SILENT_SERVICE if spoke else _OF_SERVICE
    if service.announced:
        told, share = "announced by another flow", 1.0
    return Opinion(
        service.traffic_class if same else known.traffic_class or service.traffic_class,
        True,
        known.protocol,
        service.role if same else known.role,
        Reason.SIGNATURE,
        f"{told}, by {known.source}",
        known.confidence * share,
    )


class Circumstances(NamedTuple):
    """What else is known of a flow than its bytes and its shape.

    Attributes:
        service: What its server's port is known for, by the bytes of other flows.
        siblings: The same by their shapes.
        port: What the port table says.
        carrier: What its packets go over, where that makes a difference; else "".
    """

    service: Service | None
    siblings: Service | None
    port: Hint | None
    carrier: str


def weigh(
    identity: Identity | None, confidence: float, shape: Shape, known: Circumstances
) -> Opinion:
    """What counts where no hint does, and the bytes alone don't tell for certain.

    Args:
        identity: What the bytes told, resolved as far as volume and shape go.
        confidence: In it.
        shape: The flow's.
        known: What speaks beside these.
    """
    if known.service is not None and _is_of(known.service, identity):
        return _unless_contradicted(by_service(known.service, shape), shape)
    if identity is not None and identity.traffic_class is not None:
        signed = by_bytes(identity, identity.traffic_class, confidence)
        return _unless_contradicted(signed, shape)
    protocol, role = (identity.protocol, identity.role) if identity else ("", "")
    seen = guess(shape, protocol or known.carrier) if any(shape.packets) else None
    port = known.port
    if seen is not None and not (seen.role == OTHER and port):  # a port says more than "other"
        return _behaved(seen, protocol, f"sizes and times of {sum(shape.packets)} packets")
    if seen is None and known.siblings is not None:
        siblings = known.siblings
        return Opinion(siblings.traffic_class, True, protocol, siblings.role, Reason.BEHAVIOUR,
                       "other flows to this port behave so", _OF_SIBLINGS)  # fmt: skip
    if port is not None:
        return Opinion(port.traffic_class, True, protocol, role, Reason.PORT, port.why, _OF_PORT)
    why = f"{protocol} carries several classes" if protocol else "nothing is known"
    return Opinion(TrafficClass.BACKGROUND, False, protocol, role, Reason.DEFAULT, why, _OF_NOTHING)


def _is_of(service: Service, identity: Identity | None) -> bool:
    """Whether a flow with this identity is told better by what others to its server were."""
    if identity is None:
        return True
    return (
        service.identity.traffic_class is not None
        and identity.protocol in _CARRIERS
        # any server of HTTP may have its /metrics beside what it is for
        and not (identity.protocol == "HTTP" and service.traffic_class is TrafficClass.TELEMETRY)
    )


def _unless_contradicted(signed: Opinion, shape: Shape) -> Opinion:
    """The signature, or behaviour that knows better where the signature is weak."""
    if signed.confidence >= WEAK or not any(shape.packets):
        return signed
    seen = guess(shape, signed.protocol)
    if (
        seen is None
        or seen.traffic_class is signed.traffic_class
        or seen.confidence <= signed.confidence
    ):
        return signed
    return _behaved(seen, signed.protocol,
                    f"behaviour contradicts the weak signature of {signed.protocol}")  # fmt: skip


def _behaved(seen: Guess, protocol: str, why: str) -> Opinion:
    return Opinion(seen.traffic_class, True, protocol, seen.role, Reason.BEHAVIOUR, why,
                   seen.confidence)  # fmt: skip
