"""The numbers of one port's queue tree: nobody is promised what is not there."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.classes import PathGroup, TrafficClass
from policies.model import ClassPolicy, Limit, Policy, QueueSpec, Rate, Selector, Slice
from policies.queues import FrameRule, PortRole, owner_of, port_tree, slices_at

BULK, INFERENCE, CONTROL = TrafficClass.BULK, TrafficClass.INFERENCE, TrafficClass.CONTROL
QUEUES = (
    QueueSpec(0, "rest", 7, share=0.1, ceiling=1.0, dscps=(), limit_packets=200),
    QueueSpec(1, "inference", 1, share=0.5, ceiling=1.0, dscps=(46,), limit_packets=200),
    QueueSpec(2, "control", 0, share=0.2, ceiling=0.5, dscps=(48,), limit_packets=50),
)
QUEUE_OF = {INFERENCE: 1, CONTROL: 2}
CLASSES = tuple(
    ClassPolicy(c, {INFERENCE: 46, CONTROL: 48}.get(c, 0), QUEUE_OF.get(c, 0), PathGroup.LATENCY)
    for c in TrafficClass
)
POLICY = Policy("test", QUEUES, CLASSES, (), ())
LINK = 100_000_000
FABRIC, HOST = PortRole("s1-eth9", True), PortRole("s1-eth1", False)


def a_slice(name, number, guarantee=10e6, **changes):
    members = (Selector(ports=("s1-eth1",), vlan=number),)
    base = Slice(name, number, members, Rate(bps=guarantee), None, 1.0, (BULK, INFERENCE), BULK)
    return replace(base, **changes)


def sliced(*slices, limits=()):
    return replace(POLICY, slices=slices, limits=tuple(limits))


def limit(traffic_class, *, of=None, least=None, most=None, uplinks=False):
    return Limit(traffic_class, of, least, most, uplinks, "as written")


def class_of(node, name):
    return next(c for c in node.classes if c.name == name)


def test_without_slices_shares_and_ceilings_are_parts_of_the_link():
    tree = port_tree(POLICY, LINK, FABRIC)
    assert [c.rate_bps for c in tree.classes] == [10_000_000, 50_000_000, 20_000_000]
    assert [c.ceil_bps for c in tree.classes] == [LINK, LINK, LINK // 2]
    assert [c.default for c in tree.classes] == [True, False, False]
    assert tree.service.name == "control"
    assert tree.slices == ()


def test_a_slice_divides_its_guarantee_among_the_queues_of_its_classes():
    node = port_tree(sliced(a_slice("a", 1, 12e6)), LINK, FABRIC).slices[0]
    assert (node.rate_bps, node.ceil_bps) == (12_000_000, LINK)
    # Shares 0.1 and 0.5 of 12 Mbit/s; control is none of its classes.
    assert [(c.name, c.rate_bps) for c in node.classes] == [
        ("rest", 2_000_000),
        ("inference", 10_000_000),
    ]
    assert class_of(node, "rest").default
    assert class_of(node, "inference").dscps == (46,)


def test_a_maximum_is_the_ceiling_of_the_slice_and_of_what_is_inside():
    tree = port_tree(sliced(a_slice("a", 1, maximum=Rate(share=0.2))), LINK, FABRIC)
    assert tree.slices[0].ceil_bps == 20_000_000
    assert all(c.ceil_bps == 20_000_000 for c in tree.slices[0].classes)


def test_at_least_lifts_a_class_and_if_needed_its_slice():
    promise = limit(INFERENCE, of="a", least=Rate(bps=30e6))
    tree = port_tree(sliced(a_slice("a", 1, 10e6), limits=[promise]), LINK, FABRIC)
    assert tree.slices[0].rate_bps == 30_000_000
    assert class_of(tree.slices[0], "inference").rate_bps == 30_000_000


def test_at_least_that_the_share_gives_anyway_changes_nothing():
    before = port_tree(sliced(a_slice("a", 1, 12e6)), LINK, FABRIC)
    promise = limit(INFERENCE, of="a", least=Rate(bps=5e6))
    assert port_tree(sliced(a_slice("a", 1, 12e6), limits=[promise]), LINK, FABRIC) == before


def test_at_most_over_all_slices_is_divided_by_weight_and_the_sum_keeps_it():
    slices = (a_slice("a", 1), a_slice("b", 2, weight=3.0),
              a_slice("c", 3, classes=(INFERENCE,), default_class=INFERENCE))  # fmt: skip
    bound = limit(BULK, most=Rate(share=0.2))
    tree = port_tree(sliced(*slices, limits=[bound]), LINK, FABRIC)
    assert [class_of(s, "rest").ceil_bps for s in tree.slices[:2]] == [5_000_000, 15_000_000]


def test_limits_of_uplinks_leave_host_ports_alone():
    bound = limit(BULK, of="a", most=Rate(bps=1e6), uplinks=True)
    policy = sliced(a_slice("a", 1), limits=[bound])
    assert class_of(port_tree(policy, LINK, FABRIC).slices[0], "rest").ceil_bps == 1_000_000
    assert class_of(port_tree(policy, LINK, HOST).slices[0], "rest").ceil_bps == LINK


def test_limits_hold_without_slices_too():
    policy = replace(POLICY, limits=(limit(INFERENCE, least=Rate(bps=70e6), most=Rate(bps=80e6)),))
    node = class_of(port_tree(policy, LINK, FABRIC), "inference")
    assert (node.rate_bps, node.ceil_bps) == (70_000_000, 80_000_000)


def test_too_much_promised_is_said_and_cut_in_proportion():
    tree = port_tree(sliced(a_slice("a", 1, 150e6), a_slice("b", 2, 50e6)), LINK, FABRIC)
    assert tree.overbooked
    assert tree.asked_bps == 200e6
    assert tree.slices[0].rate_bps == pytest.approx(3 * tree.slices[1].rate_bps, abs=3)


def test_all_of_the_link_promised_is_not_too_much():
    tree = port_tree(sliced(a_slice("a", 1, 50e6), a_slice("b", 2, 50e6)), LINK, FABRIC)
    assert not tree.overbooked
    assert tree.slices[0].rate_bps > 0.99 * 50e6


def test_a_host_port_has_the_slices_that_can_be_there():
    elsewhere = a_slice("b", 2, members=(Selector(ports=("s2-*",)),))
    anywhere = a_slice("c", 3, members=(Selector(vlan=7),))
    policy = sliced(a_slice("a", 1), elsewhere, anywhere)
    assert [s.name for s in slices_at(policy, HOST)] == ["a", "c"]
    assert [s.name for s in slices_at(policy, FABRIC)] == ["a", "b", "c"]
    assert port_tree(policy, LINK, FABRIC).frames == ()


def test_frames_are_told_by_tag_and_by_the_longest_prefix():
    wide = a_slice("a", 1, members=(Selector(prefixes=(ip_network("10.0.0.0/8"),)),))
    narrow = a_slice("b", 2, members=(Selector(prefixes=(ip_network("10.1.0.0/16"),)),))
    tagged = a_slice("c", 3, members=(Selector(vlan=7),))
    tree = port_tree(sliced(wide, narrow, tagged), LINK, HOST)
    assert owner_of(tree, None, ip_address("10.1.2.3")) == 2
    assert owner_of(tree, None, ip_address("10.2.2.3")) == 1
    assert owner_of(tree, 7, ip_address("10.1.2.3")) == 3
    assert owner_of(tree, None, ip_address("2001:db8::1")) is None
    assert tree.frames[0] == FrameRule(2, None, ip_network("10.1.0.0/16"))


rates = st.one_of(
    st.floats(0, 3e8).map(lambda bps: Rate(bps=bps)), st.floats(0, 1).map(lambda s: Rate(share=s))
)


@st.composite
def policies(draw):
    slices = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        classes = tuple(draw(st.sets(st.sampled_from(list(TrafficClass)), min_size=1)))
        slices.append(
            a_slice(
                f"s{number}", number, guarantee=0, classes=classes, default_class=classes[0],
                maximum=draw(st.none() | rates), weight=draw(st.floats(0.1, 10)),
            )
        )  # fmt: skip
        slices[-1] = replace(slices[-1], guarantee=draw(rates))
    names = st.sampled_from([None, *(s.name for s in slices)])
    limits = draw(st.lists(st.builds(
        Limit, st.sampled_from(list(TrafficClass)), names, st.none() | rates, st.none() | rates,
        st.booleans(), st.just("x")), max_size=4))  # fmt: skip
    return sliced(*slices, limits=limits)


@given(policies(), st.integers(100_000, 10**10), st.booleans())
def test_parents_hold_their_children_and_nobody_more_than_its_ceiling(policy, link, fabric):
    tree = port_tree(policy, link, FABRIC if fabric else HOST)
    assert tree.service.rate_bps + sum(s.rate_bps for s in tree.slices) <= link + len(tree.slices)
    for node in tree.slices:
        assert 0 <= node.rate_bps <= node.ceil_bps <= link
        assert sum(c.rate_bps for c in node.classes) <= node.rate_bps + 1
        assert all(0 <= c.rate_bps <= c.ceil_bps <= node.ceil_bps + 1 for c in node.classes)
        assert sum(c.default for c in node.classes) == 1


@given(policies(), st.integers(1_000_000, 10**9), st.floats(0, 1e9))
def test_asking_for_more_never_gives_less(policy, link, more):
    first = policy.slices[0]
    asked = first.guarantee.bps if first.guarantee.bps is not None else first.guarantee.share * link
    greedy = replace(first, guarantee=Rate(bps=asked + more))
    before = port_tree(policy, link, FABRIC).slices[0]
    after = port_tree(replace(policy, slices=(greedy, *policy.slices[1:])), link, FABRIC).slices[0]
    assert after.rate_bps >= before.rate_bps - 1
    for now, then in zip(after.classes, before.classes, strict=True):
        assert now.rate_bps >= then.rate_bps - 1


@given(policies(), st.integers(1_000_000, 10**9))
def test_a_promise_that_fits_is_kept(policy, link):
    tree = port_tree(policy, link, FABRIC)
    if tree.asked_bps > link * 0.99:
        return
    for node, owner in zip(tree.slices, policy.slices, strict=True):
        most = owner.maximum.of(link) if owner.maximum else link
        assert node.rate_bps >= min(owner.guarantee.of(link), most) - 1
