"""Where each link of a topology sits: which port of which switch, and which interface.

Pure: reads a `Topology`, makes nothing. Names are Mininet's, NODE-ethPORT; the topology has
already checked that they fit.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from topologies.model import Topology


@dataclass(frozen=True, slots=True)
class Attachment:
    """One switch port and what is behind it.

    Attributes:
        switch: Name of the switch.
        port_no: OpenFlow port number, from 1: its hosts first, then its links, each in the
            topology's order.
        interface: Network interface of the port.
        peer: Name of the switch or host at the other end.
        peer_port_no: Port number there; 0 at a host.
        peer_interface: Network interface there.
        rate_bps: Link rate, bit/s.
        delay_s: One-way delay of the link, seconds.
    """

    switch: str
    port_no: int
    interface: str
    peer: str
    peer_port_no: int
    peer_interface: str
    rate_bps: int
    delay_s: float


def attachments(topology: Topology) -> tuple[Attachment, ...]:
    """Every switch port in use: the hosts' first, then both ends of each link in turn."""
    return tuple(_walk(topology))


def _walk(topology: Topology) -> Iterator[Attachment]:
    last_port = {switch.name: 0 for switch in topology.switches}
    for host in topology.hosts:
        last_port[host.switch] += 1
        yield _attachment((host.switch, last_port[host.switch]), (host.name, 0), host.rate_bps, 0.0)
    for link in topology.links:
        last_port[link.a] += 1
        last_port[link.b] += 1
        end_a, end_b = (link.a, last_port[link.a]), (link.b, last_port[link.b])
        yield _attachment(end_a, end_b, link.rate_bps, link.delay_s)
        yield _attachment(end_b, end_a, link.rate_bps, link.delay_s)


def _attachment(
    near: tuple[str, int], far: tuple[str, int], rate_bps: int, delay_s: float
) -> Attachment:
    (switch, port_no), (peer, peer_port_no) = near, far
    return Attachment(
        switch=switch,
        port_no=port_no,
        interface=f"{switch}-eth{port_no}",
        peer=peer,
        peer_port_no=peer_port_no,
        peer_interface=f"{peer}-eth{peer_port_no}",
        rate_bps=rate_bps,
        delay_s=delay_s,
    )
