"""Every rival by name: how it is made from what it may know.

A rival is fitted on training matrices alone; where it has a window, that too is chosen on them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from controller.advice.advisor import Advisor, Observation
from controller.advice.builtin import Static
from controller.advice.network import CandidatePaths, FloatArray
from controller.advice.plan import OnlineGradient as Plan
from controller.advice.plan import for_known
from rl_agent.errors import MethodError
from rl_agent.rivals.fixed import best_static
from rl_agent.rivals.least_loaded import LeastLoaded
from rl_agent.rivals.oblivious import oblivious
from rl_agent.rivals.online_gradient import OnlineGradient
from rl_agent.rivals.shortest import ShortestPath
from rl_agent.rivals.solved import PreviousLp, RollingLp
from topologies.errors import did_you_mean

_STATIC_MATRICES = 500  # more change its mean ratio by less than 0.002
_WINDOWS = (12, 50, 200)
_TRIALS = {"rolling_lp": 30, "online_gradient": 500}  # decisions by which a window is chosen


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """What a method may know before the first decision.

    Attributes:
        paths: What it splits over.
        demands: float64 (T, K), training matrices in order of time; T may be 0.
        optima: float64 (T,).
        seed: Of methods that draw at random.
        window: Matrices to look back; None to choose on the training matrices.
        known: Whether the matrix to come is shown before it comes.
    """

    paths: CandidatePaths
    demands: FloatArray
    optima: FloatArray
    seed: int = 1
    window: int | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """One way of choosing splits.

    Attributes:
        help: What it is, in a line.
        build: Makes it; raises MethodError where it can't be had.
        is_random: Whether seeds make a difference.
        is_costly: Whether it takes minutes on an ordinary file, so that it is run when asked for.
    """

    name: str
    help: str
    build: Callable[[Knowledge], Advisor]
    is_random: bool = False
    is_costly: bool = False


def methods() -> tuple[Method, ...]:
    """All of them, in the order of tables."""
    return _METHODS


def chosen(names: Iterable[str]) -> list[Method]:
    """Methods by name; "all" is all, "cheap" those that are not costly.

    Raises:
        MethodError: There is none of that name.
    """
    known = {method.name: method for method in _METHODS}
    found: dict[str, Method] = {}
    for name in names:
        if name in ("all", "cheap"):
            found |= {m.name: m for m in _METHODS if name == "all" or not m.is_costly}
        elif name in known:
            found[name] = known[name]
        else:
            hint = did_you_mean(name, known) or f": there are {', '.join(known)}, cheap, all"
            raise MethodError(f"no method {name!r}{hint}")
    return list(found.values())


# --- how each is made -----------------------------------------------------------------------------


def _static(given: Knowledge) -> Advisor:
    _need_training(given, "static")
    rows = np.unique(np.linspace(0, len(given.demands) - 1, _STATIC_MATRICES).astype(int))
    return best_static(given.paths, given.demands[rows], given.optima[rows])


def _rolling(given: Knowledge) -> Advisor:
    return RollingLp(given.paths, _window(given, "rolling_lp", RollingLp))


def _online(given: Knowledge) -> Advisor:
    return OnlineGradient(given.paths, _window(given, "online_gradient", OnlineGradient))


def _plan(given: Knowledge) -> Advisor:
    return for_known(given.paths) if given.known else Plan(given.paths)


def _dote(given: Knowledge) -> Advisor:
    _need_training(given, "dote")
    # Here and not above: rivals are used where there is no torch.
    from rl_agent.training.dote import DoteOptions, train_dote  # noqa: PLC0415

    return train_dote(given.paths, given.demands, given.optima, DoteOptions(seed=given.seed))


def _need_training(given: Knowledge, name: str) -> None:
    if not len(given.demands):
        raise MethodError(f"{name} is fitted on training matrices: give some, or leave it out")


def _window(given: Knowledge, name: str, make: Callable[[CandidatePaths, int], Advisor]) -> int:
    """The window that does best on the end of the training matrices."""
    if given.window is not None:
        return given.window
    trials = _TRIALS[name]
    able = [w for w in _WINDOWS if len(given.demands) >= w + trials]
    if len(able) < 2:
        return _WINDOWS[0]
    return min(able, key=lambda width: _trial(given, make(given.paths, width), width, trials))


def _trial(given: Knowledge, advisor: Advisor, width: int, trials: int) -> float:
    """Mean ratio over the last `trials` training matrices, after a window of warming up."""
    up = np.ones(len(given.paths.network.ends), bool)
    begin = len(given.demands) - trials
    watch = getattr(advisor, "watch", advisor.advise)
    for row in given.demands[begin - width : begin - 1]:
        watch(Observation(row, up))
    splits = np.array(
        [advisor.advise(Observation(row, up)) for row in given.demands[begin - 1 : -1]]
    )
    reached = given.paths.max_utilisation(splits, given.demands[begin:])
    busy = given.optima[begin:] > 0
    return float((reached[busy] / given.optima[begin:][busy]).mean())


_METHODS = (
    Method("shortest", "one shortest path a pair", lambda g: ShortestPath(g.paths)),
    Method("ecmp", "even over shortest paths (the fallback)", lambda g: Static(g.paths)),
    Method("oblivious", "least worst ratio over all traffic", lambda g: oblivious(g.paths)),
    Method("least_loaded", "largest demands first, on the emptiest path",
           lambda g: LeastLoaded(g.paths)),
    Method("static", "best single split on the training matrices", _static),
    Method("previous_lp", "optimum of the matrix just over", lambda g: PreviousLp(g.paths)),
    Method("online_gradient", "a few gradient steps a matrix on the last ones", _online),
    Method("plan", "the agent's base plan, uncorrected", _plan),
    Method("rolling_lp", "least mean ratio over the last ones, by LP", _rolling, is_costly=True),
    Method("dote", "a neural network from history to splits", _dote, is_random=True,
           is_costly=True),
)  # fmt: skip
