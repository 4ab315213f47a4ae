"""/stats/...: what `ryu.app.ofctl_rest` answers, told from the tables and counters we mirror.

Reading only. Tables are the controller's to write: an entry put there by hand would be taken out
by the next audit, so what writes is answered 501 with what to do instead.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from typing_extensions import TypedDict

from controller.api import ryu_words
from controller.api.access import Role
from controller.api.interface import Site
from controller.api.problems import problem
from controller.api.routes import Call, Pieces, Route, pieces
from controller.api.ryu_words import (
    UNKNOWN,
    UNKNOWN_32,
    FlowStats,
    GroupDesc,
    MeterConfig,
)
from controller.api.words import switch_at
from controller.events import MeterCounters, PortCounters
from controller.rules import ToGroup
from controller.slicing import FIRST_QUEUE
from controller.state import LAST_REAL_PORT, PortState, State, Switch
from policies.queues import ClassNode, PortRole, SliceNode, port_tree, slices_at

_PER_MILLE = 1000  # section 7.2.2: queue rates are in tenths of a percent of the port's


class Desc(TypedDict):
    """What is known of a switch; its maker's words are not asked for."""

    mfr_desc: str
    hw_desc: str
    sw_desc: str
    serial_num: str
    dp_desc: str


class PortStats(TypedDict):
    """Counters of one port."""

    rx_packets: int
    tx_packets: int
    rx_bytes: int
    tx_bytes: int
    rx_dropped: int
    tx_dropped: int
    rx_errors: int
    tx_errors: int
    rx_frame_err: int
    rx_over_err: int
    rx_crc_err: int
    collisions: int
    duration_sec: int
    duration_nsec: int
    port_no: int | str


class PortDesc(TypedDict):
    """One port; its address and features are not kept, and told as nought."""

    hw_addr: str
    name: str
    config: int
    state: int
    curr: int
    advertised: int
    supported: int
    peer: int
    curr_speed: int
    max_speed: int
    port_no: int | str


class QueueStats(TypedDict):
    """Counters of one queue of one port."""

    duration_nsec: int
    duration_sec: int
    port_no: int
    queue_id: int
    tx_bytes: int
    tx_errors: int
    tx_packets: int


class QueueProperty(TypedDict):
    """A queue's rate, in tenths of a percent of the port's."""

    property: str
    rate: int


class QueueConfig(TypedDict):
    """One queue of one port, as the policy has it."""

    properties: list[QueueProperty]
    port: int
    queue_id: int


class QueueConfigs(TypedDict):
    """The queues of one port, or of "ANY"."""

    queues: list[QueueConfig]
    port: int | str


class BucketStats(TypedDict):
    """Counters of one bucket."""

    packet_count: int
    byte_count: int


class GroupStats(TypedDict):
    """Counters of one group."""

    length: int
    ref_count: int
    packet_count: int
    byte_count: int
    duration_sec: int
    duration_nsec: int
    bucket_stats: list[BucketStats]
    group_id: int


class BandStats(TypedDict):
    """What a meter's band dropped."""

    packet_band_count: int
    byte_band_count: int


class MeterStats(TypedDict):
    """Counters of one meter."""

    len: int
    flow_count: int
    packet_in_count: int
    byte_in_count: int
    duration_sec: int
    duration_nsec: int
    band_stats: list[BandStats]
    meter_id: int


# --- one switch -----------------------------------------------------------------------------------


def _of_switch(told: Callable[[Call, Switch], Iterable[Any]]) -> Callable[[Call], Pieces]:
    """A handler of "/stats/.../{dpid}": {"1": [...]}, encoded a few entries at a time."""

    def answer(call: Call) -> Pieces:
        switch = switch_at(call.site.state, call.path["dpid"])
        return pieces(call.site, f'{{"{switch.dpid}":[', told(call, switch), "]}")

    return answer


def _number(call: Call, name: str) -> int | None:
    """A placeholder that is a number; None where the path has none, and for ANY or ALL."""
    text = call.path.get(name, "ANY")
    if text.upper() in {"ANY", "ALL"}:
        return None
    if not text.isdecimal() or len(text) > 10:
        raise problem(400, f"{text!r}: give the number of a {name.removesuffix('_id')}")
    return int(text)


def _switches(call: Call) -> list[int]:
    return sorted(s.dpid for s in call.site.state.switches.values() if s.connection is not None)


def _desc(call: Call) -> dict[str, Desc]:
    switch = switch_at(call.site.state, call.path["dpid"])
    kind = "core" if switch.edge is None else f"edge {switch.edge}"
    return {str(switch.dpid): {"mfr_desc": "", "hw_desc": "", "sw_desc": "", "serial_num": "",
                               "dp_desc": f"{kind} switch of Headway"}}  # fmt: skip


def flows(state: State, switch: Switch) -> Iterator[FlowStats]:
    """The flow entries the switch holds, by table and priority."""
    telemetry, dpid = state.telemetry, switch.dpid
    known = sorted(switch.mirror.actual_rules.values(), key=lambda r: (r.table, -r.priority))
    for rule in known:
        packets = telemetry.flow_packets.get((dpid, rule.key), 0)
        yield ryu_words.flow(rule, packets, telemetry.flow_bytes.get((dpid, rule.key), 0))


def _flows(call: Call, switch: Switch) -> Iterator[FlowStats]:
    return flows(call.site.state, switch)


def _aggregate(call: Call, switch: Switch) -> Iterator[dict[str, int]]:
    telemetry = call.site.state.telemetry
    known = [(switch.dpid, key) for key in switch.mirror.actual_rules]
    yield {
        "packet_count": sum(telemetry.flow_packets.get(flow, 0) for flow in known),
        "byte_count": sum(telemetry.flow_bytes.get(flow, 0) for flow in known),
        "flow_count": len(known),
    }


# --- ports and queues -----------------------------------------------------------------------------


def _ports(call: Call, switch: Switch, placeholder: str) -> list[tuple[int, PortState]]:
    wanted = _number(call, placeholder)
    return [item for item in sorted(switch.ports.items()) if wanted in (None, item[0])]


def _port_stats(call: Call, switch: Switch) -> Iterator[PortStats]:
    counters = call.site.state.telemetry.ports
    for number, _ in _ports(call, switch, "port"):
        known = counters.get((switch.dpid, number)) or PortCounters(number, 0, 0, 0, 0, 0)
        yield {
            "rx_packets": known.rx_packets, "tx_packets": known.tx_packets,
            "rx_bytes": known.rx_bytes, "tx_bytes": known.tx_bytes,
            "rx_dropped": UNKNOWN, "tx_dropped": UNKNOWN, "rx_errors": UNKNOWN,
            "tx_errors": UNKNOWN, "rx_frame_err": UNKNOWN, "rx_over_err": UNKNOWN,
            "rx_crc_err": UNKNOWN, "collisions": UNKNOWN, "duration_sec": UNKNOWN_32,
            "duration_nsec": UNKNOWN_32, "port_no": ryu_words.port(number),
        }  # fmt: skip


def _port_descs(call: Call, switch: Switch) -> Iterator[PortDesc]:
    for number, known in _ports(call, switch, "port_no"):
        yield {
            "hw_addr": "00:00:00:00:00:00", "name": known.port.name, "config": 0,
            "state": 0 if known.port.up else 1, "curr": 0, "advertised": 0, "supported": 0,
            "peer": 0, "curr_speed": int(known.port.speed_bps / 1000), "max_speed": 0,
            "port_no": ryu_words.port(number),
        }  # fmt: skip


def queues(state: State, switch: Switch) -> Iterator[QueueStats]:
    """Counters of every queue of a switch."""
    counters = state.telemetry.queues
    for key in sorted(key for key in counters if key[0] == switch.dpid):
        known = counters[key]
        yield {
            "duration_nsec": UNKNOWN_32, "duration_sec": UNKNOWN_32, "port_no": known.port,
            "queue_id": known.queue_id, "tx_bytes": known.tx_bytes, "tx_errors": known.dropped,
            "tx_packets": known.tx_packets,
        }  # fmt: skip


def _queue_stats(call: Call, switch: Switch) -> Iterator[QueueStats]:
    port, queue = _number(call, "port"), _number(call, "queue_id")
    for entry in queues(call.site.state, switch):
        if port in (None, entry["port_no"]) and queue in (None, entry["queue_id"]):
            yield entry


def _queue_configs(call: Call, switch: Switch) -> Iterator[QueueConfigs]:
    wanted = _number(call, "port")
    known = [
        {"properties": [{"property": "MIN_RATE", "rate": round(_PER_MILLE * low)},
                        {"property": "MAX_RATE", "rate": round(_PER_MILLE * high)}],
         "port": number, "queue_id": queue}
        for number, queue, low, high in Shares(call.site).of(switch)
        if wanted in (None, number)
    ]  # fmt: skip
    yield {"queues": known, "port": "ANY" if wanted is None else wanted}  # type: ignore[typeddict-item]


class Shares:
    """What queues are promised, as parts of their port's rate; like ports are reckoned once."""

    def __init__(self, site: Site) -> None:
        self._site, self._policy = site, site.state.policy
        self._known: dict[Any, list[tuple[int, float, float]]] = {}

    def of(self, switch: Switch) -> Iterator[tuple[int, int, float, float]]:
        """(port, queue, least, most) of a switch; the last two 0..1."""
        for number, known in sorted(switch.ports.items()):
            if number < LAST_REAL_PORT:
                role = PortRole(known.port.name, self._site.state.is_fabric((switch.dpid, number)))
                # Shares of a rate that isn't told are those of any other.
                for queue, low, high in self._at(role, int(known.port.speed_bps) or 10**9):
                    yield number, queue, low, high

    def _at(self, role: PortRole, rate_bps: int) -> list[tuple[int, float, float]]:
        here = tuple(part.number for part in slices_at(self._policy, role))
        key = role.fabric, rate_bps, here
        if key not in self._known:
            self._site.pause()  # one takes 10 ms where there are 200 slices
            tree = port_tree(self._policy, rate_bps, role)
            nodes: list[tuple[int, ClassNode | SliceNode]] = [
                *((node.queue_id, node) for node in tree.classes or (tree.service,)),
                *((FIRST_QUEUE + part.number, part) for part in tree.slices),
            ]
            self._known[key] = [
                (queue, node.rate_bps / rate_bps, node.ceil_bps / rate_bps) for queue, node in nodes
            ]
        return self._known[key]


# --- groups and meters ----------------------------------------------------------------------------


def _group_descs(call: Call, switch: Switch) -> Iterator[GroupDesc]:
    wanted = _number(call, "group_id")
    for number, known in sorted(switch.mirror.actual_groups.items()):
        if wanted in (None, number):
            yield ryu_words.group(known)


def _group_stats(call: Call, switch: Switch) -> Iterator[GroupStats]:
    wanted, counters = _number(call, "group_id"), call.site.state.telemetry.bucket
    mirror = switch.mirror
    places = [rule.actions for rule in mirror.actual_rules.values()]
    places += [b.actions for g in mirror.actual_groups.values() for b in g.buckets]
    uses = Counter(a.group_id for actions in places for a in actions if isinstance(a, ToGroup))
    for number, known in sorted(mirror.actual_groups.items()):
        if wanted not in (None, number):
            continue
        rates = [counters.get((switch.dpid, number, i)) for i in range(len(known.buckets))]
        sizes = [rate.bytes_total if rate else 0 for rate in rates]
        yield {
            "length": 40 + 16 * len(sizes), "ref_count": uses[number], "packet_count": UNKNOWN,
            "byte_count": sum(sizes), "duration_sec": UNKNOWN_32, "duration_nsec": UNKNOWN_32,
            "bucket_stats": [{"packet_count": UNKNOWN, "byte_count": size} for size in sizes],
            "group_id": number,
        }  # fmt: skip


def _meter_configs(call: Call, switch: Switch) -> Iterator[MeterConfig]:
    wanted = _number(call, "meter_id")
    for number, known in sorted(switch.mirror.actual_meters.items()):
        if wanted in (None, number):
            yield ryu_words.meter(known)


def meters(state: State, switch: Switch, wanted: int | None = None) -> Iterator[MeterStats]:
    """Counters of the meters of a switch."""
    uses = Counter(rule.meter for rule in switch.mirror.actual_rules.values())
    counters = state.telemetry.meters
    for number in sorted(switch.mirror.actual_meters):
        if wanted not in (None, number):
            continue
        known = counters.get((switch.dpid, number)) or MeterCounters(number, *[UNKNOWN] * 4)
        yield {
            "len": 56, "flow_count": uses[number], "packet_in_count": known.packets_in,
            "byte_in_count": known.bytes_in, "duration_sec": UNKNOWN_32,
            "duration_nsec": UNKNOWN_32, "meter_id": number,
            "band_stats": [{"packet_band_count": known.dropped_packets,
                            "byte_band_count": known.dropped_bytes}],
        }  # fmt: skip


def _meter_stats(call: Call, switch: Switch) -> Iterator[MeterStats]:
    return meters(call.site.state, switch, _number(call, "meter_id"))


# --- what is not done here ------------------------------------------------------------------------


def _refused(what: str) -> Callable[[Call], Any]:
    def answer(_call: Call) -> Any:
        raise problem(
            501,
            f"{what} are the controller's alone: what is written by hand would be taken out by the "
            "next audit. Say what should hold in the policy: POST /v1/policy/apply",
        )

    return answer


def _route(
    path: str, summary: str, told: Callable[[Call, Switch], Iterable[Any]], entry: Any
) -> Route:
    return Route("GET", path, Role.READER, _TAG, summary, _of_switch(told), dict[str, list[entry]])


def _each(path: str, *optional: str) -> list[str]:
    """The path with none, one, ... of its optional ends."""
    return [path + "".join(f"/{{{name}}}" for name in optional[:n]) for n in
            range(len(optional) + 1)]  # fmt: skip


_TAG = "Ryu: ofctl_rest"
_OPERATOR = Role.OPERATOR
ROUTES = (
    Route("GET", "/stats/switches", Role.READER, _TAG, "Connected switches", _switches, list[int]),
    Route("GET", "/stats/desc/{dpid}", Role.READER, _TAG, "A switch", _desc, dict[str, Desc]),
    _route("/stats/flow/{dpid}", "Flow entries", _flows, FlowStats),
    _route("/stats/aggregateflow/{dpid}", "Sums over flow entries", _aggregate, dict[str, int]),
    *(_route(path, "Port counters", _port_stats, PortStats)
      for path in _each("/stats/port/{dpid}", "port")),
    *(_route(path, "Ports", _port_descs, PortDesc)
      for path in _each("/stats/portdesc/{dpid}", "port_no")),
    *(_route(path, "Queue counters", _queue_stats, QueueStats)
      for path in _each("/stats/queue/{dpid}", "port", "queue_id")),
    *(_route(path, "Queues, as the policy has them", _queue_configs, QueueConfigs)
      for path in _each("/stats/queueconfig/{dpid}", "port")),
    *(_route(path, "Groups", _group_descs, GroupDesc)
      for path in _each("/stats/groupdesc/{dpid}", "group_id")),
    *(_route(path, "Group counters", _group_stats, GroupStats)
      for path in _each("/stats/group/{dpid}", "group_id")),
    *(_route(path, "Meters", _meter_configs, MeterConfig)
      for path in _each("/stats/meterconfig/{dpid}", "meter_id")),
    *(_route(path, "Meter counters", _meter_stats, MeterStats)
      for path in _each("/stats/meter/{dpid}", "meter_id")),
    *(Route(method, f"/stats/{path}", _OPERATOR, _TAG, "Not here: tables are the controller's",
            _refused(what))
      for method, path, what in (
          ("POST", "flowentry/{cmd}", "Flow entries"),
          ("DELETE", "flowentry/clear/{dpid}", "Flow entries"),
          ("POST", "groupentry/{cmd}", "Groups"),
          ("POST", "meterentry/{cmd}", "Meters"),
      )),
)  # fmt: skip
