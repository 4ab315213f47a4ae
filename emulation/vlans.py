"""Hosts as their slices see them: tagged, and under the addresses of their slice.

A topology has one untagged interface with one unique address for each host, while a policy may say
that hosts on a port tag a VLAN, or that two tenants number their hosts alike. Owns what follows
from both: in which slices a host is, with which tag and which address (`seats`), and making its
interfaces so (`seat_hosts`). A policy that needs neither changes nothing.

An address that is outside its slice's prefix keeps its own host bits and takes the prefix's network
bits, so 10.1.0.7 and 10.2.0.7 are both 192.168.0.7 where two slices own 192.168.0.0/16.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TYPE_CHECKING

from emulation import tagging
from emulation.attachments import attachments
from emulation.errors import CommandFailedError
from policies.model import Policy, Selector, Slice
from topologies.model import Host, Topology

if TYPE_CHECKING:  # a picture needs seats and no Mininet
    from emulation.network import Network

_FIRST_TABLE = 1000  # of routes, one a VLAN: below are tables with a meaning of their own


@dataclass(frozen=True, slots=True)
class Seat:
    """A host's place in one slice.

    Attributes:
        host: Its name.
        switch_port: Interface of the switch it hangs on.
        slice_name: The slice.
        vlan: What it tags with; None is untagged.
        address: Its address there, with the prefix length of its own network.
        interface: Its network interface there.
        mac: Its MAC address there. A host in several slices has several, as the machines inside a
            hypervisor do: what a third slice sends to one address can only mean one slice.
    """

    host: str
    switch_port: str
    slice_name: str
    vlan: int | None
    address: IPv4Interface
    interface: str
    mac: str

    @property
    def ip(self) -> str:
        """The address alone."""
        return str(self.address.ip)

    def __str__(self) -> str:
        """For people: "gold1 in gold: 192.168.0.1 on gold1.10"."""
        return f"{self.host} in {self.slice_name}: {self.ip} on {self.interface}"


def seats(topology: Topology, policy: Policy) -> tuple[Seat, ...]:
    """Every host's places, in the topology's order; none for a host that no slice means.

    Only selectors that name ports say where hosts tag; of untagged selectors the first that holds
    the host's own address wins, else the first whose port fits.
    """
    hosts = {host.name: host for host in topology.hosts}
    return tuple(
        seat
        for port in attachments(topology)
        if port.peer in hosts
        for seat in _seats(hosts[port.peer], port.interface, policy)
    )


def _seats(host: Host, port: str, policy: Policy) -> Iterator[Seat]:
    fitting = [
        (owner, member)
        for owner in policy.slices
        for member in owner.members
        if member.may_enter(port)
    ]
    chosen = [pair for pair in fitting if pair[1].vlan is not None and pair[1].ports]
    untagged = [(owner, member) for owner, member in fitting if member.vlan is None]
    untagged.sort(key=lambda pair: not _holds(pair[1], IPv4Address(host.address)))
    for owner, member in chosen + untagged[:1]:
        yield _seat(host, port, owner, member, alone=len(chosen) + len(untagged[:1]) == 1)


def _seat(host: Host, port: str, owner: Slice, member: Selector, *, alone: bool) -> Seat:
    interface = _nic(host)
    if member.vlan is not None:
        interface = f"{host.name[:8]}.{member.vlan}"  # and a letter for its peer: 14 at most
    mac = host.mac if alone else _mac(host, member.vlan or 0)
    return Seat(host.name, port, owner.name, member.vlan, _address(host, member), interface, mac)


def _mac(host: Host, vlan: int) -> str:
    """The host's own untagged; with a tag a locally administered one that holds it."""
    if not vlan:
        return host.mac
    first, _, _, *rest = bytes.fromhex(host.mac.replace(":", ""))
    return bytes([first | 2, vlan >> 8, vlan & 0xFF, *rest]).hex(":")


def _address(host: Host, member: Selector) -> IPv4Interface:
    own = IPv4Interface(host.ip)
    networks = _networks(member)
    if _holds(member, own.ip) or not networks:
        return own
    mask = int(networks[0].hostmask)
    moved = IPv4Address(int(networks[0].network_address) | int(own.ip) & mask)
    return IPv4Interface(f"{moved}/{own.network.prefixlen}")


def _holds(member: Selector, address: IPv4Address) -> bool:
    networks = _networks(member)
    return any(address in network for network in networks) or not member.prefixes


def _networks(member: Selector) -> list[IPv4Network]:
    return [network for network in member.prefixes if isinstance(network, IPv4Network)]


def seat_hosts(network: "Network", policy: Policy) -> tuple[Seat, ...]:
    """Gives the hosts of a running network the interfaces and addresses of their slices.

    Best done before the controller is there: what a host says before is said by somebody else.

    Raises:
        CommandFailedError: A host's interface can't be made.
    """
    all_seats = seats(network.topology, policy)
    for host in network.topology.hosts:
        mine = [seat for seat in all_seats if seat.host == host.name]
        if mine and _differs(host, mine):
            node = network.host(host.name)
            said = node.cmd(_script(host, mine))
            if "failed" in said:
                raise CommandFailedError(f"host {host.name} can't be seated: {said.strip()}")
            for seat in mine:
                if seat.vlan is not None:
                    tagging.attach(node.pid, _nic(host), seat.interface, seat.vlan)
    return all_seats


def _differs(host: Host, mine: Iterable[Seat]) -> bool:
    return any(seat.vlan is not None or str(seat.address) != host.ip for seat in mine)


def _nic(host: Host) -> str:
    return f"{host.name}-eth0"


def _script(host: Host, mine: list[Seat]) -> str:
    steps = [f"ip address flush dev {_nic(host)} scope global"]
    if all(seat.vlan is not None for seat in mine):  # it would talk untagged, of itself
        steps.append(f"sysctl -qew net.ipv6.conf.{_nic(host)}.disable_ipv6=1")
    for seat in mine:
        if seat.vlan is not None:
            steps += tagging.commands(_nic(host), seat.interface, seat.mac)
        steps.append(f"ip address replace {seat.address} dev {seat.interface}")
        if len(mine) > 1:
            steps += _answers_there(seat)
    return "{ " + " && ".join(steps) + " || echo failed >&2; } 2>&1 >/dev/null"


def _answers_there(seat: Seat) -> list[str]:
    """What is sent from an address leaves on its own interface, though others have its network."""
    table = _FIRST_TABLE + (seat.vlan or 0)
    return [
        f"ip route replace {seat.address.network} dev {seat.interface} src {seat.ip} table {table}",
        f"ip rule add from {seat.ip} lookup {table}",
    ]
