"""What we say to a switch is what we read back from it: encode, wire, parse, decode."""

import os
import random
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller import codec, framework
from controller.events import (
    Barrier,
    Change,
    ChangeGroup,
    ChangeMeter,
    ChangeRule,
    Disconnect,
    ReadCounters,
    ReadTables,
    SendFrame,
)
from controller.nicira import CopyAction
from controller.rules import (
    ANY,
    COOKIE_MARK,
    VLAN_PRESENT,
    Bucket,
    Copy,
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
    match,
)
from controller.wire import WireError, check

EXAMPLES = int(os.environ.get("EXAMPLES", "40"))  # of each property; more digs deeper

p: Any = framework.ofp_parser
FLOWS, GROUPS, METERS = 1, 7, 10


class FakeDatapath:
    """What a message needs to be made and parsed."""

    ofproto, ofproto_parser, id = framework.ofp, framework.ofp_parser, 1


DATAPATH = FakeDatapath()

# --- our words ----------------------------------------------------------------------------------

_BITS = {
    "in_port": 32, "eth_dst": 48, "eth_src": 48, "eth_type": 16, "ip_proto": 8, "ip_dscp": 6,
    "ipv4_src": 32, "ipv4_dst": 32, "arp_op": 16, "arp_sha": 48, "arp_tha": 48, "arp_spa": 32,
    "arp_tpa": 32, "tcp_src": 16, "tcp_dst": 16, "udp_src": 16, "udp_dst": 16, "metadata": 64,
    "ipv6_src": 128, "vlan_vid": 13,
}  # fmt: skip
_MASKED = {
    "eth_dst",
    "eth_src",
    "ipv4_src",
    "ipv4_dst",
    "arp_spa",
    "arp_tpa",
    "metadata",
    "ipv6_src",
}
_SETTABLE = ["eth_dst", "eth_src", "ip_dscp", "ipv4_dst", "arp_op", "arp_sha", "arp_spa"]
_MOVABLE = [("eth_src", "eth_dst", 48), ("arp_sha", "arp_tha", 48), ("arp_spa", "arp_tpa", 32)]


def numbers(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << bits) - 1)


@st.composite
def matches(draw: st.DrawFn) -> Any:
    fields: dict[str, Any] = {}
    for name in draw(st.sets(st.sampled_from(sorted(_BITS)), max_size=5)):
        value = draw(numbers(_BITS[name]))
        fields[name] = value
        if name in _MASKED and draw(st.booleans()):
            mask = draw(st.integers(1, (1 << _BITS[name]) - 2))
            fields[name] = (value & mask, mask)
    return match(**fields)


@st.composite
def loads(draw: st.DrawFn) -> Load:
    name = draw(st.sampled_from(["eth_dst", "eth_src", "metadata", "arp_tpa"]))
    bits = draw(st.integers(1, min(_BITS[name], 64)))
    offset = draw(st.integers(0, _BITS[name] - bits))
    return Load(name, offset, bits, draw(numbers(bits)))


ports = st.integers(1, 0xFFFFFF00) | st.sampled_from([0xFFFFFFF8, 0xFFFFFFFD])
set_fields = st.sampled_from(_SETTABLE).flatmap(
    lambda name: st.builds(SetField, st.just(name), numbers(_BITS[name]))
)
actions = st.one_of(
    st.builds(Copy, numbers(31), numbers(16)), st.builds(Output, ports),
    st.builds(ToGroup, numbers(31)), st.builds(SetQueue, numbers(31)),
    st.builds(PushVlan), st.builds(PopVlan),
    st.integers(1, 4094).map(lambda vlan: SetField("vlan_vid", VLAN_PRESENT | vlan)),
    set_fields, loads(), st.sampled_from(_MOVABLE).map(lambda move: Move(*move)),
)  # fmt: skip
action_lists = st.lists(actions, max_size=5).map(tuple)
metadata = st.one_of(
    st.just({}), numbers(64).map(lambda value: {"metadata": value}),
    st.tuples(numbers(64), st.integers(0, (1 << 64) - 2)).map(
        lambda both: {"metadata": both[0] & both[1], "metadata_mask": both[1]}
    ),
)  # fmt: skip
rules = st.builds(
    lambda table, priority, match, actions, goto, meter, written: Rule(
        table, priority, match, actions, goto, meter=meter, **written
    ),
    st.integers(0, 253), numbers(16), matches(), action_lists,
    st.none() | st.integers(1, 253), st.none() | st.integers(1, 1000), metadata,
)  # fmt: skip
select_buckets = st.builds(Bucket, action_lists, numbers(16), ports | st.just(ANY), st.just(ANY))
failover_buckets = st.builds(Bucket, action_lists, st.just(0), ports, numbers(31) | st.just(ANY))
groups = st.one_of(
    st.builds(Group, numbers(31), st.just(GroupType.SELECT), st.lists(select_buckets).map(tuple)),
    st.builds(
        Group, numbers(31), st.just(GroupType.FAST_FAILOVER), st.lists(failover_buckets).map(tuple)
    ),
)
meters = st.builds(
    Meter, st.integers(1, 0xFFFF0000), numbers(32), numbers(32),
    st.sampled_from([MeterUnit.PACKETS, MeterUnit.KILOBITS]),
)  # fmt: skip


# --- a switch that reports what it was told, byte by byte ---------------------------------------


def wire(command: Any) -> bytes:
    (message,) = codec.encode(DATAPATH, command)
    message.set_xid(1)
    message.serialize()
    return bytes(message.buf)


def parsed(kind: int, body: bytes) -> Any:
    data = struct.pack("!BBHIHH4x", 4, 19, 16 + len(body), 1, kind, 0) + body
    check(data)
    return p.msg_parser(DATAPATH, 4, 19, len(data), 1, data).body[0]


def reported_rule(flow_mod: bytes, cookie: int | None = None, idle_s: int = 0) -> Rule:
    """A flow-statistics entry (7.3.5.2) of a flow-mod's match and instructions (7.3.4.1)."""
    own_cookie, _, table, _, _, _, priority = struct.unpack_from("!QQBBHHH", flow_mod, 8)
    tail = flow_mod[48:]
    fixed = struct.pack("!HBxIIHHHH4xQQQ", 48 + len(tail), table, 0, 0, priority, idle_s, 0, 0,
                        own_cookie if cookie is None else cookie, 0, 0)  # fmt: skip
    return codec.decode_rule(parsed(FLOWS, fixed + tail))


def reported_group(group_mod: bytes) -> Group:
    kind, group_id = struct.unpack_from("!BxI", group_mod, 10)
    tail = group_mod[16:]
    fixed = struct.pack("!HBxI", 8 + len(tail), kind, group_id)
    return codec.decode_group(parsed(GROUPS, fixed + tail))


def reported_meter(meter_mod: bytes, flags: int | None = None) -> Meter:
    own_flags, meter_id = struct.unpack_from("!HI", meter_mod, 10)
    tail = meter_mod[16:]
    flags = own_flags if flags is None else flags
    return codec.decode_meter(
        parsed(METERS, struct.pack("!HHI", 8 + len(tail), flags, meter_id) + tail)
    )


# --- there and back -----------------------------------------------------------------------------


@settings(max_examples=EXAMPLES)
@given(rules)
def test_rule_is_read_back_as_it_was_sent(rule: Rule) -> None:
    assert reported_rule(wire(ChangeRule(1, Change.ADD, rule))) == rule


@settings(max_examples=EXAMPLES)
@given(groups)
def test_group_is_read_back_as_it_was_sent(group: Group) -> None:
    assert reported_group(wire(ChangeGroup(1, Change.ADD, group))) == group


@settings(max_examples=EXAMPLES)
@given(meters)
def test_meter_is_read_back_as_it_was_sent(meter: Meter) -> None:
    assert reported_meter(wire(ChangeMeter(1, Change.ADD, meter))) == meter


def test_load_into_in_port_uses_the_16_bit_field() -> None:
    rule = Rule(0, 1, (), (Load("in_port", 0, 16, 0),))
    assert reported_rule(wire(ChangeRule(1, Change.ADD, rule))) == rule


# --- what somebody else changed is never taken for ours -----------------------------------------

RULE = Rule(1, 2, match(in_port=3), (Output(4),), metadata=5)


def test_foreign_cookie_and_timeouts_are_noticed() -> None:
    flow_mod = wire(ChangeRule(1, Change.ADD, RULE))
    assert reported_rule(flow_mod, cookie=COOKIE_MARK) == RULE
    for other in (reported_rule(flow_mod, cookie=7), reported_rule(flow_mod, idle_s=9)):
        assert other != RULE
        assert other.key == RULE.key  # so that it is overwritten in place


def test_foreign_metadata_mask_is_noticed() -> None:
    flow_mod = wire(ChangeRule(1, Change.ADD, RULE))
    assert reported_rule(flow_mod.replace(b"\xff" * 8, b"\xff" * 7 + b"\xfe")) != RULE


@pytest.mark.parametrize("flags", [1, 1 | 4, 4])
def test_meter_of_another_unit_is_noticed(flags: int) -> None:
    meter = Meter(1, 100, 10)
    assert reported_meter(wire(ChangeMeter(1, Change.ADD, meter)), flags) != meter


def test_a_copy_is_read_as_open_vswitch_writes_it() -> None:
    """It counts the padding of a short property in its length."""
    words = "000000000000 0000 0008 05780000 0005 0008 00010003"
    action = CopyAction.parser(bytes.fromhex(words))
    assert (action.meter_id, action.most_bytes, action.plain) == (65539, 1400, True)
    again = CopyAction.parser(bytes(CopyAction(65539, 1400).serialize_body()))
    assert (again.meter_id, again.most_bytes, again.plain) == (65539, 1400, True)


@given(st.binary(max_size=64))
def test_a_copy_of_any_bytes_is_read(body: bytes) -> None:
    CopyAction.parser(body)


def test_actions_outside_our_words_are_foreign() -> None:
    entry = p.OFPFlowStats(
        table_id=0, priority=1, cookie=COOKIE_MARK, idle_timeout=0, hard_timeout=0, flags=0,
        match=p.OFPMatch(ipv6_src=("2001:db8::1.2.3.4", "ffff::"), vlan_vid=5),
        instructions=[
            p.OFPInstructionActions(4, [p.OFPActionPushVlan(0x88A8), p.OFPActionDecNwTtl()]),
            p.OFPInstructionActions(3, [p.OFPActionOutput(1)]),
        ],
    )  # fmt: skip
    rule = codec.decode_rule(entry)
    assert len(rule.actions) == 3
    assert all(isinstance(action, Foreign) for action in rule.actions)
    assert {f.name for f in rule.match} == {"ipv6_src", "vlan_vid"}


def test_whatever_passes_the_wire_check_is_decoded_without_raising() -> None:
    """A hostile switch's read-back costs it its rules, never us a traceback."""
    rng = random.Random(3)
    rule = Rule(0, 1, match(in_port=1, eth_dst=(2, 3), ipv4_src=4),
                (SetField("eth_dst", 5), Load("eth_dst", 0, 8, 1), Move("eth_src", "eth_dst", 48),
                 SetQueue(1), ToGroup(1), Output(2)), 3, 4, 5)  # fmt: skip
    flow_mod = wire(ChangeRule(1, Change.ADD, rule))
    decoded = 0
    for _ in range(4000):
        mutant = bytearray(flow_mod)
        for _ in range(rng.randint(1, 3)):
            mutant[rng.randrange(48, len(mutant))] = rng.randrange(256)
        try:
            reported_rule(bytes(mutant))
        except WireError:
            continue
        decoded += 1
    assert decoded > 1000


# --- what was refused ---------------------------------------------------------------------------


def test_an_error_says_what_was_refused() -> None:
    meter = Meter(32769, 100, 10, MeterUnit.KILOBITS)
    group = Group(0x10000001, GroupType.SELECT, ())
    for command, words in (
        (ChangeRule(1, Change.ADD, Rule(3, 100, ())), "flow in table 3, priority 100"),
        (ChangeMeter(1, Change.ADD, meter), "meter 32769"),
        (ChangeGroup(1, Change.ADD, group), "group 0x10000001"),
        (Barrier(1, 5), ""),
    ):
        assert codec.refused(wire(command)[:64]) == words


@given(st.none() | st.binary(max_size=80))
def test_any_bytes_of_an_error_are_taken(data: bytes | None) -> None:
    assert len(codec.refused(data)) < 64


# --- the other commands -------------------------------------------------------------------------


def test_deletions_are_strict_and_bare() -> None:
    (flow,) = codec.encode(DATAPATH, ChangeRule(1, Change.DELETE, RULE))
    assert flow.command == framework.ofp.OFPFC_DELETE_STRICT
    assert (flow.out_port, flow.out_group, flow.instructions) == (ANY, ANY, [])
    foreign = Group(9, GroupType.FOREIGN, (Bucket((Foreign("?"),)),))
    (group,) = codec.encode(DATAPATH, ChangeGroup(1, Change.DELETE, foreign))
    assert group.buckets == []


def test_foreign_things_are_never_sent() -> None:
    with pytest.raises(TypeError):
        list(codec.encode(DATAPATH, ChangeRule(1, Change.ADD, Rule(0, 1, (), (Foreign("?"),)))))


def test_commands_that_are_not_for_a_switch_make_no_message() -> None:
    assert list(codec.encode(DATAPATH, Disconnect(1, 1, "why"))) == []


def test_questions_ask_for_everything() -> None:
    assert len(list(codec.encode(DATAPATH, ReadTables(1)))) == 3
    assert len(list(codec.encode(DATAPATH, ReadCounters(1)))) == 3
    assert len(list(codec.encode(DATAPATH, ReadCounters(1, meters=True)))) == 4
    assert len(wire(Barrier(1, 5))) == 8
    assert wire(SendFrame(1, (2, 3), b"frame")).endswith(b"frame")


def test_port_names_from_a_switch_are_safe_to_print() -> None:
    desc = p.OFPPort(3, "02:00:00:00:00:01", b"a\n\x1b[2J\xff\0\0", 0, 0, 0, 0, 0, 0, 0, 0)
    port = codec.decode_port(desc)
    assert port.name.isprintable()
    assert (port.number, port.up) == (3, True)
