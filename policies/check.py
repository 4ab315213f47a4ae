"""What a policy would mean on a network, and everything in it that can't hold there.

Owns the order of checks and the week they look ahead: each distinct effective policy that schedules
lead to is checked. Pure: the moment is an argument. What is wrong within the file alone was refused
by `policies.load`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from policies.errors import PolicyConflictError
from policies.fabric import Fabric, Port, TopologyLike, fabric_of
from policies.intents import Promise, effective, next_change, promises, timeline
from policies.latency_bound import Ways, latency_conflicts
from policies.loads import Group, group_ports, tree_of
from policies.model import Confinement, LatencyTarget, Limit, Policy, Slice
from policies.place_conflicts import confinement_conflicts, place_warnings, tier_conflicts
from policies.placement import Place, place_slices
from policies.quantities import rate_words
from policies.queues import PortTree
from policies.rate_conflicts import ANY_LINK, Conflict, only_rates, only_shares, rate_conflicts
from policies.report import Finding, LinkReport, Report, RuleReport, SliceReport
from policies.rules import rule_words
from policies.schedule import zone_of
from policies.sentences import Bound, Idle

AHEAD = timedelta(days=7)
# Different sets of limits looked at: as many as some seconds allow.
_MOST_WORK, _FEWEST_MOMENTS = 10_000_000, 10
_MOST_SHOWN = 20
_UNCHECKED = (
    "rates in bit/s against links", "latency targets", "members against ports",
    "paths inside tiers",
)  # fmt: skip


def check(policy: Policy, topology: TopologyLike | None, at: datetime) -> Report:
    """What the policy would mean there.

    Args:
        policy: As loaded.
        topology: The network, such as a `topologies.model.Topology`; None checks the file alone.
        at: Now, with a time zone; rates are told for this moment, conflicts for the week after.

    Raises:
        PolicyConflictError: Something can't hold; says each place, the numbers, and when.
    """
    report = examine(policy, topology, at)
    if report.conflicts:
        lines = report.lines(report.conflicts[:_MOST_SHOWN])
        if (more := len(report.conflicts) - _MOST_SHOWN) > 0:
            lines.append(f"{report.source or report.policy}: and {more} more")
        raise PolicyConflictError("\n".join(lines))
    return report


def examine(policy: Policy, topology: TopologyLike | None, at: datetime) -> Report:
    """As `check`, but conflicts are listed in the report instead of raised."""
    now = effective(policy, at)
    fabric = None if topology is None else fabric_of(topology)
    places = {} if fabric is None else place_slices(now, fabric)
    groups = _groups(now, fabric, places)
    work = sum(1 + len(group.slices) for group in groups) * (1 + len(policy.intents))
    moments, dropped = _moments(policy, at, max(_FEWEST_MOMENTS, _MOST_WORK // work))
    conflicts = _findings(policy, _conflicts(now, fabric, places, groups, moments))
    warnings = place_warnings(now, fabric, places) if fabric else ()
    unchecked = list(_UNCHECKED if fabric is None else ())
    if dropped:
        unchecked.append(f"schedules after {moments[-1][0]:%a %d %b %H:%M %Z}: too many changes")
    return Report(
        policy=policy.name,
        source=policy.source,
        topology=fabric.name if fabric else None,
        at=at.astimezone(zone_of(policy.time_zone)),
        time_zone=policy.time_zone,
        next_change=next_change(policy, at),
        in_force=_in_force(now),
        slices=tuple(_slice_report(entry, fabric, places) for entry in policy.slices),
        links=_links(fabric, groups),
        loads=tuple(tree_of(now, group) for group in groups) if fabric else (),
        conflicts=conflicts,
        warnings=_findings(policy, ((warning, None) for warning in warnings)),
        unchecked=tuple(unchecked),
        rules=tuple(
            RuleReport(rule.name, rule.traffic_class.value, rule_words(rule))
            for rule in policy.rules
        ),
    )


def _groups(
    policy: Policy, fabric: Fabric | None, places: Mapping[str, Place]
) -> tuple[Group, ...]:
    """The ports; without a topology one where everybody meets and only shares count."""
    if fabric is not None:
        return group_ports(policy, fabric, places)
    port = Port("any", "any", "any", None, ANY_LINK, 0.0)
    return (Group(ANY_LINK, True, tuple(entry.name for entry in policy.slices), (port,)),)


def _moments(policy: Policy, at: datetime, most: int) -> tuple[list[tuple[datetime, Policy]], bool]:
    """When schedules change something within the week, each limits once; whether there was more."""
    found: dict[object, tuple[datetime, Policy]] = {}
    for moment, now in timeline(policy, at, at + AHEAD):
        if now.limits not in found and len(found) == most:
            return list(found.values()), True
        found.setdefault(now.limits, (moment, now))
    return list(found.values()), False


class _Ports:
    """The ports, and what was found out about each under the limits that concern it."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = groups
        self._members = [frozenset(group.slices) for group in groups]
        self._known: dict[object, tuple[PortTree, tuple[Conflict, ...]]] = {}

    def at(self, policy: Policy, index: int) -> tuple[PortTree, tuple[Conflict, ...]]:
        """Queues and conflicts of one group; most schedules don't concern most host ports."""
        group, members = self.groups[index], self._members[index]
        limits = tuple(
            limit
            for limit in policy.limits
            if (group.fabric or not limit.uplinks)
            and (limit.slice_name is None or limit.slice_name in members)
        )
        if (index, limits) not in self._known:
            tree = tree_of(policy, group)
            self._known[index, limits] = tree, tuple(rate_conflicts(policy, group, tree))
        return self._known[index, limits]


def _conflicts(
    now: Policy,
    fabric: Fabric | None,
    places: Mapping[str, Place],
    groups: Sequence[Group],
    moments: Sequence[tuple[datetime, Policy]],
) -> Iterator[tuple[Conflict, datetime | None]]:
    """Every conflict and since when; None for one that is always there."""
    always = [*idle_conflicts(now), *tier_conflicts(now, fabric)]
    if fabric is not None:
        always += confinement_conflicts(now, fabric, places)
    yield from ((conflict, None) for conflict in always)
    ways, ports = None if fabric is None else Ways(fabric), _Ports(groups)
    seen: dict[tuple[str, str], list[tuple[Conflict, datetime]]] = {}
    for moment, policy in moments:
        found = list(_found(policy, places, ports, ways))
        for conflict in {(c.kind, c.place): c for c in reversed(found)}.values():
            seen.setdefault((conflict.kind, conflict.place), []).append((conflict, moment))
    for times in seen.values():
        conflict, moment = times[0]
        yield conflict, None if len(times) == len(moments) else moment


def _found(
    policy: Policy, places: Mapping[str, Place], ports: _Ports, ways: Ways | None
) -> Iterator[Conflict]:
    """What one effective policy breaks; `ways` is None without a topology."""
    if ways is None:
        for part in (only_shares(policy), only_rates(policy)):
            for group in ports.groups:
                yield from rate_conflicts(part, group, tree_of(part, group))
        return
    trees = []
    for index in range(len(ports.groups)):
        tree, conflicts = ports.at(policy, index)
        trees.append(tree)
        yield from conflicts
    yield from latency_conflicts(policy, places, ports.groups, trees, ways)


def idle_conflicts(policy: Policy) -> Iterator[Conflict]:
    """ "May use any idle capacity", and something that says it may not."""
    said = promises(policy)
    for promise in said:
        if isinstance(promise.sentence, Idle):
            for reason in _against_idle(policy, promise.sentence, said):
                yield Conflict("idle", f"intents.{promise.index}",
                               f"{promise.intent.text!r}, but {reason}")  # fmt: skip


def _against_idle(policy: Policy, idle: Idle, said: Iterable[Promise]) -> Iterator[str]:
    name, owner = idle.subject.traffic_class, idle.subject.slice_name
    for other in said:
        bound = other.sentence
        if isinstance(bound, Bound) and not bound.at_least:
            same_slice = owner is None or bound.subject.slice_name in (None, owner)
            if bound.subject.traffic_class is name and same_slice:
                yield f"line {other.intent.line} says {other.intent.text!r}"
    queue = next(q for q in policy.queues if q.queue_id == policy.class_of(name).queue_id)
    if queue.ceiling < 1:
        yield f"its queue {queue.name!r} has a ceiling of {queue.ceiling:g}"
    for entry in policy.slices:
        if entry.name == owner and entry.maximum is not None:
            yield f"slice {owner!r} has a maximum of {rate_words(entry.maximum)}"


def _findings(
    policy: Policy, found: Iterable[tuple[Conflict, datetime | None]]
) -> tuple[Finding, ...]:
    """In the order of the file."""
    lines, zone = dict(policy.lines), zone_of(policy.time_zone)
    findings = (
        Finding(
            conflict.place,
            _line_of(lines, conflict.place),
            conflict.message,
            since.astimezone(zone) if since else None,
        )
        for conflict, since in found
    )
    return tuple(sorted(findings, key=lambda finding: (finding.line, finding.place)))


def _line_of(lines: Mapping[str, int], place: str) -> int:
    """The line of a place in the file, or of what it is part of; 0 where none is known."""
    while place:
        if place in lines:
            return lines[place]
        place = place.rpartition(".")[0]
    return 0


def _in_force(now: Policy) -> tuple[str, ...]:
    held: Iterable[Limit | Confinement | LatencyTarget] = (
        *now.limits, *now.confinements, *now.targets
    )  # fmt: skip
    return tuple(dict.fromkeys(entry.source for entry in held))


def _slice_report(entry: Slice, fabric: Fabric | None, places: Mapping[str, Place]) -> SliceReport:
    place = places.get(entry.name)
    everywhere = bool(fabric and place and len(place.ports) == len(fabric.host_ports) > 1)
    return SliceReport(
        name=entry.name,
        number=entry.number,
        guarantee=rate_words(entry.guarantee),
        maximum=rate_words(entry.maximum) if entry.maximum else None,
        weight=entry.weight,
        ports=("*",) if everywhere else tuple(sorted(place.ports if place else ())),
        hosts=place.hosts if place else (),
        switches=None if place is None or place.allowed is None else tuple(sorted(place.allowed)),
    )


def _links(fabric: Fabric | None, groups: Sequence[Group]) -> tuple[LinkReport, ...]:
    if fabric is None:
        return ()
    load = {port.interface: i for i, group in enumerate(groups) for port in group.ports}
    return tuple(
        LinkReport(port.interface, port.switch, port.peer, port.rate_bps, port.fabric,
                   load[port.interface])
        for port in fabric.ports
    )  # fmt: skip
