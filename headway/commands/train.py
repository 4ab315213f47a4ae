"""`headway train`: learns a policy and exports it.

Owns the command line and what is shown. The work is `rl_agent.training`'s, imported only when it is
needed, because it brings torch.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rl_agent.errors import TrainingError
from rl_agent.training import spec
from rl_agent.training.spec import Spec

if TYPE_CHECKING:
    from rl_agent.training.run import Outcome

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_EPILOG = """\
examples:
  headway train --topology abilene --output runs/first
        made-up traffic on a built-in network; a policy within minutes
  headway train --matrices abilene.npz --steps 100000 --seed 2 --output runs/abilene
        recorded matrices; the last fifth is only evaluated on
  headway train --matrices pod.npz --paths tunnels.json --output runs/pod
        over given tunnels, [{"src": 0, "dst": 1, "paths": [[0, 1], ...]}, ...]
  headway train --topology abilene --also fattree,k=4 ring,n=8 --output runs/any
        one policy for any network begins on several
  headway train --matrices abilene.npz --output runs/b --env-kwargs failure_rate=0.002 churn_cost=1
        links fail while it learns, and moving traffic costs reward
  headway train --resume --output runs/abilene
        goes on after a kill, exactly where the last checkpoint was
  headway train --topology fattree,k=4 --workers 4 --address auto --output runs/fat
        environments on a Ray cluster (pip install 'headway[ray]')
  tensorboard --logdir runs
        curves, while it runs or after

Hyperparameters are YAML as rl-zoo3 has it: --hyperparameters FILE reads yours.
"""
# What a new run has where nothing is said. No defaults of argparse, as what a run that goes on is
# told has to be told apart from what it isn't.
_NEW: dict[str, Any] = {
    "env": "headway/TrafficMatrix-v0", "algo": "ppo", "seed": 0, "holdout": 0.2,
    "warm_start": True, "workers": 0, "address": None,
}  # fmt: skip
_INSTALL = "training needs PyTorch and stable-baselines3: pip install 'headway[train]'"


def register(subparsers: Subparsers) -> None:
    """Add `train` to the command line."""
    parser = subparsers.add_parser(
        "train",
        help="learn a policy (needs the extra 'train')",
        description="Learn how to split traffic over paths, and export the policy without torch.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR",
                        help="the run's own folder: checkpoints, curves, policy, card")  # fmt: skip
    parser.add_argument("--resume", action="store_true",
                        help="go on with the run in --output, to --steps if given")  # fmt: skip
    parser.add_argument("--env", metavar="ID", help=f"environment (default: {_NEW['env']})")
    traffic = parser.add_mutually_exclusive_group()
    traffic.add_argument("--topology", metavar="SPEC", help="a network, as in 'headway topo'")
    traffic.add_argument("--matrices", type=Path, metavar="FILE", help="recorded matrices, .npz")
    parser.add_argument("--paths", type=Path, metavar="FILE", help="tunnels to split over, JSON")
    parser.add_argument("--also", nargs="+", default=[], metavar="NETWORK",
                        help="further networks the warm start learns on: SPEC, FILE.npz or "
                             "FILE.npz:TUNNELS.json")  # fmt: skip
    parser.add_argument("--base", metavar="PLAN",
                        help="learn what to add to a plan, such as online-gradient")  # fmt: skip
    parser.add_argument("--env-kwargs", nargs="+", default=[], metavar="KEY=VALUE",
                        help="other arguments of the environment")  # fmt: skip
    parser.add_argument("--algo", help=f"ppo or a2c (default: {_NEW['algo']})")
    parser.add_argument("--hyperparameters", type=Path, metavar="FILE", help="YAML of your own")
    parser.add_argument("--steps", type=int, metavar="N", help="to learn (default: as YAML says)")
    parser.add_argument("--seed", type=int, help=f"of everything (default: {_NEW['seed']})")
    parser.add_argument("--holdout", type=float, metavar="PART", help="last part of a recording, "
                        f"only judged on (default: {_NEW['holdout']})")  # fmt: skip
    parser.add_argument("--warm-start", action=argparse.BooleanOptionalAction,
                        help="begin down the gradient of the objective (default: yes)")  # fmt: skip
    parser.add_argument("--workers", type=int, metavar="N",
                        help="Ray workers for environments (default: this process)")  # fmt: skip
    parser.add_argument("--address", help="of a Ray cluster (default: start one here)")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Trains.

    Raises:
        TrainingError: The run can't begin or go on, or torch is missing.
        AgentError, TopologyError, AdviceError: What the arguments name can't be used.
    """
    try:
        from rl_agent.training.run import train  # noqa: PLC0415 (torch)
    except ModuleNotFoundError as error:
        raise TrainingError(f"{_INSTALL} ({error.name} is missing)") from None
    if args.resume:
        _check_nothing_new(args)
    asked = None if args.resume else _spec(args)
    with _Display() as display:
        outcome = train(asked, args.output, display.report, args.steps)
    print(json.dumps(_document(outcome), indent=2) if args.json else _summary(outcome))
    return 0


def _check_nothing_new(args: argparse.Namespace) -> None:
    """A run that goes on is what it was."""
    for name in ("topology", "matrices", "paths", "also", "base", "env_kwargs", "hyperparameters"):
        if getattr(args, name):
            option = name.replace("_", "-")
            raise TrainingError(f"--resume goes on with the run as it is: leave --{option} out")
    begun = spec.read(args.output)
    known = {**asdict(begun), "env": begun.environment, "algo": begun.algorithm}
    for name in _NEW:
        told = getattr(args, name)
        if told is not None and told != known[name]:
            option = f"no-{name}" if told is False else name
            raise TrainingError(
                f"--resume goes on with the run as it is, begun with {name.replace('_', '-')} "
                f"{known[name]}: leave --{option.replace('_', '-')} out"
            )


def _spec(args: argparse.Namespace) -> Spec:
    from rl_agent.training.settings import decode, section  # noqa: PLC0415 (torch)

    told = {name: getattr(args, name) for name in _NEW}
    new = _NEW | {name: value for name, value in told.items() if value is not None}
    values = section(new["algo"], new["env"], args.hyperparameters)
    named = {name: getattr(args, name) for name in ("topology", "matrices", "paths", "base")}
    arguments = {name: str(value) for name, value in named.items() if value is not None}
    steps = decode(values, new["algo"]).n_timesteps if args.steps is None else args.steps
    return Spec(
        environment=new.pop("env"), env_kwargs={**arguments, **_pairs(args.env_kwargs)},
        algorithm=new.pop("algo"), hyperparameters=values, steps=steps, **new,
        also=tuple(args.also),
        hyperparameters_file=args.hyperparameters.name if args.hyperparameters else "",
    )  # fmt: skip


def _pairs(texts: list[str]) -> dict[str, Any]:
    """KEY=VALUE, the value read as YAML would."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals and value):
            raise TrainingError(f"--env-kwargs {text!r}: write KEY=VALUE")
        try:
            found[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise TrainingError(f"--env-kwargs {text!r}: {value!r} is no value") from None
    return found


def _document(outcome: Outcome) -> dict[str, Any]:
    return {
        "output": str(outcome.folder),
        "steps": outcome.steps,
        "evaluations": [{"steps": s, "mean_reward": r} for s, r in outcome.evaluations],
        "files": {kind: str(path) for kind, path in outcome.files.items()},
    }


def _summary(outcome: Outcome) -> str:
    lines = [f"{outcome.steps} steps in {outcome.folder}"]
    if found := outcome.evaluations:
        chosen = {"first": found[0], "best": max(found, key=lambda e: e[1]), "last": found[-1]}
        lines += [
            f"  {name:<8} evaluation {reward:.4f} (after {steps} steps)"
            for name, (steps, reward) in chosen.items()
        ]
    lines += [f"  {kind:<8} {path}" for kind, path in outcome.files.items()]
    if "policy" not in outcome.files:
        lines.append("  no policy file: only corrections of a plan have one (--base, PathPolicy)")
    return "\n".join(lines)


class _Display:
    """A bar for each phase, on the error stream; plain lines where nobody watches a terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description:<10}"), BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"), TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"), console=console, disable=not console.is_terminal,
        )  # fmt: skip
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> _Display:
        self._bars.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._bars.__exit__(*exception)

    def report(self, phase: str, done: int, total: int, figures: str) -> None:
        """As `rl_agent.training.callbacks.Report`."""
        if self._bars.disable:
            print(f"{phase}: {done}/{total} {figures}".rstrip(), file=sys.stderr, flush=True)
            return
        if phase not in self._tasks:
            self._tasks[phase] = self._bars.add_task(phase, total=total, figures=figures)
        self._bars.update(self._tasks[phase], completed=done, total=total, figures=figures)
