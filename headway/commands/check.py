"""`headway check`: what a policy would mean on a network, before anybody uses it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from headway.policy_table import print_report
from policies.catalogue import policy_file, topology_file
from policies.check import examine
from policies.errors import Flaw, PolicyError, PolicyFileError
from policies.load import load_policy, parse_policy
from policies.model import Policy
from policies.report import Finding, Report
from policies.schedule import zone_of
from policies.schema import json_schema
from policies.source import MAX_BYTES, decode
from topologies.model import Topology
from topologies.registry import build

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_EXIT_REFUSED = 2
_FIRST_YEAR, _LAST_YEAR = 1970, 9998  # schedules are looked at for weeks after it

_EPILOG = """\
Nothing is touched: no switch, no queue, no running controller. Without a network only the file is
checked; with one, also every promise against every link, for the coming week of schedules.

  headway check mine.yaml                                the file alone
  headway check mine.yaml --topology leafspine,spines=2  on a network: see 'headway topo'
  headway check mine.yaml --topology file:net.json       on a saved one
  headway check mine.yaml --topology ring --at 08:30     the rates of half past eight
  headway check mine.yaml --topology ring --json         everything, for programs
  headway check campus                                   a ready policy, on its own network
  headway check campus --picture campus.svg              ... drawn, slices in colour
  headway check - < mine.yaml                            from standard input
  headway check --schema > policy.schema.json            completion and hints in editors

A mistake is told as FILE:LINE: PLACE: what is wrong, such as

  mine.yaml:14: slices.tenant-a.guarantee: on leaf1-eth3 to spine1 (50 Mbit/s) promises add up to
  62 Mbit/s: guarantees of 2 slices, the largest 40 Mbit/s of 'tenant-a'

With --json, "ok" says whether it can hold and "mistakes" what is wrong: line, place, message; the
rest of the report is there where the file could be read.

exit code: 0 it can hold, 2 it can't or has mistakes
"""


def register(subparsers: Subparsers) -> None:
    """Add `check` to the command line."""
    parser = subparsers.add_parser(
        "check",
        help="what a policy would mean, and what is wrong with it",
        description="Check a policy: its file, and what it promises on a network.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE",
        help="the policy, YAML; - is standard input; or a ready policy's name",
    )  # fmt: skip
    parser.add_argument(
        "--topology", metavar="SPEC",
        help="the network, as 'headway topo SPEC' shows it (default: a ready policy's own, else "
        "only the file is checked)",
    )  # fmt: skip
    parser.add_argument(
        "--at", metavar="TIME",
        help="the moment to tell rates for: 2026-11-23T08:30, or 08:30 for today; in the policy's "
        "time zone (default: now)",
    )  # fmt: skip
    parser.add_argument(
        "--all", action="store_true",
        help="who has what on every port, not only on the fullest",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE.svg",
        help="also draw the network with the policy's slices, as SVG",
    )  # fmt: skip
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of policy files, and stop"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check.

    Raises:
        PolicyError: The file has mistakes.
        TopologyError: The network's SPEC is wrong.
    """
    if args.schema:
        print(json.dumps(json_schema(), indent=2))
        return 0
    if args.file is None:
        raise PolicyFileError("give a FILE to check, or --schema")
    try:
        policy, topology = _read(args.file, args.topology)
        at = _moment(args.at, policy)
    except PolicyError as error:
        if args.json:
            print(json.dumps(_verdict(error.flaws), indent=2))
        raise
    report = examine(policy, topology, at)
    if args.picture:
        _draw(args.picture, policy, topology, at)
    if args.json:
        print(json.dumps({**_verdict(report.conflicts), **report.told()}, indent=2))
    else:
        print_report(report, every_load=args.all)
    _tell_conflicts(report)
    return _EXIT_REFUSED if report.conflicts else 0


def _read(word: Path, spec: str | None) -> tuple[Policy, Topology | None]:
    if str(word) == "-":
        raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        return parse_policy(decode("stdin", raw), "stdin"), build(spec) if spec else None
    path = policy_file(word)
    own = topology_file(path)
    spec = spec or (f"file:{own}" if own else None)
    return load_policy(path), build(spec) if spec else None


def _verdict(wrong: Sequence[Flaw | Finding]) -> dict[str, object]:
    """What every answer in JSON begins with, whether the file could be read or not."""
    mistakes = [{"line": w.line, "place": w.place, "message": w.message} for w in wrong]
    return {"ok": not mistakes, "mistakes": mistakes}


def _draw(file: Path, policy: Policy, topology: Topology | None, at: datetime) -> None:
    if topology is None:
        raise PolicyFileError("--picture needs a network: give --topology SPEC")
    from headway.overlay import draw_policy  # noqa: PLC0415  (only with --picture)

    file.write_text(draw_policy(topology, policy, at), encoding="utf-8")


def _moment(text: str | None, policy: Policy) -> datetime:
    zone = zone_of(policy.time_zone)
    now = datetime.now(zone)
    if text is None:
        return now
    try:
        moment = (
            datetime.combine(now.date(), time.fromisoformat(text))
            if len(text) <= len("08:30:00") and ":" in text
            else datetime.fromisoformat(text.replace("Z", "+00:00"))
        )
    except ValueError as error:
        raise PolicyFileError(f"--at {text}: write 2026-11-23T08:30, or 08:30 for today") from error
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise PolicyFileError(f"--at {text}: give a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _tell_conflicts(report: Report) -> None:
    for line in report.lines(report.conflicts):
        print(f"headway: error: {line}", file=sys.stderr)
