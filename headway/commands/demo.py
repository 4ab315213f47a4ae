"""`headway demo`: real AI jobs on an emulated fabric, with and without Headway.

Owns the command's arguments, its progress display and its files. What runs is `demo.arms`; what
is said about it is `demo.report`.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.text import Text

from demo.arms import run_demo
from demo.chart import draw
from demo.environment import describe
from demo.errors import DemoError
from demo.plan import Arm, Plan, Repeat, Stage, parse_arms
from demo.ports import PortPlan
from demo.report import EVEN_ARMS, WEAK_ARMS, Report, notes, summarise, to_document
from demo.scenario import plan_scenario
from demo.table import agent_line, build_table, outage_lines
from demo.weak import AUTO, NONE, read_weakness
from emulation.command import require_root
from headway.arguments import policy_argument
from policies.load import load_policy
from topologies.registry import build

DEFAULT_TOPOLOGY = "leafspine,spines=2,leaves=4,hosts=3"
DEFAULT_FOLDER = Path("demo-output")
_SHORTEST_S, _LONGEST_S = 1.0, 3600.0
_SHIPPED_AGENT, _BUILT_IN_AGENT = "default", "online-gradient"
_PIPED_WIDTH = 100  # of the table when nobody tells how wide the page is


class MissingPackage(DemoError):
    """The demo needs a package that is not installed."""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "demo",
        help="real AI jobs on an emulated fabric, with and without Headway",
        description="Runs training, inference, a bulk upload and a metrics scrape on an emulated "
        "fabric: each alone, together on plain ECMP, together under Headway; the last again with a "
        "weak trunk, over equal splits and with an agent that chooses paths; then cuts a link.",
    )
    parser.add_argument(
        "--topology", default=DEFAULT_TOPOLOGY, metavar="SPEC", help="default: %(default)s"
    )
    parser.add_argument(
        "--duration", type=_duration, default=20.0, metavar="S",
        help="seconds measured in each arm (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="of all jobs (default: %(default)s)")
    parser.add_argument(
        "--repeat",
        type=_count,
        default=1,
        metavar="N",
        help="repeat all arms, each time with the next seed, and show the spread",
    )
    parser.add_argument(
        "--arms", default=",".join(arm.value for arm in Arm), help="default: %(default)s"
    )
    parser.add_argument(
        "--ports", choices=[plan.value for plan in PortPlan], default=PortPlan.RANDOM.value,
        help="where services listen: on well-known ports, on random ones that no table knows, or "
        "each on another's (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--policy", type=policy_argument, metavar="FILE|NAME",
                        help="Headway's policy, such as examples/demo-tenants.yaml (default: built "
                        "in)")  # fmt: skip
    parser.add_argument(
        "--weaken", default=AUTO, metavar="TRUNK=PART",
        help="what is left of which trunk's rate in the arms static and agent, such as "
        f"leaf1-spine1=0.4; '{AUTO}' leaves a tenth of one that most jobs may use; '{NONE}' skips "
        "these arms (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--agent", metavar="NAME|FILE",
        help="who chooses paths in the arm agent (default: the policy that comes with Headway)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="default: demo-output/demo.json")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="default: demo-output/demo.png")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demo.

    Raises:
        DemoError, EmulationError, PolicyError, TopologyError: each says what to do.
    """
    from controller.advice.builtin import check  # noqa: PLC0415  (--help needs no NumPy)

    _check_packages()
    require_root()
    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    scenario = plan_scenario(build(args.topology), args.seed, PortPlan(args.ports))
    agent = args.agent or default_agent()
    plan = Plan(
        scenario=scenario,
        folder=DEFAULT_FOLDER / "jobs",
        arms=parse_arms(args.arms),
        policy=args.policy,
        agent=agent,
        weakness=read_weakness(args.weaken, scenario),
        ports=PortPlan(args.ports),
        duration_s=args.duration,
        repeats=args.repeat,
    )
    load_policy(args.policy)  # a mistake there is told now, and not after the first two arms
    check(agent)
    repeats = _run_with_progress(plan, console)
    report = summarise(plan, args.topology, repeats, describe(repeats[-1].environment))
    _show(report, console)
    _save(report, args.json or DEFAULT_FOLDER / "demo.json", console)
    _draw(report, args.chart or DEFAULT_FOLDER / "demo.png", console)
    return 0


def default_agent() -> str:
    """The policy that comes with Headway, if one does; else the best of the built-in agents."""
    from controller.advice.policy import shipped  # noqa: PLC0415  (--help needs no NumPy)

    return _SHIPPED_AGENT if _SHIPPED_AGENT in shipped() else _BUILT_IN_AGENT


def _run_with_progress(plan: Plan, console: Console) -> tuple[Repeat, ...]:
    """Run all arms behind a line that says what goes on and how long it will take."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), _Countdown())
    with Progress(*columns, console=console, transient=True) as bar:
        display = _StageDisplay(bar, plan.repeats)
        return run_demo(plan, display.show)


class _Countdown(ProgressColumn):
    """Seconds left of the stage, as far as one can tell."""

    def render(self, task: Task) -> Text:
        """Count down from the stage's expected length."""
        left_s = float(task.fields["expected_s"]) - (task.elapsed or 0.0)
        return Text(f"{max(0.0, left_s):.0f} s left", style="cyan")


class _StageDisplay:
    """Turns stages into one moving line on a terminal, or into a line each elsewhere."""

    def __init__(self, bar: Progress, repeats: int) -> None:
        self._bar = bar
        self._repeats = repeats
        self._task: TaskID | None = None

    def show(self, stage: Stage) -> None:
        """Replace the line."""
        words = f"[bold]{stage.arm.value}[/bold]  {stage.what}"
        if self._repeats > 1:
            words = f"{stage.repeat + 1}/{self._repeats}  {words}"
        if not self._bar.console.is_terminal:
            self._bar.console.print(f"{words}, about {stage.expected_s:.0f} s")
            return
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(words, total=None, expected_s=stage.expected_s)


def _show(report: Report, console: Console) -> None:
    for arms in (EVEN_ARMS, WEAK_ARMS):
        if any(arm in report.arms for arm in arms):
            console.print(build_table(report, arms))
    if report.decisions:
        console.print(agent_line(report), markup=False)
    if report.outages and report.outages[-1].cuts:
        console.print(outage_lines(report))
    for note in notes(report):
        console.print(f"note: {note}", markup=False)


def _save(report: Report, path: Path, console: Console) -> None:
    """Write the JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(to_document(report), indent=2) + "\n", encoding="utf-8")
    console.print(f"figures: {path}", markup=False)


def _draw(report: Report, path: Path, console: Console) -> None:
    """Write the chart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw(report, path)
    console.print(f"chart: {path}", markup=False)


def _check_packages() -> None:
    """Refuse to start without what only the demo needs.

    Raises:
        MissingPackage: with the command that installs it.
    """
    for module, extra in (("torch", "train"), ("matplotlib", "emulation")):
        if find_spec(module) is None:
            raise MissingPackage(f"the demo needs {module}: run 'scripts/install.sh {extra}'")


def _duration(text: str) -> float:
    """A length in seconds within bounds."""
    value = float(text)
    if not _SHORTEST_S <= value <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"must be {_SHORTEST_S:g}..{_LONGEST_S:g} seconds")
    return value


def _count(text: str) -> int:
    """A number of repeats."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value
