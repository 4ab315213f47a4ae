"""Where hosts are: learned from what they send, held to one place, and reached without flooding.

Owns the host table and the frames the controller forwards itself: ARP for hosts not known yet,
neighbour discovery and other broadcasts, each metered at the port it came from. With slices a host
is of the first slice that its port, its tag and its address give; who is of none is not heard.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from controller import headers, labels
from controller.discovery import name, port_up
from controller.events import Command, Level, Note, SendFrame
from controller.headers import mac_text
from controller.reachability import host_by_ip, host_by_mac, may_deliver
from controller.state import End, Host, State, Switch

_NEIGHBOUR_SOLICITATION = 135  # ICMPv6 type, RFC 4861 section 4.3
_ADDRESSES_PER_HOST = 16
_TAG_TYPES = (b"\x81\x00", b"\x88\xa8", b"\x91\x00")


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a frame came in and as whose: slice 0 and no tag that matters without slices."""

    end: End
    number: int
    vlan: int


@dataclass(slots=True)
class Heard:
    """What came of a frame: hosts that are new, moved or have other addresses, and commands."""

    changed: list[Host] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    def warn(self, kind: str, text: str) -> None:
        """Adds a refusal to count and log."""
        self.commands.append(Note(kind, text, Level.WARNING))


def take(state: State, end: End, frame: bytes, packet: headers.Headers, now: float) -> Heard:
    """Takes a frame from a host port: learns its sender, then forwards the frame if that is due."""
    heard = Heard()
    sender = _sender(state, end, packet, heard)
    if sender is None:
        return heard
    host = state.hosts.get((sender.number, packet.eth_src))
    if host is None or not _is_there(host, sender):
        reason = _refusal(state, sender, packet.eth_src, host)
        if reason:
            heard.warn(*reason)
            return heard
        host = _learn(state, sender, packet.eth_src, host)
        heard.changed.append(host)
        heard.commands.append(Note("host-learned", f"host {mac_text(host.mac)} on "
                                   f"{name(state, end)}{_in_slice(state, host)}"))  # fmt: skip
    _learn_address(state, host, packet, heard)
    heard.commands += _forward(state, sender, frame, packet, now)
    return heard


# --- the table ----------------------------------------------------------------------------------


def place(state: State, host: Host) -> None:
    """Enters a host where it says it is, and takes it out of where it was."""
    old = state.hosts.get(host.key)
    if old:
        state.switches[old.dpid].hosts.pop(host.key, None)
    state.hosts[host.key] = host
    state.switches[host.dpid].hosts[host.key] = host
    _index(state, host, "mac", host.mac)
    for ip in host.ips:
        state.host_of_ip[host.slice_number, ip] = host.mac
        _index(state, host, "ip", ip)


def forget(state: State, host: Host) -> None:
    """Takes a host out of the table."""
    del state.hosts[host.key]
    state.switches[host.dpid].hosts.pop(host.key, None)
    addresses = [("mac", host.mac)]
    for ip in host.ips:
        if state.host_of_ip.get((host.slice_number, ip)) == host.mac:
            del state.host_of_ip[host.slice_number, ip]
            addresses.append(("ip", ip))
    for address in addresses:
        users = state.slices_of.get(address)
        if users:
            users.discard(host.slice_number)
            if not users:
                del state.slices_of[address]


def _index(state: State, host: Host, kind: str, address: int) -> None:
    if host.slice_number:
        state.slices_of.setdefault((kind, address), set()).add(host.slice_number)


def rehomed(state: State, host: Host) -> Host | None:
    """A host as the policy in force sees it; None if it is of no slice.

    Where addresses tell slices apart it stays in its own as long as it has one there, and keeps
    only the addresses of the slice it is in.
    """
    if not state.sliced:
        return _as(host, 0, host.ips)
    slicing, where = state.slicing, (_port_name(state, host), host.vlan)
    if host.port not in state.switches[host.dpid].ports:
        return None
    of_ip = {ip: slicing.slice_of(*where, _raw(ip)) for ip in host.ips}
    found = set(of_ip.values()) if of_ip else {slicing.slice_of(*where, None)}
    own = host.slice_number
    if own in found or (not of_ip and own in slicing.sharing(*where)):
        number: int | None = own
    else:
        number = min((n for n in found if n is not None), default=None)
    if number is None or not slicing.may_cross(number, host.dpid):
        return None
    return _as(host, number, tuple(ip for ip, of in of_ip.items() if of == number))


def _as(host: Host, number: int, ips: tuple[int, ...]) -> Host:
    return Host(host.mac, host.dpid, host.port, host.number, ips, number, host.vlan)


def enter(state: State, host: Host) -> None:
    """Enters a host that was known, if nobody has its place: its key, its number, its addresses."""
    switch = state.switches[host.dpid]
    twin = state.hosts.get(host.key)
    if twin:
        if not host.slice_number and (twin.dpid, twin.port) == (host.dpid, host.port):
            twin.ips = tuple(sorted({*twin.ips, *host.ips}))  # it was of two slices, by its tags
            place(state, twin)
        return
    if any(host.number == other.number for other in switch.hosts.values()):
        number = free_number(switch)
        if number is None:
            return
        host.number = number
    host.ips = tuple(ip for ip in host.ips if (host.slice_number, ip) not in state.host_of_ip)
    place(state, host)


def free_number(switch: Switch) -> int | None:
    """A number in labels that no host of the switch has; None if all are taken."""
    taken = {host.number for host in switch.hosts.values()}
    return next((n for n in range(labels.MAX_HOSTS_PER_EDGE) if n not in taken), None)


# --- who it is ----------------------------------------------------------------------------------


def _sender(state: State, end: End, packet: headers.Headers, heard: Heard) -> Sender | None:
    """As whose a frame counts; None, and noted, if of no slice."""
    tags = packet.vlan_ids
    if not state.sliced:
        return Sender(end, 0, tags[0] if tags else 0)
    if len(tags) > 1 or tags == (0,):
        heard.warn("slice-none", f"{name(state, end)}: a frame with two tags, or with the tag of "
                   "no VLAN; dropped")  # fmt: skip
        return None
    vlan, source = tags[0] if tags else 0, _source(packet)
    number = state.slicing.slice_of(name(state, end), vlan, source)
    if number is None or not state.slicing.may_cross(number, end[0]):
        heard.warn("slice-none", f"{mac_text(packet.eth_src)} on {name(state, end)}, "
                   f"{f'VLAN {vlan}' if vlan else 'untagged'}"
                   f"{f', {headers.ip_text(source)}' if source else ''}: of no slice that may be "
                   "there; dropped")  # fmt: skip
        return None
    return Sender(end, number, vlan)


def _source(packet: headers.Headers) -> bytes | None:
    return packet.arp.spa if packet.arp else packet.ip_src


def _in_slice(state: State, host: Host) -> str:
    entry = state.slicing.slices.get(host.slice_number)
    return f", slice {entry.name}" if entry else ""


def _is_there(host: Host, sender: Sender) -> bool:
    if (host.dpid, host.port) != sender.end:
        return False
    return not sender.number or host.vlan == sender.vlan


def _refusal(state: State, sender: Sender, mac: int, known: Host | None) -> tuple[str, str] | None:
    """Why an address may not be learned here: (kind, text), or None."""
    end = sender.end
    if labels.is_label(mac) or mac >> 40 & 1 or mac == 0:
        return "host-bad-mac", f"{mac_text(mac)} on {name(state, end)} can't be a host's address"
    if known and port_up(state, (known.dpid, known.port)):
        at = name(state, (known.dpid, known.port))
        tag = f" in VLAN {known.vlan}" if sender.number and known.vlan else ""
        return "host-hijack", (
            f"{mac_text(mac)} appears on {name(state, end)} while it is up on {at}{tag}; "
            "it may move when that port is down"
        )
    if sender.number and (other := _in_another(state, sender, mac)):
        return "slice-spoof", (
            f"{mac_text(mac)} on {name(state, end)} sends from an address of another slice than "
            f"its own, {state.slicing.slices[other.slice_number].name}; dropped"
        )
    here = [host for host in state.hosts_at(end) if host.slice_number == sender.number]
    if len(here) >= state.settings.hosts_per_port:
        limit = state.settings.hosts_per_port
        return "host-limit", (
            f"{name(state, end)} has {limit} addresses already (HEADWAY_HOSTS_PER_PORT)"
        )
    if len(state.switches[end[0]].hosts) >= labels.MAX_HOSTS_PER_EDGE:
        return "host-limit", f"switch {end[0]:#x} has no host numbers left"
    return None


def _in_another(state: State, sender: Sender, mac: int) -> Host | None:
    """The host of that address on the same wire, if it is of another slice."""
    sharing = state.slicing.sharing(name(state, sender.end), sender.vlan) - {sender.number}
    hosts = (state.hosts.get((number, mac)) for number in sharing)
    return next((h for h in hosts if h and (h.dpid, h.port, h.vlan) == (*sender.end, sender.vlan)),
                None)  # fmt: skip


def _learn(state: State, sender: Sender, mac: int, known: Host | None) -> Host:
    number = free_number(state.switches[sender.end[0]])
    if number is None:  # refused before
        raise LookupError("no host numbers left")
    ips = known.ips if known else ()
    host = Host(mac, *sender.end, number, ips, sender.number, sender.vlan)
    place(state, host)
    return host


def _learn_address(state: State, host: Host, packet: headers.Headers, heard: Heard) -> None:
    """Notes the address a host shows to be its own; the first to use it keeps it while up."""
    ip = _own_address(packet)
    if ip is None or ip in host.ips or not _may_have(state, host, ip):
        return
    key = (host.slice_number, ip)
    owner = state.hosts.get((host.slice_number, state.host_of_ip.get(key, -1)))
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
            heard.changed.append(owner)
        state.host_of_ip[key] = host.mac
        _index(state, host, "ip", ip)
        host.ips = tuple(sorted((*host.ips, ip)))
        if host not in heard.changed:
            heard.changed.append(host)


def _may_have(state: State, host: Host, ip: int) -> bool:
    """True unless its slice is told by addresses and this is not one of them."""
    if not host.slice_number:
        return True
    where = _port_name(state, host), host.vlan
    return state.slicing.slice_of(*where, _raw(ip)) == host.slice_number


def _port_name(state: State, host: Host) -> str:
    return name(state, (host.dpid, host.port))


def _raw(ip: int) -> bytes:
    return ip.to_bytes(4 if ip < 1 << 32 else 16, "big")


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


# --- forwarding ---------------------------------------------------------------------------------


def _forward(
    state: State, sender: Sender, frame: bytes, packet: headers.Headers, now: float
) -> Iterator[SendFrame]:
    """Sends the frame on: to the one host it is for, or to every port where that may be."""
    target = host_by_mac(state, sender.number, packet.eth_dst) or _asked_for(state, sender, packet)
    if target:
        there = (target.dpid, target.port) == sender.end and (
            not sender.number or target.vlan == sender.vlan
        )
        if there or not may_deliver(state, sender.number, target):
            return
        if sender.number:  # addressed to it alone: others on its port may be of other slices
            yield from _copies(frame, [target])
        else:
            yield SendFrame(target.dpid, (target.port,), frame)
    elif sender.number:
        yield from _flood_slice(state, sender, frame, packet, now)
    else:
        for switch in list(state.connected()):
            ports = tuple(
                p for p in state.host_ports(switch, now) if (switch.dpid, p) != sender.end
            )
            if ports:
                yield SendFrame(switch.dpid, ports, frame)


def _asked_for(state: State, sender: Sender, packet: headers.Headers) -> Host | None:
    """The known host an ARP request or neighbour solicitation looks for."""
    if packet.arp:
        return host_by_ip(state, sender.number, int.from_bytes(packet.arp.tpa, "big"))
    if packet.nd and packet.nd.icmp_type == _NEIGHBOUR_SOLICITATION:
        return host_by_ip(state, sender.number, int.from_bytes(packet.nd.target, "big"))
    return None


def _flood_slice(
    state: State, sender: Sender, frame: bytes, packet: headers.Headers, now: float
) -> Iterator[SendFrame]:
    """Sends a frame wherever its slice can be, with the tag it has there.

    Who looks for an address asks in the slices it may talk to as well. Where only addresses tell
    slices apart, no broadcast could be kept from the others: there, hosts that are known get a copy
    each.
    """
    slicing, number = state.slicing, sender.number
    asks = packet.arp or (packet.nd and packet.nd.icmp_type == _NEIGHBOUR_SOLICITATION)
    heard_by = slicing.circle(number) if asks else frozenset((number,))
    for switch in list(state.connected()):
        if not heard_by & switch.present or not slicing.may_cross(number, switch.dpid):
            continue
        by_vlan: dict[int, list[int]] = {}
        for port in state.host_ports(switch, now):
            port_name = switch.ports[port].port.name
            for vlan in _vlans(state, port_name, switch.dpid, heard_by):
                if ((switch.dpid, port), vlan) == (sender.end, sender.vlan):
                    continue
                if slicing.sharing(port_name, vlan) <= heard_by:
                    by_vlan.setdefault(vlan, []).append(port)
                else:
                    known = _known_at(state, (switch.dpid, port), vlan, heard_by)
                    yield from _copies(frame, known)
        for vlan, ports in sorted(by_vlan.items()):
            yield SendFrame(switch.dpid, tuple(ports), _tagged(frame, vlan))


def _vlans(state: State, port_name: str, dpid: int, numbers: frozenset[int]) -> list[int]:
    here = state.slicing.on_port(port_name, dpid) & numbers
    return sorted({vlan for number in here for vlan in state.slicing.vlans(port_name, number)})


def _known_at(state: State, end: End, vlan: int, numbers: frozenset[int]) -> list[Host]:
    hosts = state.hosts_at(end)
    return [host for host in hosts if host.vlan == vlan and host.slice_number in numbers]


def _copies(frame: bytes, hosts: Iterable[Host]) -> Iterator[SendFrame]:
    for host in hosts:
        copy = host.mac.to_bytes(6, "big") + _tagged(frame, host.vlan)[6:]
        yield SendFrame(host.dpid, (host.port,), copy)


def _tagged(frame: bytes, vlan: int) -> bytes:
    """The frame with one tag of that VLAN, or with none for 0; it has one or none now."""
    rest = frame[16:] if frame[12:14] in _TAG_TYPES else frame[12:]
    tag = b"\x81\x00" + vlan.to_bytes(2, "big") if vlan else b""
    return frame[:12] + tag + rest
