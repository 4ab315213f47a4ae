"""Rules, groups and meters in the words of Ryu's `ofctl_v1_3`, which `ofctl_rest` answers with.

Only the form is Ryu's; nothing is asked of a switch. OpenFlow's own sign for a counter that isn't
kept, all ones (1.3.5, section 5.8), stands for what the controller does not mirror.
"""

from collections.abc import Callable

from typing_extensions import TypedDict

from controller.api.words import ip, mac
from controller.rules import (
    COOKIE_MARK,
    VLAN_PRESENT,
    Action,
    Bucket,
    Copy,
    Field,
    Foreign,
    Group,
    GroupType,
    Load,
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

UNKNOWN = (1 << 64) - 1
UNKNOWN_32 = (1 << 32) - 1

_PORTS = {
    0xFFFFFFF8 + i: name
    for i, name in enumerate(
        ("IN_PORT", "TABLE", "NORMAL", "FLOOD", "ALL", "CONTROLLER", "LOCAL", "ANY")
    )
}
_FIELDS = {
    "eth_src": "dl_src", "eth_dst": "dl_dst", "eth_type": "dl_type", "vlan_vid": "dl_vlan",
    "ipv4_src": "nw_src", "ipv4_dst": "nw_dst", "ip_proto": "nw_proto", "tcp_src": "tp_src",
    "tcp_dst": "tp_dst", "udp_src": "tp_src", "udp_dst": "tp_dst",
}  # fmt: skip
_MACS = {"eth_src", "eth_dst", "arp_sha", "arp_tha"}
_IPS = {"ipv4_src", "ipv4_dst", "arp_spa", "arp_tpa"}
_IPV6S = {"ipv6_src", "ipv6_dst"}
_VLAN_TPID = 0x8100
_ALL_METADATA = (1 << 64) - 1
_GROUP_TYPES = {GroupType.SELECT: "SELECT", GroupType.FAST_FAILOVER: "FF"}
_METER_FLAGS = {MeterUnit.PACKETS: ["PKTPS", "BURST"], MeterUnit.KILOBITS: ["KBPS", "BURST"]}


class FlowStats(TypedDict):
    """One flow entry."""

    priority: int
    cookie: int
    idle_timeout: int
    hard_timeout: int
    byte_count: int
    duration_sec: int
    duration_nsec: int
    packet_count: int
    length: int
    flags: int
    actions: list[str]
    match: dict[str, int | str]
    table_id: int


class BucketDesc(TypedDict):
    """One bucket of a group."""

    weight: int
    watch_port: int
    watch_group: int
    actions: list[str]


class GroupDesc(TypedDict):
    """One group; `type` null is none of ours."""

    buckets: list[BucketDesc]
    group_id: int
    type: str | None


class Band(TypedDict):
    """One band of a meter."""

    rate: int
    burst_size: int
    type: str


class MeterConfig(TypedDict):
    """One meter; without bands it is none of ours."""

    flags: list[str]
    bands: list[Band]
    meter_id: int


def port(number: int) -> int | str:
    """A port's number, or the name of a reserved one."""
    return _PORTS.get(number, number)


def flow(rule: Rule, packets: int, size: int) -> FlowStats:
    """A rule and its counters."""
    return {
        "priority": rule.priority, "cookie": COOKIE_MARK, "idle_timeout": 0, "hard_timeout": 0,
        "byte_count": size, "duration_sec": UNKNOWN_32, "duration_nsec": UNKNOWN_32,
        "packet_count": packets, "length": UNKNOWN_32, "flags": 0, "actions": instructions(rule),
        "match": match(rule), "table_id": rule.table,
    }  # fmt: skip


def match(rule: Rule) -> dict[str, int | str]:
    """What a rule matches."""
    return {_FIELDS.get(field.name, field.name): _field(field) for field in rule.match}


def _field(field: Field) -> int | str:
    name, exact = field.name, field.mask < 0
    if name == "vlan_vid":
        if not exact:
            return f"0x{field.value:04x}/0x{field.mask:04x}"
        value = field.value
        return str(value & ~VLAN_PRESENT) if value & VLAN_PRESENT else f"0x{value:04x}"
    if name == "in_port":
        return port(field.value)
    value_told = _value(name, field.value)
    return value_told if exact else f"{value_told}/{_value(name, field.mask)}"


def _value(name: str, value: int) -> int | str:
    if name in _MACS:
        return mac(value)
    if name in _IPS:
        return ip(value)
    if name in _IPV6S:
        return ip(value) if value >> 32 else f"::{value:x}" if value else "::"
    return value


def instructions(rule: Rule) -> list[str]:
    """What a rule does, in the order of the wire."""
    told = [f"METER:{rule.meter}"] if rule.meter is not None else []
    told += [action(entry) for entry in rule.actions]
    if rule.metadata is not None:
        told.append(f"WRITE_METADATA:0x{rule.metadata:x}/0x{rule.metadata_mask & _ALL_METADATA:x}")
    if rule.goto is not None:
        told.append(f"GOTO_TABLE:{int(rule.goto)}")
    return told


_ACTIONS: dict[type, Callable[..., str]] = {
    Output: lambda a: f"OUTPUT:{port(a.port)}",
    Copy: lambda a: f"NX_CONTROLLER2: {{max_len: {a.most_bytes}, meter_id: {a.meter_id}}}",
    ToGroup: lambda a: f"GROUP:{a.group_id}",
    SetQueue: lambda a: f"SET_QUEUE:{a.queue_id}",
    SetField: lambda a: f"SET_FIELD: {{{a.name}:{_value(a.name, a.value)}}}",
    PushVlan: lambda _: f"PUSH_VLAN:{_VLAN_TPID}",
    PopVlan: lambda _: "POP_VLAN",
    Load: lambda a: f"NX_LOAD: {{{a.name}[{a.offset}..{a.offset + a.bits}]: {a.value:x}}}",
    Move: lambda a: f"NX_MOVE: {{{a.target}[0..{a.bits}]: {a.source}[0..{a.bits}]}}",
    Foreign: lambda _: "UNKNOWN",
}


def action(entry: Action) -> str:
    """One action."""
    return _ACTIONS[type(entry)](entry)


def group(known: Group) -> GroupDesc:
    """A group."""
    return {"buckets": [_bucket(b) for b in known.buckets], "group_id": known.group_id,
            "type": _GROUP_TYPES.get(known.type)}  # fmt: skip


def _bucket(bucket: Bucket) -> BucketDesc:
    return {
        "weight": bucket.weight,
        "watch_port": bucket.watch_port,
        "watch_group": bucket.watch_group,
        "actions": [action(entry) for entry in bucket.actions],
    }


def meter(known: Meter) -> MeterConfig:
    """A meter."""
    flags = _METER_FLAGS.get(known.unit)
    bands: list[Band] = [{"rate": known.rate, "burst_size": known.burst, "type": "DROP"}]
    return {"flags": flags or [], "bands": bands if flags else [], "meter_id": known.meter_id}
