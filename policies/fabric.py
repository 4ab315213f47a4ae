"""A topology as policies see it: ports with rates, switches with tiers, distances.

Reads anything of the shape of `topologies.model.Topology` and imports none of it: policies and
topologies don't know each other. Pure.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol


class SwitchLike(Protocol):
    """A switch; see `topologies.model.Switch`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def dpid(self) -> int: ...  # noqa: D102
    @property
    def tier(self) -> str: ...  # noqa: D102


class HostLike(Protocol):
    """A host; see `topologies.model.Host`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def switch(self) -> str: ...  # noqa: D102
    @property
    def address(self) -> str: ...  # noqa: D102
    @property
    def rate_bps(self) -> int: ...  # noqa: D102


class LinkLike(Protocol):
    """A link between switches; see `topologies.model.Link`."""

    @property
    def a(self) -> str: ...  # noqa: D102
    @property
    def b(self) -> str: ...  # noqa: D102
    @property
    def rate_bps(self) -> int: ...  # noqa: D102
    @property
    def delay_s(self) -> float: ...  # noqa: D102


class TopologyLike(Protocol):
    """A network; see `topologies.model.Topology`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def switches(self) -> Sequence[SwitchLike]: ...  # noqa: D102
    @property
    def hosts(self) -> Sequence[HostLike]: ...  # noqa: D102
    @property
    def links(self) -> Sequence[LinkLike]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Port:
    """One direction of a link: what a switch sends out of one port.

    Attributes:
        interface: SWITCH-ethN, numbered as `emulation.attachments` does.
        switch: Whose.
        peer: Name of the switch or host at the other end.
        address: IP address of the host there; None where a switch is.
        rate_bps: Link rate, bit/s.
        delay_s: One-way propagation, seconds.
    """

    interface: str
    switch: str
    peer: str
    address: str | None
    rate_bps: int
    delay_s: float

    @property
    def fabric(self) -> bool:
        """A switch is behind it."""
        return self.address is None


@dataclass(frozen=True, slots=True)
class Fabric:
    """A network's ports and switches."""

    name: str
    switches: Mapping[str, SwitchLike]
    ports: tuple[Port, ...]

    @property
    def host_ports(self) -> tuple[Port, ...]:
        """Ports with a host behind them."""
        return tuple(port for port in self.ports if not port.fabric)


@dataclass(frozen=True, slots=True)
class Distance:
    """A shortest path: switches it crosses, the first and last included, and its propagation."""

    switches: int
    delay_s: float


def fabric_of(topology: TopologyLike) -> Fabric:
    """The ports and switches of a topology; a switch's hosts have its first ports."""
    return Fabric(
        topology.name,
        {switch.name: switch for switch in topology.switches},
        tuple(_ports(topology)),
    )


def distances(fabric: Fabric, start: str, inside: AbstractSet[str]) -> dict[str, Distance]:
    """The way from one switch to each that is reachable over switches of `inside` only."""
    neighbours: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for port in fabric.ports:
        if port.fabric and port.peer in inside:
            neighbours[port.switch].append((port.peer, port.delay_s))
    found = {start: Distance(1, 0.0)}
    ring = [start]
    while ring:
        following: dict[str, float] = {}
        for name in ring:
            for peer, delay_s in neighbours[name]:
                if peer not in found:
                    total_s = found[name].delay_s + delay_s
                    following[peer] = min(total_s, following.get(peer, total_s))
        hops = found[ring[0]].switches + 1
        found.update((name, Distance(hops, delay_s)) for name, delay_s in following.items())
        ring = list(following)
    return found


def _ports(topology: TopologyLike) -> Iterator[Port]:
    last = {switch.name: 0 for switch in topology.switches}
    for host in topology.hosts:
        last[host.switch] += 1
        yield Port(f"{host.switch}-eth{last[host.switch]}", host.switch, host.name, host.address,
                   host.rate_bps, 0.0)  # fmt: skip
    for link in topology.links:
        for near, far in ((link.a, link.b), (link.b, link.a)):
            last[near] += 1
            yield Port(f"{near}-eth{last[near]}", near, far, None, link.rate_bps, link.delay_s)
