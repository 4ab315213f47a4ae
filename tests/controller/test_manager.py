"""The running policy: all or nothing, kept over restarts, by the clock, tried by some first."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from test_applying import Picky

from controller import manager as manager_module
from controller.canary import Figures
from controller.errors import ApplyError, BusyError, StoreError
from controller.events import ChangeMeter, PolicyAnswered
from controller.manager import Manager
from controller.settings import Settings
from policies.errors import PolicyError

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=timezone.utc)


class FakeKeeper:
    """Remembers what it was asked to apply; refuses on demand."""

    def __init__(self) -> None:
        self.applied: list[dict[str, Any]] = []
        self.refuses = ""

    def ask(self, what: str, **words: Any) -> dict[str, Any]:
        if self.refuses:
            raise ApplyError(f"the queue keeper refused: {self.refuses}")
        if what == "apply":
            self.applied.append(words["document"])
        return {"ok": True, "changed": {}}


class Site:
    """A fake fabric, its manager, and a clock."""

    def __init__(self, folder: Path, text: str, fabric: Picky | None = None, **more: Any) -> None:
        folder.mkdir(exist_ok=True)
        file = folder / "policy.yaml"
        file.write_text(text)
        settings = Settings(state=str(folder), policy=str(file), key=b"k" * 32, **more)
        self.manager = Manager(settings)
        self.keeper = self.manager.keeper = FakeKeeper()
        self.fabric = fabric or Picky([(1, 9), (2, 9)], [1, 1, 2, 2], self.manager.begin_with())
        self.fabric.state.policy = self.manager.begin_with()
        if fabric is None:
            self.fabric.start()
        self.manager._state, self.manager._send = self.fabric.state, self._send

    def _send(self, event: Any) -> None:
        self.fabric.feed(event)
        while not self.fabric.answers:
            self.fabric.run(1.0)
        answer: PolicyAnswered = self.fabric.answers.pop()
        self.manager.answered(answer)

    @property
    def in_force(self) -> dict[str, float | None]:
        return {s.name: s.guarantee.share for s in self.fabric.state.policy.slices}


def text(extra: str = "", **guarantees: str) -> str:
    ports = {"ant": "[s1-eth2, s2-eth2]", "bee": "[s1-eth3, s2-eth3]", "cat": "[s7-eth1]"}
    lines = [
        f"  {n}: {{members: [{{ports: {ports[n]}}}], guarantee: {g}}}"
        for n, g in guarantees.items()
    ]
    return "\n".join(["version: 1", "name: t", "slices:", *lines, extra])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[timedelta], None]]:
    now = [NOON]
    monkeypatch.setattr(manager_module, "_now", lambda: now[0])

    def pass_by(time: timedelta) -> None:
        now[0] += time

    yield pass_by


@pytest.fixture
def site(tmp_path: Path, clock: Any) -> Site:
    return Site(tmp_path, text(ant="20%", bee="20%"))


def test_it_begins_with_the_file_and_keeps_that_on_record(site):
    assert site.in_force == {"ant": 0.2, "bee": 0.2}
    [first] = site.manager.history()
    assert (first["kind"], first["outcome"]) == ("start", "applied")


def test_what_is_applied_is_in_force_everywhere_and_on_record(site):
    told = site.manager.apply(text(ant="20%", bee="30%"), "t.yaml", who="ann", why="more")
    assert site.in_force == {"ant": 0.2, "bee": 0.3}
    assert told["outcome"] == "applied"
    assert site.keeper.applied[-1]["slices"][1]["guarantee"]["share"] == 0.3
    newest = site.manager.history()[0]
    assert (newest["who"], newest["why"], newest["kind"]) == ("ann", "more", "apply")


def test_numbers_of_slices_stay_when_others_come_before_them(site):
    before = {s.name: s.number for s in site.fabric.state.policy.slices}
    more = text(ant="20%", bee="20%").replace(
        "  ant:", "  aardvark: {members: [{ports: [s7-eth9]}], guarantee: 1%}\n  ant:"
    )
    site.manager.apply(more, "t")
    after = {s.name: s.number for s in site.fabric.state.policy.slices}
    assert {name: after[name] for name in before} == before


def test_a_bad_file_changes_nothing_and_leaves_no_version(site):
    with pytest.raises(PolicyError, match=r"t\.yaml:\d+"):
        site.manager.apply(text(ant="120%", bee="20%"), "t.yaml")
    assert site.in_force == {"ant": 0.2, "bee": 0.2}
    assert len(site.manager.history()) == 1


def test_a_keeper_that_refuses_leaves_rules_alone(site):
    site.keeper.refuses = "s1-eth1: no"
    with pytest.raises(ApplyError, match="s1-eth1: no"):
        site.manager.apply(text(ant="20%", bee="30%"), "t")
    assert site.in_force == {"ant": 0.2, "bee": 0.2}
    assert site.manager.history()[0]["outcome"] == "refused"


def test_a_keeper_that_comes_late_or_again_is_told(site, clock):
    site.keeper.refuses = "not there yet"
    with pytest.raises(ApplyError):
        site.manager._bring_in_line()
    site.keeper.refuses = ""
    for seconds, told in ((0, 1), (5, 1), (60, 2)):
        clock(timedelta(seconds=seconds))
        site.manager._bring_in_line()
        assert len(site.keeper.applied) == told
    assert [s["name"] for s in site.keeper.applied[-1]["slices"]] == ["ant", "bee"]


def test_a_switch_that_refuses_takes_queues_back_too(site):
    site.fabric.refuses = lambda c: isinstance(c, ChangeMeter) and c.dpid == 2
    with pytest.raises(ApplyError, match="switch 0x2 refused meter"):
        site.manager.apply(text(ant="20%", bee="{0}").replace("{0}", "30%, maximum: 1 Mbit/s"), "t")
    assert site.in_force == {"ant": 0.2, "bee": 0.2}
    assert [d["slices"][1]["guarantee"]["share"] for d in site.keeper.applied] == [0.3, 0.2]


def test_going_back_twice_goes_two_steps(site):
    for share in ("21%", "22%"):
        site.manager.apply(text(ant="20%", bee=share), "t")
    assert [site.manager.rollback() and site.in_force["bee"] for _ in range(2)] == [0.21, 0.2]
    site.manager.rollback(to=3)
    assert site.in_force["bee"] == 0.22


def test_two_controllers_cannot_keep_one_record(site, tmp_path):
    with pytest.raises(StoreError, match="another controller"):
        Site(tmp_path, text(ant="20%", bee="20%"))


def test_an_emulated_network_leaves_no_policy_to_others(tmp_path):
    Site(tmp_path, text(ant="11%"), emulated=True).manager.close()
    assert Manager(Settings(state=str(tmp_path))).policy.name == "default"


def test_the_same_text_again_is_no_step_to_go_back_by(site):
    for share in ("21%", "22%", "22%", "22%"):
        site.manager.apply(text(ant="20%", bee=share), "t")
    told = [site.manager.rollback() for _ in range(2)]
    assert [t["equal_to"] for t in told] == [2, 1]
    assert site.in_force["bee"] == 0.2
    with pytest.raises(StoreError, match="nothing to roll back"):
        site.manager.rollback()


def test_a_restart_goes_on_with_what_was_applied_last(site, tmp_path):
    site.manager.apply(text(ant="20%", bee="30%"), "t")
    site.manager.close()
    again = Site(tmp_path, text(ant="20%", bee="20%"))
    assert again.in_force == {"ant": 0.2, "bee": 0.3}
    again.manager.close()
    changed = Site(tmp_path, text(ant="20%", bee="25%"))
    assert changed.in_force["bee"] == 0.25  # the file itself was edited: it speaks again
    changed.manager.close()
    fresh = Site(tmp_path, text(ant="20%", bee="20%"), fresh=True)
    assert fresh.in_force["bee"] == 0.2
    fresh.manager.rollback()
    assert fresh.in_force["bee"] == 0.25


def test_schedules_come_into_force_by_the_clock_and_leave_again(site, clock):
    intent = "intents: [bulk at most 10% of any uplink between 13:00 and 14:00]"
    site.manager.apply(text(intent, ant="20%", bee="20%"), "t")
    assert site.fabric.state.policy.limits == ()
    assert site.manager.running()["next_change"] == "2026-03-04T13:00:00+00:00"
    for hours, limits in ((1, 1), (1, 0)):
        clock(timedelta(hours=hours))
        site.manager._at_this_hour()
        assert len(site.fabric.state.policy.limits) == limits
        assert len(site.keeper.applied[-1]["limits"]) == limits
    assert len(site.manager.history()) == 2  # the clock makes no versions


def test_schedules_go_on_while_some_try_another_policy(site, clock):
    intent = "intents: [bulk at most 10% of any uplink between 13:00 and 14:00]"
    site.manager.apply(text(intent, ant="20%", bee="20%"), "t")
    site.manager.apply(text(intent, ant="30%", bee="30%"), "t", canary=0.5, bake_s=0)
    clock(timedelta(hours=1))
    site.manager._at_this_hour()
    assert len(site.fabric.state.policy.limits) == 1
    assert site.in_force == {"ant": 0.3, "bee": 0.2}


def test_a_tier_of_unknown_switches_is_refused(site, tmp_path):
    confined = "tiers: {near: [leaf1]}\nintents: [ant stays in tier near]"
    with pytest.raises(PolicyError, match="--links"):
        site.manager.apply(text(confined, ant="20%", bee="20%"), "t")
    with pytest.raises(PolicyError, match="--links"):
        Site(tmp_path / "other", text(confined, ant="20%", bee="20%"))
    site.manager.apply(text(confined.replace("leaf1", "0x1"), ant="20%", bee="20%"), "t")


def test_nothing_to_try_leaves_no_version(site):
    with pytest.raises(ApplyError, match="canary"):
        site.manager.apply(text(ant="20%", bee="20%"), "t", canary=0.5)
    assert len(site.manager.history()) == 1


def test_two_at_a_time_is_one_too_many(site):
    with site.manager._alone(), pytest.raises(BusyError):
        site.manager.apply(text(ant="20%", bee="30%"), "t")


@pytest.fixture
def figures(site: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, Figures]:
    found = {"ant": Figures(), "bee": Figures()}
    monkeypatch.setattr(Manager, "figures", lambda _self: dict(found))
    return found


def _traffic(figures: dict[str, Figures], seconds: float, **lost: float) -> None:
    for name, f in figures.items():
        figures[name] = Figures(
            f.sent_bytes + 1e6 * seconds, f.sent_packets + 1e3 * seconds,
            f.lost_packets + 1e3 * seconds * lost.get(name, 0.0), f.seconds + seconds,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("lost", "outcome", "share"),
    [
        ({}, "applied", 0.3),
        ({"ant": 0.2}, "rolled-back", 0.2),
        ({"ant": 0.2, "bee": 0.2}, "applied", 0.3),
    ],
)
def test_a_trial_ends_by_its_figures(site, clock, figures, lost, outcome, share):
    for _ in range(12):
        _traffic(figures, 5)
        site.manager._at_this_hour()
    site.manager.apply(text(ant="30%", bee="30%"), "t", canary=0.5, bake_s=30)
    assert site.in_force == {"ant": 0.3, "bee": 0.2}
    with pytest.raises(ApplyError, match="being tried"):
        site.manager.apply(text(ant="20%", bee="30%"), "t")
    _traffic(figures, 30, **lost)
    clock(timedelta(seconds=29))
    site.manager._at_this_hour()
    assert site.manager.trial
    clock(timedelta(seconds=2))
    site.manager._at_this_hour()
    assert site.manager.trial is None
    assert site.in_force == {"ant": share, "bee": share}
    assert site.manager.history()[0]["outcome"] == outcome


def test_a_trial_that_waits_for_people(site):
    site.manager.apply(text(ant="30%", bee="30%"), "t", canary=0.5, bake_s=0)
    site.manager.promote("ann")
    assert site.in_force == {"ant": 0.3, "bee": 0.3}
    site.manager.apply(text(ant="10%", bee="10%"), "t", canary=0.5, bake_s=0)
    site.manager.rollback("ann")
    assert site.in_force == {"ant": 0.3, "bee": 0.3}
    with pytest.raises(ApplyError, match="nothing is being tried"):
        site.manager.promote()


def test_a_plan_counts_what_would_be_sent_and_sends_nothing(site):
    before = {d: dict(s.rules) for d, s in site.fabric.switches.items()}
    plan = site.manager.plan(text(ant="20%", bee="20%, maximum: 1 Mbit/s"), "t")
    assert [d["path"] for d in plan["policy"]] == ["slices.bee.maximum"]
    assert plan["rules"].keys() == {"0x1", "0x2"}
    assert {d: dict(s.rules) for d, s in site.fabric.switches.items()} == before
    site.manager.apply(text(ant="20%", bee="20%, maximum: 1 Mbit/s"), "t")
    assert {d for d in before if before[d] != site.fabric.switches[d].rules} == {1, 2}


def test_a_plan_without_the_keeper_tells_the_rest(site):
    site.keeper.refuses = "gone"
    plan = site.manager.plan(text(ant="20%", bee="20%, maximum: 1 Mbit/s"), "t")
    assert "gone" in plan["queues_trouble"]
    assert plan["rules"].keys() == {"0x1", "0x2"}


def test_a_switch_unplugged_in_the_middle_is_no_reason_to_go_back(site):
    site.fabric.disconnect(2)
    site.manager.apply(text(ant="20%", bee="20%, maximum: 1 Mbit/s"), "t")
    assert not any(32768 <= m < 1 << 16 for m in site.fabric.switches[2].meters)
    site.fabric.connect(2)
    site.fabric.run(2.0)
    assert any(32768 <= m < 1 << 16 for m in site.fabric.switches[2].meters)
