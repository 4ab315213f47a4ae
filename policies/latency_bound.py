"""Whether latency targets can be met on a network.

Owns the bound. A packet of the class that keeps within its rate waits, on each of the h ports of
its way, for one frame of anybody else that is already being sent, and for the burst of its own
class; then the way itself takes time:

    h * (L / R + B / C) + propagation

with L a full frame on the wire (1,538 bytes with preamble and gap, IEEE 802.3), R the slowest
link's rate, B the own burst of two full frames (what the queues let a class send at once), C the
most the class may use of that link, h the switches on the longest shortest path between two places
of the slice. What is above can't be promised however little the others send. That a target below
it is kept under load is what priorities and guarantees are for, and is measured.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from policies.classes import TrafficClass
from policies.fabric import Fabric, distances
from policies.loads import Group
from policies.model import Policy
from policies.placement import Place
from policies.quantities import duration_words, rate_words
from policies.queues import PortTree
from policies.rate_conflicts import Conflict

FRAME_BITS = 8 * 1538
BURST_FRAMES = 2


@dataclass(frozen=True, slots=True)
class Hop:
    """Waiting at one port, at worst."""

    wait_s: float
    link_bps: int


@dataclass(frozen=True, slots=True)
class Way:
    """The longest shortest path: its ends, the switches on it, its propagation."""

    start: str
    end: str
    switches: int
    delay_s: float


class Ways:
    """The longest way between switches of a set, computed once for each set."""

    def __init__(self, fabric: Fabric) -> None:
        self._fabric = fabric
        self._hosts = frozenset(port.switch for port in fabric.host_ports)
        self._known: dict[tuple[frozenset[str], frozenset[str] | None], Way | None] = {}

    def longest(self, switches: frozenset[str], allowed: frozenset[str] | None) -> Way | None:
        """Between those switches, over allowed ones (None: all); None where there is none."""
        key = switches, allowed
        if key not in self._known:
            self._known[key] = self._search(*key)
        return self._known[key]

    def _search(self, switches: frozenset[str], allowed: frozenset[str] | None) -> Way | None:
        inside = frozenset(self._fabric.switches) if allowed is None else allowed
        ends = (switches or self._hosts or inside) & inside
        ways = [
            Way(start, end, found.switches, found.delay_s)
            for start in sorted(ends)
            for end, found in distances(self._fabric, start, inside).items()
            if end in ends
        ]
        return max(ways, key=lambda way: (way.switches, way.delay_s), default=None)


def latency_conflicts(
    policy: Policy,
    places: Mapping[str, Place],
    groups: Sequence[Group],
    trees: Sequence[PortTree],
    ways: Ways,
) -> Iterator[Conflict]:
    """Targets that can't be met, with the way and the time it takes."""
    for traffic_class, slice_name, target_s, place in _wanted(policy):
        worst = None
        for name in _owners(policy, traffic_class, slice_name):
            where = places[name] if name else None
            way = ways.longest(*((where.switches, where.allowed) if where else (frozenset(), None)))
            hop = _worst_hop(policy, traffic_class, name, groups, trees)
            if way and hop:
                total_s = way.switches * hop.wait_s + way.delay_s
                worst = max(worst or (0.0, way, hop), (total_s, way, hop), key=lambda w: w[0])
        if worst and worst[0] > target_s:
            yield Conflict("latency", place, _too_long(traffic_class, target_s, *worst))


def _wanted(policy: Policy) -> Iterator[tuple[TrafficClass, str | None, float, str]]:
    texts = [intent.text for intent in policy.intents]
    for entry in policy.classes:
        if entry.latency_s is not None:
            yield entry.traffic_class, None, entry.latency_s, f"classes.{entry.traffic_class.value}"
    for target in policy.targets:
        place = f"intents.{texts.index(target.source)}"
        yield target.traffic_class, target.slice_name, target.target_s, place


def _owners(
    policy: Policy, traffic_class: TrafficClass, slice_name: str | None
) -> list[str | None]:
    if slice_name is not None:
        return [slice_name]
    users: list[str | None] = [s.name for s in policy.slices if traffic_class in s.classes]
    return users if policy.slices else [None]


def _worst_hop(
    policy: Policy,
    traffic_class: TrafficClass,
    slice_name: str | None,
    groups: Sequence[Group],
    trees: Sequence[PortTree],
) -> Hop | None:
    queue_id = policy.class_of(traffic_class).queue_id
    hops = [
        Hop(FRAME_BITS / group.rate_bps + BURST_FRAMES * FRAME_BITS / ceiling, group.rate_bps)
        for group, tree in zip(groups, trees, strict=True)
        if (ceiling := _ceiling(tree, slice_name, queue_id))
    ]
    return max(hops, key=lambda hop: hop.wait_s, default=None)


def _ceiling(tree: PortTree, slice_name: str | None, queue_id: int) -> int | None:
    nodes = tree.classes
    if slice_name is not None:
        nodes = next((node.classes for node in tree.slices if node.name == slice_name), ())
    return next((node.ceil_bps for node in nodes if node.queue_id == queue_id), None)


def _too_long(
    traffic_class: TrafficClass, target_s: float, total_s: float, way: Way, hop: Hop
) -> str:
    return (
        f"{traffic_class.value} under {duration_words(target_s)} can't be kept: from {way.start} "
        f"to {way.end} it is {duration_words(total_s)} ({way.switches} switches, each a frame of "
        f"others and its own burst on {rate_words(hop.link_bps)}: {duration_words(hop.wait_s)}; "
        f"propagation {duration_words(way.delay_s)})"
    )
