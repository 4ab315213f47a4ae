"""Everything the controller knows, in one place, changed by one thread only.

Owns the data and the small questions about it. Decisions are in `hosts`, `discovery`, `routing`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from classifier.flows import Classifier
from classifier.hints import Hints
from classifier.jobs import Job
from controller.advice.agent import Agent
from controller.advice.capacities import Capacities
from controller.events import Command, Port
from controller.known_services import KnownServices
from controller.mirror import Mirror
from controller.paths import Arc
from controller.recognised import RecognisedFlows
from controller.settings import Settings
from controller.slicing import Slicing
from controller.telemetry import Telemetry
from policies.model import Policy

End = tuple[int, int]  # (datapath id, port number)
HostKey = tuple[int, int]  # (slice number, MAC address); slice 0 where there are none
LAST_REAL_PORT = 0xFFFFFF00  # OFPP_MAX, section 7.2.1


@dataclass(slots=True)
class PortState:
    """A port and when it last came up."""

    port: Port
    up_since: float


@dataclass(slots=True)
class Switch:
    """A switch we have met, connected (`connection` not None) or not.

    `sent` and `acked` number barriers: what was sent up to barrier n is carried out once
    `acked` >= n. `edge` is its number in labels, given when it first has a port for hosts.
    `host_ports` are the ports that have been told to be for hosts, up now or not; `present` the
    slices that can be on them. `can_copy` is False once it has refused to copy packets.
    """

    dpid: int
    mirror: Mirror
    ports: dict[int, PortState] = field(default_factory=dict)
    connection: int | None = None
    connected_at: float = 0.0
    ready: bool = False
    edge: int | None = None
    sent: int = 0
    acked: int = 0
    hosts: dict[HostKey, "Host"] = field(default_factory=dict)
    host_ports: set[int] = field(default_factory=set)
    present: frozenset[int] = frozenset()
    can_copy: bool = True
    foreign: dict[int, int] = field(default_factory=dict)  # port -> frames of no slice, noted
    resync: bool = False  # barriers of an earlier connection may be lost: ask again
    reading: int | None = None  # value of `sent` when its tables were asked for
    next_audit: float = 0.0


@dataclass(slots=True)
class Host:
    """A host where it was last seen.

    Attributes:
        number: Its place on its edge switch, for labels.
        slice_number: Its slice; 0 where there are none.
        vlan: What it tags its frames with; 0 for nothing. Without slices, it means nothing.
    """

    mac: int
    dpid: int
    port: int
    number: int
    ips: tuple[int, ...] = ()
    slice_number: int = 0
    vlan: int = 0

    @property
    def key(self) -> HostKey:
        """What it is known by: two slices may use the same MAC address."""
        return (self.slice_number, self.mac)


@dataclass(slots=True)
class Link:
    """A cable between two switch ports; `heard` says when each end last received a probe."""

    ends: tuple[End, End]
    heard: dict[End, float] = field(default_factory=dict)
    up: bool = False

    def other(self, end: End) -> End:
        """The far end."""
        return self.ends[1] if self.ends[0] == end else self.ends[0]


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a tree: out of `port`, to switch `target`."""

    port: int
    target: int


@dataclass(slots=True)
class Tree:
    """A candidate in-tree in use: its number in labels and each switch's hop towards the target."""

    number: int
    hops: dict[int, Hop]
    waits: dict[int, int] = field(default_factory=dict)  # dpid -> barrier to wait for
    ready: bool = False
    retired_at: float | None = None
    paths: dict[int, tuple[End, ...]] = field(default_factory=dict, compare=False)

    def path(self, source: int, target: int) -> tuple[End, ...]:
        """The (switch, port) pairs from `source` to `target`; () if `source` isn't on the tree."""
        known = self.paths.get(source)
        if known is None:
            known = self.paths[source] = self._walk(source, target)
        return known

    def _walk(self, source: int, target: int) -> tuple[End, ...]:
        steps: list[End] = []
        while source != target:
            hop = self.hops.get(source)
            if hop is None:
                return ()
            steps.append((source, hop.port))
            source = hop.target
        return tuple(steps)


@dataclass(slots=True)
class Target:
    """An egress switch and the trees towards it. Retired trees wait here until nobody uses them."""

    dpid: int
    trees: dict[int, Tree] = field(default_factory=dict)
    retired: dict[int, Tree] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)  # switches with rules for these trees


@dataclass(slots=True, eq=False)
class HeldFrames:
    """Frames that wait for barriers, by switch, since a moment."""

    frames: list[Command]
    waits: dict[int, int]
    since: float


@dataclass(slots=True)
class Applying:
    """A policy on its way to the switches.

    Attributes:
        number: Of the request.
        before: What was in force, to go back to.
        hosts: As they were known then.
        since: When it began, or turned back.
        waits: Barrier number that each switch has to answer.
        changes: Rules, groups and meters sent, by switch.
        refused: Why it is being taken back; empty while it goes forward.
    """

    number: int
    before: Policy
    hosts: tuple[Host, ...]
    since: float
    waits: dict[int, int] = field(default_factory=dict)
    changes: dict[int, int] = field(default_factory=dict)
    refused: str = ""


@dataclass(slots=True)
class State:
    """The whole state. `policy`, `settings` and `capacities` are frozen; the rest is learned."""

    policy: Policy
    settings: Settings
    switches: dict[int, Switch] = field(default_factory=dict)
    capacities: Capacities = field(default_factory=Capacities)
    hosts: dict[HostKey, Host] = field(default_factory=dict)
    host_of_ip: dict[HostKey, int] = field(default_factory=dict)  # (slice, IP address) -> MAC
    slices_of: dict[tuple[str, int], set[int]] = field(default_factory=dict)  # ("mac"|"ip", it)
    links: dict[tuple[End, End], Link] = field(default_factory=dict)
    link_at: dict[End, Link] = field(default_factory=dict)
    targets: dict[int, Target] = field(default_factory=dict)
    probes: dict[End, dict[int, float]] = field(default_factory=dict)  # nonce -> time sent
    nonce: int = 0
    telemetry: Telemetry = field(default_factory=Telemetry)
    topology_changed_at: float | None = None  # None: paths are up to date
    refreshed_at: float | None = None
    settled: bool = False  # paths are in use; only then is anything an earlier run left deleted
    unsettled_ports: set[int] = field(default_factory=set)  # dpids with ports to give roles
    unsent: list[Tree] = field(default_factory=list)  # changed since the last flush
    waiting: list[Tree] = field(default_factory=list)  # for barriers
    applying: Applying | None = None
    held_frames: list[HeldFrames] = field(default_factory=list)
    jobs: tuple[Job, ...] = ()  # the strongest first
    hints_changed: bool = True  # jobs, or where hosts are: their rules have to be made anew
    classifier: Classifier = field(init=False)
    recognised: RecognisedFlows = field(init=False)
    services: KnownServices = field(default_factory=KnownServices)
    copies: int = 0  # packets looked at
    agent: Agent | None = None  # None: equal splits, and nobody is asked
    paths_version: int = 0  # goes up whenever usable paths change
    unreachable: set[tuple[int, int]] = field(default_factory=set)  # (slice, target dpid), noted
    last_tick: float = 0.0
    next_probe: float = 0.0
    next_poll: float = 0.0
    _slicing: Slicing | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        most = self.settings.most_flows
        self.classifier = Classifier(Hints.of(self.policy, self.jobs), most_flows=4 * most)
        self.recognised = RecognisedFlows(most)

    @property
    def slicing(self) -> Slicing:
        """The policy's slices, read once."""
        if self._slicing is None or self._slicing.policy is not self.policy:
            known = self.capacities
            self._slicing = Slicing.of(self.policy, known.names, known.tiers)
        return self._slicing

    @property
    def sliced(self) -> bool:
        """True where everyone belongs to a slice or is not let in."""
        return bool(self.policy.slices)

    def connected(self) -> Iterator[Switch]:
        """Switches whose tables have been read and can be changed."""
        return (s for s in self.switches.values() if s.ready and s.connection is not None)

    def is_fabric(self, end: End) -> bool:
        """True for a port with another switch behind it."""
        return end in self.link_at

    def is_host_port(self, switch: Switch, number: int, now: float) -> bool:
        """True for a port up long enough without a switch showing up behind it."""
        state = switch.ports[number]
        return (
            state.port.up
            and number < LAST_REAL_PORT
            and not self.is_fabric((switch.dpid, number))
            and now - max(state.up_since, switch.connected_at) >= self.settings.settle_s
        )

    def host_ports(self, switch: Switch, now: float) -> list[int]:
        """The ports for hosts."""
        return [number for number in switch.ports if self.is_host_port(switch, number, now)]

    def hop_is_up(self, end: End) -> bool:
        """True if the link that leaves at `end` carries traffic."""
        link = self.link_at.get(end)
        return link is not None and link.up

    def arcs(self, *, only_up: bool) -> list[Arc]:
        """Both directions of every link."""
        return [
            Arc(*near, *far)
            for link in self.links.values()
            if link.up or not only_up
            for near, far in (link.ends, link.ends[::-1])
        ]

    def hosts_at(self, end: End) -> list[Host]:
        """Hosts learned on one port."""
        switch = self.switches.get(end[0])
        return [h for h in switch.hosts.values() if h.port == end[1]] if switch else []

    def edges(self) -> Iterator[Switch]:
        """Switches with hosts, or ports for them."""
        return (switch for switch in self.switches.values() if switch.edge is not None)

    def edge_of(self, dpid: int) -> int:
        """The number in labels of a switch that has one."""
        edge = self.switches[dpid].edge
        if edge is None:
            raise LookupError(f"switch {dpid:#x} is not an edge")
        return edge

    @property
    def links_down(self) -> int:
        """Known links that carry nothing now."""
        return sum(not link.up for link in self.links.values())

    def is_trusted(self, port_name: str) -> bool:
        """True if the policy believes the DSCP that hosts on this port write."""
        return any(fnmatchcase(port_name, pattern) for pattern in self.policy.trusted_ports)

    def is_quiet(self, now: float) -> bool:
        """True when paths have been computed, sent, confirmed, and packets had time to drain."""
        return (
            self.topology_changed_at is None
            and self.refreshed_at is not None
            and now - self.refreshed_at >= self.settings.drain_s
            and all(switch.acked == switch.sent for switch in self.connected())
        )
