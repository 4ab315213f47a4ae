"""/v1.0/topology/...: what `ryu.app.rest_topology` answers."""

from collections.abc import Iterator

from typing_extensions import TypedDict

from controller.api.access import Role
from controller.api.routes import Call, Pieces, Route, pieces
from controller.api.words import dpid16, ip, mac, switch_at16
from controller.state import LAST_REAL_PORT, End, Host, State


class Port(TypedDict):
    """A port; its own address isn't kept, and told as nought."""

    dpid: str
    port_no: str
    hw_addr: str
    name: str


class Switch(TypedDict):
    """A switch and its ports."""

    dpid: str
    ports: list[Port]


class Link(TypedDict):
    """One direction of a link that carries traffic."""

    src: Port
    dst: Port


class HostEntry(TypedDict):
    """A host where it was last seen."""

    mac: str
    ipv4: list[str]
    ipv6: list[str]
    port: Port


def _port(state: State, end: End) -> Port:
    dpid, number = end
    switch = state.switches.get(dpid)
    known = switch.ports.get(number) if switch else None
    return {
        "dpid": dpid16(dpid), "port_no": f"{number:08x}", "hw_addr": "00:00:00:00:00:00",
        "name": known.port.name if known else "",
    }  # fmt: skip


def _dpid(call: Call) -> int | None:
    """The switch that was asked for; None is every one."""
    if "dpid" not in call.path:
        return None
    return switch_at16(call.site.state, call.path["dpid"]).dpid


def _switches(call: Call) -> Pieces:
    state, wanted = call.site.state, _dpid(call)
    known = [s for _, s in sorted(state.switches.items())
             if s.connection is not None and wanted in (None, s.dpid)]  # fmt: skip

    def told() -> Iterator[Switch]:
        for switch in known:
            ports = sorted(number for number in switch.ports if number < LAST_REAL_PORT)
            yield {"dpid": dpid16(switch.dpid),
                   "ports": [_port(state, (switch.dpid, number)) for number in ports]}  # fmt: skip

    return pieces(call.site, "[", told(), "]")


def _links(call: Call) -> Pieces:
    state, wanted = call.site.state, _dpid(call)
    known = [ends for link in sorted(state.links.values(), key=lambda link: link.ends) if link.up
             for ends in (link.ends, link.ends[::-1]) if wanted in (None, ends[0][0])]  # fmt: skip

    def told() -> Iterator[Link]:
        for source, target in known:
            yield {"src": _port(state, source), "dst": _port(state, target)}

    return pieces(call.site, "[", told(), "]")


def _hosts(call: Call) -> Pieces:
    state, wanted = call.site.state, _dpid(call)
    known = [host for host in state.hosts.values() if wanted in (None, host.dpid)]

    def told() -> Iterator[HostEntry]:
        yield from (_host(state, host) for host in known)

    return pieces(call.site, "[", told(), "]")


def _host(state: State, host: Host) -> HostEntry:
    return {
        "mac": mac(host.mac), "ipv4": [ip(a) for a in host.ips if a < 1 << 32],
        "ipv6": [ip(a) for a in host.ips if a >= 1 << 32],
        "port": _port(state, (host.dpid, host.port)),
    }  # fmt: skip


_TAG = "Ryu: rest_topology"
ROUTES = tuple(
    Route("GET", f"/v1.0/topology/{name}{end}", Role.READER, _TAG, summary, handler, list[entry])  # type: ignore[valid-type]
    for name, summary, handler, entry in (
        ("switches", "Switches and ports", _switches, Switch),
        ("links", "Links, each way", _links, Link),
        ("hosts", "Hosts", _hosts, HostEntry),
    )
    for end in ("", "/{dpid}")
)
