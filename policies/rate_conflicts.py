"""Rates that can't hold: more promised than a link has, or a promise above a limit.

Owns the arithmetic of promises on links under one effective policy; what a port's queues are is
`policies.queues`'s business. Pure.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from policies.classes import TrafficClass
from policies.loads import Group
from policies.model import Limit, Policy, Rate, Slice
from policies.quantities import rate_words
from policies.queues import PortTree

_ROUNDING = 1 + 1e-9
ANY_LINK = 10**18  # bit/s; stands for any link where there is no topology
_MOST_BPS = 1e13  # a rate above it is a share of that


@dataclass(frozen=True, slots=True)
class Conflict:
    """What can't hold.

    Attributes:
        kind: One of a kind is told for each place.
        place: Where in the file.
        message: What, with the numbers.
    """

    kind: str
    place: str
    message: str


def rate_conflicts(policy: Policy, group: Group, tree: PortTree) -> Iterator[Conflict]:
    """Everything that can't hold on the ports of a group, whose queues are `tree`."""
    limits = [limit for limit in policy.limits if group.fabric or not limit.uplinks]
    members = set(group.slices)
    present = [entry for entry in policy.slices if entry.name in members]
    limits = [limit for limit in limits if limit.slice_name is None or limit.slice_name in members]
    where = _where(group)
    if tree.overbooked:
        yield _overbooked(policy, present, limits, tree, where)
    for entry in present:
        yield from _slice_conflicts(policy, entry, limits, group.rate_bps, where)
    yield from _class_conflicts(policy, limits, group.rate_bps, where)


def only_shares(policy: Policy) -> Policy:
    """The effective policy with nothing but rates that are shares of a link."""
    return _only(policy, lambda rate: rate.share is not None)


def only_rates(policy: Policy) -> Policy:
    """The effective policy with nothing but rates in bit/s."""
    return _only(policy, lambda rate: rate.share is None)


def _only(policy: Policy, keep: Callable[[Rate], bool]) -> Policy:
    """What compares on every link alike: shares with shares, rates with rates."""
    slices = (
        replace(
            entry,
            guarantee=entry.guarantee if keep(entry.guarantee) else Rate(bps=0.0),
            maximum=entry.maximum if entry.maximum and keep(entry.maximum) else None,
        )
        for entry in policy.slices
    )
    limits = (
        limit
        for limit in policy.limits
        if (rate := limit.at_least or limit.at_most) is not None and keep(rate)
    )
    return replace(policy, slices=tuple(slices), limits=tuple(limits))


def _where(group: Group) -> str:
    if group.rate_bps >= ANY_LINK:
        return "on any link"
    port = group.ports[0]
    more = f" and {len(group.ports) - 1} more ports" if len(group.ports) > 1 else ""
    rate = rate_words(group.rate_bps)
    return f"on {port.interface} to {port.peer} ({rate}){more}"


def _overbooked(
    policy: Policy, present: Sequence[Slice], limits: Sequence[Limit], tree: PortTree, where: str
) -> Conflict:
    link = tree.rate_bps
    total = f"{where} promises add up to {_on(tree.asked_bps, link)}"
    guaranteed = sum(_bps(entry.guarantee, link) for entry in present)
    if guaranteed > link * _ROUNDING:
        largest = max(present, key=lambda entry: _bps(entry.guarantee, link))
        return Conflict(
            "overbooked", f"slices.{largest.name}.guarantee",
            f"{total}: guarantees of {len(present)} slices, the largest "
            f"{rate_words(largest.guarantee)} of {largest.name!r}",
        )  # fmt: skip
    floors = [limit for limit in limits if limit.at_least]
    if not floors:
        return Conflict("overbooked", "queues", f"{total}: shares of queues")
    largest_limit = max(floors, key=lambda limit: _bps(limit.at_least, link))
    needs = ", ".join(f"{f.source!r} {_on(_bps(f.at_least, link), link)}" for f in floors[:4])
    return Conflict(
        "overbooked", _place(policy, largest_limit),
        f"{total}: {needs}; guarantees of {len(present)} slices {_on(guaranteed, link)}",
    )  # fmt: skip


def _slice_conflicts(
    policy: Policy, entry: Slice, limits: Sequence[Limit], link: int, where: str
) -> Iterator[Conflict]:
    if entry.maximum is None:
        return
    most, least = entry.maximum.of(link), _bps(entry.guarantee, link)
    if least > most * _ROUNDING:
        yield Conflict(
            "maximum", f"slices.{entry.name}.maximum",
            f"{where} the guarantee {rate_words(entry.guarantee)} is {_on(least, link)}, above the "
            f"maximum {rate_words(entry.maximum)}, {_on(most, link)}",
        )  # fmt: skip
    floors = _floors([limit for limit in limits if limit.slice_name == entry.name], link)
    needed = sum(floor for floor, _ in floors.values())
    if needed > most * _ROUNDING:
        _, largest = max(floors.values(), key=lambda item: item[0])
        yield Conflict(
            "floor above maximum", _place(policy, largest),
            f"{where} {largest.source!r} {_needs(len(floors), needed, link)}, above the maximum "
            f"of {entry.name!r}, {_on(most, link)}",
        )  # fmt: skip


def _class_conflicts(
    policy: Policy, limits: Sequence[Limit], link: int, where: str
) -> Iterator[Conflict]:
    floors, ceilings = _floors(limits, link), _ceilings(limits, link)
    together: dict[TrafficClass, float] = defaultdict(float)
    for (name, owner), (floor, limit) in floors.items():
        if owner is not None:
            together[name] += floor
        for scope in dict.fromkeys((owner, None)):
            if (name, scope) in ceilings and floor > ceilings[name, scope][0] * _ROUNDING:
                yield _crossed(policy, limit, floor, ceilings[name, scope], link, where)
        yield from _queue_conflict(policy, limit, floor, link, where)
    for name, floor in together.items():
        if (name, None) in ceilings and floor > ceilings[name, None][0] * _ROUNDING:
            part = next(item[1] for key, item in floors.items() if key[0] is name and key[1])
            yield _crossed(policy, part, floor, ceilings[name, None], link, where)


def _crossed(
    policy: Policy, low: Limit, floor: float, high: tuple[float, Limit], link: int, where: str
) -> Conflict:
    return Conflict(
        "floor above ceiling", _place(policy, low),
        f"{where} {low.source!r} needs {_on(floor, link)}, but {high[1].source!r} "
        f"allows {_on(high[0], link)}",
    )  # fmt: skip


def _queue_conflict(
    policy: Policy, limit: Limit, floor: float, link: int, where: str
) -> Iterator[Conflict]:
    queue_id = policy.class_of(limit.traffic_class).queue_id
    queue = next(entry for entry in policy.queues if entry.queue_id == queue_id)
    owner = next((entry for entry in policy.slices if entry.name == limit.slice_name), None)
    most = owner.maximum.of(link) if owner and owner.maximum else link
    if most >= floor > queue.ceiling * most * _ROUNDING:
        yield Conflict(
            "queue ceiling", _place(policy, limit),
            f"{where} {limit.source!r} needs {_on(floor, link)}, above the ceiling "
            f"{queue.ceiling:g} of queue {queue.name!r}, {_on(queue.ceiling * most, link)}",
        )  # fmt: skip


_Scope = tuple[TrafficClass, str | None]


def _floors(limits: Iterable[Limit], link: int) -> dict[_Scope, tuple[float, Limit]]:
    """The largest promise to each class of each slice (None: of all together), bit/s."""
    found: dict[_Scope, tuple[float, Limit]] = {}
    for limit in limits:
        key, floor = (limit.traffic_class, limit.slice_name), _bps(limit.at_least, link)
        if limit.at_least and (key not in found or floor > found[key][0]):
            found[key] = floor, limit
    return found


def _ceilings(limits: Iterable[Limit], link: int) -> dict[_Scope, tuple[float, Limit]]:
    """The smallest limit of each class of each slice (None: of all together), bit/s."""
    found: dict[_Scope, tuple[float, Limit]] = {}
    for limit in limits:
        key, ceiling = (limit.traffic_class, limit.slice_name), _bps(limit.at_most, link)
        if limit.at_most and (key not in found or ceiling < found[key][0]):
            found[key] = ceiling, limit
    return found


def _bps(rate: Rate | None, link: int) -> float:
    """Not cut to the link, so that too much shows; 0 for no rate."""
    if rate is None:
        return 0.0
    return rate.bps if rate.bps is not None else (rate.share or 0.0) * link


def _on(bps: float, link: int) -> str:
    return f"{100 * bps / link:.4g}%" if link >= ANY_LINK and bps > _MOST_BPS else rate_words(bps)


def _needs(count: int, bps: float, link: int) -> str:
    return f"{'and others need' if count > 1 else 'needs'} {_on(bps, link)}"


def _place(policy: Policy, limit: Limit) -> str:
    texts = [intent.text for intent in policy.intents]
    return f"intents.{texts.index(limit.source)}" if limit.source in texts else "intents"
