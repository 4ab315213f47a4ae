"""A policy in force everywhere or nowhere: confirmations, refusals half-way, silence, absence."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fabric import BadReferenceError, FakeFabric
from sliced import on, sliced, tenant, two_by_port

from controller.applying import PATIENCE_S
from controller.events import (
    Barrier,
    ChangeGroup,
    ChangeMeter,
    ChangeRule,
    PolicyAnswered,
    PolicyChanged,
    Refused,
)
from policies.model import Policy, Rate


class Picky(FakeFabric):
    """Switches that refuse what `refuses` says, as real ones do, and may keep silent."""

    refuses: Any = staticmethod(lambda _command: False)
    silent: int | None = None

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.answers: list[PolicyAnswered] = []

    def _carry_out(self, command: Any) -> Iterator[Any]:
        if isinstance(command, PolicyAnswered):
            self.answers.append(command)
        elif isinstance(command, Barrier) and command.dpid == self.silent:
            return
        elif isinstance(command, ChangeRule | ChangeGroup | ChangeMeter):
            if self.refuses(command):
                yield Refused(command.dpid, "METER_MOD_FAILED OUT_OF_METERS", "meter 32769")
                return
            try:
                yield from super()._carry_out(command)
            except BadReferenceError:
                yield Refused(command.dpid, "BAD_ACTION", "a rule")
        else:
            yield from super()._carry_out(command)


@pytest.fixture
def fabric() -> Picky:
    made = two_by_port()
    made.__class__ = Picky
    made.answers = []
    return made  # type: ignore[return-value]


def with_maximum(fabric: FakeFabric) -> Policy:
    a, b = fabric.hosts[:2], fabric.hosts[2:]
    return sliced(
        tenant("a", 1, *(on(host) for host in a), maximum=Rate(bps=5e6)),
        tenant("b", 2, *(on(host) for host in b)),
    )


def tables(fabric: FakeFabric) -> dict[int, Any]:
    return {d: (dict(s.rules), dict(s.groups), dict(s.meters)) for d, s in fabric.switches.items()}


def test_it_is_in_force_when_every_switch_has_confirmed(fabric):
    fabric.feed(PolicyChanged(with_maximum(fabric), 7))
    [answer] = fabric.answers
    assert (answer.number, answer.refused) == (7, "")
    assert answer.changes[1] >= 1 and set(answer.changes) == {1, 2}
    assert all(any(m >= 32768 for m in s.meters) for d, s in fabric.switches.items() if d < 100)


def test_nothing_to_change_is_answered_at_once(fabric):
    fabric.feed(PolicyChanged(fabric.state.policy, 1))
    assert [(a.number, a.refused, a.changes) for a in fabric.answers] == [(1, "", {})]


def test_one_switch_that_refuses_makes_all_go_back(fabric):
    before, policy = tables(fabric), fabric.state.policy
    fabric.refuses = lambda c: (
        isinstance(c, ChangeMeter) and c.dpid == 2 and c.change.value == "add"
    )
    fabric.feed(PolicyChanged(with_maximum(fabric), 7))
    fabric.run(3.0)
    [answer] = fabric.answers
    assert "switch 0x2 refused meter 32769" in answer.refused
    assert fabric.state.policy == policy
    assert tables(fabric) == before


def test_hosts_that_the_refused_policy_left_out_are_known_again(fabric):
    before = tables(fabric)
    fabric.refuses = lambda c: isinstance(c, ChangeMeter)
    only_a = replace(with_maximum(fabric), slices=with_maximum(fabric).slices[:1])
    fabric.feed(PolicyChanged(only_a, 7))
    fabric.run(3.0)
    assert fabric.answers[0].refused
    assert tables(fabric) == before


def test_a_switch_that_never_confirms_makes_all_go_back(fabric):
    before = tables(fabric)
    fabric.silent = 1
    fabric.feed(PolicyChanged(with_maximum(fabric), 7))
    fabric.run(PATIENCE_S - 1)
    assert not fabric.answers
    fabric.run(2)
    fabric.silent = None
    fabric.run(PATIENCE_S + 1)
    [answer] = fabric.answers
    assert "no confirmation from switch 0x1" in answer.refused
    assert tables(fabric) == before


def test_a_switch_that_leaves_is_not_waited_for_and_catches_up(fabric):
    fabric.silent = 1
    fabric.feed(PolicyChanged(with_maximum(fabric), 7))
    fabric.disconnect(1)
    assert [a.refused for a in fabric.answers] == [""]
    fabric.silent = None
    fabric.switches[1].wipe()
    fabric.connect(1)
    fabric.run(2.0)
    assert any(m >= 32768 for m in fabric.switches[1].meters)


def test_another_one_meanwhile_has_to_wait(fabric):
    fabric.silent = 1
    fabric.feed(PolicyChanged(with_maximum(fabric), 7))
    fabric.feed(PolicyChanged(fabric.state.policy, 8))
    assert [a.number for a in fabric.answers] == [8]
    assert "another policy" in fabric.answers[0].refused


def test_a_refusal_that_has_nothing_to_do_with_it_changes_nothing(fabric):
    fabric.feed(Refused(1, "BAD_REQUEST"))
    fabric.feed(PolicyChanged(with_maximum(fabric), 7))
    assert fabric.answers[0].refused == ""
