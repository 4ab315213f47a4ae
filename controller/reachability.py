"""Which rules about hosts each edge switch should have: who is let in, and who reaches whom.

Owns the rules of hosts and of slices on a switch. Without slices everybody reaches everybody. With
slices a host is reached by its own and by those that may talk to it, on switches where they can
be; where two slices use the same address, a slice sees its own host, else the lowest number's.
"""

from collections.abc import Iterable, Iterator

from controller import pipeline, slice_pipeline
from controller.rules import Meter, Rule
from controller.state import Host, State, Switch
from policies.classes import PathGroup

_NOBODY: frozenset[int] = frozenset()


# --- who sees whom ------------------------------------------------------------------------------


def host_by_mac(state: State, viewer: int, mac: int) -> Host | None:
    """The host a slice means by a MAC address; None if it may reach none."""
    own = state.hosts.get((viewer, mac))
    if own or not viewer:
        return own
    number = _lowest(state, viewer, ("mac", mac))
    return state.hosts.get((number, mac))


def host_by_ip(state: State, viewer: int, ip: int) -> Host | None:
    """The host a slice means by an IP address; None if it may reach none."""
    mac = state.host_of_ip.get((viewer, ip))
    if mac is not None or not viewer:
        return state.hosts.get((viewer, mac or 0))
    number = _lowest(state, viewer, ("ip", ip))
    return state.hosts.get((number, state.host_of_ip.get((number, ip), 0)))


def _lowest(state: State, viewer: int, address: tuple[str, int]) -> int:
    """The lowest number of the slices that it may talk to and that have the address; 0 for none."""
    users = state.slices_of.get(address, _NOBODY)
    return min(users & state.slicing.talks.get(viewer, _NOBODY), default=0)


def may_deliver(state: State, viewer: int, host: Host) -> bool:
    """True if a slice's packets may go to the switch of a host it sees."""
    return not viewer or state.slicing.may_cross(viewer, host.dpid)


def _namesakes(state: State, host: Host) -> Iterator[Host]:
    """Hosts of other slices with an address of this one, where somebody may see both."""
    circle = state.slicing.circle(host.slice_number)
    for kind, address in (("mac", host.mac), *(("ip", ip) for ip in host.ips)):
        for number in state.slices_of.get((kind, address), _NOBODY):
            mac = address if kind == "mac" else state.host_of_ip.get((number, address), 0)
            other = state.hosts.get((number, mac))
            if other and other is not host and circle & state.slicing.circle(number):
                yield other


# --- slices on a switch -------------------------------------------------------------------------


def settle_slices(state: State, switch: Switch) -> bool:
    """Gives the switch what the slices on its ports need; True if others can be there than before.

    A maximum that is a share of a link is metered against the switch's fastest link. Where no
    document told its rate there is no meter, and the queues alone keep the maximum.
    """
    slicing, ports = state.slicing, switch.ports
    names = [ports[number].port.name for number in switch.host_ports if number in ports]
    present = _NOBODY.union(*(slicing.on_port(name, switch.dpid) for name in names))
    for number in switch.present - present:
        switch.mirror.put(("slice", number), ())
    for number in present:
        rules = slice_pipeline.class_rules(state.policy, slicing.slices[number])
        meter = _meter(state, switch, number)
        switch.mirror.put(("slice", number), rules, meters=[meter] if meter else [])
    changed, switch.present = present != switch.present, present
    return changed


def _meter(state: State, switch: Switch, number: int) -> Meter | None:
    maximum = state.slicing.slices[number].maximum
    if maximum is None:
        return None
    if maximum.bps is not None:
        return slice_pipeline.meter(number, maximum.bps)
    fastest = state.capacities.fastest.get(switch.dpid)
    return slice_pipeline.meter(number, maximum.of(fastest)) if fastest else None


# --- hosts --------------------------------------------------------------------------------------


def install_hosts(state: State, hosts: Iterable[Host]) -> None:
    """The rules of hosts that are new, moved or changed, on every edge switch."""
    changed = {host.key: host for host in hosts}
    if state.sliced:
        for host in list(changed.values()):
            changed |= {other.key: other for other in _namesakes(state, host)}
    for switch in state.edges():
        install_at(state, changed.values(), switch)


def install_at(state: State, hosts: Iterable[Host], switch: Switch) -> None:
    """The rules of some hosts on one edge switch, as far as it can have them already."""
    rules = {host.key: _host_rules(state, host, switch) for host in hosts}
    if len(rules) > 1:  # an entry may go from one to another: nobody has it in between
        for key, wanted in rules.items():
            if switch.mirror.gives_up(("host", key), wanted):
                switch.mirror.put(("host", key), ())
    for key, wanted in rules.items():
        switch.mirror.put(("host", key), wanted)


def remove_host(state: State, host: Host) -> None:
    """Takes a host's rules off every switch."""
    for switch in state.edges():
        switch.mirror.put(("host", host.key), ())


def _host_rules(state: State, host: Host, switch: Switch) -> list[Rule]:
    home = state.switches[host.dpid]
    if home.edge is None:
        return []
    if host.slice_number:
        return list(_sliced_rules(state, host, home, home.edge, switch))
    rules = pipeline.arp_rules(host)
    if switch is home:
        rules += pipeline.home_rules(host, home.edge)
    elif has_groups(switch, home.edge):
        rules += pipeline.away_rules(host, home.edge)
    return rules


def _sliced_rules(
    state: State, host: Host, home: Switch, edge: int, switch: Switch
) -> Iterator[Rule]:
    slicing = state.slicing
    if switch is home:
        yield from _home_rules(state, host, home, edge)
    # After a restart, whoever has an address is not known before all switches have been read; what
    # they hold stays till then.
    circle = slicing.circle(host.slice_number) if state.settled else {host.slice_number}
    for viewer in sorted(circle & switch.present):
        if not slicing.may_cross(viewer, home.dpid):
            continue
        if host_by_mac(state, viewer, host.mac) is host:
            yield from _route_rules(state, host, home, edge, switch, viewer)
        for ip in pipeline.ipv4_of(host):
            if host_by_ip(state, viewer, ip) is host:
                yield slice_pipeline.arp_rule(host.mac, ip, viewer)


def _home_rules(state: State, host: Host, home: Switch, edge: int) -> list[Rule]:
    slicing, number = state.slicing, host.slice_number
    port = home.ports.get(host.port)
    name = port.port.name if port else ""
    return slice_pipeline.home_rules(
        host, edge, slicing.prefixes(name, host.vlan, number) or (),
        alone=len(slicing.sharing(name, host.vlan)) == 1,
        metered=number in home.present and _meter(state, home, number) is not None,
    )  # fmt: skip


def _route_rules(
    state: State, host: Host, home: Switch, edge: int, switch: Switch, viewer: int
) -> Iterable[Rule]:
    tagging = state.slicing.tagging[viewer]
    if switch is not home:
        own_groups = viewer in state.slicing.allowed
        if not has_groups(switch, edge, viewer if own_groups else 0):
            return ()
        return slice_pipeline.away_rules(host, edge, viewer, tagging, own_groups=own_groups)
    port = home.ports.get(host.port)
    others = set(state.slicing.vlans(port.port.name, viewer)) - {host.vlan} if port else set()
    return [
        *slice_pipeline.near_rules(host, edge, viewer, tagging),
        *(slice_pipeline.hairpin_rule(host, viewer, vlan) for vlan in sorted(others)),
    ]


def has_groups(switch: Switch, edge: int, slice_number: int = 0) -> bool:
    """True where a route rule towards an edge has a group to point to."""
    number = pipeline.entry_group_id(PathGroup.LATENCY, edge, slice_number)
    return number in switch.mirror.groups
