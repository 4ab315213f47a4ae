"""What a topology is: frozen data, checked once when it is made.

This module owns the four types and everything that must hold between them. It knows nothing of
Mininet, files or families. Whoever holds a `Topology` may rely on it without a check of their own.

Parallel links are refused: a link is named by its two switches (to cut it, to chart it, to route
over it), so two cables between one pair are written as one link with the summed rate.
"""

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from topologies import errors

INTERFACE_NAME_MAX = 15  # IFNAMSIZ of linux/if.h is 16, its final NUL included
DPID_MAX = 2**64 - 1  # OpenFlow 1.3.5, section 7.1: datapath_id is 64 bits

# No "-" and no ".": Mininet's prompt reads "edge-1 ping h2" as a command called "edge".
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", re.ASCII)

_Item = TypeVar("_Item", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Switch:
    """An OpenFlow switch.

    Attributes:
        name: unique among switches and hosts.
        dpid: OpenFlow datapath id, 1..2^64-1, unique.
        tier: its role, such as "leaf" or "spine"; "" where it has none.
    """

    name: str
    dpid: int
    tier: str = ""

    def __post_init__(self) -> None:
        _check_name("switch", self.name)
        if not 1 <= self.dpid <= DPID_MAX:
            raise errors.DatapathIdError(
                f"switch {self.name}: dpid must be 1..2^64-1; got {self.dpid}"
            )


@dataclass(frozen=True, slots=True)
class Host:
    """A host with one interface on one switch.

    Attributes:
        mac: unicast, lower case, colons: "00:00:00:00:00:01".
        ip: IPv4 address with prefix length: "10.0.0.1/16".
        switch: name of the switch it hangs on.
        rate_bps: rate of its access link, each way, bit/s.
        tier: its place, such as "cloud"; "" where it has none.
    """

    name: str
    mac: str
    ip: str
    switch: str
    rate_bps: int
    tier: str = ""

    def __post_init__(self) -> None:
        _check_name("host", self.name)
        _check_mac(self.name, self.mac)
        _check_ip(self.name, self.ip)
        _check_rate(f"host {self.name}", self.rate_bps)

    @property
    def address(self) -> str:
        """The IP address without its prefix length."""
        return self.ip.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Link:
    """A full-duplex link between two switches.

    Attributes:
        a: name of one switch.
        b: name of the other; the order means nothing.
        rate_bps: rate each way, bit/s.
        delay_s: one-way propagation delay, seconds.
    """

    a: str
    b: str
    rate_bps: int
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        where = f"link {self.a}-{self.b}"
        if self.a == self.b:
            raise errors.SelfLoopError(f"{where} joins a switch to itself: remove it")
        _check_rate(where, self.rate_bps)
        if not 0 <= self.delay_s < math.inf:
            raise errors.DelayError(f"{where}: delay_s must be 0 or more; got {self.delay_s}")


@dataclass(frozen=True, slots=True)
class Topology:
    """A connected network of switches with hosts on them.

    Raises:
        TopologyError: the subclass says which rule is broken, the message how to mend it.
    """

    name: str
    switches: tuple[Switch, ...]
    hosts: tuple[Host, ...]
    links: tuple[Link, ...]

    def __post_init__(self) -> None:
        if not self.switches:
            raise errors.NoSwitchError(f"topology {self.name!r} has no switch: add at least one")
        self._check_unique()
        self._check_ends()
        self._check_interface_names()
        self._check_connected()

    def _check_unique(self) -> None:
        nodes: tuple[Switch | Host, ...] = (*self.switches, *self.hosts)
        if name := _repeated(node.name for node in nodes):
            raise errors.DuplicateNameError(f"two nodes are named {name!r}: rename one")
        if dpid := _repeated(switch.dpid for switch in self.switches):
            raise errors.DuplicateDatapathIdError(f"two switches have dpid {dpid}: change one")
        for address in (
            _repeated(host.mac for host in self.hosts),
            _repeated(host.address for host in self.hosts),
        ):
            if address:
                raise errors.DuplicateAddressError(f"two hosts have address {address}: change one")
        if pair := _repeated(frozenset((link.a, link.b)) for link in self.links):
            raise errors.ParallelLinkError(
                f"two links between {' and '.join(sorted(pair))}: write one with the summed rate"
            )

    def _check_ends(self) -> None:
        known = {switch.name for switch in self.switches}
        ends = [(f"link {link.a}-{link.b}", end) for link in self.links for end in (link.a, link.b)]
        ends += [(f"host {host.name}", host.switch) for host in self.hosts]
        for where, end in ends:
            if end not in known:
                hint = errors.did_you_mean(end, known) or ": add it to the switches"
                raise errors.UnknownSwitchError(f"{where}: no switch is named {end!r}{hint}")

    def _check_interface_names(self) -> None:
        ports = Counter(host.switch for host in self.hosts)
        ports.update(end for link in self.links for end in (link.a, link.b))
        # Mininet numbers a switch's ports from 1 and a host's only port 0.
        for node, last_port in (
            *((switch.name, ports[switch.name]) for switch in self.switches),
            *((host.name, 0) for host in self.hosts),
        ):
            interface = f"{node}-eth{last_port}"
            if len(interface) > INTERFACE_NAME_MAX:
                raise errors.InterfaceNameError(
                    f"{node}: its interface {interface!r} is longer than Linux's "
                    f"{INTERFACE_NAME_MAX} characters: shorten the name"
                )

    def _check_connected(self) -> None:
        neighbours: dict[str, list[str]] = {switch.name: [] for switch in self.switches}
        for link in self.links:
            neighbours[link.a].append(link.b)
            neighbours[link.b].append(link.a)
        start = self.switches[0].name
        reached, frontier = {start}, [start]
        while frontier:
            fresh = [name for name in neighbours[frontier.pop()] if name not in reached]
            reached.update(fresh)
            frontier += fresh
        if cut_off := [name for name in neighbours if name not in reached]:
            raise errors.DisconnectedError(
                f"{len(cut_off)} of {len(neighbours)} switches can't be reached from {start}, "
                f"{cut_off[0]} among them: add a link"
            )


def _repeated(items: Iterable[_Item]) -> _Item | None:
    """Return the first item that comes a second time."""
    seen: set[_Item] = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return None


def _check_name(kind: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise errors.NodeNameError(
            f"{kind} {name!r}: a name is a letter, then letters, digits or '_'"
        )


def _check_mac(host: str, mac: str) -> None:
    # The lowest bit of the first octet marks a group address (IEEE 802-2014, 8.2.2).
    if not _MAC.fullmatch(mac) or int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
        raise errors.AddressError(
            f"host {host}: mac must be unicast and written like 00:00:00:00:00:01; got {mac!r}"
        )


def _check_ip(host: str, ip: str) -> None:
    hint = "ip must be an IPv4 host address with its prefix length, like 10.0.0.1/16"
    try:
        interface = ipaddress.IPv4Interface(ip)
    except ValueError:
        raise errors.AddressError(f"host {host}: {hint}; got {ip!r}") from None
    address, network = interface.ip, interface.network
    reserved: Sequence[ipaddress.IPv4Address] = (network.network_address, network.broadcast_address)
    if str(interface) != ip or address.is_multicast or address.is_loopback or address in reserved:
        raise errors.AddressError(f"host {host}: {hint}; got {ip!r}")


def _check_rate(where: str, rate_bps: int) -> None:
    if rate_bps <= 0:
        raise errors.RateError(f"{where}: rate_bps must be positive; got {rate_bps}")
