"""Iteration times of competing training jobs, by who chooses the paths. Needs no root.

Method: `headway/Jobs-v0`'s own core, 2, 4 and 8 training jobs of 4 ranks (ring, tree, all-to-all or
pipeline each, out of phase) with inference, a federated job, checkpoints and background beside
them, on fabrics of 32 hosts. The same episodes for everybody; decisions every 100 ms; seeds that no
training has seen. An iteration's ratio is its time over that of the job alone where only access
links are narrow. The non-blocking row is the same jobs where no link between switches is narrow:
what is above 1 there is contention of hosts, which no path can cure.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np

from benchmarks.result import Cell, Options, Part, Result
from controller.advice.network import FloatArray
from rl_agent.jobs import stored
from rl_agent.jobs.core import JobsCore, Setting
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.placement import Placer
from rl_agent.jobs.report import Times, times
from rl_agent.jobs.rivals import Advisor, Ecmp, LeastLoaded
from rl_agent.jobs.workload import Kind, Mix
from topologies.registry import build

NEEDS_NETWORK = False
_FABRICS = ("leafspine,spines=4,leaves=8,hosts=4,rate=100M", "fattree,k=4,hosts=4,rate=100M")
_JOBS = (2, 4, 8)
_SEEDS, _EPISODES, _STEPS = 3, 8, 200
_FIRST_SEED = 1 << 40  # past all that training draws

_METHODS: dict[str, Callable[[FloatArray], Advisor]] = {
    "non-blocking": Ecmp,
    "ECMP": Ecmp,
    "least-loaded": LeastLoaded,
    "agent": lambda even: Placer(even, stored.load()),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One method's episodes of one seed."""

    training: Times
    inference: Times
    moved: float  # flows that changed path at a decision
    decide_ms: float  # for one environment


def run(options: Options) -> Result:
    """Plays every method on every fabric with every number of jobs."""
    jobs, seeds, steps = ((4,), 2, 60) if options.quick else (_JOBS, _SEEDS, _STEPS)
    fabrics = _FABRICS[:1] if options.quick else _FABRICS
    parts = []
    for spec in fabrics:
        rows = []
        for count in jobs:
            for method in _METHODS:
                options.progress(f"{spec}: {count} jobs, {method}")
                played = [_play(spec, method, count, steps, options.seed * 1000 + seed)
                          for seed in range(seeds)]  # fmt: skip
                rows.append((f"{count} jobs, {method}", *_cells(played)))
        parts.append(Part(f"Iteration time / ideal on {spec}", _COLUMNS, tuple(rows)))
    return Result(tuple(parts), tuple(_notes(seeds, steps)))


_COLUMNS = ("jobs, method", "mean", "spread of seeds", "p99", "spread of seeds", "iterations",
            "request p99, ms", "moved / decision", "decision, ms")  # fmt: skip


def _play(spec: str, method: str, count: int, steps: int, seed: int) -> Outcome:
    fabric = Fabric.of(build(spec))
    fabric = fabric.non_blocking() if method == "non-blocking" else fabric
    core = JobsCore(Setting(fabric, Mix(training=count), steps=steps), _EPISODES)
    advisor = _METHODS[method](core.even)
    first = _FIRST_SEED + seed * _EPISODES
    view = core.reset([np.random.default_rng(first + i) for i in range(_EPISODES)])
    advisor.reset()
    moved, spent_s = 0.0, 0.0
    while not core.over:
        begin = time.perf_counter()
        decision = advisor.decide(view)
        spent_s += time.perf_counter() - begin
        view, _ = core.step(decision)
        moved += float(core.moved.mean())
    kinds = (times(core.simulation, kind) for kind in (Kind.TRAINING, Kind.INFERENCE))
    return Outcome(*kinds, moved / steps, 1e3 * spent_s / steps / _EPISODES)


def _cells(played: list[Outcome]) -> Iterator[Cell]:
    for values in (
        [one.training.mean_ratio for one in played],
        [one.training.p99_ratio for one in played],
    ):
        yield f"{fmean(values):.3f}"
        yield f"{stdev(values):.3f}"
    yield sum(one.training.finished for one in played)
    yield 1e3 * fmean(one.inference.p99_s for one in played)
    yield fmean(one.moved for one in played)
    yield fmean(one.decide_ms for one in played)


def _notes(seeds: int, steps: int) -> Iterator[str]:
    yield (
        f"{seeds} seeds of {_EPISODES} episodes of {steps / 10:g} s; the spread is the standard "
        "deviation over seeds of that seed's mean, and of its 99th percentile."
    )
    yield (
        "Least-loaded is Hedera's scheduler (demand estimation, global first fit) at every "
        "decision, not every 5 s. All see flow counters of the last interval; none sees sizes or "
        "which flows are of one job."
    )
    yield "A decision's time is one environment's part of a batch, and counts nothing but deciding."
