"""Our words to OpenFlow 1.3 messages of the framework, and back. Owns no decision and no socket.

What a switch reports that isn't in our words becomes `Foreign`, so that it can be compared (never
equal) and deleted, but not sent.
"""

import ipaddress
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from controller.events import (
    Barrier,
    Change,
    ChangeGroup,
    ChangeMeter,
    ChangeRule,
    Counters,
    FlowCounters,
    GroupCounters,
    MeterCounters,
    Port,
    PortCounters,
    QueueCounters,
    ReadCounters,
    ReadTables,
    SendFrame,
)
from controller.framework import nx_actions as _nx  # noqa: F401  (registers the Nicira actions)
from controller.framework import ofp, ofp_parser
from controller.nicira import CopyAction
from controller.rules import (
    ANY,
    COOKIE_MARK,
    Action,
    Bucket,
    Copy,
    Field,
    Foreign,
    Group,
    GroupType,
    Load,
    Match,
    Meter,
    MeterUnit,
    Move,
    Output,
    PopVlan,
    PushVlan,
    Rule,
    SetField,
    SetQueue,
    ToGroup,
)

_MAC_FIELDS = {"eth_dst", "eth_src", "arp_sha", "arp_tha"}
_IPV6_FIELDS = {"ipv6_src", "ipv6_dst"}
_ETHERTYPE_VLAN = 0x8100
_IPV4_FIELDS = {"arp_spa", "arp_tpa", "ipv4_src", "ipv4_dst"}
_MAC_TEXT = re.compile("(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_ALL_METADATA = (1 << 64) - 1
_FIELD_NUMBERS: dict[str, int] = {
    t.name: t.num for t in ofp.oxm_types if isinstance(getattr(t, "num", None), int)
}
_RULE_COMMAND = {Change.ADD: ofp.OFPFC_ADD, Change.DELETE: ofp.OFPFC_DELETE_STRICT}
_GROUP_COMMAND = {
    Change.ADD: ofp.OFPGC_ADD,
    Change.MODIFY: ofp.OFPGC_MODIFY,
    Change.DELETE: ofp.OFPGC_DELETE,
}
_METER_COMMAND = {
    Change.ADD: ofp.OFPMC_ADD,
    Change.MODIFY: ofp.OFPMC_MODIFY,
    Change.DELETE: ofp.OFPMC_DELETE,
}
_METER_UNITS = ofp.OFPMF_PKTPS | ofp.OFPMF_KBPS
_UNIT_FLAG = {MeterUnit.PACKETS: ofp.OFPMF_PKTPS, MeterUnit.KILOBITS: ofp.OFPMF_KBPS}
_FLAG_UNIT = {flag: unit for unit, flag in _UNIT_FLAG.items()}
_GROUP_TYPE = {GroupType.SELECT: ofp.OFPGT_SELECT, GroupType.FAST_FAILOVER: ofp.OFPGT_FF}
_TYPE_GROUP = {number: kind for kind, number in _GROUP_TYPE.items()}


# --- values -------------------------------------------------------------------------------------


def _to_wire(name: str, value: int) -> int | str:
    if name in _MAC_FIELDS:
        return value.to_bytes(6, "big").hex(":")
    if name in _IPV4_FIELDS:
        return ".".join(str(byte) for byte in value.to_bytes(4, "big"))
    if name in _IPV6_FIELDS:
        return str(ipaddress.IPv6Address(value))
    return value


def _from_wire(value: Any) -> int:
    if isinstance(value, int):
        return value
    if isinstance(value, bytes):
        return int.from_bytes(value, "big")
    text = str(value)
    if _MAC_TEXT.fullmatch(text):
        return int(text.replace(":", ""), 16)
    try:
        return int(ipaddress.ip_address(text))
    except ValueError:  # of a field that is not in our words: it only has to differ
        return int.from_bytes(text.encode(), "big")


def _encode_match(match: Match) -> Any:
    # In the order of their numbers, as the library would put them: it asks no more questions then,
    # which halves the cost of a rule.
    fields = [_wire_field(field) for field in sorted(match, key=_field_number)]
    return ofp_parser.OFPMatch(_ordered_fields=fields)


def _field_number(field: Field) -> int:
    return _FIELD_NUMBERS[field.name]


def _wire_field(field: Field) -> tuple[str, Any]:
    value = _to_wire(field.name, field.value)
    return field.name, value if field.mask < 0 else (value, _to_wire(field.name, field.mask))


def _decode_match(match: Any) -> Match:
    return tuple(sorted(_decode_field(name, value) for name, value in match.items()))


def _decode_field(name: str, value: Any) -> Field:
    if isinstance(value, tuple):
        return Field(name, _from_wire(value[0]), _from_wire(value[1]))
    return Field(name, _from_wire(value))


# --- actions ------------------------------------------------------------------------------------


def _encode_action(action: Action) -> Any:
    match action:
        case Output(port):
            return ofp_parser.OFPActionOutput(port, ofp.OFPCML_NO_BUFFER)
        case Copy(meter_id, most_bytes):
            return CopyAction(meter_id, most_bytes)
        case ToGroup(group_id):
            return ofp_parser.OFPActionGroup(group_id)
        case SetQueue(queue_id):
            return ofp_parser.OFPActionSetQueue(queue_id)
        case SetField(name, value):
            return ofp_parser.OFPActionSetField(**{name: _to_wire(name, value)})
        case Load(name, offset, bits, value):
            wire_name = "in_port_nxm" if name == "in_port" else name  # 16 bits, not 32
            return ofp_parser.NXActionRegLoad(offset << 6 | bits - 1, wire_name, value)
        case Move(source, target, bits):
            return ofp_parser.NXActionRegMove(source, target, bits)
        case PushVlan():
            return ofp_parser.OFPActionPushVlan(_ETHERTYPE_VLAN)
        case PopVlan():
            return ofp_parser.OFPActionPopVlan()
    raise TypeError(f"{action!r} is read from switches only and never sent")


def _decode_action(action: Any) -> Action:
    match type(action).__name__:
        case "OFPActionOutput":
            return Output(action.port)
        case "CopyAction" if action.plain and None not in (action.meter_id, action.most_bytes):
            return Copy(action.meter_id, action.most_bytes)
        case "OFPActionGroup":
            return ToGroup(action.group_id)
        case "OFPActionSetQueue":
            return SetQueue(action.queue_id)
        case "OFPActionSetField":
            return SetField(action.key, _from_wire(action.value))
        case "NXActionRegLoad":
            bits = (action.ofs_nbits & 0x3F) + 1
            return Load(_standard(action.dst), action.ofs_nbits >> 6, bits, action.value)
        case "NXActionRegMove" if not (action.src_ofs or action.dst_ofs):
            source, target = _standard(action.src_field), _standard(action.dst_field)
            return Move(source, target, action.n_bits)
        case "OFPActionPushVlan" if action.ethertype == _ETHERTYPE_VLAN:
            return PushVlan()
        case "OFPActionPopVlan":
            return PopVlan()
    return Foreign(str(action))


def _standard(name: str) -> str:
    """Open vSwitch reports some fields by their Nicira names; they are the same fields."""
    return name.removesuffix("_nxm")


# --- rules --------------------------------------------------------------------------------------


def _encode_rule(datapath: Any, change: ChangeRule) -> Iterator[Any]:
    rule = change.rule
    deleting = change.change is Change.DELETE
    yield ofp_parser.OFPFlowMod(
        datapath, cookie=COOKIE_MARK, table_id=rule.table, command=_RULE_COMMAND[change.change],
        priority=rule.priority, out_port=ANY, out_group=ANY, match=_encode_match(rule.match),
        instructions=[] if deleting else _encode_instructions(rule),
    )  # fmt: skip


def _encode_instructions(rule: Rule) -> list[Any]:
    made = []
    if rule.meter is not None:
        made.append(ofp_parser.OFPInstructionMeter(rule.meter, ofp.OFPIT_METER))
    if rule.actions:
        actions = [_encode_action(action) for action in rule.actions]
        made.append(ofp_parser.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, actions))
    if rule.metadata is not None:
        mask = rule.metadata_mask & _ALL_METADATA
        made.append(ofp_parser.OFPInstructionWriteMetadata(rule.metadata, mask))
    if rule.goto is not None:
        made.append(ofp_parser.OFPInstructionGotoTable(rule.goto))
    return made


def decode_rule(stats: Any) -> Rule:
    """One flow-statistics entry as a rule; what we would never have written makes it foreign."""
    actions: list[Action] = []
    goto = metadata = meter = None
    mask = -1
    if stats.cookie != COOKIE_MARK or stats.idle_timeout or stats.hard_timeout:
        actions.append(Foreign("cookie or timeout"))
    for instruction in stats.instructions:
        match type(instruction).__name__:
            case "OFPInstructionActions" if instruction.type == ofp.OFPIT_APPLY_ACTIONS:
                actions += [_decode_action(action) for action in instruction.actions]
            case "OFPInstructionGotoTable":
                goto = instruction.table_id
            case "OFPInstructionWriteMetadata":
                metadata = instruction.metadata
                if instruction.metadata_mask != _ALL_METADATA:
                    mask = instruction.metadata_mask
            case "OFPInstructionMeter":
                meter = instruction.meter_id
            case other:
                actions.append(Foreign(other))
    match = _decode_match(stats.match)
    table, priority = stats.table_id, stats.priority
    return Rule(table, priority, match, tuple(actions), goto, metadata, meter, mask)


# --- groups and meters --------------------------------------------------------------------------


def _encode_group(datapath: Any, change: ChangeGroup) -> Iterator[Any]:
    group, deleting = change.group, change.change is Change.DELETE
    buckets = [] if deleting else [_encode_bucket(bucket) for bucket in group.buckets]
    kind = _GROUP_TYPE.get(group.type, ofp.OFPGT_ALL)
    yield ofp_parser.OFPGroupMod(
        datapath, _GROUP_COMMAND[change.change], kind, group.group_id, buckets
    )


def _encode_bucket(bucket: Bucket) -> Any:
    actions = [_encode_action(action) for action in bucket.actions]
    return ofp_parser.OFPBucket(bucket.weight, bucket.watch_port, bucket.watch_group, actions)


def decode_group(desc: Any) -> Group:
    """One group-description entry."""
    kind = _TYPE_GROUP.get(desc.type, GroupType.FOREIGN)
    return Group(desc.group_id, kind, tuple(_decode_bucket(b, kind) for b in desc.buckets))


def _decode_bucket(bucket: Any, kind: GroupType) -> Bucket:
    actions = tuple(_decode_action(action) for action in bucket.actions)
    # Only select groups have weights; some switches report 1 for the others.
    weight = bucket.weight if kind is GroupType.SELECT else 0
    return Bucket(actions, weight, bucket.watch_port, bucket.watch_group)


def _encode_meter(datapath: Any, change: ChangeMeter) -> Iterator[Any]:
    meter, deleting = change.meter, change.change is Change.DELETE
    bands = [ofp_parser.OFPMeterBandDrop(meter.rate, meter.burst)]
    flags = _UNIT_FLAG.get(meter.unit, ofp.OFPMF_KBPS) | ofp.OFPMF_BURST
    yield ofp_parser.OFPMeterMod(
        datapath, _METER_COMMAND[change.change], flags, meter.meter_id, [] if deleting else bands
    )


def decode_meter(config: Any) -> Meter:
    """One meter-configuration entry; a meter of another kind than ours is foreign."""
    unit = _FLAG_UNIT.get(config.flags & _METER_UNITS)
    if unit is None or [band.type for band in config.bands] != [ofp.OFPMBT_DROP]:
        return Meter(config.meter_id, 0, 0, MeterUnit.FOREIGN)
    (band,) = config.bands
    return Meter(config.meter_id, band.rate, band.burst_size, unit)


# --- the rest -----------------------------------------------------------------------------------


def _encode_frame(datapath: Any, command: SendFrame) -> Iterator[Any]:
    yield ofp_parser.OFPPacketOut(
        datapath, ofp.OFP_NO_BUFFER, ofp.OFPP_CONTROLLER,
        [ofp_parser.OFPActionOutput(port) for port in command.ports], command.frame,
    )  # fmt: skip


def _encode_read_tables(datapath: Any, _command: ReadTables) -> Iterator[Any]:
    yield ofp_parser.OFPFlowStatsRequest(datapath, table_id=ofp.OFPTT_ALL)
    yield ofp_parser.OFPGroupDescStatsRequest(datapath)
    yield ofp_parser.OFPMeterConfigStatsRequest(datapath, meter_id=ofp.OFPM_ALL)


def _encode_read_counters(datapath: Any, command: ReadCounters) -> Iterator[Any]:
    yield ofp_parser.OFPPortStatsRequest(datapath, 0, ANY)
    yield ofp_parser.OFPQueueStatsRequest(datapath, 0, ANY, ofp.OFPQ_ALL)
    yield ofp_parser.OFPGroupStatsRequest(datapath, 0, ofp.OFPG_ALL)
    if command.meters:
        yield ofp_parser.OFPMeterStatsRequest(datapath, 0, ofp.OFPM_ALL)


def _encode_barrier(datapath: Any, _command: Barrier) -> Iterator[Any]:
    yield ofp_parser.OFPBarrierRequest(datapath)


_ENCODERS: dict[type, Callable[[Any, Any], Iterator[Any]]] = {
    ChangeRule: _encode_rule,
    ChangeGroup: _encode_group,
    ChangeMeter: _encode_meter,
    SendFrame: _encode_frame,
    ReadTables: _encode_read_tables,
    ReadCounters: _encode_read_counters,
    Barrier: _encode_barrier,
}


_FLOW_MOD = struct.Struct("!8x16xBxHHH")  # 7.3.4.1: table, (command,) timeouts, priority
_ID = struct.Struct("!8x4xI")  # 7.3.4.2, 7.3.4.4: of a group or meter, after command and flags
_REQUEST_TYPE = 1  # offset of the type in a header


def refused(data: bytes | None) -> str:
    """What an error message's data is about: the first bytes of the request (section 7.4.4).

    Returns:
        Such as "flow in table 3, priority 100", "meter 32769" or "group 0x10000001"; "" for any
        other request, and for bytes that are none.
    """
    kind = data[_REQUEST_TYPE] if data and len(data) > _REQUEST_TYPE else None
    form = _FLOW_MOD if kind == ofp.OFPT_FLOW_MOD else _ID
    if data is None or len(data) < form.size:
        return ""
    if kind == ofp.OFPT_FLOW_MOD:
        table, _, _, priority = form.unpack_from(data)
        return f"flow in table {table}, priority {priority}"
    (number,) = _ID.unpack_from(data)
    words = {ofp.OFPT_GROUP_MOD: f"group {number:#x}", ofp.OFPT_METER_MOD: f"meter {number}"}
    return words.get(kind, "")


def encode(datapath: Any, command: Any) -> Iterable[Any]:
    """The messages that carry out a command; none for commands that are not for a switch."""
    encoder = _ENCODERS.get(type(command))
    return encoder(datapath, command) if encoder else ()


def decode_port(desc: Any) -> Port:
    """A port description."""
    down = desc.config & ofp.OFPPC_PORT_DOWN or desc.state & ofp.OFPPS_LINK_DOWN
    text = desc.name if isinstance(desc.name, str) else desc.name.decode("utf-8", "replace")
    # It ends up in log lines: no line breaks or terminal codes of a switch's choice.
    name = "".join(letter if letter.isprintable() else "?" for letter in text.rstrip("\0"))
    return Port(desc.port_no, name, not down, 1000.0 * desc.curr_speed)  # kbit/s, section 7.2.1


def _port_counters(s: Any) -> PortCounters:
    return PortCounters(s.port_no, s.rx_bytes, s.tx_bytes, s.rx_packets, s.tx_packets,
                        s.rx_dropped + s.tx_dropped)  # fmt: skip


def _queue_counters(s: Any) -> QueueCounters:
    return QueueCounters(s.port_no, s.queue_id, s.tx_bytes, s.tx_packets, s.tx_errors)


def _group_counters(s: Any) -> GroupCounters:
    return GroupCounters(s.group_id, s.byte_count, tuple(b.byte_count for b in s.bucket_stats))


def _meter_counters(s: Any) -> MeterCounters:
    # No band counted yet where a switch tells of none; ours have one (section 7.3.5.10).
    band = s.band_stats[0] if s.band_stats else None
    return MeterCounters(s.meter_id, s.packet_in_count, s.byte_in_count,
                         band.packet_band_count if band else 0,
                         band.byte_band_count if band else 0)  # fmt: skip


def _flow_counters(s: Any) -> FlowCounters:
    return FlowCounters(decode_rule(s), s.packet_count, s.byte_count)


_COUNTERS: dict[str, Callable[[Any], Counters]] = {
    "OFPPortStatsReply": _port_counters,
    "OFPQueueStatsReply": _queue_counters,
    "OFPGroupStatsReply": _group_counters,
    "OFPMeterStatsReply": _meter_counters,
    "OFPFlowStatsReply": _flow_counters,
}


def decode_counters(message: Any) -> tuple[Counters, ...]:
    """The counters in a statistics reply."""
    decode = _COUNTERS[type(message).__name__]
    return tuple(decode(entry) for entry in message.body)
