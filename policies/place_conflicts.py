"""Promises that a network's shape can't keep: confinement without a way, members that are nowhere.

Pure; rates are `policies.rate_conflicts`'s business.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping

from policies.fabric import Fabric, distances
from policies.mistakes import suggest
from policies.model import Policy, Slice
from policies.placement import Place, switches_of, tier_names
from policies.rate_conflicts import Conflict


def tier_conflicts(policy: Policy, fabric: Fabric | None) -> Iterator[Conflict]:
    """Intents that name a tier nobody knows, or one without switches."""
    known = tier_names(policy, fabric)
    for index, intent in enumerate(policy.intents):
        for confinement in policy.confinements:
            if confinement.source != intent.text:
                continue
            for name in confinement.tiers:
                if name not in known and fabric:
                    yield Conflict("tier", f"intents.{index}",
                                   f"no tier {name!r}{suggest(name, known)}")  # fmt: skip
                elif fabric and not switches_of(policy, fabric, (name,)):
                    yield Conflict("tier", f"tiers.{name}",
                                   f"no switch of {fabric.name} is in it")  # fmt: skip


def confinement_conflicts(
    policy: Policy, fabric: Fabric, places: Mapping[str, Place]
) -> Iterator[Conflict]:
    """Slices that can't stay inside their tiers, each with the switch or the pair it fails for."""
    texts = [intent.text for intent in policy.intents]
    for confinement in policy.confinements:
        place = places[confinement.slice_name]
        where = f"intents.{texts.index(confinement.source)}"
        outside = sorted(place.switches - (place.allowed or frozenset()))
        if outside:
            yield Conflict(
                "outside", where,
                f"{confinement.source!r}: {confinement.slice_name!r} has members on "
                f"{_with_tiers(fabric, outside)}, outside {_named(confinement.tiers)}",
            )  # fmt: skip
        elif pair := _cut_off(fabric, place):
            yield Conflict(
                "no path", where,
                f"{confinement.source!r}: no path from {pair[0]} to {pair[1]} inside "
                f"{_named(confinement.tiers)} ({_some(place.allowed or ())})",
            )  # fmt: skip
        yield from _unreachable_partners(policy, confinement.slice_name, places, where)


def place_warnings(
    policy: Policy, fabric: Fabric, places: Mapping[str, Place]
) -> Iterator[Conflict]:
    """Members that match nothing, slices that are nowhere, and hosts that nobody lets in."""
    yield from _left_out(policy, fabric, places)
    for entry in policy.slices:
        place = places[entry.name]
        for index in place.nowhere:
            yield Conflict("member", f"slices.{entry.name}.members.{index}",
                           _nothing_matches(entry, index, fabric))  # fmt: skip
        if not place.ports:
            yield Conflict("nowhere", f"slices.{entry.name}",
                           f"has no member on {fabric.name}")  # fmt: skip
        elif place.allowed is not None and not place.switches and (
            shut := sorted({p.switch for p in fabric.host_ports} - place.allowed)
        ):  # fmt: skip
            yield Conflict("shut out", f"slices.{entry.name}.members",
                           f"its hosts behind {_some(shut)} are outside its tiers and will reach "
                           "nobody; name its ports")  # fmt: skip


def _left_out(policy: Policy, fabric: Fabric, places: Mapping[str, Place]) -> Iterator[Conflict]:
    taken = {interface for place in places.values() for interface in place.ports}
    alone = [port for port in fabric.host_ports if port.interface not in taken]
    if policy.slices and alone:
        hosts = _some([f"{port.peer} on {port.interface}" for port in alone])
        yield Conflict("left out", "slices", f"of no slice, so not let in: {hosts}")


def _nothing_matches(entry: Slice, index: int, fabric: Fabric) -> str:
    member = entry.members[index]
    interfaces = [port.interface for port in fabric.host_ports]
    on_fabric = {port.interface for port in fabric.ports if port.fabric}
    for pattern in member.ports:
        if pattern in on_fabric:
            return f"{pattern} leads to a switch; hosts are on {_some(interfaces)}"
    if member.ports and not any(map(member.may_enter, interfaces)):
        near = difflib.get_close_matches(member.ports[0], interfaces, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {_some(interfaces)}"
        return f"no host port of {fabric.name} is called {', '.join(member.ports[:4])}; {hint}"
    prefixes = ", ".join(map(str, member.prefixes[:4]))
    return f"no host of {fabric.name} there has an address in {prefixes}"


def _cut_off(fabric: Fabric, place: Place) -> tuple[str, str] | None:
    """The first two switches of a confined slice without a way between them inside."""
    inside = place.allowed or frozenset()
    members = sorted(place.switches or {p.switch for p in fabric.host_ports} & inside)
    if len(members) < 2:
        return None
    reached = distances(fabric, members[0], inside)
    return next(((members[0], name) for name in members if name not in reached), None)


def _unreachable_partners(
    policy: Policy, name: str, places: Mapping[str, Place], where: str
) -> Iterator[Conflict]:
    own = next(entry for entry in policy.slices if entry.name == name)
    partners = {*own.talks_to, *(s.name for s in policy.slices if name in s.talks_to)}
    for partner in sorted(partners):
        theirs = places[partner].switches
        if theirs and not any(map(places[name].may_cross, theirs)):
            yield Conflict(
                f"partner {partner}", where,
                f"{name!r} talks to {partner!r}, all of whose members ({_some(theirs)}) are "
                "outside the tiers it may not leave",
            )  # fmt: skip


def _with_tiers(fabric: Fabric, names: list[str]) -> str:
    shown = (f"{n} ({fabric.switches[n].tier or 'no tier'})" for n in names[:4])
    return ", ".join(shown) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _named(tiers: tuple[str, ...]) -> str:
    return f"tier {' or '.join(tiers)}"


def _some(names: Collection[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
