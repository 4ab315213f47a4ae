"""The words of the project: nine traffic classes and the two ways a class may be routed.

Owns the names only; which mark, queue and path group a class gets is a policy's business.
"""

from enum import Enum


class TrafficClass(Enum):
    """What a flow is for. The values are the words used in YAML, metrics and reports."""

    CONTROL = "control"
    INFERENCE = "inference"
    MESSAGING = "messaging"
    TELEMETRY = "telemetry"
    GRADIENT = "gradient"
    FEDERATED = "federated"
    MODEL_DISTRIBUTION = "model-distribution"
    BULK = "bulk"
    BACKGROUND = "background"


class PathGroup(Enum):
    """How a class is spread over the candidate paths; each group has its own select groups."""

    LATENCY = "latency"
    THROUGHPUT = "throughput"


class Transport(Enum):
    """The transport protocols with ports; the value is the IANA protocol number's name."""

    TCP = "tcp"
    UDP = "udp"

    @property
    def number(self) -> int:
        """IANA protocol number (RFC 9293, RFC 768)."""
        return 6 if self is Transport.TCP else 17
