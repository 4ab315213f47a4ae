"""Another policy while running: only what differs is sent, and it ends as if begun with it."""

import copy
from dataclasses import replace
from typing import Any

from fabric import FakeFabric
from hypothesis import given, settings
from hypothesis import strategies as st
from sliced import DEFAULT, Tenants, layouts, on, sliced, tenant, two_by_port

from controller import hosts, labels, reachability, slice_pipeline
from controller.events import ChangeRule
from controller.rules import Rule, Table
from policies.classes import TrafficClass
from policies.model import Policy, Rate


def tables(fabric: FakeFabric) -> dict[int, tuple[Any, Any, Any]]:
    """What every switch holds."""
    return {
        dpid: (dict(s.rules), dict(s.groups), dict(s.meters)) for dpid, s in fabric.switches.items()
    }


def desired(fabric: FakeFabric) -> dict[int, tuple[Any, Any, Any]]:
    """What every switch should hold."""
    mirrors = {dpid: switch.mirror for dpid, switch in fabric.state.switches.items()}
    return {dpid: (m.rules, m.groups, m.meters) for dpid, m in mirrors.items()}


def begun_with(fabric: FakeFabric, policy: Policy) -> FakeFabric:
    """A network of the same switches that has had the policy from the start, and the same hosts."""
    other = FakeFabric([], [], policy)
    other.settings, other.peers = fabric.settings, dict(fabric.peers)
    for dpid, switch in fabric.switches.items():
        other.switches[dpid] = type(switch)(dpid, dict(switch.ports))
    other.state.capacities = fabric.state.capacities
    other.start()
    for host in copy.deepcopy(list(fabric.state.hosts.values())):
        hosts.place(other.state, host)
    reachability.install_hosts(other.state, other.state.hosts.values())
    other.run(1.0)
    return other


@st.composite
def variants(draw: st.DrawFn, policy: Policy) -> Policy:
    """Another policy for the same ports: slices swap members, change what they may, or go."""
    slices = list(policy.slices)
    kind = draw(st.sampled_from(["swap", "drop", "talk", "classes", "maximum", "none"]))
    if kind == "none" or (kind == "drop" and len(slices) == 1):
        return replace(policy, slices=(), name="unsliced")
    at = draw(st.integers(0, len(slices) - 1))
    entry = slices[at]
    if kind == "swap":
        other = slices[at - 1]
        slices[at - 1] = replace(other, members=entry.members)
        slices[at] = replace(entry, members=other.members)
    elif kind == "drop":
        del slices[at]
    elif kind == "talk":
        slices[at] = replace(entry, talks_to=tuple(s.name for s in slices if s is not entry))
    elif kind == "classes":
        allowed = (TrafficClass.BULK, TrafficClass.INFERENCE)
        slices[at] = replace(entry, classes=allowed, default_class=TrafficClass.BULK)
    else:
        slices[at] = replace(entry, maximum=Rate(bps=5e6))
    return replace(policy, slices=tuple(slices), name=kind)


@settings(max_examples=60, deadline=None)
@given(layouts(), st.data())
def test_it_ends_as_if_begun_with_the_new_policy(tenants: Tenants, data: st.DataObject) -> None:
    fabric = tenants.fabric
    wanted = data.draw(variants(fabric.state.policy))
    fabric.obey(wanted)
    fabric.run(2.0)
    assert desired(fabric) == tables(fabric)
    assert desired(fabric) == desired(begun_with(fabric, wanted))


@settings(max_examples=40, deadline=None)
@given(layouts(unique=True), st.data())
def test_the_same_again_sends_nothing_and_there_and_back_changes_nothing(
    tenants: Tenants, data: st.DataObject
) -> None:
    fabric = tenants.fabric
    before, first = tables(fabric), fabric.state.policy
    for switch in fabric.switches.values():
        switch.changes = 0
    fabric.obey(replace(first, name="the same by another name"))
    fabric.run(1.0)
    assert not sum(s.changes for s in fabric.switches.values())
    known = {host.key for host in fabric.state.hosts.values()}
    fabric.obey(data.draw(variants(first)))
    fabric.run(2.0)
    left = len(fabric.state.hosts) == len(known)
    fabric.obey(first)
    fabric.run(2.0)
    if left and {host.key for host in fabric.state.hosts.values()} == known:
        assert tables(fabric) == before


def _numbers(rule: Rule) -> set[int]:
    """The slices a rule speaks of."""
    found = {f.value >> 16 & 0x3FF for f in rule.match if f.name == "metadata"}
    found |= {(rule.metadata or 0) >> 16 & 0x3FF}
    for action in rule.actions:
        value = getattr(action, "value", 0)
        if labels.is_label(value):
            found.add(labels.slice_of(value))
    return found - {0}


def test_a_change_of_one_slice_touches_no_rule_of_another() -> None:
    fabric = two_by_port()
    a, b = fabric.state.policy.slices
    a_ports = {(host.dpid, host.port) for host in fabric.hosts[:2]}
    changes = (
        replace(b, classes=(TrafficClass.BULK,), default_class=TrafficClass.BULK),
        replace(b, maximum=Rate(bps=3e6)),
        replace(b, members=b.members[:1]),
        replace(b, members=(replace(b.members[0], vlan=7), *b.members[1:])),
    )
    for other in changes:
        fabric.held = []
        fabric.obey(replace(fabric.state.policy, slices=(a, other)))
        sent, fabric.held = fabric.held, None
        rules = [command for command in sent if isinstance(command, ChangeRule)]
        assert rules
        for command in rules:
            assert 1 not in _numbers(command.rule)
            port = next((f.value for f in command.rule.match if f.name == "in_port"), None)
            assert (command.dpid, port) not in a_ports
        for command in sent:
            fabric.feed(*fabric._carry_out(command))
        fabric.run(1.0)
        assert fabric.reaches(*fabric.hosts[:2])
        fabric.obey(replace(fabric.state.policy, slices=(a, b)))
        for host in fabric.hosts:
            fabric.say(host, host.arp(host.ip))


def test_everybody_is_reached_at_every_step_from_no_slices_to_slices_and_back() -> None:
    fabric = two_by_port()
    for host in fabric.hosts[2:]:  # other addresses, so that they can be one network too
        fabric.hosts[fabric.hosts.index(host)] = replace(host, mac=host.mac + 64, ip=host.ip + 64)
    fabric.state.policy, cut = DEFAULT, fabric.state.policy
    fabric = _restarted(fabric)
    pairs = [fabric.hosts[:2], fabric.hosts[2:]]
    for wanted in (cut, DEFAULT, cut):
        fabric.held = []
        fabric.obey(wanted)
        while fabric.held:
            for dpid in {c.dpid for c in fabric.held if hasattr(c, "dpid")} or {1}:
                fabric.release(dpid, 1)
            for x, y in pairs:
                assert fabric.reaches(x, y)
                assert fabric.reaches(y, x)
        fabric.held = None
        fabric.run(1.0)
        assert fabric.reaches(pairs[0][0], pairs[1][1]) == (wanted is DEFAULT)


def _restarted(fabric: FakeFabric) -> FakeFabric:
    for switch in fabric.switches.values():
        switch.wipe()
    fabric.restart_controller()
    for host in fabric.hosts:
        fabric.say(host, host.arp(host.ip))
    fabric.run(1.0)
    return fabric


@settings(max_examples=30, deadline=None)
@given(layouts())
def test_a_restarted_controller_changes_nothing(tenants: Tenants) -> None:
    fabric = tenants.fabric
    before = tables(fabric)
    for switch in fabric.switches.values():
        switch.changes = 0
    fabric.restart_controller()
    assert {d: s.changes for d, s in fabric.switches.items()} == dict.fromkeys(fabric.switches, 0)
    assert tables(fabric) == before


def test_meters_come_before_what_uses_them_and_go_with_their_slice() -> None:
    fabric = two_by_port()
    a, b = fabric.state.policy.slices
    fabric.obey(replace(fabric.state.policy, slices=(a, replace(b, maximum=Rate(bps=5e6)))))
    meter = slice_pipeline.meter(2, 5e6)
    assert all(s.meters.get(meter.meter_id) == meter for d, s in fabric.switches.items() if d < 9)
    fabric.obey(replace(fabric.state.policy, slices=(a, b)))
    assert not any(meter.meter_id in s.meters for s in fabric.switches.values())


def test_classes_a_slice_may_not_use_become_its_default_class() -> None:
    fabric = two_by_port()
    x, y = fabric.hosts[:2]
    allowed = (TrafficClass.INFERENCE, TrafficClass.BULK)
    fabric.obey(sliced(
        tenant("a", 1, *map(on, fabric.hosts[:2]), classes=allowed),
        tenant("b", 2, *map(on, fabric.hosts[2:])),
    ))  # fmt: skip
    marks = {c.traffic_class: c.dscp for c in DEFAULT.classes}

    def mark(source: Any, target: Any, port: int) -> set[int]:
        return {packet["ip_dscp"] for _, packet in fabric.trace(source, target, port=port)}

    assert mark(x, y, 4791) == {marks[TrafficClass.INFERENCE]}  # gradient: tenant()'s default
    assert mark(*fabric.hosts[2:], 4791) == {marks[TrafficClass.GRADIENT]}
    pins = [r for s in fabric.switches.values() for r in s.rules.values() if r.table == Table.PIN]
    assert not any(2 in _numbers(rule) for rule in pins)
