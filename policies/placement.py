"""Where slices are on a network: their ports, hosts and switches, and the tiers that confine them.

Owns matching selectors and tiers against a fabric. Pure. A topology tells one untagged address of
each host, so of hosts that tag only the port is known.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from ipaddress import ip_address

from policies.fabric import Fabric, Port
from policies.model import Confinement, Policy, Selector, Slice


@dataclass(frozen=True, slots=True)
class Place:
    """Where one slice is.

    Attributes:
        ports: Interfaces its hosts may be behind.
        hosts: Hosts of the topology that belong to it.
        switches: Switches it is known to be on: its selectors name their ports, or its hosts'
            addresses are there.
        allowed: Switches its traffic may cross; None is all.
        nowhere: Numbers of its members that match nothing here.
    """

    ports: frozenset[str]
    hosts: tuple[str, ...]
    switches: frozenset[str]
    allowed: frozenset[str] | None
    nowhere: tuple[int, ...]

    def may_cross(self, switch: str) -> bool:
        """Whether its traffic may pass this switch."""
        return self.allowed is None or switch in self.allowed


def place_slices(policy: Policy, fabric: Fabric) -> dict[str, Place]:
    """Where each slice of an effective policy is, by name."""
    by_interface = {port.interface: port for port in fabric.host_ports}
    confined: dict[str, list[Confinement]] = {}
    for confinement in policy.confinements:
        confined.setdefault(confinement.slice_name, []).append(confinement)
    allowed = {name: _allowed(policy, fabric, those) for name, those in confined.items()}
    return {
        entry.name: _place(entry, by_interface, allowed.get(entry.name)) for entry in policy.slices
    }


def switches_of(policy: Policy, fabric: Fabric, tiers: Iterable[str]) -> frozenset[str]:
    """Switches of these tiers: those that the policy lists, and those that the topology does."""
    wanted = set(tiers)
    listed = [tier for tier in policy.tiers if tier.name in wanted]
    return frozenset(
        switch.name
        for switch in fabric.switches.values()
        if switch.tier in wanted or any(tier.has(switch.name, switch.dpid) for tier in listed)
    )


def tier_names(policy: Policy, fabric: Fabric | None) -> list[str]:
    """Tiers that the policy or the topology knows."""
    names = [tier.name for tier in policy.tiers]
    if fabric:
        names += sorted({switch.tier for switch in fabric.switches.values() if switch.tier})
    return list(dict.fromkeys(names))


def _allowed(
    policy: Policy, fabric: Fabric, confinements: Collection[Confinement]
) -> frozenset[str]:
    sets = [switches_of(policy, fabric, confinement.tiers) for confinement in confinements]
    return frozenset.intersection(*sets)


def _place(entry: Slice, by_interface: Mapping[str, Port], allowed: frozenset[str] | None) -> Place:
    found = [_matching(member, by_interface) for member in entry.members]
    ports = [port for some in found for port in some]
    known = [
        port
        for member, some in zip(entry.members, found, strict=True)
        if member.ports or _tells_hosts(member)
        for port in some
    ]
    hosts = [
        port.peer
        for member, some in zip(entry.members, found, strict=True)
        if member.vlan is None
        for port in some
    ]
    return Place(
        frozenset(port.interface for port in ports),
        tuple(dict.fromkeys(hosts)),
        frozenset(port.switch for port in known),
        allowed,
        tuple(index for index, some in enumerate(found) if not some),
    )


def _matching(member: Selector, by_interface: Mapping[str, Port]) -> list[Port]:
    ports = _on_ports(member.ports, by_interface)
    if not _tells_hosts(member):
        return ports
    return [port for port in ports if _sends_from(member, port)]


def _on_ports(patterns: Collection[str], by_interface: Mapping[str, Port]) -> list[Port]:
    if not patterns:
        return list(by_interface.values())
    found: dict[str, Port] = {}
    for pattern in patterns:
        if pattern in by_interface:
            found[pattern] = by_interface[pattern]
        elif "*" in pattern or "?" in pattern:
            matches = re.compile(translate(pattern)).match
            found |= {name: port for name, port in by_interface.items() if matches(name)}
    return list(found.values())


def _tells_hosts(member: Selector) -> bool:
    """Whether the topology's addresses decide: untagged hosts, IPv4 prefixes alone."""
    return member.vlan is None and {network.version for network in member.prefixes} == {4}


def _sends_from(member: Selector, port: Port) -> bool:
    address = ip_address(port.address or "0.0.0.0")
    return any(address in network for network in member.prefixes)
