"""After any sequence of wishes and read-backs, `sync` makes a real switch's tables as desired."""

import os
from typing import Any

import pytest
from fabric import FakeSwitch
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.events import Change, ChangeGroup, ChangeMeter, ChangeRule
from controller.mirror import Mirror
from controller.rules import Bucket, Group, GroupType, Meter, Output, Rule, ToGroup, match

EXAMPLES = int(os.environ.get("EXAMPLES", "30"))  # of each property; more digs deeper

DPID = 7
# Few enough values for collisions. Each owner has its own matches and groups, as owners must;
# select groups end in 1..3, failover groups in 4..6 and may watch any select group.
OWNERS = {"a": 10, "b": 20, "c": 30}
SELECTS = [base + n for base in OWNERS.values() for n in (1, 2, 3)]
FAILOVERS = [base + n for base in OWNERS.values() for n in (4, 5, 6)]
meters = st.builds(Meter, st.integers(1, 3), st.integers(1, 3), st.just(5))
buckets = st.integers(1, 4).map(lambda port: Bucket((Output(port),), 1, port))
watching = st.sampled_from(SELECTS).map(lambda group: Bucket((ToGroup(group),), watch_group=group))
actions = st.integers(1, 4).map(Output) | st.sampled_from(SELECTS + FAILOVERS).map(ToGroup)


def groups_of(base: int) -> st.SearchStrategy[Group]:
    numbers = st.integers(base + 1, base + 3)
    select = st.lists(buckets, max_size=3).map(tuple)
    failover = st.lists(watching, max_size=2).map(tuple)
    return st.builds(Group, numbers, st.just(GroupType.SELECT), select) | st.builds(
        Group, numbers.map(lambda n: n + 3), st.just(GroupType.FAST_FAILOVER), failover
    )


def rules_of(base: int) -> st.SearchStrategy[Rule]:
    matches = st.integers(base, base + 2).map(lambda n: match(in_port=n))
    return st.builds(
        Rule, st.integers(0, 1), st.integers(1, 2), matches,
        st.lists(actions, max_size=2).map(tuple), meter=st.none() | st.integers(1, 3),
    )  # fmt: skip


wishes = st.sampled_from(sorted(OWNERS)).flatmap(
    lambda owner: st.tuples(
        st.just(owner),
        st.lists(rules_of(OWNERS[owner]), max_size=3),
        st.lists(groups_of(OWNERS[owner]), max_size=3),
    )
)
tables = st.tuples(
    st.lists(rules_of(10), max_size=3), st.lists(groups_of(20), max_size=3), st.lists(meters)
)
steps = st.one_of(
    st.tuples(st.just("put"), wishes),
    st.tuples(st.just("meter"), meters),
    st.tuples(st.just("sync"), st.booleans()),
    st.tuples(st.just("tamper"), tables),
    st.tuples(st.just("adopt"), st.none()),
)


class LenientSwitch(FakeSwitch):
    """Takes rules whose group or meter isn't there: these mirrors want any nonsense."""

    def _check(self, rule: Rule) -> None:
        pass


def play(mirror: Mirror, switch: FakeSwitch, step: str, what: Any) -> None:
    match step:
        case "put":
            mirror.put(*what)
        case "meter":
            mirror.put(("meter", what.meter_id), (), (), [what])
        case "sync":
            send(mirror, switch, delete=what)
        case "tamper":
            switch.rules = {rule.key: rule for rule in what[0]}
            switch.groups = {group.group_id: group for group in what[1]}
            switch.meters = {meter.meter_id: meter for meter in what[2]}
            adopt(mirror, switch)
        case "adopt":
            adopt(mirror, switch)


def adopt(mirror: Mirror, switch: FakeSwitch) -> int:
    return mirror.adopt(switch.rules.values(), switch.groups.values(), switch.meters.values())


def send(mirror: Mirror, switch: FakeSwitch, *, delete: bool = True) -> list[Any]:
    commands = mirror.sync(delete=delete)
    for command in commands:
        before = dict(switch.rules)
        switch.apply(command)
        # Deleting a group takes the rules that refer to it along (section 6.4): never ones we want.
        taken = before.keys() - switch.rules.keys()
        if isinstance(command, ChangeGroup):
            assert not taken & mirror.rules.keys() or not valid(mirror)
    return commands


def valid(mirror: Mirror) -> bool:
    """True if everything wanted refers to wanted things only."""
    return all(
        action.group_id in mirror.groups
        for rule in mirror.rules.values()
        for action in rule.actions
        if isinstance(action, ToGroup)
    )


@settings(max_examples=EXAMPLES)
@given(st.lists(steps, max_size=20))
def test_sync_makes_the_switch_as_desired(history: list[tuple[str, Any]]) -> None:
    mirror, switch = Mirror(DPID), LenientSwitch(DPID)
    for step, what in history:
        play(mirror, switch, step, what)
    send(mirror, switch)
    if not valid(mirror):
        adopt(mirror, switch)  # a deleted group took along rules that should never have been
        send(mirror, switch)
    assert switch.rules == mirror.rules == mirror.actual_rules
    assert switch.groups == mirror.groups == mirror.actual_groups
    assert switch.meters.items() >= mirror.meters.items()
    assert mirror.sync() == []
    assert not mirror.dirty
    assert adopt(mirror, switch) == 0


@settings(max_examples=EXAMPLES)
@given(st.lists(steps, max_size=20))
def test_without_delete_nothing_is_deleted(history: list[tuple[str, Any]]) -> None:
    mirror, switch = Mirror(DPID), LenientSwitch(DPID)
    for step, what in history:
        play(mirror, switch, step, what)
    assert all(command.change is not Change.DELETE for command in mirror.sync(delete=False))
    later = mirror.sync(delete=True)
    assert all(command.change is Change.DELETE for command in later)  # they were only put off
    assert mirror.actual_rules == mirror.rules


def _place(commands: list[Any], kind: type, number: int, *, deleted: bool) -> int | None:
    for place, command in enumerate(commands):
        if isinstance(command, kind) and (command.change is Change.DELETE) == deleted:
            entry = getattr(command, "group", None) or getattr(command, "meter", None)
            if getattr(entry, "group_id", getattr(entry, "meter_id", None)) == number:
                return place
    return None


@settings(max_examples=EXAMPLES)
@given(st.lists(steps, max_size=20))
def test_what_is_referred_to_comes_first_and_goes_last(history: list[tuple[str, Any]]) -> None:
    mirror, switch = Mirror(DPID), LenientSwitch(DPID)
    for step, what in history:
        play(mirror, switch, step, what)
    commands = mirror.sync()
    for place, command in enumerate(commands):
        deleted = command.change is Change.DELETE
        for kind, number in _references(command):
            other = _place(commands, kind, number, deleted=deleted)
            assert other is None or (other > place) == deleted


def _references(command: Any) -> list[tuple[type, int]]:
    if isinstance(command, ChangeMeter):
        return []
    if isinstance(command, ChangeGroup):
        used = [action for bucket in command.group.buckets for action in bucket.actions]
        return [(ChangeGroup, a.group_id) for a in used if isinstance(a, ToGroup)]
    meter = [] if command.rule.meter is None else [(ChangeMeter, command.rule.meter)]
    groups = [(ChangeGroup, a.group_id) for a in command.rule.actions if isinstance(a, ToGroup)]
    return [*meter, *groups]


@settings(max_examples=EXAMPLES)
@given(st.lists(steps, max_size=12))
def test_same_wishes_make_same_commands(history: list[tuple[str, Any]]) -> None:
    def run() -> list[Any]:
        mirror, switch = Mirror(DPID), LenientSwitch(DPID)
        for step, what in history:
            play(mirror, switch, step, what)
        return mirror.sync()

    assert run() == run()


def test_putting_the_same_again_sends_nothing() -> None:
    mirror = Mirror(DPID)
    rule, group, meter = (
        Rule(0, 1, ()),
        Group(1, GroupType.SELECT, (Bucket((Output(1),), 1),)),
        Meter(1, 1, 1),
    )
    for _ in range(2):
        mirror.put("me", [rule], [group])
        mirror.put("meter", (), (), [meter])
    assert [type(c) for c in mirror.sync()] == [ChangeMeter, ChangeGroup, ChangeRule]
    mirror.put("me", [rule], [group])
    mirror.put("meter", (), (), [meter])
    assert mirror.sync() == []


def test_group_wanted_and_taken_away_before_it_was_sent() -> None:
    mirror = Mirror(DPID)
    mirror.put("me", [], [Group(1, GroupType.SELECT, ())])
    mirror.put("me", [])
    assert mirror.sync() == []


@pytest.mark.parametrize("again", [True, False])
def test_taken_away_and_wanted_again_before_it_was_sent(again: bool) -> None:
    mirror = Mirror(DPID)
    mirror.put("me", [Rule(0, 1, ())])
    mirror.sync()
    mirror.put("me", [])
    if again:
        mirror.put("me", [Rule(0, 1, ())])
    assert [c.change for c in mirror.sync()] == ([] if again else [Change.DELETE])
