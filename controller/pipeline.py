"""The tables of a switch, as functions from what we know to rules; laid out here and only here.

    ADMISSION -> CLASSIFY (-> COPY) -> PIN -> ROUTE     packets from hosts (edge switches)
    ADMISSION -> FABRIC -> LABEL                        packets from other switches

CLASSIFY asks, the strongest first (`classifier.model.Reason`): the operator's rules, jobs, marks of
trusted ports, what the flow was recognised as, ports. Who got no further than its ports goes on
through COPY, where the controller gets to see it.

Pure: no state, no clock. See docs/architecture.md for the tables and why they are so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import IntEnum
from functools import lru_cache

from controller import labels
from controller.rules import (
    CONTROLLER,
    IN_PORT,
    Action,
    Bucket,
    Copy,
    Group,
    GroupType,
    Load,
    Meter,
    Move,
    Output,
    Rule,
    SetField,
    SetQueue,
    Table,
    ToGroup,
    match,
)
from controller.state import Hop, Host
from policies.classes import PathGroup, TrafficClass, Transport
from policies.model import ClassPolicy, Policy

ARP, IPV4, IPV6, LLDP = 0x0806, 0x0800, 0x86DD, 0x88CC
MULTICAST_BIT = (1 << 40, 1 << 40)
LINK_LOCAL_GROUPS = (0x0180C2000000, 0xFFFFFFFFFFF0)  # IEEE 802.1Q table 8-1: never forwarded
PUNT = Output(CONTROLLER)

GROUP_NUMBER = {PathGroup.LATENCY: 1, PathGroup.THROUGHPUT: 2}  # also the metadata value
TREE_PRIORITY = 200  # of rules for one tree towards one egress
COPIED = (6, 17)  # TCP and UDP: what the classifier can tell flows of
COPY_BYTES = 1400  # of a frame: 1,200 of payload behind the longest usual headers
FIRST_COPY_METER = 1 << 16  # plus the port's number; below are ports' and slices' meters

Fields = dict[str, int | tuple[int, int]]
_ENTRY, _PRIMARY, _RESERVE, _TRANSIT = 1, 2, 3, 4


class Ask(IntEnum):
    """Priorities in CLASSIFY: what it asks first. Below are services, from 600 down."""

    OWN_ADDRESS = 60_910
    ADDRESS = 60_900
    ARP = 60_890
    MULTICAST = 60_700
    OPERATOR = 50_000  # and down
    JOB = 30_000  # and down
    MARK = 650
    FLOW = 640
    SERVICE = 630
    ANYTHING = 100


# --- every switch -------------------------------------------------------------------------------


def base_rules(policy: Policy) -> tuple[Rule, ...]:
    """Rules that depend on the policy alone, and not on its slices but for whether it has any."""
    return _base_rules(
        replace(policy, slices=policy.slices[:1], intents=(), limits=(), confinements=())
    )


@lru_cache(4)  # of what makes a difference alone: a policy of many slices is slow to hash
def _base_rules(policy: Policy) -> tuple[Rule, ...]:
    return (*_admission_base(), *_classify_base(policy), *_fabric_base(policy))


def _admission_base() -> Iterator[Rule]:
    yield Rule(Table.ADMISSION, 1000, match(eth_type=LLDP), (PUNT,))
    yield Rule(Table.ADMISSION, 800, match(eth_dst=labels.PREFIX_MATCH))  # forged labels
    yield Rule(Table.ADMISSION, 790, match(eth_src=MULTICAST_BIT))
    yield Rule(Table.ADMISSION, 780, match(eth_dst=LINK_LOCAL_GROUPS))


def _classify_base(policy: Policy) -> Iterator[Rule]:
    for order, service in enumerate(policy.services):
        entry = policy.class_of(service.traffic_class)
        for value, mask in port_prefixes(service.first, service.last):
            for end in ("dst", "src"):
                name = f"{service.transport.value}_{end}"
                yield from _classified(
                    policy, 600 - order, entry, service.transport, Table.COPY,
                    **{name: (value, mask)},
                )  # fmt: skip
    background = policy.class_of(TrafficClass.BACKGROUND)
    yield from _classified(policy, Ask.ANYTHING, background, None, Table.COPY)
    yield Rule(Table.CLASSIFY, 0, (), _queue(policy, background), goto=Table.PIN,
               metadata=GROUP_NUMBER[background.path_group],
               metadata_mask=_group_mask(policy))  # fmt: skip
    yield Rule(Table.COPY, 0, (), goto=Table.PIN)
    yield Rule(Table.PIN, 0, (), goto=Table.ROUTE)


def _queue(policy: Policy, entry: ClassPolicy) -> tuple[Action, ...]:
    # With slices the port reads the queue off the label and the mark, see `policies.queues`.
    return () if policy.slices else (SetQueue(entry.queue_id),)


def _group_mask(policy: Policy) -> int:
    # With slices the rest of the metadata says whose packet it is.
    return 3 if policy.slices else -1


def _classified(
    policy: Policy,
    priority: int,
    entry: ClassPolicy,
    transport: Transport | None,
    goto: Table = Table.PIN,
    **fields: int | tuple[int, int],
) -> Iterator[Rule]:
    """IPv4 and IPv6 rules that mark, queue and choose the path group of one class."""
    for eth_type in (IPV4, IPV6):
        conditions: Fields = {"eth_type": eth_type, **fields}
        if transport:
            conditions["ip_proto"] = transport.number
        yield class_rule(policy, priority, entry, conditions, goto)


def class_rule(
    policy: Policy, priority: int, entry: ClassPolicy, conditions: Fields, goto: Table = Table.PIN
) -> Rule:
    """The rule of CLASSIFY that makes packets one class; `conditions` name an IP version."""
    actions = (SetField("ip_dscp", entry.dscp), *_queue(policy, entry))
    return Rule(Table.CLASSIFY, priority, match(**conditions), actions, goto=goto,
                metadata=GROUP_NUMBER[entry.path_group],
                metadata_mask=_group_mask(policy))  # fmt: skip


def port_prefixes(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The fewest (value, mask) pairs that cover ports first..last; mask -1 for a single port."""
    while first <= last:
        size = first & -first or 1 << 16
        while size > last - first + 1:
            size >>= 1
        yield first, -1 if size == 1 else 0xFFFF & ~(size - 1)
        first += size


def _fabric_base(policy: Policy) -> Iterator[Rule]:
    """The mark chooses the queue on every hop; unmarked packets keep the default queue."""
    for queue in () if policy.slices else policy.queues:
        for dscp in queue.dscps:
            for eth_type in (IPV4, IPV6):
                condition = match(eth_type=eth_type, ip_dscp=dscp)
                yield Rule(Table.FABRIC, 100, condition, (SetQueue(queue.queue_id),),
                           goto=Table.LABEL)  # fmt: skip
    yield Rule(Table.FABRIC, 0, (), goto=Table.LABEL)


# --- ports --------------------------------------------------------------------------------------


def fabric_port_rules(port: int) -> list[Rule]:
    """A port with a switch behind it carries labelled packets and nothing else."""
    return [
        Rule(Table.ADMISSION, 900, match(in_port=port, eth_dst=labels.PREFIX_MATCH),
             goto=Table.FABRIC),
        Rule(Table.ADMISSION, 890, match(in_port=port)),
    ]  # fmt: skip


def host_port_rules(port: int, policy: Policy, *, trusted: bool) -> list[Rule]:
    """A port for hosts: what the controller has to see goes there through the port's own meter."""
    punted = [
        (Table.ADMISSION, 1010, match(in_port=port, eth_type=LLDP)),
        (Table.ADMISSION, 100, match(in_port=port)),  # a source not learned here
        (Table.CLASSIFY, Ask.ARP, match(in_port=port, eth_type=ARP)),
        (Table.CLASSIFY, Ask.MULTICAST, match(in_port=port, eth_dst=MULTICAST_BIT)),
        (Table.ROUTE, 1, match(in_port=port)),  # a destination not learned anywhere
    ]
    rules = [Rule(table, prio, m, (PUNT,), meter=port) for table, prio, m in punted]
    return rules + (trusted_rules(port, policy) if trusted else [])


def trusted_rules(port: int, policy: Policy) -> list[Rule]:
    """A port whose hosts are believed the marks they write."""
    return [
        rule
        for entry in policy.classes
        if entry.dscp  # a host that marks nothing says nothing
        for rule in _classified(policy, Ask.MARK, entry, None, in_port=port, ip_dscp=entry.dscp)
    ]


def port_meter(port: int, rate_pps: int) -> Meter:
    """What one host port may send to the controller."""
    return Meter(port, rate_pps, rate_pps)


def copy_rules(port: int) -> list[Rule]:
    """Packets of a host port whose flow is not known are copied, and go on at once."""
    copy = Copy(FIRST_COPY_METER + port, COPY_BYTES)
    return [
        Rule(Table.COPY, 100, match(in_port=port, eth_type=eth_type, ip_proto=transport),
             (copy,), goto=Table.PIN)
        for eth_type in (IPV4, IPV6) for transport in COPIED
    ]  # fmt: skip


def copy_meter(port: int, rate_pps: int) -> Meter:
    """How many packets a second of one host port are copied."""
    return Meter(FIRST_COPY_METER + port, rate_pps, rate_pps)


# --- hosts --------------------------------------------------------------------------------------


def home_rules(host: Host, edge: int) -> list[Rule]:
    """At the host's own switch: let it in, deliver to it, and never answer its own address."""
    own = [
        Rule(Table.CLASSIFY, Ask.OWN_ADDRESS,
             match(eth_type=ARP, arp_op=1, arp_tpa=ip, eth_src=host.mac), (PUNT,), meter=host.port)
        for ip in ipv4_of(host)
    ]  # fmt: skip
    return [
        Rule(Table.ADMISSION, 500, match(in_port=host.port, eth_src=host.mac), goto=Table.CLASSIFY),
        Rule(Table.ROUTE, 200, match(eth_dst=host.mac), (Output(host.port),)),
        Rule(Table.LABEL, 300, match(eth_dst=labels.match_host(edge, host.number)),
             (SetField("eth_dst", host.mac), Output(host.port))),
        *own,
    ]  # fmt: skip


def away_rules(host: Host, edge: int) -> tuple[Rule, ...]:
    """At every other edge switch: write the label, and let the ingress group choose the path."""
    return _away(host.mac, host.number, edge)


@lru_cache(1 << 16)  # the same on every edge switch: made once, shared by all
def _away(mac: int, host_number: int, edge: int) -> tuple[Rule, ...]:
    write = SetField("eth_dst", labels.label(edge, host_number))
    return tuple(
        Rule(Table.ROUTE, 100, match(eth_dst=mac, metadata=number),
             (write, ToGroup(entry_group_id(path_group, edge))))
        for path_group, number in GROUP_NUMBER.items()
    )  # fmt: skip


def arp_rules(host: Host) -> list[Rule]:
    """At every edge switch: answer ARP requests for the host (RFC 826), flooding nothing."""
    return [_arp_rule(host.mac, ip) for ip in ipv4_of(host)]


@lru_cache(1 << 16)
def _arp_rule(mac: int, ip: int) -> Rule:
    condition = match(eth_type=ARP, arp_op=1, arp_tpa=ip)
    return Rule(Table.CLASSIFY, Ask.ADDRESS, condition, arp_reply(mac, ip))


def arp_reply(mac: int, ip: int) -> tuple[Action, ...]:
    """Makes an ARP request the answer to it, back out of the port it came from."""
    return (
        Move("eth_src", "eth_dst", 48), SetField("eth_src", mac), SetField("arp_op", 2),
        Move("arp_sha", "arp_tha", 48), Move("arp_spa", "arp_tpa", 32),
        SetField("arp_sha", mac), SetField("arp_spa", ip), Output(IN_PORT),
    )  # fmt: skip


def ipv4_of(host: Host) -> list[int]:
    """Its IPv4 addresses."""
    return [ip for ip in host.ips if ip < 1 << 32]


# --- paths --------------------------------------------------------------------------------------


def entry_group_id(path_group: PathGroup, edge: int, slice_number: int = 0) -> int:
    """The group a route rule points to: the primary paths, or the reserve if none of them lives."""
    return ingress_group_ids(path_group, edge, slice_number)[0]


def ingress_group_ids(
    path_group: PathGroup, edge: int, slice_number: int = 0
) -> tuple[int, int, int]:
    """(entry, primary, reserve) group numbers of one ingress switch towards one egress.

    In bits: 28.. kind, 20..21 path group, 10..19 the confined slice they are for (0 for everyone
    who goes where they like), 0..9 edge.
    """
    rest = GROUP_NUMBER[path_group] << 20 | slice_number << labels.EDGE_BITS | edge
    return _ENTRY << 28 | rest, _PRIMARY << 28 | rest, _RESERVE << 28 | rest


def ingress_groups(
    path_group: PathGroup,
    edge: int,
    choices: Iterable[tuple[int, int, int]],
    slice_number: int = 0,
) -> list[Group]:
    """The groups of one ingress switch towards one egress.

    Args:
        path_group: Whose groups.
        edge: The egress switch's number in labels.
        choices: (tree, output port, weight) of each live candidate path; weight 0 is reserve.
        slice_number: The confined slice they are for; 0 for everyone else.

    Returns:
        Primary and reserve (select, left out where empty) and entry (fast failover); a path change
        is a change of one of them, at this switch alone.
    """
    entry, primary, reserve = ingress_group_ids(path_group, edge, slice_number)
    chosen = list(choices)
    selects = [
        Group(primary, GroupType.SELECT,
              tuple(_path_bucket(t, port, weight) for t, port, weight in chosen if weight)),
        Group(reserve, GroupType.SELECT,
              tuple(_path_bucket(t, port, 1) for t, port, weight in chosen if not weight)),
    ]  # fmt: skip
    used = [group for group in selects if group.buckets]
    buckets = tuple(Bucket((ToGroup(g.group_id),), watch_group=g.group_id) for g in used)
    return [*used, Group(entry, GroupType.FAST_FAILOVER, buckets)]


@lru_cache(1 << 14)
def _path_bucket(tree: int, port: int, weight: int) -> Bucket:
    return Bucket((_write_tree(tree), Output(port)), weight=weight, watch_port=port)


def _write_tree(tree: int) -> Load:
    return Load("eth_dst", labels.TREE_OFFSET, labels.TREE_BITS, tree)


def transit(
    edge: int, hops: Mapping[int, Hop], lasting: Iterable[int]
) -> tuple[list[Rule], list[Group]]:
    """Rules and groups of one switch for labels towards one egress switch.

    Args:
        edge: The egress switch's number in labels.
        hops: This switch's hop on each tree, by tree number.
        lasting: Trees a packet may be moved to when its next hop is gone (not those being retired).

    Returns:
        One rule for all trees where they agree, else one a tree. Where a later tree leaves by
        another port, a fast-failover group moves packets to it without the controller; trees only
        ever go up, so they can't loop however many links are down.
    """
    ports = {hop.port for hop in hops.values()}
    if len(ports) == 1:
        rule = Rule(Table.LABEL, 190, match(eth_dst=labels.match_edge(edge)), (Output(*ports),))
        return [rule], []
    rules, groups = [], []
    for tree, hop in hops.items():
        later = sorted(t for t in lasting if t > tree and hops[t].port != hop.port)
        action: Action = Output(hop.port)
        if later:
            group = _transit_group(edge, tree, hop, later[0], hops[later[0]])
            groups.append(group)
            action = ToGroup(group.group_id)
        rules.append(
            Rule(
                Table.LABEL, TREE_PRIORITY, match(eth_dst=labels.match_tree(edge, tree)), (action,)
            )
        )
    return rules, groups


def _transit_group(edge: int, tree: int, hop: Hop, other: int, spare: Hop) -> Group:
    # An output to the port a packet came from is dropped (section 7.2.5) unless in_port is cleared.
    back = (_write_tree(other), Load("in_port", 0, 16, 0), Output(spare.port))
    return Group(_TRANSIT << 28 | edge << labels.TREE_BITS | tree, GroupType.FAST_FAILOVER, (
        Bucket((Output(hop.port),), watch_port=hop.port), Bucket(back, watch_port=spare.port),
    ))  # fmt: skip


# --- reading hosts back -------------------------------------------------------------------------


def hosts_in(dpid: int, rules: Iterable[Rule]) -> tuple[int | None, list[Host]]:
    """The edge number and hosts that `home_rules` of an earlier run left on a switch."""
    edge, hosts = None, []
    addresses: dict[int, list[int]] = {}
    for rule in rules:
        fields = {f.name: f.value for f in rule.match}
        # Anybody may have written these, so only what has our form is believed.
        match rule.table, rule.priority, rule.actions, fields:
            case Table.LABEL, 300, (SetField("eth_dst", mac), *_, Output(port)), {"eth_dst": value}:
                if labels.is_label(value):
                    _, edge, number = labels.split(value)
                    hosts.append(Host(mac, dpid, port, number))
            case Table.CLASSIFY, Ask.OWN_ADDRESS, _, {"eth_src": mac, "arp_tpa": ip}:
                addresses.setdefault(mac, []).append(ip)
    for host in hosts:
        host.ips = tuple(sorted(addresses.get(host.mac, ())))
    return edge, hosts
