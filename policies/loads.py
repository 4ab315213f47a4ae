"""What each port of a network carries under a policy: which slices meet there, and their queues.

Owns grouping: ports of one rate on which the same slices meet have the same numbers, so a network
of thousands of ports needs few trees. Pure.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from policies.fabric import Fabric, Port
from policies.model import Policy, Slice
from policies.placement import Place
from policies.queues import PortRole, PortTree, port_tree


@dataclass(frozen=True, slots=True)
class Group:
    """Ports with the same numbers; `slices` are the names of those that meet there."""

    rate_bps: int
    fabric: bool
    slices: tuple[str, ...]
    ports: tuple[Port, ...]


def group_ports(policy: Policy, fabric: Fabric, places: Mapping[str, Place]) -> tuple[Group, ...]:
    """The ports of a network, the slowest first."""
    guests: dict[str, list[str]] = defaultdict(list)
    for name, place in places.items():
        for interface in place.ports:
            guests[interface].append(name)
    confined = [name for name, place in places.items() if place.allowed is not None]
    names = tuple(sorted(places))

    def across(port: Port) -> tuple[str, ...]:
        shut = {n for n in confined if not {port.switch, port.peer} <= (places[n].allowed or set())}
        return tuple(name for name in names if name not in shut) if shut else names

    found: dict[tuple[int, bool, tuple[str, ...]], list[Port]] = defaultdict(list)
    for port in fabric.ports:
        present = across(port) if port.fabric else tuple(sorted(guests[port.interface]))
        found[port.rate_bps, port.fabric, present].append(port)
    groups = (Group(*key, tuple(ports)) for key, ports in found.items())
    return tuple(sorted(groups, key=lambda group: (group.rate_bps, not group.fabric)))


def tree_of(policy: Policy, group: Group) -> PortTree:
    """The queues of any port of the group, under an effective policy."""
    port = group.ports[0]
    role = PortRole(port.interface, group.fabric)
    if policy.slices and not group.slices:
        empty = port_tree(replace(policy, slices=policy.slices[:1]), group.rate_bps, role)
        return replace(empty, slices=(), frames=(), asked_bps=0.0)
    return port_tree(replace(policy, slices=_named(policy, group.slices)), group.rate_bps, role)


def _named(policy: Policy, names: Sequence[str]) -> tuple[Slice, ...]:
    wanted = set(names)
    return tuple(entry for entry in policy.slices if entry.name in wanted)
