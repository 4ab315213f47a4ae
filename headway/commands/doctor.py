"""`headway doctor`: what is there, what is missing, and the command that mends it."""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulation.doctor import Check, State, can_run, examine

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def register(subparsers: "Subparsers") -> None:
    """Adds `doctor` to the command line."""
    parser = subparsers.add_parser(
        "doctor",
        help="what is there, what is missing, and the command that mends it",
        description="Checks this machine. Exit status 0: the demo can run; 1: it can't yet.",
    )
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examines and prints; 1 if the demo can't run."""
    checks = examine()
    print(_as_json(checks) if args.json else as_text(checks))
    return 0 if can_run(checks) else 1


def as_text(checks: Sequence[Check]) -> str:
    """One line each, the remedy at its end."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        line = f"{check.state.value:<7}  {check.name:<{width}}  {check.detail}"
        remedy = "" if check.state is State.OK or not check.remedy else f"  ->  {check.remedy}"
        lines.append(line + remedy)
    return "\n".join(lines)


def _as_json(checks: Sequence[Check]) -> str:
    entries = [{**dataclasses.asdict(check), "state": check.state.value} for check in checks]
    return json.dumps({"can_run": can_run(checks), "checks": entries}, indent=2)
