"""/v1/slices, classes, switches, links, hosts, agent and health: what the controller knows."""

from controller.advice.records import Reason
from controller.api.access import Role
from controller.api.answers import (
    AgentAnswer,
    ClassAnswer,
    EndAnswer,
    Health,
    HostAnswer,
    LinkAnswer,
    PortAnswer,
    SliceAnswer,
    SwitchAnswer,
)
from controller.api.routes import Call, Page, PageQuery, Route, page
from controller.api.words import ip, mac, switch_at
from controller.canary import Figures
from controller.state import End, Host, Link, PortState, State, Switch
from policies.model import ClassPolicy, Rate, Slice


def _health(call: Call) -> Health:
    state = call.site.state
    connected = sum(switch.connection is not None for switch in state.switches.values())
    return Health("ok", state.settled and state.topology_changed_at is None, connected)


# --- the policy's parts ---------------------------------------------------------------------------


def _slices(call: Call) -> Page[SliceAnswer]:
    state, figures = call.site.state, call.site.manager.figures()
    hosts: dict[int, int] = {}
    for host in state.hosts.values():
        hosts[host.slice_number] = hosts.get(host.slice_number, 0) + 1

    def told(part: Slice) -> SliceAnswer:
        sent = figures.get(part.name, Figures())
        return SliceAnswer(
            part.name, part.number, _rate(part.guarantee), _rate(part.maximum), part.weight,
            [c.value for c in part.classes], part.default_class.value, list(part.talks_to),
            hosts.get(part.number, 0), sent.sent_bytes, sent.sent_packets, sent.lost_packets,
        )  # fmt: skip

    return page(call, state.policy.slices, told)


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return "no limit"
    if rate.bps is not None:
        return f"{rate.bps:.12g} bit/s"
    return f"{100 * (rate.share or 0.0):g}% of each link"


def _classes(call: Call) -> Page[ClassAnswer]:
    policy = call.site.state.policy
    queues = {queue.queue_id: queue for queue in policy.queues}

    def told(entry: ClassPolicy) -> ClassAnswer:
        queue = queues[entry.queue_id]
        return ClassAnswer(
            entry.traffic_class.value, entry.dscp, queue.name, queue.queue_id, queue.priority,
            queue.share, queue.ceiling, entry.path_group.value, entry.latency_s,
        )  # fmt: skip

    return page(call, policy.classes, told)


# --- the network ----------------------------------------------------------------------------------


def _switches(call: Call) -> Page[SwitchAnswer]:
    state = call.site.state
    known = sorted(state.switches.values(), key=lambda switch: switch.dpid)
    return page(call, known, lambda switch: _switch(state, switch))


def _one_switch(call: Call) -> SwitchAnswer:
    return _switch(call.site.state, switch_at(call.site.state, call.path["dpid"]))


def _switch(state: State, switch: Switch) -> SwitchAnswer:
    mirror, ports = switch.mirror, sorted(switch.ports.items())
    return SwitchAnswer(
        f"{switch.dpid:#x}", switch.connection is not None,
        switch.ready and switch.acked == switch.sent and not mirror.dirty, switch.edge,
        len(mirror.rules), len(mirror.groups), len(mirror.meters), len(switch.hosts),
        [_port(state, (switch.dpid, number), port) for number, port in ports],
    )  # fmt: skip


def _port(state: State, end: End, known: PortState) -> PortAnswer:
    port = known.port
    return PortAnswer(
        port.number, port.name, port.up, state.is_fabric(end), port.speed_bps,
        _bps(state, end), _bps(state, end, received=True),
    )  # fmt: skip


def _bps(state: State, end: End, *, received: bool = False) -> float:
    table = state.telemetry.port_rx if received else state.telemetry.port_tx
    rate = table.get(end)
    return rate.bps if rate else 0.0


def _links(call: Call) -> Page[LinkAnswer]:
    state = call.site.state

    def told(link: Link) -> LinkAnswer:
        ends = [EndAnswer(f"{end[0]:#x}", end[1], _bps(state, end)) for end in link.ends]
        return LinkAnswer(link.up, ends)

    return page(call, sorted(state.links.values(), key=lambda link: link.ends), told)


def _hosts(call: Call) -> Page[HostAnswer]:
    state = call.site.state
    names = {part.number: part.name for part in state.policy.slices}

    def told(host: Host) -> HostAnswer:
        return HostAnswer(
            mac(host.mac), [ip(address) for address in host.ips], f"{host.dpid:#x}", host.port,
            names.get(host.slice_number), host.vlan or None,
        )  # fmt: skip

    known = sorted(state.hosts.values(), key=lambda host: (host.dpid, host.port, host.mac))
    return page(call, known, told)


def _agent(call: Call) -> AgentAnswer:
    agent = call.site.state.agent
    if agent is None:
        return AgentAnswer(False, "absent", 0, {}, None)
    loop = agent.loop
    refusals = {reason.value: loop.refusals[reason] for reason in Reason if loop.refusals[reason]}
    last = next((record for record in reversed(loop.records) if record.verdict), None)
    return AgentAnswer(
        True, loop.standing.value, len(agent.advice), refusals, last.as_json() if last else None
    )


_TAG = "network"
_READER = Role.READER
ROUTES = (
    Route("GET", "/v1/health", None, _TAG, "Whether the controller is at work", _health, Health),
    Route("GET", "/v1/slices", _READER, _TAG, "Slices and what they sent", _slices,
          Page[SliceAnswer], query=PageQuery),
    Route("GET", "/v1/classes", _READER, _TAG, "Traffic classes: marks, queues, shares", _classes,
          Page[ClassAnswer], query=PageQuery),
    Route("GET", "/v1/switches", _READER, _TAG, "Switches and their ports", _switches,
          Page[SwitchAnswer], query=PageQuery),
    Route("GET", "/v1/switches/{dpid}", _READER, _TAG, "One switch", _one_switch, SwitchAnswer),
    Route("GET", "/v1/links", _READER, _TAG, "Links between switches", _links, Page[LinkAnswer],
          query=PageQuery),
    Route("GET", "/v1/hosts", _READER, _TAG, "Hosts where they were last seen", _hosts,
          Page[HostAnswer], query=PageQuery),
    Route("GET", "/v1/agent", _READER, _TAG, "Who advises on paths", _agent, AgentAnswer),
)  # fmt: skip
