"""The demo's result as one report: pure.

Owns what is said about the repeats: medians, spread, ratios to the arm "alone" of the same
repeat (to "static" on the network with a weak trunk), what was left over for the bulk, and the form
of the JSON file. It must not print, draw or write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median

from demo.decisions import Decisions
from demo.metrics import METRICS, ArmMetrics, ArmResult
from demo.outage import Cut, Outage, Repair
from demo.plan import Arm, Plan, Repeat
from demo.weak import weaken

EVEN_ARMS = (Arm.ALONE, Arm.PLAIN, Arm.HEADWAY)
WEAK_ARMS = (Arm.STATIC, Arm.AGENT)
MEASURED_ARMS = (*EVEN_ARMS, *WEAK_ARMS)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure over the repeats: the median, and how far it spread."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Figure | None:
        """The figure of what was measured; None if nothing was."""
        known = [value for value in values if value is not None]
        return cls(median(known), min(known), max(known)) if known else None

    @classmethod
    def median_of(cls, values: Iterable[float | None]) -> float | None:
        """The median alone."""
        figure = cls.of(values)
        return figure.median if figure else None


@dataclass(frozen=True, slots=True)
class ArmReport:
    """One arm over all repeats: figures and ratios by metric, samples of all repeats together."""

    figures: Mapping[str, Figure | None]
    ratios: Mapping[str, Figure | None]
    latencies_s: tuple[float, ...]
    iterations_s: tuple[float, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All there is to say. `versions` and such stand in `environment`, name to value."""

    plan: Plan
    spec: str
    arms: Mapping[Arm, ArmReport]
    outages: tuple[Outage, ...]
    environment: Mapping[str, str]
    runs: tuple[Mapping[Arm, ArmMetrics], ...]
    decisions: tuple[Decisions, ...] = ()  # of each repeat with an agent

    @property
    def outage_s(self) -> float | None:
        """The median outage over the repeats; None if nothing was cut or lost."""
        return Figure.median_of(outage.outage_s for outage in self.outages)


def summarise(
    plan: Plan, spec: str, repeats: Sequence[Repeat], environment: Mapping[str, str]
) -> Report:
    """Put the repeats together.

    Args:
        spec: the topology as it was asked for.
    """
    runs = tuple(_complete(plan, repeat.arms) for repeat in repeats)
    return Report(
        plan=plan,
        spec=spec,
        arms={arm: _arm_report(arm, runs, repeats) for arm in MEASURED_ARMS if arm in runs[0]},
        outages=tuple(repeat.outage for repeat in repeats if repeat.outage is not None),
        environment=environment,
        runs=runs,
        decisions=tuple(repeat.decisions for repeat in repeats if repeat.decisions is not None),
    )


def compared_with(arm: Arm) -> Arm:
    """The arm whose figures an arm's are ratios to."""
    return Arm.STATIC if arm in WEAK_ARMS else Arm.ALONE


def left_over(metrics: ArmMetrics, alone: ArmMetrics, part: float = 1.0) -> ArmMetrics:
    """Add what was left over for the bulk on the bottleneck, and the share of it that it took.

    Left over is the bulk's goodput with the network to itself minus the other jobs' traffic.

    Args:
        metrics: of the arm.
        alone: of the arm "alone".
        part: of the bottleneck's summed rate that the arm had, where a trunk was weakened.
    """
    if alone.bulk_goodput_bps is None or metrics.bulk_goodput_bps is None:
        return metrics
    left_bps = max(0.0, alone.bulk_goodput_bps * part - (metrics.priority_bps or 0.0))
    share = metrics.bulk_goodput_bps / left_bps if left_bps else None
    return replace(metrics, bulk_leftover_bps=left_bps, bulk_share_of_leftover=share)


def to_document(report: Report) -> dict[str, object]:
    """The JSON file's content; every figure under "arms" is a median over the repeats."""
    plan = report.plan
    return {
        "arms": {
            arm.value: {name: figure and figure.median for name, figure in entry.figures.items()}
            for arm, entry in report.arms.items()
        },
        "ratios_to_alone": _ratio_entries(report, Arm.ALONE),
        "ratios_to_static": _ratio_entries(report, Arm.STATIC),
        "spread": {
            arm.value: {name: figure and asdict(figure) for name, figure in entry.figures.items()}
            for arm, entry in report.arms.items()
        },
        "outage_s": report.outage_s,
        "outage": {
            "local_s": Figure.median_of(outage.of(Repair.LOCAL) for outage in report.outages),
            "remote_s": Figure.median_of(outage.of(Repair.REMOTE) for outage in report.outages),
            "packets_lost": sum(outage.packets_lost for outage in report.outages),
            "cuts": [_cut_entry(cut) for outage in report.outages for cut in outage.cuts],
        },
        "weakened": str(plan.weakness) if plan.weakness else None,
        "agent": [asdict(decisions) for decisions in report.decisions],
        "topology": report.spec,
        "seed": plan.scenario.seed,
        "repeats": plan.repeats,
        "duration_s": plan.duration_s,
        "warmup_s": plan.warmup_s,
        "policy": str(plan.policy) if plan.policy else "default",
        "workload": asdict(plan.scenario.workload),
        "placement": asdict(plan.scenario.placement),
        "environment": dict(report.environment),
        "notes": notes(report),
        "runs": [
            {arm.value: asdict(metrics) for arm, metrics in run.items()} for run in report.runs
        ],
    }


def notes(report: Report) -> list[str]:
    """What a reader should know beside the figures."""
    lines = list(report.plan.scenario.warnings)
    for arm, entry in report.arms.items():
        lines += [f"{arm.value}: {note}" for note in entry.notes]
    if report.plan.weakness is None and report.plan.arms & set(WEAK_ARMS):
        lines.append("no trunk was weakened, so the arms static and agent did not run")
    lines += [f"cut: {outage.note}" for outage in report.outages if outage.note]
    return lines


def _ratio_entries(report: Report, to: Arm) -> dict[str, dict[str, Figure | float | None]]:
    return {
        arm.value: {name: figure and figure.median for name, figure in entry.ratios.items()}
        for arm, entry in report.arms.items()
        if compared_with(arm) is to
    }


def _cut_entry(cut: Cut) -> dict[str, object]:
    return {**asdict(cut), "link": "-".join(cut.link), "repair": cut.repair.value}


def _complete(plan: Plan, results: Mapping[Arm, ArmResult]) -> Mapping[Arm, ArmMetrics]:
    """The metrics of one repeat, with what needs the arm "alone" filled in."""
    metrics = {arm: result.metrics for arm, result in results.items()}
    if Arm.ALONE not in metrics:
        return metrics
    alone, weak = metrics[Arm.ALONE], _part_left(plan)
    return {
        arm: left_over(entry, alone, weak if arm in WEAK_ARMS else 1.0)
        for arm, entry in metrics.items()
    }


def _part_left(plan: Plan) -> float:
    """What the weak trunk leaves of the bottleneck's summed rate, 0 to 1."""
    if plan.weakness is None:
        return 1.0
    return weaken(plan.scenario, plan.weakness).bottleneck_bps() / plan.scenario.bottleneck_bps()


def _arm_report(
    arm: Arm, runs: Sequence[Mapping[Arm, ArmMetrics]], repeats: Sequence[Repeat]
) -> ArmReport:
    results = [repeat.arms[arm] for repeat in repeats]
    return ArmReport(
        figures={name: Figure.of(run[arm].value(name) for run in runs) for name in METRICS},
        ratios={name: Figure.of(_ratio(run, arm, name) for run in runs) for name in METRICS},
        latencies_s=tuple(value for result in results for value in result.latencies_s),
        iterations_s=tuple(value for result in results for value in result.iterations_s),
        notes=tuple(dict.fromkeys(note for result in results for note in result.notes)),
    )


def _ratio(run: Mapping[Arm, ArmMetrics], arm: Arm, name: str) -> float | None:
    """A figure over the same figure of the arm it is compared with, in the same repeat."""
    value, basis = run[arm].value(name), run.get(compared_with(arm))
    whole = basis.value(name) if basis else None
    return None if value is None or not whole else value / whole
