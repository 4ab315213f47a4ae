"""`python -m benchmarks`: runs benchmarks in turn, shows their tables, rewrites RESULTS.md."""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console

from benchmarks import machine, record
from benchmarks.result import BenchmarkError, Options, Result, to_document, to_table
from controller.errors import ControllerError
from emulation.errors import EmulationError
from emulation.signals import sigterm_unwinds
from policies.errors import PolicyError
from rl_agent.errors import AgentError
from topologies.errors import TopologyError

NAMES = (
    "scale",
    "routing",
    "decisions",
    "classify",
    "setup",
    "outage",
    "slices",
    "demo",
    "ports",
    "jobs",
    "environments",
    "calibration",
)
_RESULTS = Path(__file__).with_name("RESULTS.md")
_FAILURES = (
    AgentError,
    BenchmarkError,
    ControllerError,
    EmulationError,
    PolicyError,
    TopologyError,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs what is asked for; 1 if some benchmark could not run."""
    args = _parser().parse_args(argv)
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in NAMES}
    console = Console(width=None if sys.stdout.isatty() else 180)
    if args.list:
        for name, module in modules.items():
            console.print(f"{name:13}{(module.__doc__ or '').splitlines()[0]}", markup=False)
        return 0
    options = Options(args.quick, args.seed, lambda line: console.print(f"  {line}", markup=False))
    documents: dict[str, Any] = {}
    failed = False
    with sigterm_unwinds():
        for name in args.names or NAMES:
            document = _run(name, modules[name], options, console, save=not args.no_save)
            documents[name] = document
            failed = failed or "error" in document
    if args.json:
        args.json.write_text(json.dumps(documents, indent=2) + "\n", encoding="utf-8")
    return int(failed)


def _run(
    name: str, module: ModuleType, options: Options, console: Console, *, save: bool
) -> dict[str, Any]:
    console.rule(name)
    circumstances = record.Circumstances(
        command=_command(name, options), seed=options.seed,
        machine=tuple(machine.describe(network=module.NEEDS_NETWORK)),
    )  # fmt: skip
    begin = time.monotonic()
    try:
        result: Result = module.run(options)
    except _FAILURES as error:
        console.print(f"{name}: {error}", style="red", markup=False)
        return {"error": str(error)}
    took_s = time.monotonic() - begin
    for part in result.parts:
        console.print(to_table(part))
    for note in result.notes:
        console.print(f"note: {note}", markup=False)
    if save:
        record.rewrite(_RESULTS, name, result, circumstances, took_s)
    return {**to_document(result), "took_s": took_s, "machine": circumstances.machine}


def _command(name: str, options: Options) -> str:
    words = ["python -m benchmarks", name]
    words += ["--quick"] if options.quick else []
    words += [f"--seed {options.seed}"] if options.seed != 1 else []
    return " ".join(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures Headway and rewrites RESULTS.md."
    )
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME",
                        help=f"which: {', '.join(NAMES)} (default: all)")  # fmt: skip
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--quick", action="store_true", help="small sizes, few repeats")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--no-save", action="store_true", help="leave RESULTS.md as it is")
    return parser


if __name__ == "__main__":
    sys.exit(main())
