"""Stands between an advisor and the switches: says what is wrong with advice, or nothing.

Owns every check that depends on one answer alone; what repeats is the loop's business. Believes
nothing the advisor says: whatever arrays come, no check raises, and what passes sums to 1 for each
pair, lies on live links and is predicted no worse than the fallback.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from controller.advice.network import BoolArray, CandidatePaths, FloatArray
from controller.advice.records import Limits, Reason
from controller.advice.urgent import URGENT, on_fast_paths
from controller.advice.view import FULL_WEIGHT, utilisation

_SUM_ERROR = 1e-3
_ROOMY = 0.9  # of a full link
_PRICE_OF_SPEED = 0.05  # that much busier the busiest link may be for it
_IDLE = 0.05  # below this utilisation nobody's training says anything

Constraint = Callable[[CandidatePaths, FloatArray], str]  # what (G, P) splits break, "" for nothing


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What advice is judged on.

    Attributes:
        paths: The candidate paths it is about.
        link_up: bool (E,), now.
        demands: float64 (S, G, K): every set of demands it has to be good for.
        fallback: float64 (G, P), what would be done without it.
        outside: Part of what its policy looks at that its training had not shown, as it says.
        constraints: What the operator forbids.
    """

    paths: CandidatePaths
    link_up: BoolArray
    demands: FloatArray
    fallback: FloatArray
    outside: float = 0.0
    constraints: Sequence[Constraint] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What the guard found.

    Attributes:
        splits: (G, P) as the switches can have them; None if they are refused before that.
        reason: Why they are refused; None if they aren't.
        detail: The same in words.
        predicted: Largest link utilisation under them, in the worst of the cases.
        fallback: Under the fallback, in the worst of the cases.
    """

    splits: FloatArray | None = None
    reason: Reason | None = None
    detail: str = ""
    predicted: float | None = None
    fallback: float | None = None


def judge(advice: object, case: Case, limits: Limits) -> Judgement:
    """Judges (P,) or (G, P) split ratios of whoever; never raises.

    Where one answer is for all groups, urgent traffic is kept off slow paths if that passes too.
    """
    splits = _well_formed(advice, case)
    if isinstance(splits, str):
        return Judgement(None, Reason.MALFORMED, splits)
    asked = judge_splits(quantise(case.paths, splits), case, limits)
    to_the_letter = limits.obey or (isinstance(advice, np.ndarray) and advice.ndim > 1)
    if to_the_letter or asked.reason or asked.splits is None:
        return asked
    alive = case.paths.alive(case.link_up)
    quick = judge_splits(on_fast_paths(case.paths, asked.splits, alive), case, limits)
    return asked if quick.reason or _costs(quick, asked) else quick


def _costs(quick: Judgement, asked: Judgement) -> bool:
    """Whether quicker requests would make the busiest link noticeably busier."""
    return (quick.predicted or 0.0) > (1 + _PRICE_OF_SPEED) * (asked.predicted or 0.0)


def judge_splits(splits: FloatArray, case: Case, limits: Limits) -> Judgement:
    """Judges well-formed (G, P) splits: ours in force, or an advisor's."""
    for reason, check in _CHECKS[:1] if limits.obey else _CHECKS:
        if detail := check(splits, case, limits):
            return Judgement(splits, reason, detail)
    ours = utilisation(case.paths, splits, case.demands).max(-1)
    theirs = utilisation(case.paths, case.fallback, case.demands).max(-1)
    worst = float(ours.max()), float(theirs.max())
    beyond = ours - np.maximum(theirs * (1 + limits.tolerance), theirs + limits.slack)
    if beyond.max() > 0 and not limits.obey:
        at = int(beyond.argmax())
        detail = f"predicts {ours[at]:.3f} on the busiest link, equal splits {theirs[at]:.3f}"
        return Judgement(splits, Reason.WORSE, detail, *worst)
    return Judgement(splits, None, "", *worst)


def quantise(paths: CandidatePaths, splits: FloatArray) -> FloatArray:
    """(G, P) splits in whole hundredths, as weights of group buckets; 0 stays 0."""
    largest = np.maximum.reduceat(splits, paths.start, axis=-1)[..., paths.pair]
    whole = np.rint(FULL_WEIGHT * splits)
    kept = np.where((whole == 0) & (splits == largest), 1.0, whole)
    return paths.normalise(kept)


def _well_formed(advice: object, case: Case) -> FloatArray | str:
    """(G, P) splits that sum to 1 for each pair, or what is wrong."""
    shape = case.fallback.shape
    if not isinstance(advice, np.ndarray) or advice.dtype.kind != "f":
        return "not an array of floating-point numbers"
    if advice.shape not in (shape, shape[1:]):
        return f"splits of shape {advice.shape}, wanted {shape} or {shape[1:]}"
    splits = np.broadcast_to(advice, shape).astype(np.float64)
    if not np.isfinite(splits).all():
        return "NaN or infinite splits"
    if splits.min(initial=0.0) < 0:
        return "negative splits"
    # A sum of large numbers may overflow; the bound comes first.
    if splits.max(initial=0.0) > 1 + _SUM_ERROR:
        return "a share of more than all"
    if np.abs(case.paths.pair_sum(splits) - 1).max(initial=0.0) > _SUM_ERROR:
        return "shares of a pair that don't sum to 1"
    return splits


def _dead_links(splits: FloatArray, case: Case, _limits: Limits) -> str:
    paths = case.paths
    alive = paths.alive(case.link_up)
    possible = (paths.pair_sum(alive.astype(float)) > 0)[paths.pair]
    wrong = (splits > 0) & ~alive & possible
    return _said(paths, wrong, "sends traffic over a dead link")


def _constraints(splits: FloatArray, case: Case, limits: Limits) -> str:
    paths = case.paths
    if limits.largest_share < 1:
        choice = paths.pair_sum(paths.alive(case.link_up).astype(float))[paths.pair] > 1
        wrong = (splits > limits.largest_share + 0.5 / FULL_WEIGHT) & choice
        if said := _said(paths, wrong, f"puts more than {limits.largest_share:.0%} on one path"):
            return said
    return next(filter(None, (constraint(paths, splits) for constraint in case.constraints)), "")


def _out_of_range(_splits: FloatArray, case: Case, limits: Limits) -> str:
    if case.outside > limits.most_outside:
        busiest = utilisation(case.paths, case.fallback, case.demands[0]).max(initial=0.0)
        if busiest >= _IDLE:
            return f"{case.outside:.0%} of what its policy looks at is outside its training"
    return ""


def _starved(splits: FloatArray, case: Case, limits: Limits) -> str:
    """Pairs with all their traffic on saturated paths while a live one of theirs has room.

    Urgent traffic is sent first, so only its own keeps it waiting.
    """
    paths, latest = case.paths, case.demands[0]
    urgent = latest * (np.arange(len(latest)) == URGENT)[:, None]
    load = np.tile(paths.path_max(utilisation(paths, splits, latest)), (len(splits), 1))
    load[URGENT] = paths.path_max(utilisation(paths, splits, urgent))
    unserved = (paths.pair_sum(splits * (load < limits.full)) <= 0) & (latest > 0)
    if not unserved.any():
        return ""
    alive = paths.alive(case.link_up)
    has_room = paths.pair_sum((alive & (load < _ROOMY * limits.full)).astype(float)) > 0
    equal = paths.path_max(utilisation(paths, case.fallback, latest))
    spared = paths.pair_sum(case.fallback * (alive & (equal < limits.full))) > 0
    wrong = unserved & has_room & spared
    return _said(paths, wrong[:, paths.pair], "starves: all on full paths while another has room")


_Check = Callable[[FloatArray, Case, Limits], str]
_CHECKS: tuple[tuple[Reason, _Check], ...] = (
    (Reason.DEAD_LINK, _dead_links),
    (Reason.CONSTRAINT, _constraints),
    (Reason.OUT_OF_RANGE, _out_of_range),
    (Reason.STARVED, _starved),
)


def _said(paths: CandidatePaths, wrong: BoolArray, what: str) -> str:
    """Names the first pair with a wrong path, (G, P), and counts the others; "" if none is."""
    if not wrong.any():
        return ""
    pairs = np.unique(paths.pair[np.nonzero(wrong)[1]])
    source, target = (paths.network.nodes[int(v)] for v in paths.pairs[pairs[0]])
    others = f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    return f"{source} to {target}{others} {what}"
