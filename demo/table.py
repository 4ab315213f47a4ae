"""The report as tables for a terminal.

Owns wording, units and rounding. It must not compute figures.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from demo.plan import Arm
from demo.report import WEAK_ARMS, ArmReport, Figure, Report, compared_with


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a metric, its name for people and how it is written."""

    metric: str
    label: str
    write: Callable[[float], str]


def _milliseconds(value: float) -> str:
    return f"{value * 1e3:.1f} ms"


def _seconds(value: float) -> str:
    return f"{value:.3f} s"


def _megabits(value: float) -> str:
    return f"{value / 1e6:.1f} Mbit/s"


def _percent(value: float) -> str:
    return f"{value:.0%}"


ROWS = (
    Row("inference_p50_s", "inference p50", _milliseconds),
    Row("inference_p99_s", "inference p99", _milliseconds),
    Row("iteration_mean_s", "iteration mean", _seconds),
    Row("iteration_p99_s", "iteration p99", _seconds),
    Row("bulk_goodput_bps", "bulk goodput", _megabits),
    Row("bulk_share_of_leftover", " of what was left", _percent),
    Row("scrape_p99_s", "scrape p99", _milliseconds),
    Row("link_utilisation", "link utilisation", _percent),
)
# Bulk gets what the others leave, so where they get on better it sends less.
_OTHERS = Row("priority_bps", "training + inference", _megabits)
_MANY = 10.0  # from here on, decimals of a ratio say nothing
_TITLES = {
    Arm.ALONE: "alone",
    Arm.PLAIN: "plain",
    Arm.HEADWAY: "Headway",
    Arm.STATIC: "Headway, static",
    Arm.AGENT: "with the agent",
}
_STYLES = {Arm.HEADWAY: "bold", Arm.AGENT: "bold"}


def build_table(report: Report, arms: Collection[Arm]) -> Table:
    """The table of some arms; a ratio stands beside each figure where its basis was measured."""
    repeats = report.plan.repeats
    table = Table(title=_title(report, arms))
    table.add_column("", no_wrap=True)
    shown = {arm: entry for arm, entry in report.arms.items() if arm in arms}
    compared = [
        arm for arm in shown if compared_with(arm) in shown and arm is not compared_with(arm)
    ]
    for arm in shown:
        style = _STYLES.get(arm, "")
        table.add_column(_TITLES[arm], justify="right", style=style, no_wrap=repeats == 1)
        if arm in compared:
            basis = f"/ {compared_with(arm).value}"
            table.add_column(basis, justify="right", style="cyan", no_wrap=True)
    for row in _rows(arms):
        cells: list[str] = []
        for arm, entry in shown.items():
            cells.append(_cell(row, entry, repeats))
            if arm in compared:
                cells.append(_ratio(entry.ratios[row.metric]))
        table.add_row(row.label, *cells)
    return table


def agent_line(report: Report) -> str:
    """What became of the agent's advice in the last repeat."""
    done = report.decisions[-1]
    fates = [f"{count} {fate}" for fate, count in done.verdicts.items()]
    reasons = ", ".join(f"{count} {reason}" for reason, count in done.refusals.items())
    refused = f" ({reasons})" if reasons else ""
    return f"agent {done.agent}: {done.turns} answers, {', '.join(fates)}{refused}"


def _rows(arms: Collection[Arm]) -> tuple[Row, ...]:
    weak = set(arms) <= set(WEAK_ARMS)
    place = next(i for i, row in enumerate(ROWS) if row.metric == "bulk_goodput_bps")
    return (*ROWS[:place], _OTHERS, *ROWS[place:]) if weak else ROWS


def _title(report: Report, arms: Collection[Arm]) -> str:
    repeats, plan = report.plan.repeats, report.plan
    over = f"median of {repeats} repeats [least..most]" if repeats > 1 else "one repeat"
    weak = f" with {plan.weakness}" if set(arms) <= set(WEAK_ARMS) else ""
    return f"{report.spec}{weak}, seed {plan.scenario.seed}, {over}"


def outage_lines(report: Report) -> Text:
    """What the cuts of the last repeat did, a line each."""
    cuts = report.outages[-1].cuts if report.outages else ()
    words = [
        f"{cut.repair.value} repair ({'-'.join(cut.link)} cut): traffic was out for "
        f"{_maybe(cut.outage_s)}, {cut.packets_lost} of {cut.packets_lost + cut.packets_received} "
        "probe packets lost"
        for cut in cuts
    ]
    return Text("\n".join(words))


def _cell(row: Row, entry: ArmReport, repeats: int) -> str:
    figure = entry.figures[row.metric]
    if figure is None:
        return "none"
    text = row.write(figure.median)
    if repeats > 1:
        text += f" [{row.write(figure.low)}..{row.write(figure.high)}]"
    return text


def _ratio(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    return f"{figure.median:.0f}x" if figure.median >= _MANY else f"{figure.median:.2f}x"


def _maybe(value: float | None) -> str:
    return "no time" if value is None else _milliseconds(value)
