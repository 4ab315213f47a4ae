"""What flows are: copies of their first packets in, rules for what was recognised out.

Owns the life of a recognised flow on the switches. Until its class is settled a flow goes on at
once in the class of its port, and what comes of it is copied (`pipeline.copy_rules`); once settled,
one rule for each direction at the switch where that direction enters gives mark, queue and path
class, and nothing is copied any more. Its counters are read with every audit: they end what has
fallen silent, and tell the classifier of volume that a first look could not see. Reads no payload
itself: the `classifier` package says what a flow is.
"""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from classifier.errors import FrameError
from classifier.flows import Flow
from classifier.frames import parse
from classifier.hints import Hints
from classifier.model import TCP, FlowKey, Reason, Side, Verdict
from controller import hinted, pipeline, routing, slice_pipeline
from controller.discovery import name
from controller.events import Command, JobsChanged, Level, Note, Refused
from controller.headers import Headers
from controller.known_services import KnownService, place_of
from controller.pipeline import Ask, Fields
from controller.recognised import Recognised
from controller.rules import Rule, SetField, Table
from controller.state import End, Host, State, Switch
from policies.classes import TrafficClass

_ENOUGH_PACKETS, _ENOUGH_S = 50, 5.0  # after which a flow that nothing tells is left alone
_SURE = 0.7
_HEADERS_BYTES = 66  # of a counted frame: Ethernet, IPv4, TCP with time stamps
_End = tuple[bytes, int | None]  # an address and a port
_EARLIER = "recognised before the controller was started anew"


# --- copies -------------------------------------------------------------------------------------


def copied(state: State, end: End, frame: bytes, headers: Headers, now: float) -> Iterator[Command]:
    """Takes the copy of a packet whose flow has no rule where it came in."""
    host = _sender(state, end, headers)
    if host is None:
        return
    try:
        packet = parse(frame)
    except FrameError as error:
        yield Note("malformed-packet", f"{name(state, end)}: {error}", Level.WARNING)
        return
    if packet is None:
        return
    state.copies += 1
    state.classifier.take(now, packet, host.slice_number)
    flow = state.classifier.flow_of(packet, host.slice_number)
    if flow is None or not _settled(flow, now):
        return
    known = state.recognised.get(flow.key)
    if known is None:
        known = Recognised(flow.key, flow.verdict, now, moved_at=now)
        yield _told(flow.key, flow.verdict)
        yield from _service_heard(state, flow, now)
    side = Side.CLIENT if packet[1:3] == known.key[2:4] else Side.SERVER
    other = _door_of(state, known.key, Side(1 - side))
    if other is not None:
        _enter(state, known, other, Side(1 - side))
    _enter(state, known, end[0], side)
    _install(state, known)


def _enter(state: State, flow: Recognised, dpid: int, side: Side) -> None:
    for gone in state.recognised.put(flow, dpid, side):
        _withdraw(state, gone)


def _sender(state: State, end: End, headers: Headers) -> Host | None:
    """The host that sent a frame, if it is where it is known to be."""
    mac = headers.eth_src
    vlan = headers.vlan_ids[0] if headers.vlan_ids and state.sliced else 0
    numbers = state.slices_of.get(("mac", mac), ()) if state.sliced else (0,)
    for number in numbers:
        host = state.hosts.get((number, mac))
        if host and (host.dpid, host.port) == end and (not state.sliced or host.vlan == vlan):
            return host
    return None


def _settled(flow: Flow, now: float) -> bool:
    """Whether another packet is not worth a copy."""
    verdict = flow.verdict
    if verdict.reason in {Reason.OPERATOR, Reason.JOB}:
        return True
    if flow.settled and verdict.reason is Reason.SIGNATURE and verdict.confidence >= _SURE:
        return True
    return flow.seen >= _ENOUGH_PACKETS and now - flow.shape.first >= _ENOUGH_S


def _door_of(state: State, key: FlowKey, side: Side) -> int | None:
    """The switch where one end's packets enter, if that host is known."""
    address = key.client if side is Side.CLIENT else key.server
    mac = state.host_of_ip.get((key.domain, int.from_bytes(address, "big")))
    host = state.hosts.get((key.domain, mac)) if mac is not None else None
    return host.dpid if host else None


def _told(key: FlowKey, verdict: Verdict) -> Note:
    what = verdict.protocol or "unknown protocol"
    return Note("flow-recognised", f"{flow_text(key)} is {verdict.traffic_class.value} ({what}; "
                f"{verdict.reason.value})")  # fmt: skip


def flow_text(key: FlowKey) -> str:
    """A flow in words."""
    transport = "tcp" if key.transport == TCP else "udp"
    client, server = ip_address(key.client), ip_address(key.server)
    return f"{transport} {client} port {key.cport} to {server} port {key.sport}"


# --- rules --------------------------------------------------------------------------------------


def _install(state: State, flow: Recognised) -> None:
    for dpid, sides in flow.sides.items():
        rules = {side: flow_rule(state, flow, side) for side in sorted(sides)}
        flow.rules.update((side, rule.key) for side, rule in rules.items())
        state.switches[dpid].mirror.put(("flow", flow.key), rules.values())


def _withdraw(state: State, flow: Recognised) -> None:
    for dpid in flow.sides:
        state.switches[dpid].mirror.put(("flow", flow.key), ())


def flow_rule(state: State, flow: Recognised, side: Side) -> Rule:
    """The rule of one direction of a flow."""
    entry = state.policy.class_of(flow.verdict.traffic_class)
    conditions = flow_match(flow.key, side, sliced=state.sliced)
    return pipeline.class_rule(state.policy, Ask.FLOW, entry, conditions)


def flow_match(key: FlowKey, side: Side, *, sliced: bool) -> Fields:
    """What packets of one side of a flow look like."""
    ends = (key.client, key.cport), (key.server, key.sport)
    source, target = ends if side is Side.CLIENT else ends[::-1]
    return _packets(key.domain, key.transport, source, target, sliced=sliced)


def _packets(domain: int, transport: int, source: _End, target: _End, *, sliced: bool) -> Fields:
    """Packets from one end to another; a port of None is any."""
    ip, eth_type = ("ipv4", pipeline.IPV4) if len(source[0]) == 4 else ("ipv6", pipeline.IPV6)
    kind = "tcp" if transport == TCP else "udp"
    fields: Fields = {"eth_type": eth_type, "ip_proto": transport}
    for end, (address, port) in (("src", source), ("dst", target)):
        fields[f"{ip}_{end}"] = int.from_bytes(address, "big")
        if port is not None:
            fields[f"{kind}_{end}"] = port
    if sliced:
        fields["metadata"] = slice_pipeline.metadata_of(domain)
    return fields


# --- services -----------------------------------------------------------------------------------


def _service_heard(state: State, flow: Flow, now: float) -> Iterator[Command]:
    """A flow to a port is settled: does that tell what the next one there will be?"""
    verdict, identity = flow.verdict, flow.identity
    by_bytes = identity is not None and identity.traffic_class is verdict.traffic_class
    told = by_bytes and verdict.reason is Reason.SIGNATURE
    for service in state.services.learn(place_of(flow.key), verdict.traffic_class, now, told=told):
        _install_service(state, service)
        if service.believed:
            _, transport, client, server, port = service.place
            kind = "tcp" if transport == TCP else "udp"
            yield Note("service-recognised", f"what {ip_address(client)} sends to {kind} port "
                       f"{port} of {ip_address(server)} is {service.traffic_class.value}, by "
                       f"{service.agreed} flows")  # fmt: skip


def _install_service(state: State, service: KnownService) -> None:
    """Where a service is marked, the first packet of a flow has its class, wherever it enters."""
    rules = list(_service_rules(state, service)) if service.marked else []
    for switch in state.edges():
        switch.mirror.put(("service", service.place), rules)


def _service_rules(state: State, service: KnownService) -> Iterator[Rule]:
    domain, transport, client, server, port = service.place
    entry = state.policy.class_of(service.traffic_class)
    goto = Table.PIN if service.believed else Table.COPY
    ends: tuple[_End, _End] = (client, None), (server, port)
    for source, target in (ends, ends[::-1]):
        fields = _packets(domain, transport, source, target, sliced=state.sliced)
        yield pipeline.class_rule(state.policy, Ask.SERVICE, entry, fields, goto)


def tick(state: State, now: float) -> None:
    """Looks again at a flow of services that were believed for long enough."""
    for service in state.services.lapsed(now):
        _install_service(state, service)


# --- what counters tell -------------------------------------------------------------------------


def audited(state: State, switch: Switch, now: float) -> Iterator[Command]:
    """Looks at the counters of a switch's flows: ends the silent, judges the others by volume."""
    for flow in state.recognised.on(switch.dpid):
        moved = [_moved(state, switch, flow, side, now) for side in sorted(flow.sides[switch.dpid])]
        if any(moved):
            state.recognised.moved(flow, now)
            yield from _judged_again(state, flow)
        elif now - flow.moved_at >= state.settings.flow_idle_s:
            state.recognised.remove(flow)
            _withdraw(state, flow)


def _moved(state: State, switch: Switch, flow: Recognised, side: Side, now: float) -> bool:
    """Takes one rule's counters in; whether it has taken packets since the last time."""
    known = (switch.dpid, flow.rules[side])
    packets = state.telemetry.flow_packets.get(known, 0)
    size = state.telemetry.flow_bytes.get(known, 0)
    before = flow.counted.get((switch.dpid, side), (0, 0))
    flow.counted[switch.dpid, side] = packets, size
    if packets <= before[0]:
        return False
    more = packets - before[0]
    payload = max(0, size - before[1] - more * _HEADERS_BYTES)
    state.classifier.counted(now, flow.key, side, more, payload)
    return True


def _judged_again(state: State, flow: Recognised) -> Iterator[Command]:
    """Volume may say another class than the first packets did."""
    found = state.classifier.get(flow.key)
    if found is None or found.verdict == flow.verdict:
        return
    before, flow.verdict = flow.verdict, found.verdict
    if before.traffic_class is found.verdict.traffic_class:
        return
    _install(state, flow)
    yield Note("flow-reclassified", f"{flow_text(flow.key)} is {flow.verdict.traffic_class.value} "
               f"and not {before.traffic_class.value}: {flow.verdict.why}")  # fmt: skip


# --- when things change -------------------------------------------------------------------------


def hints_changed(state: State) -> None:
    """Another policy or other jobs: flows keep what they are, but for what hints say of them."""
    state.classifier.hints = hints = Hints.of(state.policy, state.jobs)
    state.hints_changed = True
    for flow in state.recognised:
        hinted = hints.operator(flow.key) or hints.job(flow.key)
        by_hint = flow.verdict.reason in {Reason.OPERATOR, Reason.JOB}
        if by_hint or hinted:
            state.recognised.remove(flow)  # it is looked at again with its next packet
            _withdraw(state, flow)
            found = state.classifier.get(flow.key)
            if found is not None:
                state.classifier.forget(found)
        else:
            _install(state, flow)


def install_hints(state: State) -> None:
    """Brings the rules of operators and jobs up to date on every switch."""
    state.hints_changed = False
    for switch in state.switches.values():
        hinted.install(state, switch)
    for service in state.services:
        _install_service(state, service)


def jobs_changed(state: State, event: JobsChanged, now: float) -> Iterator[Command]:
    """The jobs that are registered now."""
    state.jobs = event.jobs
    hints_changed(state)
    return iter(())


def adopt(state: State, switch: Switch, rules: Iterable[Rule], now: float) -> None:
    """Takes flows and services over whose rules an earlier run left on a switch."""
    for rule in rules:
        if rule.table != Table.CLASSIFY or rule.priority not in {Ask.FLOW, Ask.SERVICE}:
            continue
        marks = {action.value for action in rule.actions if isinstance(action, SetField)}
        found = next((c.traffic_class for c in state.policy.classes if c.dscp in marks), None)
        fields = {field.name: field.value for field in rule.match}
        source, target = _end_in(fields, "src"), _end_in(fields, "dst")
        if found is None or source is None or target is None:
            continue
        domain = fields.get("metadata", 0) >> slice_pipeline.SLICE_OFFSET
        about = (domain, fields.get("ip_proto", 0))
        (client, cport), (server, sport) = source, target
        if sport is None:  # the way back of a service
            continue
        if rule.priority == Ask.SERVICE:
            state.services.adopt((*about, client, server, sport), found, now)
        elif cport is not None:
            _adopt_flow(state, switch, FlowKey(*about, client, cport, server, sport), found, now)


def _end_in(fields: dict[str, int], end: str) -> _End | None:
    """Address and port, if any, of one end that a rule asks for."""
    ports = (fields.get(f"{transport}_{end}") for transport in ("tcp", "udp"))
    port = next((port for port in ports if port is not None), None)
    for ip, size in (("ipv4", 4), ("ipv6", 16)):
        if (address := fields.get(f"{ip}_{end}")) is not None:
            return address.to_bytes(size, "big"), port
    return None


def _adopt_flow(
    state: State, switch: Switch, key: FlowKey, traffic_class: TrafficClass, now: float
) -> None:
    """`key` has the sender first; which end began nobody knows any more."""
    known = state.recognised.get(key)
    if known is None:
        verdict = Verdict(traffic_class, True, "", "", Reason.SIGNATURE, _EARLIER, 0.5, 0)
        known = Recognised(key, verdict, now, moved_at=now)
    _enter(state, known, switch.dpid, Side.CLIENT if known.key == key else Side.SERVER)
    _install(state, known)


def refused(state: State, switch: Switch, event: Refused) -> Iterator[Command]:
    """A switch that can't copy packets, as only Open vSwitch can, goes without."""
    if not (switch.can_copy and event.subject.startswith(f"flow in table {Table.COPY.value},")):
        return
    switch.can_copy = False
    for number in switch.host_ports & switch.ports.keys():
        routing.install_port(state, switch, number)
    yield Note("no-copies", f"switch {switch.dpid:#x} can't copy packets to the controller: flows "
               "that enter there are known by jobs, rules, marks and ports alone",
               Level.WARNING)  # fmt: skip


# --- for people ---------------------------------------------------------------------------------


def shown(state: State) -> list[dict[str, object]]:
    """The recognised flows, the latest first, in the words of the API."""
    names = {entry.number: entry.name for entry in state.policy.slices}
    return [
        {**_shown(flow, names.get(flow.key.domain)), "period_s": _period_s(state, flow)}
        for flow in reversed(list(state.recognised))
    ]


def _period_s(state: State, flow: Recognised) -> float | None:
    """Of a training job's iterations, if its first packets showed some."""
    seen = state.classifier.get(flow.key)
    return seen.period_s if seen else None


def _shown(flow: Recognised, slice_name: str | None) -> dict[str, object]:
    key, verdict = flow.key, flow.verdict
    return {
        "transport": "tcp" if key.transport == TCP else "udp",
        "client": str(ip_address(key.client)),
        "cport": key.cport,
        "server": str(ip_address(key.server)),
        "sport": key.sport,
        "slice": slice_name,
        "class": verdict.traffic_class.value,
        "known": verdict.known,
        "protocol": verdict.protocol,
        "role": verdict.role,
        "reason": verdict.reason.value,
        "why": verdict.why,
        "confidence": round(verdict.confidence, 3),
    }
