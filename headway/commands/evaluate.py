"""`headway evaluate`: a policy beside every rival on the same traffic matrices.

Owns the command's arguments, progress and table. What is measured is `rl_agent.contest`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from rl_agent.errors import AgentError

if TYPE_CHECKING:
    from rl_agent.contest import Entry

_EPILOG = """\
Ratios are max link utilisation / the least possible, so 1 is the best there is. Methods decide
from history: each is shown a matrix and judged on the next. What learns or is fitted sees the
training matrices alone: those of --train, or the first 60% of --matrices; the rest is the test.

  headway evaluate --matrices abilene.npz                       the cheap rivals
  headway evaluate --policy default --matrices abilene.npz      a shipped policy beside them
  headway evaluate --policy mine.npz --matrices week2.npz --train week1.npz --json
  headway evaluate --matrices pod.npz --paths tunnels.json --methods all
  headway evaluate --topology fattree,k=4 --generate hotspots,matrices=300
  headway evaluate --policy default --matrices abilene.npz --failures each --known

Methods: shortest, ecmp, oblivious, least_loaded, static, previous_lp, online_gradient and plan
(what the policy corrects); rolling_lp and dote take minutes and are run when named, or with
--methods all.
A .npz file holds nodes, links, capacity, matrices (T x N x N), interval_s and unit.
"""
_PIPED_WIDTH = 100


class MissingPackage(AgentError):
    """Evaluation needs a package that is not installed."""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "evaluate",
        help="a policy beside its rivals on traffic matrices",
        description="Measures a policy and its rivals on the same traffic matrices.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--policy", metavar="NAME|FILE", help="a policy file, or the name of a shipped one")
    add("--matrices", type=Path, metavar="FILE", help="traffic matrices to be judged on (.npz)")
    add("--topology", metavar="SPEC", help="generate traffic for this topology, with --generate")
    add("--generate", metavar="MODEL", help="gravity, hotspots, bursts or heavy, then key=value "
        "(default: gravity)")  # fmt: skip
    add("--paths", type=Path, metavar="FILE", help="tunnels (.json); optima are over these")
    add("--train", type=Path, metavar="FILE", help="training matrices of the same network (.npz)")
    add("--train-fraction", type=float, default=0.6, metavar="X",
        help="without --train: the first share of the time (default: %(default)g)")  # fmt: skip
    add("--methods", default="cheap", metavar="A,B", help="default: %(default)s; or all, none")
    add("--failures", choices=("none", "each", "random"), default="none",
        help="single cables: each in turn for its share of the time, or at random")  # fmt: skip
    add("--known", action="store_true", help="show each matrix before it is judged")
    add("--window", type=int, metavar="W", help="matrices that rivals look back; default: chosen "
        "on the training matrices")  # fmt: skip
    add("--seed", type=int, default=1, help="of generated traffic and failures, and the first of "
        "random methods (default: %(default)s)")  # fmt: skip
    add(
        "--seeds", type=int, default=3, metavar="N", help="of random methods (default: %(default)s)"
    )
    add("--limit", type=int, metavar="N", help="judge on the first N test matrices only")
    add("--json", action="store_true", help="print the figures as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print.

    Raises:
        AgentError, ControllerError, TopologyError: each says what to do.
    """
    if find_spec("scipy") is None:
        raise MissingPackage("evaluation needs scipy: pip install 'headway[train]'")
    # Here and not above, as --help of any command needs none of it.
    from rl_agent.contest import Problem, contest  # noqa: PLC0415

    problem = Problem(
        matrices=args.matrices, topology=args.topology, model=args.generate, tunnels=args.paths,
        train=args.train, train_fraction=args.train_fraction, failures=args.failures,
        known=args.known, window=args.window, seed=args.seed, seeds=args.seeds, limit=args.limit,
    )  # fmt: skip
    names = [name for name in args.methods.split(",") if name not in ("", "none")]
    with _progress() as report:
        entries = contest(problem, names, args.policy, report)
    if args.json:
        for entry in entries:
            if entry.obstacle:
                print(f"headway: {entry.name} left out: {entry.obstacle}", file=sys.stderr)
        methods = {entry.name: entry.figures for entry in entries if entry.figures}
        print(json.dumps({"methods": methods}, indent=2))
    else:
        _print_table(entries)
    # The policy asked for comes first; a script must not take its absence for success.
    return 2 if args.policy and entries[0].obstacle else 0


class _Report:
    """Progress bars on stderr: one a stage."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage)
        self._bars.update(self._tasks[stage], completed=done, total=total)


@contextmanager
def _progress() -> Iterator[_Report]:
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield _Report(bars)


def _print_table(entries: Sequence[Entry]) -> None:
    table = Table(title="Max link utilisation / optimum", title_justify="left")
    for number, column in enumerate(("method", "mean", "p99", "ms", "seeds", "note")):
        table.add_column(column, justify="right" if 0 < number < 5 else "left")
    for entry in entries:
        figures = entry.figures
        cells = (
            [f"{figures[key]:.3f}" for key in ("mean", "p99", "ms_per_decision")]
            + [str(figures["seeds"])]
            if figures
            else ["-"] * 4
        )
        table.add_row(entry.name, *cells, entry.obstacle or entry.note)
    Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH).print(table)
