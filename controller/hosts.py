"""Where hosts are: learned from what they send, held to one place, and reached without flooding.

Owns the host table and the frames the controller forwards itself: ARP for hosts not known yet,
neighbour discovery and other broadcasts, each metered at the port it came from.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from controller import headers, labels
from controller.discovery import name, port_up
from controller.events import Command, Level, Note, SendFrame
from controller.headers import mac_text
from controller.state import End, Host, State

_NEIGHBOUR_SOLICITATION = 135  # ICMPv6 type, RFC 4861 section 4.3
_ADDRESSES_PER_HOST = 16


@dataclass(slots=True)
class Heard:
    """What came of a frame: the host if it is new, moved or has a new address, and commands."""

    changed: Host | None = None
    commands: list[Command] = field(default_factory=list)

    def warn(self, kind: str, text: str) -> None:
        """Adds a refusal to count and log."""
        self.commands.append(Note(kind, text, Level.WARNING))


def take(state: State, end: End, frame: bytes, packet: headers.Headers, now: float) -> Heard:
    """Takes a frame from a host port: learns its sender, then forwards the frame if that is due."""
    heard = Heard()
    host = state.hosts.get(packet.eth_src)
    if host is None or (host.dpid, host.port) != end:
        reason = _refusal(state, end, packet.eth_src, host)
        if reason:
            heard.warn(*reason)
            return heard
        host = _learn(state, end, packet.eth_src, host)
        heard.changed = host
        heard.commands.append(
            Note("host-learned", f"host {mac_text(host.mac)} on {name(state, end)}")
        )
    _learn_address(state, host, packet, heard)
    heard.commands += _forward(state, end, frame, packet, now)
    return heard


def place(state: State, host: Host) -> None:
    """Enters a host where it says it is, and takes it out of where it was."""
    old = state.hosts.get(host.mac)
    if old:
        state.switches[old.dpid].hosts.pop(host.mac, None)
    state.hosts[host.mac] = host
    state.switches[host.dpid].hosts[host.mac] = host
    for ip in host.ips:
        state.host_of_ip[ip] = host.mac


def _refusal(state: State, end: End, mac: int, known: Host | None) -> tuple[str, str] | None:
    """Why an address may not be learned here: (kind, text), or None."""
    if labels.is_label(mac) or mac >> 40 & 1 or mac == 0:
        return "host-bad-mac", f"{mac_text(mac)} on {name(state, end)} can't be a host's address"
    if known and port_up(state, (known.dpid, known.port)):
        at = name(state, (known.dpid, known.port))
        return "host-hijack", (
            f"{mac_text(mac)} appears on {name(state, end)} while it is up on {at}; "
            "it may move when that port is down"
        )
    if len(state.hosts_at(end)) >= state.settings.hosts_per_port:
        limit = state.settings.hosts_per_port
        return "host-limit", (
            f"{name(state, end)} has {limit} addresses already (HEADWAY_HOSTS_PER_PORT)"
        )
    if len(state.switches[end[0]].hosts) >= labels.MAX_HOSTS_PER_EDGE:
        return "host-limit", f"switch {end[0]:#x} has no host numbers left"
    return None


def _learn(state: State, end: End, mac: int, known: Host | None) -> Host:
    taken = {host.number for host in state.switches[end[0]].hosts.values()}
    number = next(n for n in range(labels.MAX_HOSTS_PER_EDGE) if n not in taken)
    host = Host(mac, *end, number, known.ips if known else ())
    place(state, host)
    return host


def _learn_address(state: State, host: Host, packet: headers.Headers, heard: Heard) -> None:
    """Notes the address a host shows to be its own; the first to use it keeps it while up."""
    ip = _own_address(packet)
    if ip is None or ip in host.ips:
        return
    owner = state.hosts.get(state.host_of_ip.get(ip, -1))
    if owner and port_up(state, (owner.dpid, owner.port)):
        heard.warn(
            "arp-spoof", f"{mac_text(host.mac)} claims an address of {mac_text(owner.mac)}: refused"
        )
    elif len(host.ips) >= _ADDRESSES_PER_HOST:
        heard.warn(
            "host-limit", f"{mac_text(host.mac)} has {_ADDRESSES_PER_HOST} addresses already"
        )
    else:
        if owner:
            owner.ips = tuple(other for other in owner.ips if other != ip)
        state.host_of_ip[ip] = host.mac
        host.ips = tuple(sorted((*host.ips, ip)))
        heard.changed = host


def _own_address(packet: headers.Headers) -> int | None:
    """The sender's address from ARP and neighbour discovery, the only places that prove it: the
    source address of any other packet may be somebody's behind a router.
    """
    if packet.arp and packet.arp.sha == packet.eth_src:
        return int.from_bytes(packet.arp.spa, "big") or None
    if packet.nd and packet.ip_src is not None:
        # RFC 4862, 5.4.2: who asks whether its new address is taken has no source address yet.
        return int.from_bytes(packet.ip_src if any(packet.ip_src) else packet.nd.target, "big")
    return None


def _forward(
    state: State, end: End, frame: bytes, packet: headers.Headers, now: float
) -> Iterator[SendFrame]:
    """Sends the frame on: to the one host it is for, or to every host port."""
    target = state.hosts.get(packet.eth_dst) or state.hosts.get(_asked_for(state, packet))
    if target:
        if (target.dpid, target.port) != end:
            yield SendFrame(target.dpid, (target.port,), frame)
        return
    for switch in list(state.connected()):
        ports = tuple(p for p in state.host_ports(switch, now) if (switch.dpid, p) != end)
        if ports:
            yield SendFrame(switch.dpid, ports, frame)


def _asked_for(state: State, packet: headers.Headers) -> int:
    """The MAC of the known host an ARP request or neighbour solicitation looks for, or -1."""
    if packet.arp:
        return state.host_of_ip.get(int.from_bytes(packet.arp.tpa, "big"), -1)
    if packet.nd and packet.nd.icmp_type == _NEIGHBOUR_SOLICITATION:
        return state.host_of_ip.get(int.from_bytes(packet.nd.target, "big"), -1)
    return -1
