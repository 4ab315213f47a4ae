"""A policy and its rivals on one problem: from files or generators to every method's figures.

Owns what counts as training and what as test. `evaluate` judges one advisor; this lines them up.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from controller.advice.advisor import Advisor
from controller.advice.network import BoolArray, CandidatePaths
from controller.advice.plan import for_known
from controller.advice.policy import load as load_policy
from controller.advice.policy import locate
from rl_agent import failures
from rl_agent.environments.scenario import network_of
from rl_agent.errors import ContestError, MatricesError, MethodError, SolverError
from rl_agent.evaluate import Course, Mode, Score, course, judged, replay
from rl_agent.matrices import Matrices, load
from rl_agent.optima import optima
from rl_agent.rivals.registry import Knowledge, Method, chosen
from rl_agent.synthetic import generate, parse_model
from rl_agent.tunnels import load_tunnels, usual_paths
from topologies.registry import build

Report = Callable[[str, int, int], None]  # stage, steps done, of how many


def silent(_stage: str, _done: int, _total: int) -> None:
    """For callers whom nobody watches."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is asked; a file of matrices, or a topology to generate them for.

    Attributes:
        matrices: File that is judged on.
        topology: Or the spec of a topology.
        model: Of the traffic generated for it.
        tunnels: File of candidate paths; optima are over these alone then.
        train: File of training matrices of the same network.
        train_fraction: Without `train`, the share of the time that is for training.
        failures: "none", "each" or "random".
        known: Whether methods are shown what they are judged on.
        window: Matrices that rivals look back; None to choose.
        seed: The first.
        seeds: How many, of methods that draw at random.
        limit: Judge on so many test matrices only.
    """

    matrices: Path | None = None
    topology: str | None = None
    model: str | None = None
    tunnels: Path | None = None
    train: Path | None = None
    train_fraction: float = 0.6
    failures: str = "none"
    known: bool = False
    window: int | None = None
    seed: int = 1
    seeds: int = 3
    limit: int | None = None

    def __post_init__(self) -> None:
        for name in ("window", "seeds", "limit"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ContestError(f"--{name} is {number}: give 1 or more")


@dataclass(frozen=True, slots=True)
class Entry:
    """One method's figures, or why it has none."""

    name: str
    figures: dict[str, float | int | None] = field(default_factory=dict)
    obstacle: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class Arena:
    """A problem made ready: what methods may be fitted on, and what they are judged on."""

    given: Knowledge
    over: Course
    mode: Mode
    seeds: int


def contest(
    problem: Problem, names: Sequence[str], policy: str | None = None, report: Report = silent
) -> list[Entry]:
    """Judges the policy, if any, as "agent", and the named methods after it.

    Raises:
        AgentError, ControllerError, TopologyError: The problem, a name or the policy is wrong. A
            rival that can't be had on this network is no error: its entry says why.
    """
    rivals = chosen(names)
    if not rivals and policy is None:
        raise MethodError("nothing to judge: give --policy, or --methods")
    entrants = [policy_method(policy)] if policy is not None else []
    arena = prepare(problem, report)
    return [enter(method, arena, report) for method in entrants + rivals]


def prepare(problem: Problem, report: Report = silent) -> Arena:
    """Reads or generates the matrices and computes their optima, on all cores (see `optima`)."""
    training, test = _parts(problem)
    if problem.limit is not None:
        test = test.between(0, max(problem.limit, 2))
    network = test.network
    joint = np.concatenate([training.matrices, test.matrices]) if training else test.matrices
    before = len(joint) - len(test)
    sources = sorted({*test.sources, *(training.sources if training else ())})
    if problem.tunnels:
        paths = load_tunnels(problem.tunnels, network)
    else:
        paths = usual_paths(network, sources)
    limits = paths if problem.tunnels else None
    # A training file ends anywhere in time; only the first part of one file is the test's history.
    continues = problem.train is None and before > 0
    shown, begin = (joint, before) if continues else (test.matrices, 1)
    up = _schedule(problem, paths, len(test), len(shown))
    trained = joint[:before]
    known = optima(network, trained, None, limits, partial(report, "optima, training"), spread=True)
    over = course(
        paths, shown, begin, link_up=up, over_paths=limits is not None,
        progress=partial(report, "optima, test"), spread=True,
    )  # fmt: skip
    given = Knowledge(
        paths, paths.demands(trained), known, problem.seed, problem.window, problem.known
    )
    return Arena(given, over, Mode.KNOWN if problem.known else Mode.HISTORY, problem.seeds)


def enter(method: Method, arena: Arena, report: Report = silent) -> Entry:
    """Fits and judges one method, with several seeds if it draws at random."""
    scores = []
    steps = len(arena.over.demands) - arena.over.begin
    for number in range(arena.seeds if method.is_random else 1):
        stage = f"{method.name} {number + 1}" if number else method.name
        report(stage, 0, steps)
        try:
            scores.append(_judge(method, arena, number, partial(report, stage), steps))
        except (MethodError, SolverError) as error:
            return Entry(method.name, obstacle=str(error))
    figures = judged(scores)
    stranded = arena.over.stranded
    figures |= {"stranded": stranded} if stranded else {}
    note = f"{stranded:.2%} of traffic had no live path and is left out" if stranded else ""
    return Entry(method.name, figures, note=note)


def _judge(
    method: Method, arena: Arena, number: int, report: Callable[[int, int], None], steps: int
) -> Score:
    begin_s = time.perf_counter()
    advisor = method.build(replace(arena.given, seed=arena.given.seed + number))
    fit_s = time.perf_counter() - begin_s
    done = iter(range(1, steps + 1))
    score = replay(advisor, arena.over, arena.mode, lambda: report(next(done), steps))
    return replace(score, fit_s=fit_s)


# --- what is judged -------------------------------------------------------------------------------


def policy_method(policy: str) -> Method:
    """A learned policy, a file or the name of a shipped one, as one more method: "agent"."""
    loaded = load_policy(locate(policy))

    def advisor(given: Knowledge) -> Advisor:
        return for_known(given.paths) if given.known else loaded.advisor(given.paths)

    # Where the matrix is known there is nothing to learn: it is the plan's descent alone.
    return Method("agent", f"policy {policy}", advisor)


def _parts(problem: Problem) -> tuple[Matrices | None, Matrices]:
    """Training matrices, if any, and test matrices."""
    whole = _whole(problem)
    if problem.train is not None:
        training = load(problem.train)
        _check_same(training, whole, problem.train)
        return training, whole
    if problem.train_fraction == 0:
        return None, whole
    return whole.split(problem.train_fraction)


def _whole(problem: Problem) -> Matrices:
    if (problem.matrices is None) == (problem.topology is None):
        raise MatricesError("give --matrices FILE, or --topology SPEC to generate traffic for")
    if problem.matrices is not None:
        if problem.model is not None:
            raise MatricesError("--generate goes with --topology, not with --matrices")
        return load(problem.matrices)
    network, sources = network_of(build(problem.topology or ""))
    return generate(network, parse_model(problem.model or "gravity"), problem.seed, sources)


def _check_same(training: Matrices, test: Matrices, path: Path) -> None:
    a, b = training.network, test.network
    same = a.nodes == b.nodes and np.array_equal(a.ends, b.ends)
    if not same or not np.allclose(a.capacity, b.capacity):
        raise MatricesError(f"{path} is of another network than the matrices to be judged on")
    if training.unit != test.unit:
        raise MatricesError(f"{path} is in {training.unit}, the matrices in {test.unit}: convert")


def _schedule(problem: Problem, paths: CandidatePaths, test: int, shown: int) -> BoolArray:
    """bool (shown, E): failures while judged; the history had none."""
    network = paths.network
    match problem.failures:
        case "each":
            judged_on = failures.in_turn(network, test)
        case "random":
            judged_on = failures.at_random(network, test, problem.seed)
        case _:
            judged_on = failures.none(network, test)
    return np.concatenate([failures.none(network, shown - test), judged_on])
