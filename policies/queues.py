"""The queue tree of one port, as numbers: who gets how much of the link, and how frames are told.

Pure arithmetic from an effective policy (`policies.intents.effective`), a link rate and the port's
place; `headway check` reports it, `emulation.queues` puts it into words for OVSDB and tc.

Without slices a port has one queue for each `QueueSpec`. With slices it has one class for each
slice that can use the port, and inside it one for each queue that the slice's classes need:

* a slice has its guarantee; if intents promise its classes more than that, it has their sum;
* inside, the guarantee is divided by the queues' shares, renormalised over the queues there are,
  and a class that was promised a rate has at least that;
* an `at most` or `at least` of a class over all slices together is divided among the slices that
  may use the class, by weight, so that the sum keeps the promise;
* several classes may share a queue; a limit of one of them then holds for the whole queue.

A parent's guarantee is never below the sum of its children's. Where more was promised than the link
has (`PortTree.overbooked`, which `headway check` refuses) everybody is cut in the same proportion.
"""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from policies.classes import TrafficClass
from policies.model import Limit, Policy, QueueSpec, Rate, Slice

# What ARP, LLDP and frames that belong to nobody have: nothing works while these wait, and nobody
# may fill a link with them.
SERVICE_SHARE, SERVICE_CEILING = 0.005, 0.1
SERVICE_PACKETS = 100
# Packets that may wait in one port's queues of one kind, over all slices: a userspace datapath
# keeps what waits on all ports in one buffer.
_PORT_PACKETS, _FEWEST_PACKETS = 4000, 32


@dataclass(frozen=True, slots=True)
class PortRole:
    """A port and its place.

    Attributes:
        interface: Name of the network interface.
        fabric: A switch is behind it; False: a host.
    """

    interface: str
    fabric: bool


@dataclass(frozen=True, slots=True)
class ClassNode:
    """A leaf: one queue of the port, or of a slice on it.

    Attributes:
        queue_id: The policy's number of the queue.
        name: Word for people.
        priority: Who is offered spare bandwidth first, 0 before 7.
        rate_bps: Guaranteed, bit/s.
        ceil_bps: The most it may use, bit/s.
        dscps: Marks that land here.
        default: Takes what no mark names.
        limit_packets: Bound of the FIFO, packets.
    """

    queue_id: int
    name: str
    priority: int
    rate_bps: int
    ceil_bps: int
    dscps: tuple[int, ...]
    default: bool
    limit_packets: int


@dataclass(frozen=True, slots=True)
class SliceNode:
    """One slice's part of a port.

    Attributes:
        number: The slice's.
        name: The slice's.
        rate_bps: Guaranteed, bit/s; not below the sum of its classes'.
        ceil_bps: The most it may use, bit/s.
        weight: Its part of what is left over, against the other slices'.
        classes: What is inside; exactly one is the default.
    """

    number: int
    name: str
    rate_bps: int
    ceil_bps: int
    weight: float
    classes: tuple[ClassNode, ...]


@dataclass(frozen=True, slots=True)
class FrameRule:
    """How a frame towards hosts tells whose it is; everything it says must hold.

    Attributes:
        slice_number: Whose.
        vlan: The frame's 802.1Q tag; None is a frame without one.
        prefix: Holds the destination; None is any frame, IP or not.
    """

    slice_number: int
    vlan: int | None
    prefix: IPv4Network | IPv6Network | None


@dataclass(frozen=True, slots=True)
class PortTree:
    """All queues of one port.

    Attributes:
        role: The port.
        rate_bps: Link rate.
        service: The first of all: ARP and LLDP, and with slices what belongs to nobody. Without
            slices it is one of `classes`.
        classes: The queues of a port without slices, by queue id.
        slices: By number; () without slices. On fabric ports a frame's label says whose it is.
        frames: On a host port with several slices: the first rule that holds decides.
        asked_bps: Sum of the guarantees that were asked for; above `rate_bps` they are not kept.
    """

    role: PortRole
    rate_bps: int
    service: ClassNode
    classes: tuple[ClassNode, ...]
    slices: tuple[SliceNode, ...]
    frames: tuple[FrameRule, ...]
    asked_bps: float

    @property
    def overbooked(self) -> bool:
        """More was promised than the link has."""
        return self.asked_bps > self.rate_bps * (1 + 1e-9)


def port_tree(policy: Policy, rate_bps: int, port: PortRole) -> PortTree:
    """The tree of one port.

    Args:
        policy: An effective policy: its limits are those in force.
        rate_bps: Link rate, bit/s, above 0.
        port: Which port; its interface name decides which slices a host port serves.
    """
    limits = [limit for limit in policy.limits if port.fabric or not limit.uplinks]
    if not policy.slices:
        return _flat(policy, rate_bps, port, limits)
    return _sliced(policy, rate_bps, port, limits)


def slices_at(policy: Policy, port: PortRole) -> tuple[Slice, ...]:
    """The slices whose frames the port may send, by number."""
    chosen = (s for s in policy.slices if port.fabric or any(_here(s, port.interface)))
    return tuple(sorted(chosen, key=lambda s: s.number))


def owner_of(
    tree: PortTree, vlan: int | None, destination: IPv4Address | IPv6Address | None
) -> int | None:
    """Number of the slice that a frame towards hosts belongs to; None if no rule holds.

    Args:
        tree: Of a port for hosts, with slices.
        vlan: The frame's tag, None without one.
        destination: Its IP destination; None if it is not IP.
    """
    if len(tree.slices) == 1:
        return tree.slices[0].number
    return next((r.slice_number for r in tree.frames if _holds(r, vlan, destination)), None)


def _holds(
    rule: FrameRule, vlan: int | None, destination: IPv4Address | IPv6Address | None
) -> bool:
    inside = rule.prefix is None or (
        destination is not None
        and destination.version == rule.prefix.version
        and destination in rule.prefix
    )
    return inside and rule.vlan == vlan


def _here(owner: Slice, interface: str) -> Iterable[bool]:
    return (_matches(member.ports, interface) for member in owner.members)


def _matches(patterns: Sequence[str], interface: str) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(interface, pattern) for pattern in patterns)


def _flat(policy: Policy, rate_bps: int, port: PortRole, limits: Sequence[Limit]) -> PortTree:
    floors, ceilings = _bounds(policy, limits, rate_bps, {None: 1.0})
    wanted = [max(q.share * rate_bps, floors.get((None, q.queue_id), 0.0)) for q in policy.queues]
    asked = sum(wanted)
    if asked > rate_bps:
        wanted = _divide(rate_bps, policy.queues, _of_slice(floors, None))
    default = _default_queue(policy.queues)
    nodes = tuple(
        _node(q, rate, rate_bps, ceilings.get((None, q.queue_id)), default=q is default)
        for q, rate in zip(policy.queues, wanted, strict=True)
    )
    first = min(nodes, key=lambda node: (node.priority, node.queue_id))
    promised = max(sum(q.share for q in policy.queues) * rate_bps, sum(floors.values()))
    return PortTree(port, rate_bps, first, nodes, (), (), promised)


def _default_queue(queues: Sequence[QueueSpec]) -> QueueSpec:
    """The queue of everything that no mark names: the one without DSCPs."""
    unmarked = (queue for queue in queues if not queue.dscps)
    return next(unmarked, min(queues, key=lambda queue: queue.queue_id))


def _node(
    queue: QueueSpec, rate: float, of_bps: float, most: float | None, *, default: bool,
    packets: int | None = None,
) -> ClassNode:  # fmt: skip
    ceil = int(max(1.0, min(queue.ceiling * of_bps, of_bps if most is None else most)))
    limit = queue.limit_packets if packets is None else min(queue.limit_packets, packets)
    return ClassNode(queue.queue_id, queue.name, queue.priority, min(int(rate), ceil), ceil,
                     queue.dscps, default, limit)  # fmt: skip


_Bounds = dict[tuple[int | None, int], float]


def _bounds(
    policy: Policy, limits: Iterable[Limit], rate_bps: int, weights: Mapping[int | None, float]
) -> tuple[_Bounds, _Bounds]:
    """What limits promise and forbid, bit/s by (slice number, queue id).

    Args:
        weights: Weight by slice number; {None: 1} on a port without slices.
    """
    floors: dict[tuple[int | None, TrafficClass], float] = {}
    ceilings: dict[tuple[int | None, TrafficClass], float] = {}
    for limit in limits:
        for number, part in _parts(policy, limit, weights).items():
            key = number, limit.traffic_class
            if limit.at_least is not None:
                floor = _bps(limit.at_least, rate_bps) * part
                floors[key] = max(floors.get(key, 0.0), floor)
            if limit.at_most is not None:
                ceiling = _bps(limit.at_most, rate_bps) * part
                ceilings[key] = min(ceilings.get(key, ceiling), ceiling)
    queue_of = {entry.traffic_class: entry.queue_id for entry in policy.classes}
    by_queue: tuple[_Bounds, _Bounds] = {}, {}
    for (number, name), floor in floors.items():
        at = number, queue_of[name]
        by_queue[0][at] = by_queue[0].get(at, 0.0) + floor
    for (number, name), ceiling in ceilings.items():
        at = number, queue_of[name]
        by_queue[1][at] = min(by_queue[1].get(at, ceiling), ceiling)
    return by_queue


def _parts(
    policy: Policy, limit: Limit, weights: Mapping[int | None, float]
) -> Mapping[int | None, float]:
    """Slice number -> its part (0..1) of a limit."""
    if None in weights:
        return weights if limit.slice_name is None else {}
    users: dict[int | None, float] = {
        s.number: weights[s.number]
        for s in policy.slices
        if s.number in weights and limit.traffic_class in s.classes
        and limit.slice_name in (None, s.name)
    }  # fmt: skip
    total = sum(users.values())
    return {number: weight / total for number, weight in users.items()}


def _bps(rate: Rate, link_bps: int) -> float:
    """Not cut to the link: what was asked for, so that overbooking shows."""
    return rate.bps if rate.bps is not None else (rate.share or 0.0) * link_bps


def _of_slice(bounds: _Bounds, number: int | None) -> dict[int, float]:
    return {queue: value for (owner, queue), value in bounds.items() if owner == number}


def _sliced(policy: Policy, rate_bps: int, port: PortRole, limits: Sequence[Limit]) -> PortTree:
    here = slices_at(policy, port)
    floors, ceilings = _bounds(policy, limits, rate_bps, {s.number: s.weight for s in here})
    asked = [
        max(_bps(s.guarantee, rate_bps), sum(_of_slice(floors, s.number).values())) for s in here
    ]
    service_bps = SERVICE_SHARE * rate_bps
    total = sum(asked)
    scale = min(1.0, (rate_bps - service_bps) / total) if total else 1.0
    # In steps of 2, so that one slice more or less seldom changes everybody's.
    packets = max(_FEWEST_PACKETS, 1 << (_PORT_PACKETS // max(1, len(here))).bit_length() - 1)
    nodes = tuple(
        _slice_node(policy, owner, wanted * scale, rate_bps,
                    _of_slice(floors, owner.number), _of_slice(ceilings, owner.number), packets)
        for owner, wanted in zip(here, asked, strict=True)
    )  # fmt: skip
    service = ClassNode(0, "service", 0, int(service_bps), max(1, int(SERVICE_CEILING * rate_bps)),
                        (), True, SERVICE_PACKETS)  # fmt: skip
    frames = () if port.fabric or len(here) < 2 else tuple(_frames(here, port.interface))
    return PortTree(port, rate_bps, service, (), nodes, frames, total)


def _slice_node(
    policy: Policy, owner: Slice, rate: float, rate_bps: int,
    floors: Mapping[int, float], ceilings: Mapping[int, float], packets: int,
) -> SliceNode:  # fmt: skip
    most = rate_bps if owner.maximum is None else max(1.0, owner.maximum.of(rate_bps))
    rate = min(rate, most)
    used = {policy.class_of(name).queue_id for name in owner.classes}
    queues = [queue for queue in policy.queues if queue.queue_id in used]
    default_id = policy.class_of(owner.default_class).queue_id
    classes = tuple(
        _node(queue, part, most, ceilings.get(queue.queue_id),
              default=queue.queue_id == default_id, packets=packets)
        for queue, part in zip(queues, _divide(rate, queues, floors), strict=True)
    )  # fmt: skip
    return SliceNode(owner.number, owner.name, int(rate), int(most), owner.weight,
                     _with_marks(policy, owner, classes))  # fmt: skip


def _with_marks(
    policy: Policy, owner: Slice, classes: Sequence[ClassNode]
) -> tuple[ClassNode, ...]:
    """The queues with the marks that the slice's own classes carry, and no others."""
    marks: dict[int, set[int]] = {}
    for name in owner.classes:
        entry = policy.class_of(name)
        marks.setdefault(entry.queue_id, set()).add(entry.dscp)
    return tuple(
        ClassNode(c.queue_id, c.name, c.priority, c.rate_bps, c.ceil_bps,
                  tuple(sorted(marks[c.queue_id])), c.default, c.limit_packets)
        for c in classes
    )  # fmt: skip


def _divide(total: float, queues: Sequence[QueueSpec], floors: Mapping[int, float]) -> list[float]:
    """Divides a guarantee by shares, but nobody gets less than its floor.

    Queues whose share would give less than their floor get the floor, the others share the rest.
    Floors that are too much together are cut in proportion.
    """
    needed = sum(floors.get(queue.queue_id, 0.0) for queue in queues)
    cut = min(1.0, total / needed) if needed else 1.0
    floor_of = {queue.queue_id: floors.get(queue.queue_id, 0.0) * cut for queue in queues}
    # A share is never 0 here: queues of nobody's share divide evenly.
    share_of = {queue.queue_id: max(queue.share, 1e-9) for queue in queues}
    fixed: dict[int, float] = {}
    while True:
        free = [queue_id for queue_id in share_of if queue_id not in fixed]
        weight = sum(share_of[queue_id] for queue_id in free)
        level = max(0.0, total - sum(fixed.values())) / weight if free else 0.0
        short = [i for i in free if level * share_of[i] < floor_of[i]]
        if not short:
            break
        fixed.update((i, floor_of[i]) for i in short)
    return [fixed.get(q.queue_id, level * share_of[q.queue_id]) for q in queues]


def _frames(here: Sequence[Slice], interface: str) -> Iterable[FrameRule]:
    """Rules of a host port: longest prefix first, what asks for no prefix last."""
    rules = {
        FrameRule(owner.number, member.vlan, prefix)
        for owner in here
        for member in owner.members
        if _matches(member.ports, interface)
        for prefix in (member.prefixes or (None,))
    }
    return sorted(rules, key=_precedence)


def _precedence(rule: FrameRule) -> tuple[int, int, str, int]:
    length = rule.prefix.prefixlen if rule.prefix is not None else -1
    return -length, rule.vlan or 0, str(rule.prefix), rule.slice_number
