"""The report as a picture.

Owns the drawing; matplotlib is imported only here, when there is something to draw (it takes
a second), with a backend that needs no screen. It must not
compute figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demo.plan import Arm
from demo.report import Report

_COLOURS = {
    Arm.ALONE: "#8a8f98",
    Arm.PLAIN: "#d1603d",
    Arm.HEADWAY: "#1f6fb2",
    Arm.STATIC: "#8fb8dc",
    Arm.AGENT: "#2e8b57",
}
_LABELS = {
    Arm.ALONE: "alone",
    Arm.PLAIN: "plain",
    Arm.HEADWAY: "Headway",
    Arm.STATIC: "weak trunk,\nHeadway",
    Arm.AGENT: "weak trunk,\nagent",
}
_INK = "#2b2f36"
_STYLE = {
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": "#c8ccd2",
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#eceef1",
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
}


def draw(report: Report, path: Path) -> None:
    """Write the chart as a PNG file.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib import rc_context  # noqa: PLC0415
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context(_STYLE):
        figure = Figure(figsize=(12 if len(report.arms) <= 3 else 14, 4.6), layout="constrained")
        FigureCanvasAgg(figure)
        latency, iteration, bulk = figure.subplots(1, 3, width_ratios=(1.4, 1, 1))
        _draw_latency(latency, report)
        _draw_iterations(iteration, report)
        _draw_bulk(bulk, report)
        figure.suptitle(_caption(report), x=0.01, ha="left", fontsize=9, color="#6b717b")
        figure.savefig(path, dpi=150, facecolor="white")


def _draw_latency(axes: Any, report: Report) -> None:
    """Share of requests slower than a latency, both on logarithmic axes: the tail in full view."""
    for arm, entry in report.arms.items():
        ordered = sorted(entry.latencies_s)
        if not ordered:
            continue
        slower = [1 - rank / len(ordered) for rank in range(len(ordered))]
        milliseconds = [1e3 * value for value in ordered]
        axes.step(milliseconds, slower, color=_COLOURS[arm], linewidth=2, label=_on_one_line(arm))
    axes.set(xscale="log", yscale="log", title="Inference latency")
    axes.set(xlabel="milliseconds", ylabel="share of requests slower")
    axes.axhline(0.01, color="#b4b9c1", linewidth=1, linestyle=":")
    axes.text(0.99, 0.0107, "p99", ha="right", transform=axes.get_yaxis_transform(), fontsize=8)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    if report.arms:
        axes.legend(loc="upper right")


def _draw_iterations(axes: Any, report: Report) -> None:
    """Each training step as a dot, the mean as a bar."""
    for place, (arm, entry) in enumerate(report.arms.items()):
        steps = entry.iterations_s
        mean = entry.figures["iteration_mean_s"]
        if mean is not None:
            axes.bar(place, mean.median, width=0.62, color=_COLOURS[arm], alpha=0.35)
            _mark(axes, place, mean.median, f"{mean.median:.2f} s")
        spread = [place + 0.24 * ((index * 0.618) % 1 * 2 - 1) for index in range(len(steps))]
        axes.scatter(spread, steps, s=9, color=_COLOURS[arm], linewidths=0, alpha=0.8)
    axes.set(title="Training iteration", ylabel="seconds")
    _name_arms(axes, report)


def _draw_bulk(axes: Any, report: Report) -> None:
    """Bulk goodput as a bar, what was left over for it as a line across."""
    for place, (arm, entry) in enumerate(report.arms.items()):
        goodput, left = entry.figures["bulk_goodput_bps"], entry.figures["bulk_leftover_bps"]
        if goodput is not None:
            axes.bar(place, goodput.median / 1e6, width=0.62, color=_COLOURS[arm], alpha=0.85)
            _mark(axes, place, 0, f"{goodput.median / 1e6:.0f}", colour="white")
        if left is not None:
            label = "what the other jobs left" if arm is Arm.ALONE else None
            ends = (place - 0.38, place + 0.38)
            axes.hlines(left.median / 1e6, *ends, color=_INK, linewidth=1.5, label=label)
    axes.set(title="Bulk goodput", ylabel="Mbit/s")
    _name_arms(axes, report)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper right", fontsize=8)


def _name_arms(axes: Any, report: Report) -> None:
    size = 10 if len(report.arms) <= 3 else 8
    axes.set_xticks(range(len(report.arms)), [_LABELS[arm] for arm in report.arms], fontsize=size)
    axes.grid(visible=False, axis="x")
    axes.set_ylim(bottom=0, top=1.15 * axes.get_ylim()[1])


def _on_one_line(arm: Arm) -> str:
    return _LABELS[arm].replace("\n", " ")


def _mark(axes: Any, place: float, height: float, text: str, colour: str = _INK) -> None:
    axes.annotate(
        text, (place, height), xytext=(0, 5), textcoords="offset points", ha="center", color=colour,
        fontsize=9,
    )  # fmt: skip


def _caption(report: Report) -> str:
    plan = report.plan
    words = [
        f"headway demo on {report.spec}",
        f"seed {plan.scenario.seed}",
        f"{plan.repeats} x {plan.duration_s:g} s",
    ]
    if report.outage_s is not None:
        words.append(f"a cut link: out for {report.outage_s * 1e3:.0f} ms")
    return "  ·  ".join(words)
