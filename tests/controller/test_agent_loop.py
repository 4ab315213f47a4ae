"""The agent's loop from counters to groups, on the fake fabric, with an advisor that can err."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agent_fabric import MBIT, AgentFabric, Sane, answer, even, weak_spine
from fabric import leaf_spine

from controller.advice.demand import DemandMeter
from controller.advice.guard import Case
from controller.advice.network import FloatArray
from controller.advice.records import Limits, Reason, Standing, Verdict
from controller.events import AdviceReceived, Observe, Port, PortChanged

EQUAL = {1: 100, 2: 100}


@pytest.fixture
def fabric() -> AgentFabric:
    return weak_spine().start()


def advised(fabric: AgentFabric, seconds: float = 4.0) -> AgentFabric:
    """The same, with sane advice in force."""
    fabric.up()
    fabric.advise = Sane()
    fabric.run(seconds)
    assert fabric.weights(1, 2) != EQUAL
    return fabric


def test_traffic_moves_off_the_weak_link(fabric: AgentFabric) -> None:
    assert fabric.weights(1, 2) == EQUAL
    advised(fabric)
    weights = fabric.weights(1, 2)
    assert weights[1] / sum(weights.values()) == pytest.approx(0.8, abs=0.05)
    record = next(r for r in fabric.loop.records if r.verdict is Verdict.APPLIED)
    assert record.predicted is not None
    assert record.predicted_fallback is not None
    assert record.predicted < record.predicted_fallback


def test_what_was_promised_is_verified_on_the_traffic_that_came(fabric: AgentFabric) -> None:
    advised(fabric)
    record = fabric.loop.records[-2]
    assert record.verified == pytest.approx(0.32, abs=0.02)
    assert record.verified_fallback == pytest.approx(0.8, abs=0.02)
    assert record.measured == pytest.approx(0.32, abs=0.02)
    assert {"measure", "forecast", "verify", "advise", "wait", "guard"} <= record.seconds.keys()


def test_demands_are_measured_by_pair(fabric: AgentFabric) -> None:
    fabric.up()
    fabric.demands = {(1, 2): 8 * MBIT, (2, 1): 3 * MBIT}
    fabric.run(4.0)
    asked = fabric.asked[-1]
    measured = dict(zip(asked.view.row, asked.demands.sum(0), strict=True))
    assert measured[1, 2] == pytest.approx(8 * MBIT, rel=0.01)
    assert measured[2, 1] == pytest.approx(3 * MBIT, rel=0.01)


def test_no_change_is_sent_once_nothing_pays(fabric: AgentFabric) -> None:
    advised(fabric)
    before = fabric.switches[1].changes
    fabric.run(10.0)
    assert fabric.switches[1].changes == before


def test_without_an_agent_nothing_is_asked_and_nothing_differs() -> None:
    fabric = leaf_spine().start()
    assert fabric.state.agent is None
    quiet = weak_spine(agent="", advise_interval_s=0.0).start()
    plain = {dpid: switch.groups for dpid, switch in quiet.switches.items()}
    with_agent = weak_spine().start()
    assert plain == {dpid: switch.groups for dpid, switch in with_agent.switches.items()}


# --- the advisor is gone, late, or talks nonsense -----------------------------------------------


def test_a_dead_advisor_leaves_equal_splits_at_once(fabric: AgentFabric) -> None:
    advised(fabric).down()
    assert fabric.weights(1, 2) == EQUAL
    assert fabric.loop.standing is Standing.ABSENT


def test_a_hung_advisor_leaves_equal_splits_within_an_interval(fabric: AgentFabric) -> None:
    advised(fabric).advise = None
    asked = len(fabric.asked)
    while len(fabric.asked) == asked:
        fabric.run(0.05)
    fabric.run(fabric.settings.advise_interval_s)
    assert fabric.weights(1, 2) == EQUAL
    assert fabric.loop.refusals[Reason.LATE] == 1


def test_a_restarted_advisor_is_followed_again(fabric: AgentFabric) -> None:
    advised(fabric).down()
    fabric.up()
    fabric.run(2.0)
    assert fabric.weights(1, 2) != EQUAL


def nan(question: Observe) -> FloatArray:
    return even(question) * np.nan


def out_of_bounds(question: Observe) -> FloatArray:
    return np.append(even(question), 1.0)


def backwards(question: Observe) -> FloatArray:
    """All on the weakest way, worse than equal splits."""
    return on_fast_paths(question, 0.0)


def on_fast_paths(question: Observe, share: float) -> FloatArray:
    """That share of each pair on its path of most capacity, the rest on the other."""
    paths = question.view.paths
    slow = paths.path_max(1 / paths.network.capacity)
    fast = slow == np.minimum.reduceat(slow, paths.start)[paths.pair]
    return np.where(fast, share, 1 - share)


@pytest.mark.parametrize(
    ("advise", "reason"),
    [(nan, Reason.MALFORMED), (out_of_bounds, Reason.MALFORMED), (backwards, Reason.STARVED)],
)
def test_bad_advice_is_refused_benched_and_noted(
    fabric: AgentFabric, advise: Callable[[Observe], FloatArray], reason: Reason
) -> None:
    fabric.up()
    fabric.advise = advise
    fabric.run(6.0)
    assert fabric.weights(1, 2) == EQUAL
    assert fabric.loop.refusals[reason] >= 5
    assert fabric.loop.standing is Standing.BENCHED
    assert fabric.noted("agent-benched") == 1
    assert fabric.noted("agent-refused") >= 1


def test_sane_advice_stays_in_force_while_a_worse_one_is_refused(fabric: AgentFabric) -> None:
    advised(fabric)
    before, fabric.advise = fabric.weights(1, 2), lambda q: on_fast_paths(q, 0.4)
    fabric.run(0.6)
    assert fabric.loop.refusals[Reason.WORSE]
    assert fabric.weights(1, 2) == before


def test_a_benched_agent_comes_back_after_proving_itself_in_shadow(fabric: AgentFabric) -> None:
    fabric.up()
    fabric.advise = nan
    fabric.run(6.0)
    fabric.advise = Sane()
    fabric.run(2.0)
    assert fabric.loop.standing is Standing.BENCHED
    assert fabric.weights(1, 2) == EQUAL
    assert fabric.loop.records[-2].verdict is Verdict.SHADOWED
    fabric.run(8.0)
    assert fabric.loop.standing is Standing.TRUSTED
    assert fabric.weights(1, 2) != EQUAL


def test_a_restart_does_not_get_an_agent_off_the_bench(fabric: AgentFabric) -> None:
    fabric.up()
    fabric.advise = nan
    fabric.run(6.0)
    fabric.down()
    fabric.up()
    assert fabric.loop.standing is Standing.BENCHED


# --- stale --------------------------------------------------------------------------------------


def test_an_answer_to_an_older_question_changes_nothing(fabric: AgentFabric) -> None:
    fabric.up()
    fabric.run(3.0)
    old = fabric.asked[-3]
    fabric.feed(answer(old, Sane()(old)))
    assert fabric.weights(1, 2) == EQUAL


def test_an_answer_about_another_network_is_stale(fabric: AgentFabric) -> None:
    fabric.up()
    fabric.run(2.0)
    fabric.advise = lambda q: fabric.feed(
        AdviceReceived(q.view.version - 1, q.number, "tests", Sane()(q))
    )
    fabric.run(1.0)
    assert fabric.loop.refusals[Reason.STALE]
    assert fabric.weights(1, 2) == EQUAL


def test_a_link_that_goes_down_while_it_thinks_makes_its_answer_stale(fabric: AgentFabric) -> None:
    advised(fabric)

    def cut_then_answer(question: Observe) -> FloatArray:
        fabric.advise = None
        for end, peer in fabric.peers.items():
            if {end[0], peer[0]} == {1, 102}:
                fabric.feed(PortChanged(end[0], Port(end[1], "cut", False)))
        return Sane()(question)

    fabric.advise = cut_then_answer
    fabric.run(0.6)
    assert fabric.loop.refusals[Reason.STALE] == 1
    assert fabric.weights(1, 2) == {1: 100}


def test_a_topology_change_drops_advice_for_good(fabric: AgentFabric) -> None:
    advised(fabric).advise = None
    fabric.cut(1, 102)
    assert fabric.weights(1, 2) == {1: 100}
    fabric.loop.answered = True
    fabric.mend(1, 102)
    fabric.run(0.2)
    assert fabric.agent.advice == {}
    assert all(fabric.reaches(a, b) for a, b in fabric.pairs())


def test_every_host_is_reached_under_advice_cuts_and_returns(fabric: AgentFabric) -> None:
    advised(fabric)
    for act in (fabric.cut, fabric.mend):
        act(2, 101)
        for _ in range(20):
            fabric.run(0.1)
            assert all(fabric.reaches(a, b) for a, b in fabric.pairs())


# --- telemetry ----------------------------------------------------------------------------------


def test_forged_counters_lead_to_equal_splits(fabric: AgentFabric) -> None:
    advised(fabric)
    end = next(end for end, peer in fabric.peers.items() if (end[0], peer[0]) == (1, 101))
    for _ in range(8):
        fabric.lie[end] = fabric.lie.get(end, 0) + int(10 * MBIT)
        fabric.run(0.5)
    assert fabric.loop.refusals[Reason.TELEMETRY]
    assert fabric.weights(1, 2) == EQUAL


def test_counters_that_stop_coming_are_not_believed(fabric: AgentFabric) -> None:
    advised(fabric)
    fabric._counters = lambda dpid: iter(())  # type: ignore[method-assign]
    fabric.run(8.0)
    assert fabric.loop.refusals[Reason.TELEMETRY]
    assert fabric.weights(1, 2) == EQUAL


# --- oscillation, rate, constraints -------------------------------------------------------------


class Fickle:
    """Always wants the other extreme, both a little better than equal splits."""

    def __init__(self) -> None:
        self.odd = False

    def __call__(self, question: Observe) -> FloatArray:
        self.odd = not self.odd
        return on_fast_paths(question, 0.76 if self.odd else 0.84)


def test_an_agent_that_wavers_changes_nothing_much(fabric: AgentFabric) -> None:
    fabric.up()
    fabric.advise = Fickle()
    fabric.run(20.0)
    applied = sum(r.verdict is Verdict.APPLIED for r in fabric.loop.records)
    assert applied <= 2


def test_few_pairs_change_at_a_time_the_most_gainful_first() -> None:
    leaves = range(1, 6)
    stated = {(n, s): (20 if s == 101 else 5) * MBIT for n in leaves for s in (101, 102)}
    fabric = AgentFabric(list(stated), leaves, stated=stated, limits=Limits(most_changes=1))
    fabric.start()
    fabric.demands = {(1, 2): 8 * MBIT, (3, 4): 7 * MBIT}
    fabric.up()
    fabric.advise = Sane()
    while not fabric.agent.advice:
        fabric.run(0.1)
    assert [(a, b) for a, b, _ in fabric.agent.advice] == [(1, 2)]
    fabric.run(1.0)
    assert (3, 4) in {(a, b) for a, b, _ in fabric.agent.advice}


def test_a_pair_keeps_its_splits_for_a_while() -> None:
    fabric = weak_spine(Limits(dwell_s=1000.0)).start()
    advised(fabric)
    before = fabric.weights(1, 2)
    fabric.demands = {(1, 2): 30 * MBIT}
    fabric.advise = lambda q: on_fast_paths(q, 0.9)
    fabric.run(5.0)
    assert fabric.weights(1, 2) == before


def test_the_operators_constraints_hold(fabric: AgentFabric) -> None:
    fabric.loop.constraints = (lambda _paths, _splits: "nothing may move today",)
    fabric.up()
    fabric.advise = Sane()
    fabric.run(4.0)
    assert fabric.loop.refusals[Reason.CONSTRAINT]
    assert fabric.weights(1, 2) == EQUAL


# --- regression ---------------------------------------------------------------------------------


def test_advice_that_turns_out_worse_is_rolled_back() -> None:
    """The guard is told nothing of demands to come; what comes is where the advice hurts."""
    stated = {(1, 101): 20 * MBIT, (2, 101): 20 * MBIT, (1, 102): 20 * MBIT, (2, 102): 20 * MBIT,
              (3, 101): 20 * MBIT, (3, 102): 20 * MBIT}  # fmt: skip
    fabric = AgentFabric(list(stated), [1, 2, 3], stated=stated, limits=Limits(dwell_s=0.5)).start()
    fabric.up()
    fabric.agent.advice.clear()
    fabric.advise = even
    fabric.demands = {(1, 2): 8 * MBIT, (1, 3): 8 * MBIT}
    fabric.run(3.0)
    view = fabric.agent.view
    assert view is not None
    # As if accepted long ago: both pairs on one spine.
    for pair in ((1, 2), (1, 3)):
        span = view.span(view.row[pair])
        fabric.agent.advice[(*pair, fabric.traffic_group)] = {
            view.steps[p]: 100 if view.steps[p][-1][0] == 101 else 0
            for p in range(span.start, span.stop)
        }
    fabric.loop.limits = Limits(least_gain=10.0)  # no change pays, so nothing cures it
    fabric.run(3.0)
    assert fabric.loop.standing is Standing.BENCHED
    assert "worse than equal splits" in next(
        n.text for n in fabric.notes if n.kind == "agent-benched"
    )
    assert fabric.agent.advice == {}


# --- demands ------------------------------------------------------------------------------------


def test_a_counter_that_begins_again_gives_no_negative_and_no_huge_rate() -> None:
    meter = DemandMeter(1)
    meter.move(np.array([-1], np.int32))
    rates = []
    for i, total in enumerate([1000.0, 2000.0, 3000.0, 500.0, 1500.0, 2500.0]):
        rates.append(float(meter.measure(np.array([[total]]), np.array([[1.0 + i]]))[0, 0]))
    assert rates == [0.0, 8000.0, 8000.0, 4000.0, 8000.0, 8000.0]


def test_pairs_keep_their_history_when_others_come_and_go() -> None:
    meter = DemandMeter(1)
    meter.move(np.array([-1, -1], np.int32))
    for i in range(3):
        meter.measure(np.array([[100.0 * i, 200.0 * i]]), np.full((1, 2), 1.0 + i))
        meter.forecast()
    meter.move(np.array([-1, 1], np.int32))
    rate = meter.measure(np.array([[0.0, 600.0]]), np.full((1, 2), 4.0))
    assert rate.tolist() == [[0.0, 1600.0]]


def test_the_forecast_keeps_a_peak_for_a_while() -> None:
    meter = DemandMeter(1)
    meter.move(np.array([-1], np.int32))
    total, seen = 0.0, []
    for i, rate in enumerate([0, 100, 100, 1000, 100, 100]):
        total += rate
        meter.measure(np.array([[total]]), np.array([[1.0 + i]]))
        seen.append(float(meter.forecast().forecast[0, 0]))
    assert seen[3] >= 8000
    assert 800 < seen[5] < seen[4] < seen[3]


def test_the_guards_case_is_made_of_three_kinds_of_demand(fabric: AgentFabric) -> None:
    advised(fabric)
    question = fabric.loop.question
    assert question is not None
    case: Any = fabric.loop._case(question)
    assert isinstance(case, Case)
    assert case.demands.shape == (3, 2, 2)
