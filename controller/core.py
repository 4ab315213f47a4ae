"""The heart: `decide(state, event, now) -> commands`. No socket, clock, randomness or framework.

Everything the controller does is reachable from here and can be tested by calling it. The state is
changed in place and belongs to one thread; two runs fed the same events at the same times give the
same commands.
"""

from collections.abc import Callable, Iterator
from typing import Any

from controller import (
    advising,
    applying,
    discovery,
    headers,
    hosts,
    pipeline,
    reachability,
    recognition,
    routing,
    slice_pipeline,
)
from controller.events import (
    AdviceReceived,
    AdvisorDown,
    AdvisorUp,
    Barrier,
    BarrierReply,
    ChangeMeter,
    Command,
    CountersRead,
    Disconnect,
    Event,
    JobsChanged,
    Level,
    Note,
    PacketIn,
    PolicyChanged,
    PortChanged,
    ReadCounters,
    ReadTables,
    Refused,
    SendFrame,
    SwitchDown,
    SwitchUp,
    TablesRead,
    Tick,
)
from controller.labels import MAX_EDGES
from controller.mirror import Mirror
from controller.rules import Table
from controller.state import HeldFrames, PortState, State, Switch

MAX_SWITCHES = 4096
_HOLD_S = 0.2  # at most; a switch that takes longer loses the first packet of a new host
_MOST_HELD = 256
_MAY_RELEASE = (BarrierReply, SwitchDown, Tick)  # not every packet-in looks at what waits


def decide(state: State, event: Event, now: float) -> list[Command]:
    """Takes one event and says what to do.

    Args:
        state: Everything known; changed in place.
        event: What happened.
        now: Seconds on a clock that never goes back.

    Returns:
        Commands, to be sent in this order.
    """
    frames: list[Command] = []
    commands: list[Command] = []
    for command in _HANDLERS[type(event)](state, event, now):
        (frames if isinstance(command, SendFrame) else commands).append(command)
    changes = _flush(state)
    if frames and changes:
        _hold(state, frames, changes, now)
        frames = []
    if isinstance(event, _MAY_RELEASE) or len(state.held_frames) > _MOST_HELD:
        frames += _released(state, now)
    return commands + changes + frames + applying.sent(state, changes)


# --- frames that wait for rules -----------------------------------------------------------------


def _hold(state: State, frames: list[Command], changes: list[Command], now: float) -> None:
    """Keeps frames until every switch has confirmed what the same event changed.

    For what their receivers answer at once must find its rules.
    """
    waits = {c.dpid: c.number for c in changes if isinstance(c, Barrier)}
    state.held_frames.append(HeldFrames(frames, waits, now))


def _released(state: State, now: float) -> list[Command]:
    """Frames that may go: confirmed, or held for long enough, or too many."""
    kept: list[HeldFrames] = []
    frames: list[Command] = []
    for position, held in enumerate(state.held_frames):
        late = now - held.since > _HOLD_S or len(state.held_frames) - position > _MOST_HELD
        if late or not any(_awaited(state, dpid, n) for dpid, n in held.waits.items()):
            frames += held.frames
        else:
            kept.append(held)
    state.held_frames = kept
    return frames


def _awaited(state: State, dpid: int, number: int) -> bool:
    switch = state.switches[dpid]
    return switch.connection is not None and switch.acked < number


def _flush(state: State) -> list[Command]:
    """What makes every connected switch as it should be now."""
    commands: list[Command] = []
    for switch in state.connected():
        if not (switch.mirror.dirty or switch.resync):
            continue
        changes = switch.mirror.sync(delete=state.settled)
        for change in changes:
            if isinstance(change, ChangeMeter):  # it counts from nought again
                state.telemetry.meters.pop((switch.dpid, change.meter.meter_id), None)
        if changes or switch.resync:
            switch.sent, switch.resync = switch.sent + 1, False
            commands += [*changes, Barrier(switch.dpid, switch.sent)]
    routing.sent(state)
    return commands


# --- switches -----------------------------------------------------------------------------------


def _switch_up(state: State, event: SwitchUp, now: float) -> Iterator[Command]:
    switch = state.switches.get(event.dpid)
    why = _refusal(state, event, switch)
    if why:
        yield Note("switch-refused", why, Level.WARNING)
        yield Disconnect(event.dpid, event.connection, why)
        return
    if switch is None:
        switch = state.switches[event.dpid] = Switch(event.dpid, Mirror(event.dpid))
    old = switch.ports
    switch.ports = {p.number: PortState(p, _up_since(old.get(p.number), now)) for p in event.ports}
    switch.connection, switch.connected_at, switch.ready = event.connection, now, False
    switch.can_copy = True
    state.unsettled_ports.add(event.dpid)
    yield Note("switch-up", f"switch {event.dpid:#x} connected, {len(event.ports)} ports")
    yield from _carrier_changes(state, switch, now)
    yield _read_tables(state, switch, now)


def _refusal(state: State, event: SwitchUp, switch: Switch | None) -> str:
    """Why a switch may not connect; empty if it may."""
    if event.dpid == 0:
        return "datapath id 0 is not allowed; give the switch one of its own"
    if switch and switch.connection not in (None, event.connection):
        return (
            f"datapath id {event.dpid:#x} is already connected; give each switch its own "
            "(ovs-vsctl set bridge NAME other-config:datapath-id=...)"
        )
    if switch is None and len(state.switches) >= MAX_SWITCHES:
        return f"{MAX_SWITCHES} switches are known already"
    return ""


def _up_since(old: PortState | None, now: float) -> float:
    return old.up_since if old and old.port.up else now


def _carrier_changes(state: State, switch: Switch, now: float) -> Iterator[Command]:
    """Links that went down, unseen, while the switch was away."""
    lost = [
        link
        for end, link in state.link_at.items()
        if end[0] == switch.dpid and link.up and not discovery.port_up(state, end)
    ]
    for link in lost:
        yield from discovery.set_down(state, link, "no carrier")
    yield from routing.reroute(state, lost, now)


def _read_tables(state: State, switch: Switch, now: float) -> ReadTables:
    switch.reading = switch.sent
    switch.next_audit = now + state.settings.audit_interval_s
    return ReadTables(switch.dpid)


def _switch_down(state: State, event: SwitchDown, now: float) -> Iterator[Command]:
    switch = state.switches.get(event.dpid)
    if switch and switch.connection == event.connection:
        switch.connection, switch.ready, switch.reading = None, False, None
        state.telemetry.forget(event.dpid)
        yield Note("switch-down", f"switch {event.dpid:#x} left; it forwards on by itself if it "
                   "lives", Level.WARNING)  # fmt: skip


def _tables_read(state: State, event: TablesRead, now: float) -> Iterator[Command]:
    switch = state.switches.get(event.dpid)
    if switch is None or switch.connection is None:
        return
    if switch.ready and switch.reading != switch.sent:
        return  # changed while it was being read; the next audit will tell
    first, switch.ready, switch.reading = not switch.ready, True, None
    state.telemetry.keep_flows(event.dpid, {rule.key for rule in event.rules})
    yield from _strangers(state, switch)
    if first:
        switch.resync = True
        _adopt_hosts(state, switch, event, now)
        recognition.adopt(state, switch, event.rules, now)
        routing.install_base(state, switch)
        state.hints_changed = True
    differing = switch.mirror.adopt(event.rules, event.groups, event.meters)
    if differing and not first:
        yield Note("tables-repaired", f"switch {event.dpid:#x}: {differing} entries are not as we "
                   "left them; repaired", Level.WARNING)  # fmt: skip
    yield from recognition.audited(state, switch, now)  # changes what was just compared


def _strangers(state: State, switch: Switch) -> Iterator[Command]:
    """Tells, as often as flow counters are read, of frames that are of no slice."""
    for port in switch.host_ports if state.sliced else ():
        key = slice_pipeline.foreign_rule(port).key
        frames = state.telemetry.flow_packets.get((switch.dpid, key), 0)
        new = frames - switch.foreign.get(port, 0)
        switch.foreign[port] = frames
        if new > 0:
            where = discovery.name(state, (switch.dpid, port))
            yield Note("slice-none", f"{new} frames on {where} that no slice admits there (port "
                       "and tag); dropped", Level.WARNING)  # fmt: skip


def _adopt_hosts(state: State, switch: Switch, event: TablesRead, now: float) -> None:
    """Learns from a switch what an earlier run of ours knew, so that a restart disturbs nobody."""
    edge, plain = pipeline.hosts_in(switch.dpid, event.rules)
    found = slice_pipeline.hosts_in(switch.dpid, event.rules) or plain
    taken = {s.edge for s in state.switches.values() if s is not switch}
    if edge is None or switch.edge is not None or edge in taken:
        return
    routing.make_edge(state, switch, edge, now)
    here = [host for host in found if host.port in switch.ports]
    switch.host_ports.update(host.port for host in here)
    if state.sliced:
        routing.settle_slices(state, switch)
    for host in here:
        home = hosts.rehomed(state, host)
        if home and home.key not in state.hosts:
            hosts.enter(state, home)
    reachability.install_hosts(state, switch.hosts.values())


# --- ports and packets --------------------------------------------------------------------------


def _port_changed(state: State, event: PortChanged, now: float) -> Iterator[Command]:
    switch = state.switches.get(event.dpid)
    if switch is None:
        return
    end = (event.dpid, event.port.number)
    old = switch.ports.pop(event.port.number, None)
    if event.gone:
        state.probes.pop(end, None)
    else:
        switch.ports[event.port.number] = PortState(event.port, _up_since(old, now))
    state.unsettled_ports.add(event.dpid)
    link = state.link_at.get(end)
    if link and (event.gone or not event.port.up):
        was_up = link.up
        yield from discovery.set_down(state, link, "no carrier")
        if was_up:
            yield from routing.reroute(state, [link], now)


def _packet_in(state: State, event: PacketIn, now: float) -> Iterator[Command]:
    switch = state.switches.get(event.dpid)
    if switch is None or event.in_port not in switch.ports:
        return
    end = (event.dpid, event.in_port)
    try:
        packet = headers.parse(event.frame)
    except headers.HeaderError as error:
        yield Note("malformed-packet", f"{discovery.name(state, end)}: {error}; dropped",
                   Level.WARNING)  # fmt: skip
        return
    if packet.eth_type == pipeline.LLDP:
        yield from _lldp(state, end, event.frame, now)
    elif event.table == Table.COPY:
        yield from recognition.copied(state, end, event.frame, packet, now)
    elif state.is_host_port(switch, event.in_port, now):
        heard = hosts.take(state, end, event.frame, packet, now)
        yield from heard.commands
        if heard.changed:
            reachability.install_hosts(state, heard.changed)
            state.hints_changed = bool(state.jobs)


def _lldp(state: State, end: tuple[int, int], frame: bytes, now: float) -> Iterator[Command]:
    known = len(state.link_at)
    yield from discovery.heard(state, end, frame, now)
    if len(state.link_at) != known:
        state.unsettled_ports.update(state.switches)


# --- answers ------------------------------------------------------------------------------------


def _barrier_reply(state: State, event: BarrierReply, now: float) -> Iterator[Command]:
    switch = state.switches.get(event.dpid)
    if switch:
        switch.acked = max(switch.acked, min(event.number, switch.sent))
        routing.advance(state, now)
    return iter(())


def _refused(state: State, event: Refused, now: float) -> Iterator[Command]:
    what = event.subject or "a change"
    yield Note("command-refused", f"switch {event.dpid:#x} refused {what}: {event.reason}; its "
               "tables will be read back", Level.WARNING)  # fmt: skip
    switch = state.switches.get(event.dpid)
    if switch:
        switch.next_audit = min(switch.next_audit, now + 1.0)
        yield from recognition.refused(state, switch, event)
    yield from applying.refused(state, event, now)


def _counters_read(state: State, event: CountersRead, now: float) -> Iterator[Command]:
    switch = state.switches.get(event.dpid)
    known = {None, *switch.ports} if switch else set()
    for counters in event.counters:
        if getattr(counters, "port", None) in known:
            state.telemetry.take(event.dpid, counters, now)
    return iter(())


# --- time ---------------------------------------------------------------------------------------


def _tick(state: State, event: Tick, now: float) -> Iterator[Command]:
    discovery.excuse(state, now)
    yield from discovery.probe(state, now)
    lost = list(discovery.silent(state, now))
    for link in lost:
        yield from discovery.set_down(state, link, "probes stopped arriving")
    yield from routing.reroute(state, lost, now)
    for dpid in list(state.unsettled_ports):
        switch = state.switches[dpid]
        if switch.ready and routing.settle_ports(state, switch, now):
            state.unsettled_ports.discard(dpid)
            if switch.host_ports and switch.edge is None:
                yield Note("edge-limit", f"switch {dpid:#x} has ports for hosts, but all "
                           f"{MAX_EDGES} edge numbers are taken: its hosts reach nobody elsewhere",
                           Level.WARNING)  # fmt: skip
    changed = state.topology_changed_at
    if changed is not None and now - changed >= state.settings.quiet_s:
        yield from routing.refresh(state, now)
    routing.advance(state, now)
    if state.hints_changed:
        recognition.install_hints(state)
    recognition.tick(state, now)
    yield from applying.tick(state, now)
    yield from advising.tick(state, now)
    yield from _reads(state, now)


def _reads(state: State, now: float) -> Iterator[Command]:
    poll = now >= state.next_poll
    if poll:
        state.next_poll = now + state.settings.poll_interval_s
        advising.polled(state, now)
    for switch in state.connected():
        if poll:
            yield ReadCounters(switch.dpid, meters=state.sliced)
        if now >= switch.next_audit and switch.acked == switch.sent:
            yield _read_tables(state, switch, now)


_HANDLERS: dict[type, Callable[[State, Any, float], Iterator[Command]]] = {
    SwitchUp: _switch_up,
    SwitchDown: _switch_down,
    PortChanged: _port_changed,
    PacketIn: _packet_in,
    TablesRead: _tables_read,
    BarrierReply: _barrier_reply,
    Refused: _refused,
    CountersRead: _counters_read,
    PolicyChanged: applying.begin,
    JobsChanged: recognition.jobs_changed,
    Tick: _tick,
    AdvisorUp: advising.advisor_up,
    AdvisorDown: advising.advisor_down,
    AdviceReceived: advising.advice_received,
}
