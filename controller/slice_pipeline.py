"""The rules of `pipeline` where slices are: who is let in, as what, and whom they reach.

Pure: no state, no clock. The slice is written into the metadata in ADMISSION (bits 16..25) and the
path group in CLASSIFY (bits 0..1). A frame keeps its VLAN tag until ROUTE, so what is sent back
to its sender, to the controller or round by its own port is tagged as it came; and nothing tagged
crosses the fabric or leaves it but by the last rule, which tags for the receiver.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv6Network

from controller import labels, pipeline
from controller.pipeline import ARP, GROUP_NUMBER, IPV4, IPV6, MULTICAST_BIT, PUNT, Ask, Fields
from controller.rules import (
    IN_PORT,
    VLAN_PRESENT,
    Action,
    Meter,
    MeterUnit,
    Output,
    PopVlan,
    PushVlan,
    Rule,
    SetField,
    Table,
    ToGroup,
    match,
)
from controller.slicing import FIRST_METER, Prefix, Tagging
from controller.state import Host
from policies.classes import PathGroup
from policies.model import Policy, Slice

SLICE_OFFSET = 16
SLICE_MASK = (labels.MAX_SLICES - 1) << SLICE_OFFSET
GROUP_MASK = 3
_TAG_TYPES = (0x8100, 0x88A8, 0x9100)
_BURST_S = 0.1
_LEAST_BURST_KBIT = 240  # twenty full frames, or TCP could never start
_DHCP_SERVER = 67
_UDP = 17
_LINK_LOCAL = Prefix.of(IPv6Network("fe80::/10"))


def metadata_of(number: int) -> tuple[int, int]:
    """(value, mask) of the metadata of a slice's packets."""
    return number << SLICE_OFFSET, SLICE_MASK


def vlan_vid(vlan: int) -> int:
    """The match field of a VLAN id, or of no tag for 0 (section 7.2.3.7)."""
    return VLAN_PRESENT | vlan if vlan else 0


# --- every switch -------------------------------------------------------------------------------


def base_rules() -> Iterator[Rule]:
    """Nothing comes in with two tags: the inner one could be somebody else's."""
    for eth_type in _TAG_TYPES:
        yield Rule(Table.ADMISSION, 795, match(eth_type=eth_type))


def confinement_rules(number: int) -> list[Rule]:
    """At a switch that a confined slice stays away from: nothing of it passes, whatever fails."""
    return [Rule(Table.ADMISSION, 950, match(eth_dst=labels.match_slice(number)))]


# --- ports --------------------------------------------------------------------------------------


def fabric_port_rules(port: int) -> list[Rule]:
    """A port with a switch behind it carries untagged labelled packets and nothing else."""
    return [
        Rule(Table.ADMISSION, 900,
             match(in_port=port, eth_dst=labels.PREFIX_MATCH, vlan_vid=vlan_vid(0)),
             goto=Table.FABRIC),
        Rule(Table.ADMISSION, 890, match(in_port=port)),
    ]  # fmt: skip


def host_port_rules(
    port: int, policy: Policy, vlans: Iterable[int], *, trusted: bool
) -> list[Rule]:
    """A port for hosts: of the tags that some slice has there the controller hears, of no other."""
    punted = [(Table.ADMISSION, 1010, match(in_port=port, eth_type=pipeline.LLDP))]
    punted += [
        (Table.ADMISSION, 100, match(in_port=port, vlan_vid=vlan_vid(vlan))) for vlan in vlans
    ]
    punted += [
        (Table.CLASSIFY, Ask.ARP, match(in_port=port, eth_type=ARP)),
        (Table.CLASSIFY, Ask.MULTICAST, match(in_port=port, eth_dst=MULTICAST_BIT)),
        (Table.ROUTE, 1, match(in_port=port)),
    ]
    rules = [Rule(table, prio, m, (PUNT,), meter=port) for table, prio, m in punted]
    rules.append(foreign_rule(port))
    return rules + (pipeline.trusted_rules(port, policy) if trusted else [])


def foreign_rule(port: int) -> Rule:
    """Drops, and counts, what comes in by a port with a tag that no slice has there."""
    return Rule(Table.ADMISSION, 90, match(in_port=port))


# --- slices on a switch -------------------------------------------------------------------------


def meter(number: int, rate_bps: float) -> Meter:
    """What a slice may send into one edge switch."""
    kbps = max(1, round(rate_bps / 1000))
    burst = max(_LEAST_BURST_KBIT, round(kbps * _BURST_S))
    return Meter(FIRST_METER + number, kbps, burst, MeterUnit.KILOBITS)


def class_rules(policy: Policy, entry: Slice) -> tuple[Rule, ...]:
    """Marks of classes the slice may not use become that of its default class."""
    default = policy.class_of(entry.default_class)
    allowed = {policy.class_of(traffic_class).dscp for traffic_class in entry.classes}
    refused = sorted({c.dscp for c in policy.classes} - allowed)
    return tuple(
        Rule(Table.PIN, 10,
             match(metadata=metadata_of(entry.number), eth_type=eth_type, ip_dscp=dscp),
             (SetField("ip_dscp", default.dscp),), goto=Table.ROUTE,
             metadata=GROUP_NUMBER[default.path_group], metadata_mask=GROUP_MASK)
        for dscp in refused for eth_type in (IPV4, IPV6)
    )  # fmt: skip


# --- hosts --------------------------------------------------------------------------------------


def home_rules(
    host: Host, edge: int, prefixes: tuple[Prefix, ...], *, alone: bool, metered: bool
) -> list[Rule]:
    """At the host's own switch: let it in, deliver to it, and never answer its own address.

    Args:
        host: The host.
        edge: The switch's number in labels.
        prefixes: Source addresses its slice may use on its port; () for any.
        alone: No other slice is on that port with that tag, so a host without an address is known.
        metered: Its slice has a meter on this switch.
    """
    metadata, mask = metadata_of(host.slice_number)
    meter_id = FIRST_METER + host.slice_number if metered else None
    admitted = [
        Rule(Table.ADMISSION, 510,
             match(in_port=host.port, vlan_vid=vlan_vid(host.vlan), eth_src=host.mac, **fields),
             goto=Table.CLASSIFY, metadata=metadata, meter=meter_id)
        for fields in _sources(prefixes, alone=alone)
    ]  # fmt: skip
    own = [
        Rule(Table.CLASSIFY, Ask.OWN_ADDRESS,
             match(eth_type=ARP, arp_op=1, arp_tpa=ip, eth_src=host.mac, metadata=(metadata, mask)),
             (PUNT,), meter=host.port)
        for ip in pipeline.ipv4_of(host)
    ]  # fmt: skip
    deliver = match(eth_dst=labels.match_host(edge, host.number), vlan_vid=vlan_vid(0))
    actions = (SetField("eth_dst", host.mac), *_tag(host.vlan), Output(host.port))
    return [*admitted, Rule(Table.LABEL, 300, deliver, actions), *own]


def _sources(prefixes: tuple[Prefix, ...], *, alone: bool) -> Iterator[Fields]:
    """What the source of an admitted frame may be, as match fields."""
    if not prefixes:
        yield {}
        return
    for prefix in prefixes:
        if prefix.bits == 32:
            yield {"eth_type": IPV4, **_within("ipv4_src", prefix)}
            yield {"eth_type": ARP, **_within("arp_spa", prefix)}
        else:
            yield {"eth_type": IPV6, **_within("ipv6_src", prefix)}
    if not alone:
        return
    if any(prefix.bits == 32 for prefix in prefixes):  # asks for an address, RFC 5227 and 2131
        yield {"eth_type": ARP, "arp_spa": 0}
        yield {"eth_type": IPV4, "ipv4_src": 0, "ip_proto": _UDP, "udp_dst": _DHCP_SERVER}
    if any(prefix.bits == 128 for prefix in prefixes):  # RFC 4862, 5.4
        yield {"eth_type": IPV6, "ipv6_src": 0}
        yield {"eth_type": IPV6, **_within("ipv6_src", _LINK_LOCAL)}


def _within(name: str, prefix: Prefix) -> Fields:
    if prefix.mask == 0:
        return {}
    exact = prefix.mask == (1 << prefix.bits) - 1
    return {name: prefix.value if exact else (prefix.value, prefix.mask)}


def _tag(vlan: int) -> tuple[Action, ...]:
    return (PushVlan(), SetField("vlan_vid", VLAN_PRESENT | vlan)) if vlan else ()


def near_rules(host: Host, edge: int, viewer: int, tagging: Tagging) -> list[Rule]:
    """At the host's own switch, for a slice that may reach it: over its label to the last rule."""
    write = _label(edge, host.number, viewer)
    return [
        Rule(Table.ROUTE, 200, match(eth_dst=host.mac, metadata=metadata_of(viewer), **fields),
             (*pop, write), goto=Table.LABEL)
        for fields, pop in _untag(tagging)
    ]  # fmt: skip


def hairpin_rule(host: Host, viewer: int, vlan: int) -> Rule:
    """To a host on the sender's own port but in another VLAN: back where it came from."""
    fields = match(in_port=host.port, eth_dst=host.mac, metadata=metadata_of(viewer),
                   vlan_vid=vlan_vid(vlan))  # fmt: skip
    pop = (PopVlan(),) if vlan else ()
    return Rule(Table.ROUTE, 210, fields, (*pop, *_tag(host.vlan), Output(IN_PORT)))


def away_rules(
    host: Host, edge: int, viewer: int, tagging: Tagging, *, own_groups: bool
) -> tuple[Rule, ...]:
    """At another edge switch, for a slice that may reach it: write the label, choose the path.

    Args:
        host: The host.
        edge: The number in labels of its switch.
        viewer: The sender's slice.
        tagging: Whether its hosts tag their frames.
        own_groups: It has entry groups of its own, because it is confined.
    """
    return _away(host.mac, host.number, edge, viewer, tagging, own_groups)


@lru_cache(1 << 16)  # the same on every edge switch: made once, shared by all
def _away(
    mac: int, host_number: int, edge: int, viewer: int, tagging: Tagging, own_groups: bool
) -> tuple[Rule, ...]:
    write = _label(edge, host_number, viewer)
    owner = viewer if own_groups else 0
    return tuple(
        Rule(Table.ROUTE, 100,
             match(eth_dst=mac, metadata=_both(viewer, path_group), **fields),
             (*pop, write, ToGroup(pipeline.entry_group_id(path_group, edge, owner))))
        for path_group in PathGroup for fields, pop in _untag(tagging)
    )  # fmt: skip


def _both(number: int, path_group: PathGroup) -> tuple[int, int]:
    return number << SLICE_OFFSET | GROUP_NUMBER[path_group], SLICE_MASK | GROUP_MASK


def _label(edge: int, host_number: int, viewer: int) -> SetField:
    return SetField("eth_dst", labels.label(edge, host_number, slice_number=viewer))


def _untag(tagging: Tagging) -> Iterator[tuple[Fields, tuple[Action, ...]]]:
    """What a frame's tag may be, and what takes it away.

    A switch refuses to pop a tag that the match doesn't ask for (OFPBAC_MATCH_INCONSISTENT).
    """
    if tagging is Tagging.NEVER:
        yield {}, ()
        return
    if tagging is Tagging.SOME:
        yield {"vlan_vid": vlan_vid(0)}, ()
    yield {"vlan_vid": (VLAN_PRESENT, VLAN_PRESENT)}, (PopVlan(),)


@lru_cache(1 << 16)
def arp_rule(mac: int, ip: int, viewer: int) -> Rule:
    """At every edge switch: answer a slice's ARP request for an address it may know."""
    condition = match(eth_type=ARP, arp_op=1, arp_tpa=ip, metadata=metadata_of(viewer))
    return Rule(Table.CLASSIFY, Ask.ADDRESS, condition, pipeline.arp_reply(mac, ip))


# --- reading hosts back -------------------------------------------------------------------------


def hosts_in(dpid: int, rules: Iterable[Rule]) -> list[Host]:
    """The hosts that `home_rules` and `near_rules` of an earlier run left on a switch."""
    doors: dict[tuple[int, int, int, int], None] = {}
    numbers: dict[tuple[int, int], int] = {}
    addresses: dict[tuple[int, int], set[int]] = {}
    for rule in rules:
        fields = {f.name: f.value for f in rule.match}
        slice_number = _number_in(rule, fields.get("metadata", 0))
        # Anybody may have written these, so only what has our form is believed.
        match rule.table, rule.priority, rule.actions, fields:
            case Table.ADMISSION, 510, (), {"in_port": port, "vlan_vid": vid, "eth_src": mac}:
                doors[slice_number, mac, port, vid & ~VLAN_PRESENT] = None
            case Table.ROUTE, 200, (*_, SetField("eth_dst", value)), {"eth_dst": mac}:
                if labels.is_label(value):
                    numbers[slice_number, mac] = labels.split(value)[2]
            case Table.CLASSIFY, Ask.OWN_ADDRESS, _, {"eth_src": mac, "arp_tpa": ip}:
                addresses.setdefault((slice_number, mac), set()).add(ip)
    return [
        Host(mac, dpid, port, numbers[number, mac], tuple(sorted(addresses.get((number, mac), ()))),
             number, vlan)
        for number, mac, port, vlan in doors if number and (number, mac) in numbers
    ]  # fmt: skip


def _number_in(rule: Rule, matched: int) -> int:
    """The slice a rule is for: written into the metadata in ADMISSION, matched in other tables."""
    metadata = rule.metadata or 0 if rule.table == Table.ADMISSION else matched
    return (metadata & SLICE_MASK) >> SLICE_OFFSET
