"""A checked policy, frozen: what the controller and the emulator read.

Owns no file format and no check; `policies.load` makes these and nothing else should.
"""

from dataclasses import dataclass

from policies.classes import PathGroup, TrafficClass, Transport


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """One queue of a port.

    Attributes:
        queue_id: OpenFlow queue number; 0 is the default queue.
        name: Word for people.
        priority: HTB priority, 0 is offered spare bandwidth first (0..7).
        share: Guaranteed part of the link rate, 0..1.
        ceiling: Most it may use of the link rate, 0..1.
        dscps: DSCP values that land here; () on the default queue, which takes the rest.
        limit_packets: Bound of the leaf FIFO, packets.
    """

    queue_id: int
    name: str
    priority: int
    share: float
    ceiling: float
    dscps: tuple[int, ...]
    limit_packets: int


@dataclass(frozen=True, slots=True)
class ClassPolicy:
    """What a traffic class gets: its mark, its queue, its paths."""

    traffic_class: TrafficClass
    dscp: int
    queue_id: int
    path_group: PathGroup


@dataclass(frozen=True, slots=True)
class ServicePorts:
    """Well-known ports of a service: `first..last` inclusive, at either end of the flow."""

    name: str
    traffic_class: TrafficClass
    transport: Transport
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy. `services` are in order of precedence, first match wins."""

    name: str
    queues: tuple[QueueSpec, ...]
    classes: tuple[ClassPolicy, ...]
    services: tuple[ServicePorts, ...]
    trusted_ports: tuple[str, ...]

    def class_of(self, traffic_class: TrafficClass) -> ClassPolicy:
        """The entry of one class; every policy has all nine."""
        return next(entry for entry in self.classes if entry.traffic_class is traffic_class)
