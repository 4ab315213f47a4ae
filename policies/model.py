"""A checked policy, frozen: what the controller and the emulator read.

Owns no file format and no check; `policies.load` makes these and nothing else should.
"""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network

from policies.classes import PathGroup, TrafficClass, Transport


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate in bit/s, or as a share (0..1) of each link it is asked about; one of the two."""

    bps: float | None = None
    share: float | None = None

    def of(self, link_bps: float) -> float:
        """Bit/s on a link of that rate; never more than the link has."""
        wanted = self.bps if self.bps is not None else (self.share or 0.0) * link_bps
        return min(wanted, link_bps)


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
    latency_s: float | None = None


@dataclass(frozen=True, slots=True)
class ServicePorts:
    """Well-known ports of a service: `first..last` inclusive, at either end of the flow."""

    name: str
    traffic_class: TrafficClass
    transport: Transport
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports `first..last`, inclusive."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class OperatorRule:
    """What the operator says the class of some flows is; everything it says must hold.

    A flow matches when one of its ends is of `from_prefixes` and the other of `to_prefixes`, with a
    port of `ports` at that other end; it doesn't matter which end began.

    Attributes:
        name: Unique; what it says, where the operator gave none.
        traffic_class: What such flows are for.
        from_prefixes: Addresses of one end; () is any.
        to_prefixes: Those of the other; () is any.
        ports: At the `to_prefixes` end; () is any.
        transport: None is any.
        slice_name: Whose flows; None is everybody's.
    """

    name: str
    traffic_class: TrafficClass
    from_prefixes: tuple[IPv4Network | IPv6Network, ...] = ()
    to_prefixes: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: tuple[PortRange, ...] = ()
    transport: Transport | None = None
    slice_name: str | None = None


@dataclass(frozen=True, slots=True)
class Selector:
    """One way of belonging to a slice; everything it says must hold.

    Attributes:
        ports: Interface-name patterns of switch ports (`fnmatch`); () is any port for hosts.
        vlan: 802.1Q VLAN id the host tags with, 1..4094; None is untagged.
        prefixes: Source addresses allowed; () is any.
    """

    ports: tuple[str, ...] = ()
    vlan: int | None = None
    prefixes: tuple[IPv4Network | IPv6Network, ...] = ()

    def may_enter(self, interface: str) -> bool:
        """Whether a host on this switch port can be meant."""
        return not self.ports or any(fnmatchcase(interface, pattern) for pattern in self.ports)


@dataclass(frozen=True, slots=True)
class Slice:
    """A tenant: who belongs to it and what it is promised.

    Attributes:
        name: Unique.
        number: 1..1023, in labels, metadata and queues; kept for as long as the slice exists.
        members: Who belongs to it.
        guarantee: What it has on every link, whatever other slices do.
        maximum: The most it gets on any link and may send into any one edge switch; None: no limit.
        weight: Its part of what is left over, against the weights of the others.
        classes: Traffic classes it may use.
        default_class: What everything else it sends is treated as; one of `classes`.
        talks_to: Names of other slices it may exchange traffic with, either way.
    """

    name: str
    number: int
    members: tuple[Selector, ...]
    guarantee: Rate
    maximum: Rate | None
    weight: float
    classes: tuple[TrafficClass, ...]
    default_class: TrafficClass
    talks_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """One promise in the operator's words, parsed by `policies.intents`.

    Attributes:
        text: As written.
        line: Where in the file, from 1.
    """

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate of one class on every link, in force now.

    Attributes:
        traffic_class: Whose.
        slice_name: Of this slice alone; None is all slices together.
        at_least: Guaranteed; None says nothing.
        at_most: Ceiling; None says nothing.
        uplinks: Only links between switches; False: ports for hosts as well.
        source: The intent it comes from, as written, for messages.
    """

    traffic_class: TrafficClass
    slice_name: str | None
    at_least: Rate | None
    at_most: Rate | None
    uplinks: bool
    source: str


@dataclass(frozen=True, slots=True)
class LatencyTarget:
    """What one class of one slice may wait at most in queues on its way, seconds, one way."""

    traffic_class: TrafficClass
    slice_name: str
    target_s: float
    source: str


@dataclass(frozen=True, slots=True)
class Confinement:
    """Traffic of a slice that may cross switches of these tiers only."""

    slice_name: str
    tiers: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Tier:
    """A named set of switches; patterns of switch names, such as "leaf*", or datapath ids."""

    name: str
    switches: tuple[str, ...]

    def has(self, name: str, dpid: int) -> bool:
        """Whether a switch of this name and datapath id belongs to it."""
        return any(_names_switch(entry, name, dpid) for entry in self.switches)


def _names_switch(entry: str, name: str, dpid: int) -> bool:
    if entry[:1].isdigit():  # no switch name starts with a digit
        return int(entry, 0) == dpid
    return fnmatchcase(name, entry)


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy. `rules` and `services` are in order of precedence, first match wins.

    Without slices, everybody belongs to one network and nobody is asked who they are. With slices,
    who belongs to none is not let in.

    Attributes:
        rules: What the operator says about flows; above all that Headway finds out itself.
        limits: Rates of classes that hold now, compiled from intents (`policies.intents`).
        confinements: Which slices stay in which tiers.
        tiers: Named by the file; a topology's own tiers are known beside them.
        intents: As written, with their schedules; see `policies.intents`.
        targets: Latency targets of one slice; those of a class for everybody are in `classes`.
        time_zone: IANA name, for schedules that name none.
        source: File it was read from, for messages; two policies may be equal without it.
        lines: Place ("slices.tenant-a.guarantee") and line in that file, for messages.
    """

    name: str
    queues: tuple[QueueSpec, ...]
    classes: tuple[ClassPolicy, ...]
    services: tuple[ServicePorts, ...]
    trusted_ports: tuple[str, ...]
    slices: tuple[Slice, ...] = ()
    tiers: tuple[Tier, ...] = ()
    intents: tuple[Intent, ...] = ()
    limits: tuple[Limit, ...] = ()
    confinements: tuple[Confinement, ...] = ()
    targets: tuple[LatencyTarget, ...] = ()
    time_zone: str = "UTC"
    rules: tuple[OperatorRule, ...] = ()
    source: str = field(default="", compare=False)
    lines: tuple[tuple[str, int], ...] = field(default=(), compare=False, repr=False)

    def class_of(self, traffic_class: TrafficClass) -> ClassPolicy:
        """The entry of one class; every policy has all nine."""
        return next(entry for entry in self.classes if entry.traffic_class is traffic_class)
