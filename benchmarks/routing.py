"""Routing traffic matrices: the shipped policies and every rival, on the same data. Needs no root.

Method: a method is shown each matrix and judged on the next: max link utilisation / the least
possible for it, over all paths (over the given tunnels on the pod, as published results are).
Fitted on the first 60% of a file, judged on the last 40%; generated traffic likewise. Decision
times are those of `advise` in one thread, everything it needs included.

Recorded matrices are looked for in $HEADWAY_DATA, by default `shared/data` beside the checkout;
without them those rows are left out.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.result import Cell, Options, Part, Result
from controller.advice.policy import shipped
from rl_agent.contest import Arena, Entry, Problem, enter, policy_method, prepare
from rl_agent.rivals.registry import Method, chosen

NEEDS_NETWORK = False
DATA = Path(os.environ.get("HEADWAY_DATA", ROOT.parent / "shared" / "data"))

_SOLVERS = ("previous_lp", "plan", "static", "ecmp")  # where the matrix is known, or links fail


@dataclass(frozen=True, slots=True)
class Field:
    """One set of matrices, and the shipped policy trained on their like."""

    name: str
    problem: Problem
    policy: str = "default"


def run(options: Options) -> Result:
    """Measures every field, then decision times."""
    fields = list(_fields(options))
    parts = [_history_part(field, options) for field in fields]
    parts += [_other_part(field, options, how) for field in fields[:1] for how in _OTHER]
    missing = "" if _recorded() else "Recorded matrices were not there: only generated ones. "
    return Result(
        tuple(parts),
        (
            f"{missing}Random methods: mean over {_seeds(options)} seeds; spread is the largest "
            "mean less the smallest.",
            "agent: the shipped policies that are there, by name. plan: what they correct, alone. "
            "Where the matrix is known, all of these are the plan's descent: nothing is learned. "
            "Windows of rolling_lp and online_gradient are chosen on the training matrices.",
        ),
    )


def _fields(options: Options) -> Iterator[Field]:
    few = 40 if options.quick else None
    if _recorded():
        te = DATA / "te"
        yield Field("Abilene", Problem(matrices=te / "abilene-train.npz", limit=few), "abilene")
        # Rolling programs take half a second a matrix here: the first 600 are enough to tell.
        pod = Problem(te / "pod_b-train.npz", tunnels=te / "pod_b-paths.json", limit=few or 600)
        yield Field("pod of 8 groups", pod, "pod-b")
    count = 100 if options.quick else 400
    specs = ["fattree,k=4,hosts=1"]
    if topology_file("B4").exists():
        specs.append(f"file:{topology_file('B4')},scale=1M")
    for spec in specs:
        for model in ("hotspots", "bursts"):
            name = f"{'B4' if 'B4' in spec else 'fat-tree k=4'}, generated {model}"
            text = f"{model},matrices={count}"
            yield Field(name, Problem(topology=spec, model=text, limit=few))


def _recorded() -> bool:
    return (DATA / "te" / "abilene-train.npz").exists()


def topology_file(name: str) -> Path:
    return DATA / "topologies" / f"{name}.json"


def _seeds(options: Options) -> int:
    return 1 if options.quick else 3


# --- ratios ---------------------------------------------------------------------------------------


def _history_part(field: Field, options: Options) -> Part:
    names = ["cheap"] if options.quick or field.policy == "default" else ["all"]
    problem = replace(field.problem, seed=options.seed, seeds=_seeds(options))
    return _part(f"{field.name}: next matrix unknown", field, problem, chosen(names), options)


_OTHER = ("matrix known", "matrix known, each cable down in turn", "unknown, each cable down")


def _other_part(field: Field, options: Options, how: str) -> Part:
    problem = replace(
        field.problem, seed=options.seed, known=how.startswith("matrix known"),
        failures="each" if "cable" in how else "none",
    )  # fmt: skip
    return _part(f"{field.name}: {how}", field, problem, chosen(_SOLVERS), options)


def _part(
    title: str, field: Field, problem: Problem, methods: Sequence[Method], options: Options
) -> Part:
    options.progress(f"{title}: optima")
    arena = prepare(problem)
    rows = []
    for label, method in [*_policies(field), *((m.name, m) for m in methods)]:
        options.progress(f"{title}: {label}")
        rows.append(_row(label, enter(method, arena)))
    columns = ("method", "mean", "p99", "spread", "ms a decision", "ms, p99", "fit s", "note")
    return Part(f"{title} ({_judged_on(arena)} matrices)", columns, tuple(rows))


def _policies(field: Field) -> list[tuple[str, Method]]:
    """The shipped policies that are there: the one for this network, and the one for any."""
    names = dict.fromkeys((field.policy, "default"))
    return [(f"agent ({n})", policy_method(n)) for n in names if n in shipped()]


def _judged_on(arena: Arena) -> int:
    return len(arena.over.demands) - arena.over.begin


def _row(label: str, entry: Entry) -> tuple[Cell, ...]:
    keys = ("mean", "p99", "mean_spread", "ms_per_decision", "ms_p99", "fit_s")
    figures = [entry.figures.get(key) for key in keys]
    return (label, *figures, entry.obstacle or entry.note or None)
