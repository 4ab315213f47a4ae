"""Time of one decision: the agent, the plan and rivals against a linear program. Needs no root.

Method: single calls of `advise` in one thread, everything they need included, on made-up traffic.
What a large network's agent does aside, after its answer, is a column of its own: once a decision.
Networks past 40 nodes carry traffic between 40 of them, over paths along up to 4 trees a
destination (UsCarrier also between all of its nodes); the program is HiGHS over the same paths, its
building included. Topologies of 158 and 754 nodes are looked for as `routing` looks for matrices.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.result import Cell, Options, Part, Result
from benchmarks.routing import topology_file
from controller.advice.advisor import Advisor, Observation
from controller.advice.network import CandidatePaths, FloatArray
from controller.advice.policy import shipped
from rl_agent.contest import policy_method
from rl_agent.environments.scenario import network_of
from rl_agent.evaluate import Thinks
from rl_agent.lp import PathProgram
from rl_agent.rivals.registry import Knowledge, chosen
from rl_agent.synthetic import TrafficModel, generate
from rl_agent.tunnels import usual_paths
from topologies.registry import build

NEEDS_NETWORK = False
_FEW_SOURCES = 40
_SETTLING = 3  # decisions that set things up and are not counted
_LP_CELLS = 5_000_000  # paths x links past which a program would take minutes


@dataclass(frozen=True, slots=True)
class Place:
    """A network, and how many of its nodes have traffic; None for all."""

    spec: str
    sources: int | None = None


def run(options: Options) -> Result:
    """Times every advisor on every network."""
    rows = []
    for place in _places(options):
        options.progress(place.spec)
        rows += list(_rows(place, options))
    columns = ("network", "nodes", "pairs", "paths", "method", "ms, median", "ms, p99",
               "aside, ms", "LP / this")  # fmt: skip
    return Result((Part("Time of a decision", columns, tuple(rows)),))


def _places(options: Options) -> Iterator[Place]:
    yield Place("abilene")
    carrier, kdl = (topology_file(name) for name in ("UsCarrier", "Kdl"))
    if carrier.exists():
        yield Place(f"file:{carrier}", _FEW_SOURCES)
    if not options.quick and carrier.exists():
        yield Place(f"file:{carrier}")
    if not options.quick and kdl.exists():
        yield Place(f"file:{kdl}", _FEW_SOURCES)


def _rows(place: Place, options: Options) -> Iterator[tuple[Cell, ...]]:
    network, sources = network_of(build(place.spec))
    rng = np.random.default_rng(options.seed)
    if place.sources is not None:
        sources = sorted(map(int, rng.choice(sources, place.sources, replace=False)))
    paths = usual_paths(network, sources)
    model = TrafficModel(matrices=10 if options.quick else 60)
    demands = paths.demands(generate(network, model, options.seed, sources).matrices)
    name = Path(place.spec.removeprefix("file:")).stem
    size = (name, len(network.nodes), len(paths.pairs), len(paths.pair))
    lp = _lp_times(paths, demands[: 4 if options.quick else 8])
    if lp is not None:
        yield (*size, "LP", *_figures(lp), None, None)
    for label, advisor in _advisors(paths):
        spent, aside = _times(advisor, demands)
        gain = None if lp is None else float(np.median(lp) / np.median(spent))
        yield (*size, label, *_figures(spent), float(np.median(aside) * 1e3) or None, gain)


def _advisors(paths: CandidatePaths) -> Iterator[tuple[str, Advisor]]:
    given = Knowledge(paths, np.zeros((0, len(paths.pairs))), np.zeros(0), window=12)
    methods = [policy_method("default")] if "default" in shipped() else []
    names = ["online_gradient", "least_loaded", "ecmp"] if paths.is_small else ["ecmp"]
    for method in (*methods, *chosen(names)):
        yield method.name, method.build(given)


def _times(advisor: Advisor, demands: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Seconds of each decision, and of what followed it aside."""
    up = np.ones(len(advisor.paths.network.ends), bool)
    even = advisor.paths.normalise(np.ones(len(advisor.paths.pair)))
    spent, aside = [], []
    splits = even
    for row in demands:
        load = advisor.paths.link_loads(splits * row[advisor.paths.pair])  # as counters tell it
        begin_s = time.perf_counter()
        splits = advisor.advise(Observation(row, up, load))
        answered_s = time.perf_counter()
        if isinstance(advisor, Thinks):
            advisor.think()
        spent.append(answered_s - begin_s)
        aside.append(time.perf_counter() - answered_s if isinstance(advisor, Thinks) else 0.0)
    if not getattr(advisor, "answers_first", True):
        aside = [0.0] * len(aside)
    return np.array(spent[_SETTLING:]), np.array(aside[_SETTLING:])


def _lp_times(paths: CandidatePaths, demands: FloatArray) -> FloatArray | None:
    if len(paths.pair) * len(paths.network.ends) > _LP_CELLS:
        return None
    spent = []
    for row in demands:
        begin_s = time.perf_counter()
        PathProgram(paths).solve(row)
        spent.append(time.perf_counter() - begin_s)
    return np.array(spent)


def _figures(spent: FloatArray) -> tuple[float, float]:
    return float(np.median(spent) * 1e3), float(np.percentile(spent, 99) * 1e3)
