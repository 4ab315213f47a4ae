"""/qos/...: what `ryu.app.rest_qos` takes and answers, turned into changes of the policy.

There, a rule is a flow entry on one switch and a queue a row of one port. Here both follow from a
policy that holds on every switch, so a rule becomes an entry of `services:` (or a class's queue),
and a queue's rates its share. Each change is a version like any other: checked, all or nothing, and
taken back by a rollback. What a policy has no word for is answered 501 with what to write instead.
"""

import zlib
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from controller.api.access import Role
from controller.api.edit import changed
from controller.api.problems import problem
from controller.api.routes import Call, Pieces, Route, pieces
from controller.api.ryu_stats import MeterStats, QueueStats, Shares, meters, queues
from controller.api.words import dpid16, switch_at16
from controller.errors import BusyError
from controller.state import State, Switch
from policies.classes import Transport
from policies.model import ClassPolicy, Policy, ServicePorts

_TAG = "Ryu: rest_qos"
_Edit = Callable[[Any], Any]  # of a section of the policy's file
_Number = Annotated[int, Field(ge=0, lt=2**40)]  # they may come as text: "5001"
_NO_WORD = {
    "addresses": "a service is told by its ports alone; tenants are told by VLAN, port and prefix: "
    "write them under 'slices:' and POST /v1/policy/apply",
    "in_port": "a policy tells switch ports by slices: write 'slices:' with members {ports: [...]}",
    "meter": "rates are limited by a slice's 'maximum', of which meters are made; write that",
    "one switch": "a policy holds on every switch; send it to .../all",
    "vlan": "VLANs tell slices: write 'slices:' with members {vlan: ...}",
}


class RuleMatch(BaseModel):
    """What a rule is about."""

    model_config = ConfigDict(extra="forbid")

    in_port: Any = None
    dl_src: Any = None
    dl_dst: Any = None
    dl_type: str | None = None
    dl_vlan: Any = None
    nw_src: Any = None
    nw_dst: Any = None
    ipv6_src: Any = None
    ipv6_dst: Any = None
    nw_proto: str | None = None
    tp_src: Annotated[int, Field(ge=1, le=65535)] | None = None
    tp_dst: Annotated[int, Field(ge=1, le=65535)] | None = None
    ip_dscp: Annotated[int, Field(ge=0, le=63)] | None = None


class RuleActions(BaseModel):
    """What happens to it."""

    model_config = ConfigDict(extra="forbid")

    mark: Annotated[int, Field(ge=0, le=63)] | None = None
    meter: Any = None
    queue: Annotated[int, Field(ge=0, le=15)] | None = None


class RuleRequest(BaseModel):
    """A rule; `priority` is taken and means nothing: the newest service is asked first."""

    model_config = ConfigDict(extra="forbid")

    priority: _Number | None = None
    match: RuleMatch
    actions: RuleActions = Field(default_factory=lambda: RuleActions(queue=0))


class RuleDelete(BaseModel):
    """Which rule, by the number that GET /qos/rules/all tells."""

    model_config = ConfigDict(extra="forbid")

    qos_id: Annotated[int, Field(ge=0)]


class QueueRates(BaseModel):
    """Rates of one queue, bit/s."""

    model_config = ConfigDict(extra="forbid")

    max_rate: _Number | None = None
    min_rate: _Number | None = None


class QueueRequest(BaseModel):
    """Rates of the queues 0, 1, ... of every port whose rate is `max_rate`, bit/s."""

    model_config = ConfigDict(extra="forbid")

    port_name: str | None = None
    type: str = "linux-htb"
    max_rate: Annotated[int, Field(gt=0, lt=2**40)] | None = None
    queues: Annotated[list[QueueRates], Field(min_length=1, max_length=16)]


class Success(TypedDict):
    """What was done."""

    result: str
    details: Any


class Answered(TypedDict):
    """The answer of one switch."""

    switch_id: str
    command_result: Any


# --- reading --------------------------------------------------------------------------------------


def _chosen(call: Call) -> list[Switch]:
    state, text = call.site.state, call.path["switch"]
    if text == "all":
        return [s for _, s in sorted(state.switches.items()) if s.connection is not None]
    return [switch_at16(state, text)]


def _each(told: Callable[[State, Switch], Any]) -> Callable[[Call], list[Answered]]:
    def answer(call: Call) -> list[Answered]:
        return [
            {"switch_id": dpid16(switch.dpid), "command_result": told(call.site.state, switch)}
            for switch in _chosen(call)
        ]

    return answer


def _queue_configs(call: Call) -> Pieces:
    shares, chosen = Shares(call.site), _chosen(call)
    told = ({"switch_id": dpid16(switch.dpid), "command_result": _queue_config(shares, switch)}
            for switch in chosen)  # fmt: skip
    return pieces(call.site, "[", told, "]")


def _queue_config(shares: Shares, switch: Switch) -> Success:
    details: dict[str, Any] = {}
    for number, queue, low, high in shares.of(switch):
        port = switch.ports[number].port
        rates = {"min-rate": low, "max-rate": high} if port.speed_bps else {}  # 0: not told
        config = {name: str(round(part * port.speed_bps)) for name, part in rates.items()}
        details.setdefault(port.name, {})[str(queue)] = {"config": config}
    return {"result": "success", "details": details}


def _queue_status(state: State, switch: Switch) -> dict[str, list[QueueStats]]:
    return {str(switch.dpid): list(queues(state, switch))}


def _meter_status(state: State, switch: Switch) -> dict[str, list[MeterStats]]:
    return {str(switch.dpid): list(meters(state, switch))}


def _rules(state: State, _switch: Switch) -> list[dict[str, Any]]:
    policy = state.policy
    told = [_rule(policy, order, entry) for order, entry in enumerate(policy.services)]
    return [{"qos": told}] if told else []


def _vlan_rules(call: Call) -> list[Answered]:
    if call.path["vlan"] in {"0", "all"}:
        return _each(_rules)(call)
    return _each(lambda _state, _switch: [])(call)


def _rule(policy: Policy, order: int, entry: ServicePorts) -> dict[str, Any]:
    ports: int | str = entry.first
    if entry.last != entry.first:
        ports = f"{entry.first}-{entry.last}"
    kind = policy.class_of(entry.traffic_class)
    return {
        "qos_id": _qos_id(entry.name, entry.transport, entry.first, entry.last),
        "priority": max(1, 600 - order), "dl_type": "IPv4",
        "nw_proto": entry.transport.value.upper(), "tp_dst": ports,
        "actions": [{"mark": str(kind.dscp)}, {"queue": str(kind.queue_id)}],
    }  # fmt: skip


def _qos_id(name: str, transport: Transport, first: int, last: int) -> int:
    """The same for as long as the entry is there, whatever else comes and goes."""
    return zlib.crc32(f"{name}/{transport.value}/{first}-{last}".encode())


# --- changing -------------------------------------------------------------------------------------


def _set_rule(call: Call) -> list[Answered]:
    _for_all(call)
    asked: RuleRequest = call.body
    _refuse_what_has_no_word(asked)
    policy = call.site.state.policy
    if asked.match.ip_dscp is not None:
        return _change(call, "classes", _queue_of_mark(policy, asked), "class changed", "classes")
    port = asked.match.tp_dst or asked.match.tp_src
    transport = _transport(asked.match)
    kind = _class_meant(policy, asked.actions).traffic_class.value
    name = f"{transport.value} {port}"
    entry = {"name": name, "class": kind, "transport": transport.value, "ports": [port]}
    details = f"QoS added. : qos_id={_qos_id(name, transport, port or 0, port or 0)}"

    def first(services: Any) -> Any:
        return [entry, *(known for known in services if known["name"] != name)]

    return _change(call, "services", first, details, name)


def _refuse_what_has_no_word(asked: RuleRequest) -> None:
    match = asked.match
    if asked.actions.meter is not None:
        raise problem(501, _NO_WORD["meter"])
    if match.in_port is not None:
        raise problem(501, _NO_WORD["in_port"])
    if match.dl_vlan is not None:
        raise problem(501, _NO_WORD["vlan"])
    addresses = (match.dl_src, match.dl_dst, match.nw_src, match.nw_dst, match.ipv6_src,
                 match.ipv6_dst)  # fmt: skip
    if any(address is not None for address in addresses):
        raise problem(501, _NO_WORD["addresses"])
    if match.dl_type not in {None, "IPv4", "IPv6"}:
        raise problem(501, "a policy classifies IPv4 and IPv6; ARP has its own queue already")
    if match.tp_dst is not None and match.tp_src is not None:
        raise problem(501, "a service's port is looked for at either end; give one, as tp_dst")


def _transport(match: RuleMatch) -> Transport:
    words = {"TCP": Transport.TCP, "UDP": Transport.UDP}
    if match.nw_proto not in words or (match.tp_dst or match.tp_src) is None:
        raise problem(
            400, "a service is nw_proto TCP or UDP and a tp_dst; a class is ip_dscp and a queue"
        )
    return words[match.nw_proto]


def _class_meant(policy: Policy, actions: RuleActions) -> ClassPolicy:
    found = [
        entry
        for entry in policy.classes
        if actions.queue in (None, entry.queue_id) and actions.mark in (None, entry.dscp)
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{e.traffic_class.value} (mark {e.dscp}, queue {e.queue_id})"
                      for e in policy.classes)  # fmt: skip
    raise problem(400, f"the actions must name one class by its mark, its queue or both: {known}")


def _queue_of_mark(policy: Policy, asked: RuleRequest) -> _Edit:
    """The class with this mark gets another queue."""
    match, queue = asked.match, asked.actions.queue
    if match.nw_proto or match.tp_dst or match.tp_src or asked.actions.mark is not None:
        raise problem(501, "a mark tells a class; give ip_dscp and a queue alone")
    known = {spec.queue_id: spec.name for spec in policy.queues}
    if queue not in known:
        raise problem(400, f"no queue {queue}; there are {_listed(policy)}")
    entry = _class_meant(policy, RuleActions(mark=match.ip_dscp))
    name = entry.traffic_class.value
    return lambda classes: {**classes, name: {**classes[name], "queue": known[queue]}}


def _listed(policy: Policy) -> str:
    return ", ".join(f"{queue.queue_id} ({queue.name})" for queue in policy.queues)


def _delete_rule(call: Call) -> list[Answered]:
    _for_all(call)
    wanted = call.body.qos_id
    services = call.site.state.policy.services
    found = next(
        (e for e in services if _qos_id(e.name, e.transport, e.first, e.last) == wanted), None
    )
    if found is None:
        raise problem(404, f"no rule {wanted}; GET /qos/rules/all tells their numbers")

    def others(services: Any) -> Any:
        left = [_without(entry, found) for entry in services]
        return [entry for entry in left if entry["ports"]]

    return _change(call, "services", others, f"deleted. : QoS ID={wanted}", found.name)


def _without(entry: dict[str, Any], gone: ServicePorts) -> dict[str, Any]:
    if (entry["name"], entry.get("transport", "tcp")) != (gone.name, gone.transport.value):
        return entry
    texts = {str(gone.first)} if gone.first == gone.last else set()
    texts.add(f"{gone.first}-{gone.last}")
    return {**entry, "ports": [item for item in entry["ports"] if str(item) not in texts]}


def _set_queues(call: Call) -> list[Answered]:
    _for_all(call)
    asked: QueueRequest = call.body
    if asked.port_name is not None:
        raise problem(501, "a policy's queues are on every port; leave port_name out")
    if asked.type != "linux-htb":
        raise problem(501, f"{asked.type!r}: queues are linux-htb")
    if asked.max_rate is None:
        raise problem(400, "a policy has shares: give max_rate, the rate they are shares of")
    policy, of_bps = call.site.state.policy, asked.max_rate
    names = {spec.queue_id: spec.name for spec in policy.queues}
    for number in range(len(asked.queues)):
        if number not in names:
            raise problem(400, f"no queue {number}; there are {_listed(policy)}")
    shares = {names[n]: _shares(rates, of_bps) for n, rates in enumerate(asked.queues)}

    def shared(queues: Any) -> Any:
        return {name: {**entry, **shares.get(name, {})} for name, entry in queues.items()}

    details = {str(number): {"config": {k.replace("_", "-"): str(v) for k, v in
                                        rates.model_dump(exclude_none=True).items()}}
               for number, rates in enumerate(asked.queues)}  # fmt: skip
    return _change(call, "queues", shared, details, "queues")


def _shares(rates: QueueRates, of_bps: int) -> dict[str, float]:
    """Rates out of range are told by the check of the policy."""
    told: dict[str, float] = {}
    if rates.min_rate is not None:
        told["share"] = rates.min_rate / of_bps
    if rates.max_rate is not None:
        told["ceiling"] = rates.max_rate / of_bps
    return told


def _for_all(call: Call) -> None:
    if call.path["switch"] != "all":
        raise problem(501, _NO_WORD["one switch"])


def _change(call: Call, name: str, edit: _Edit, details: Any, what: str) -> list[Answered]:
    """Applies the running policy with one section changed."""
    manager = call.site.manager
    running = manager.running()
    text = call.site.aside(changed, running["text"], name, edit)
    if manager.running()["version"] != running["version"]:
        raise BusyError("the policy has changed in the meantime; try again")
    manager.apply(text, "the changed policy", call.who, f"REST /qos: {what}")
    done: Success = {"result": "success", "details": details}
    ids = [dpid16(switch.dpid) for switch in _chosen(call)] or ["all"]
    return [{"switch_id": switch, "command_result": [done]} for switch in ids]


def _refused(detail: str) -> Callable[[Call], Any]:
    def answer(_call: Call) -> Any:
        raise problem(501, detail)

    return answer


_READER, _OPERATOR = Role.READER, Role.OPERATOR
_LIST = list[Answered]
ROUTES = (
    Route("GET", "/qos/queue/status/{switch}", _READER, _TAG, "Queue counters",
          _each(_queue_status), _LIST),
    Route("GET", "/qos/queue/{switch}", _READER, _TAG, "Queues of each port",
          _queue_configs, _LIST),
    Route("POST", "/qos/queue/{switch}", _OPERATOR, _TAG, "Change queues' shares", _set_queues,
          _LIST, QueueRequest),
    Route("DELETE", "/qos/queue/{switch}", _OPERATOR, _TAG, "Not here", _refused(
        "a policy needs its queues; POST /v1/policy/rollback takes changes of them back")),
    Route("GET", "/qos/rules/{switch}", _READER, _TAG, "Services, as rules", _each(_rules), _LIST),
    Route("POST", "/qos/rules/{switch}", _OPERATOR, _TAG,
          "Add a service, or change a class's queue", _set_rule, _LIST, RuleRequest),
    Route("DELETE", "/qos/rules/{switch}", _OPERATOR, _TAG, "Remove a service", _delete_rule,
          _LIST, RuleDelete),
    Route("GET", "/qos/rules/{switch}/{vlan}", _READER, _TAG, "Rules of a VLAN", _vlan_rules,
          _LIST),
    *(Route(method, "/qos/rules/{switch}/{vlan}", _OPERATOR, _TAG, "Not here",
            _refused(_NO_WORD["vlan"])) for method in ("POST", "DELETE")),
    Route("GET", "/qos/meter/{switch}", _READER, _TAG, "Meter counters", _each(_meter_status),
          _LIST),
    *(Route(method, "/qos/meter/{switch}", _OPERATOR, _TAG, "Not here",
            _refused(_NO_WORD["meter"])) for method in ("POST", "DELETE")),
)  # fmt: skip
