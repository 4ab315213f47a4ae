"""The programs that tell frames apart, in the kernel itself and beside it."""

import struct
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulation import bpf
from emulation.errors import FilterTooLongError
from policies.queues import ClassNode, FrameRule, PortRole, PortTree, SliceNode, owner_of
from tests.emulation.programs import FRAME_BYTES, Kernel, interpret

FIRST, REST, URGENT = 100, 7, 8
MARKS = {46: 20, 48: 21, 0: 22, 8: 23}
HOSTS = bytes.fromhex("02aabbccddee02aabbccdd01")


def ethernet(payload, ether_type, *, vlan=None, target=HOSTS[:6]):
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    return target + HOSTS[6:] + tag + struct.pack("!H", ether_type) + payload


def ipv4(dscp=0, destination="192.0.2.2", **kw):
    header = struct.pack("!BBHHHBBH", 0x45, dscp << 2 | 1, 28, 0, 0, 9, 17, 0)
    header += ip_address("192.0.2.1").packed + ip_address(destination).packed
    return ethernet(header + bytes(8), 0x0800, **kw)


def ipv6(dscp=0, destination="2001:db8::2", **kw):
    header = struct.pack("!IHBB", 6 << 28 | dscp << 22 | 0x12345, 8, 17, 9)
    header += ip_address("2001:db8::1").packed + ip_address(destination).packed
    return ethernet(header + bytes(8), 0x86DD, **kw)


def arp(**kw):
    return ethernet(bytes(46), 0x0806, **kw)


def lldp():
    return ethernet(bytes(46), 0x88CC)


@pytest.mark.parametrize("make", [ipv4, ipv6])
@pytest.mark.parametrize("vlan", [None, 5])
def test_a_mark_names_its_class_also_behind_a_tag(make, vlan):
    with Kernel(bpf.by_mark(MARKS, rest=REST, urgent=URGENT)) as kernel:
        for dscp in range(64):
            assert kernel.run(make(dscp, vlan=vlan)) == MARKS.get(dscp, REST)


def test_arp_and_lldp_are_urgent_and_what_is_not_ip_is_the_rest():
    with Kernel(bpf.by_mark(MARKS, rest=REST, urgent=URGENT)) as kernel:
        assert kernel.run(arp()) == kernel.run(lldp()) == kernel.run(arp(vlan=3)) == URGENT
        assert kernel.run(ethernet(bytes(50), 0x8915)) == REST
    with Kernel(bpf.by_mark(MARKS, rest=REST)) as kernel:
        assert kernel.run(arp()) == REST


@pytest.mark.parametrize("length", range(0, 40))
def test_a_short_frame_is_the_rest_or_left_to_the_default(length):
    for program in (
        bpf.by_mark(MARKS, rest=REST),
        bpf.by_destination((), 3, first=FIRST, rest=REST),
        bpf.by_label(prefix=0x064, prefix_bits=12, slice_bits=10, first=FIRST, rest=REST),
    ):
        answer = interpret(program, ipv4(46)[:length])
        assert answer in {REST, 0} or length >= 34


@given(st.integers(0, 1023), st.integers(0, 2**26 - 1))
@settings(max_examples=50)
def test_a_label_names_its_slice(number, path):
    program = bpf.by_label(prefix=0x064, prefix_bits=12, slice_bits=10, first=FIRST, rest=REST)
    label = (0x064 << 36 | number << 26 | path).to_bytes(6, "big")
    assert interpret(program, ipv4(target=label)) == FIRST + number
    with Kernel(program) as kernel:
        assert kernel.run(ipv6(target=label)) == FIRST + number
        assert kernel.run(ipv6()) == REST


def test_a_probe_is_labelled_as_the_controller_labels():
    from controller import labels
    from emulation.queues import label_of

    value = int(label_of(5).replace(":", ""), 16)
    assert labels.is_label(value)
    assert value >> labels.SLICE_OFFSET & (labels.MAX_SLICES - 1) == 5


def tree(rules):
    node = ClassNode(0, "x", 0, 0, 1, (), True, 1)
    numbers = sorted({rule.slice_number for rule in rules} | {901, 902})
    slices = tuple(SliceNode(n, f"s{n}", 0, 1, 1.0, (node,)) for n in numbers)
    return PortTree(PortRole("x", False), 1, node, (), slices, tuple(rules), 0.0)


def frame_of(vlan, destination):
    if destination is None:
        return ethernet(bytes(50), 0x8915, vlan=vlan)
    return (ipv4 if destination.version == 4 else ipv6)(destination=str(destination), vlan=vlan)


def expected(rules, vlan, destination):
    owner = owner_of(tree(rules), vlan, destination)
    return REST if owner is None else FIRST + owner


def _length(rule):
    return rule.prefix.prefixlen if rule.prefix else -1


# Few bits, so that rules overlap and destinations hit them.
networks4 = st.builds(
    lambda bits, length: ip_network((0x0A000000 | bits << 22, length), strict=False),
    st.integers(0, 3), st.integers(0, 32),
)  # fmt: skip
networks6 = st.builds(
    lambda bits, length: ip_network((0x20010DB8 << 96 | bits << 62, length), strict=False),
    st.integers(0, 3), st.integers(0, 128),
)  # fmt: skip
rules = st.lists(
    st.builds(FrameRule, st.integers(1, 800), st.none() | st.integers(1, 3),
              st.none() | networks4 | networks6), max_size=12,
).map(lambda found: sorted(found, key=lambda r: -_length(r)))  # fmt: skip
destinations = (
    st.none()
    | st.integers(0, 3).map(lambda b: ip_address(0x0A000000 | b << 22))
    | st.integers(0, 3).map(lambda b: ip_address(0x20010DB8 << 96 | b << 62))
)
tags = st.none() | st.integers(1, 4)


@given(rules, tags, destinations)
@settings(max_examples=300)
def test_the_program_of_a_host_port_says_what_the_rules_say(rules, vlan, destination):
    program = bpf.by_destination(rules, None, first=FIRST, rest=REST)
    frame, answer = frame_of(vlan, destination), expected(rules, vlan, destination)
    with Kernel(program) as kernel:
        assert kernel.run(frame) == answer
    assert interpret(program, frame.ljust(FRAME_BYTES, b"\0")) == answer
    untagged = frame_of(None, destination).ljust(60, b"\0")
    assert interpret(program, untagged, vlan_beside=0x6000 | (vlan or 0)) == answer


def test_arp_and_lldp_towards_hosts_belong_to_nobody():
    program = bpf.by_destination((), 5, first=FIRST, rest=REST)
    with Kernel(program) as kernel:
        assert kernel.run(arp(vlan=3)) == kernel.run(lldp()) == REST
        assert kernel.run(ipv4()) == kernel.run(ethernet(bytes(50), 0x8915)) == FIRST + 5


def test_many_slices_on_a_port_take_far_jumps():
    rules = [FrameRule(n, n % 7 or None, ip_network(f"10.{n // 256}.{n % 256}.0/24"))
             for n in range(1, 500)]  # fmt: skip
    program = bpf.by_destination(rules, None, first=FIRST, rest=REST)
    assert len(program) > 1000
    with Kernel(program) as kernel:
        for rule in rules:
            assert kernel.run(frame_of(rule.vlan, rule.prefix[1])) == FIRST + rule.slice_number
        assert kernel.run(frame_of(None, ip_address("10.99.0.1"))) == REST


def test_too_many_are_refused_with_the_number():
    rules = [FrameRule(1 + n % 1000, None, ip_network((0x20010DB8 << 96 | n << 64, 64)))
             for n in range(900)]  # fmt: skip
    with pytest.raises(FilterTooLongError, match=r"takes \d{4,} instructions.*4096.*fewer"):
        bpf.by_destination(rules, None, first=FIRST, rest=REST)


def test_tc_reads_the_length_first():
    text = bpf.bytecode(bpf.by_mark({}, rest=REST))
    assert int(text.split(",")[0]) == len(text.split(",")) - 1
