import io
import json

import pytest
from rich.console import Console

from demo.decisions import Decisions
from demo.errors import ScenarioError
from demo.metrics import METRICS, ArmMetrics, ArmResult
from demo.outage import Cut, Outage, Repair
from demo.plan import Arm, Environment, Plan, Repeat, parse_arms
from demo.report import (
    EVEN_ARMS,
    WEAK_ARMS,
    Figure,
    left_over,
    notes,
    summarise,
    to_document,
)
from demo.table import agent_line, build_table, outage_lines
from demo.weak import Weakness


def metrics(scale):
    return ArmMetrics(
        inference_p50_s=0.004 * scale,
        inference_p99_s=0.010 * scale,
        inference_requests=500,
        iteration_mean_s=0.5 * scale,
        iteration_p99_s=0.6 * scale,
        iterations=30,
        bulk_goodput_bps=90e6 / scale,
        priority_bps=0.0 if scale == 1 else 40e6,
        link_utilisation=0.99,
    )


def repeat(factor=1.0):
    arms = {
        Arm.ALONE: ArmResult(metrics(1), (0.004, 0.01), (0.5,)),
        Arm.PLAIN: ArmResult(metrics(20 * factor), (0.1, 0.2), (1.0,), ("something",)),
        Arm.HEADWAY: ArmResult(metrics(1.2 * factor), (0.005, 0.012), (0.55,)),
    }
    weak = {
        Arm.STATIC: ArmResult(metrics(10), (0.05, 0.1), (5.0,)),
        Arm.AGENT: ArmResult(metrics(2 * factor), (0.006, 0.02), (0.6,)),
    }
    cut = Cut(("leaf1", "spine1"), Repair.LOCAL, 0.02, 20, 3980)
    done = Decisions("online-gradient", 9, {"applied": 7, "refused": 2}, {"late": 2}, 12, {})
    return Repeat({**arms, **weak}, Outage((cut,)), Environment("user", "cubic"), done)


@pytest.fixture
def report(scenario, tmp_path):
    plan = Plan(scenario, tmp_path, weakness=Weakness(("leaf1", "spine1"), 0.5), repeats=3)
    return summarise(plan, "leafspine", [repeat(), repeat(2), repeat(3)], {"kernel": "test"})


def show(renderable):
    console = Console(width=200, file=io.StringIO())
    console.print(renderable)
    return console.file.getvalue()


def test_a_figure_is_the_median_and_its_spread():
    assert Figure.of([3.0, None, 1.0, 2.0]) == Figure(2.0, 1.0, 3.0)
    assert Figure.of([None]) is None
    assert Figure.median_of([]) is None


def test_ratios_are_to_alone_of_the_same_repeat(report):
    ratio = report.arms[Arm.PLAIN].ratios["inference_p99_s"]
    assert (ratio.low, ratio.median, ratio.high) == pytest.approx((20, 40, 60))


def test_what_is_left_over_is_capacity_alone_minus_the_other_jobs():
    done = left_over(metrics(1.2), metrics(1))
    assert done.bulk_leftover_bps == pytest.approx(50e6)
    assert done.bulk_share_of_leftover == pytest.approx(75e6 / 50e6)
    assert left_over(ArmMetrics(), metrics(1)) == ArmMetrics()


def test_a_weak_trunk_leaves_less_over(report):
    left = report.arms[Arm.STATIC].figures["bulk_leftover_bps"]
    assert left.median == pytest.approx(0.75 * 90e6 - 40e6)


def test_the_agent_is_compared_with_equal_splits_on_the_same_network(report):
    ratio = report.arms[Arm.AGENT].ratios["iteration_mean_s"]
    assert (ratio.low, ratio.median, ratio.high) == pytest.approx((0.2, 0.4, 0.6))


def test_the_document_has_the_promised_form(report):
    document = json.loads(json.dumps(to_document(report)))
    assert set(document["arms"]) == {"alone", "plain", "headway", "static", "agent"}
    assert set(document["ratios_to_alone"]) == {"alone", "plain", "headway"}
    assert document["ratios_to_static"]["agent"]["iteration_mean_s"] == pytest.approx(0.4)
    assert document["weakened"] == "leaf1-spine1=0.5"
    assert document["agent"][0]["verdicts"] == {"applied": 7, "refused": 2}
    for entry in document["arms"].values():
        assert set(entry) == set(METRICS)
        assert entry["inference_p99_s"] > 0
    assert document["outage_s"] == 0.02
    assert document["outage"]["local_s"] == 0.02
    assert document["outage"]["remote_s"] is None
    assert document["outage"]["cuts"][0]["link"] == "leaf1-spine1"
    assert document["spread"]["headway"]["iteration_mean_s"]["high"] == pytest.approx(1.8)
    for key in ("seed", "topology", "repeats", "duration_s", "environment", "workload", "runs"):
        assert key in document


def test_the_table_shows_figures_ratios_and_spread(report):
    text = show(build_table(report, EVEN_ARMS))
    assert "agent" not in text
    assert "inference p99" in text
    assert "10.0 ms" in text
    assert "40x" in text
    assert "[200.0 ms..600.0 ms]" in text
    assert "20.0 ms" in show(outage_lines(report))
    assert "plain: something" in notes(report)


def test_the_weak_network_has_a_table_of_its_own(report):
    text = show(build_table(report, WEAK_ARMS))
    assert "leaf1-spine1=0.5" in text
    assert "/ static" in text
    assert "0.40x" in text
    line = agent_line(report)
    assert line == "agent online-gradient: 9 answers, 7 applied, 2 refused (2 late)"


def test_a_run_without_alone_has_figures_and_no_ratios(scenario, tmp_path):
    plan = Plan(scenario, tmp_path, arms=frozenset({Arm.PLAIN}))
    only = Repeat({Arm.PLAIN: ArmResult(ArmMetrics())}, None, Environment("", ""))
    report = summarise(plan, "leafspine", [only], {})
    assert "none" in show(build_table(report, EVEN_ARMS))
    assert to_document(report)["outage_s"] is None


def test_a_run_of_cuts_alone_has_no_table_but_a_document(scenario, tmp_path):
    outage = Outage((), "nothing to cut")
    only = Repeat({}, outage, Environment("", ""))
    report = summarise(Plan(scenario, tmp_path), "dumbbell", [only], {})
    assert report.arms == {}
    assert notes(report) == [
        "no trunk was weakened, so the arms static and agent did not run",
        "cut: nothing to cut",
    ]
    assert to_document(report)["outage_s"] is None


@pytest.mark.slow
def test_the_chart_is_a_picture(report, tmp_path):
    from demo.chart import draw

    draw(report, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_arms_are_read_from_a_list():
    assert parse_arms("alone, cut") == {Arm.ALONE, Arm.CUT}
    for text in ("", ",", "alone,plane"):
        with pytest.raises(ScenarioError, match="choose from alone"):
            parse_arms(text)
