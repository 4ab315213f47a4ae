"""The guard: whatever arrives, it doesn't raise, and what it lets through is good."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from controller.advice.drift import DriftWatch
from controller.advice.guard import Case, judge, quantise
from controller.advice.network import CandidatePaths, Network
from controller.advice.records import Limits, Reason
from controller.advice.static import static_weights
from controller.advice.view import FULL_WEIGHT, fallback_splits, utilisation
from policies.classes import PathGroup

LIMITS = Limits()
# Leaves 0, 1; spines 2, 3; the links of spine 3 have a quarter of the others' capacity.
NETWORK = Network(
    ("a", "b", "x", "y"),
    np.array([(0, 2), (2, 1), (0, 3), (3, 1), (1, 2), (2, 0), (1, 3), (3, 0)], np.int32),
    np.array([20.0, 20, 5, 5, 20, 20, 5, 5]),
)
PATHS = CandidatePaths.of_lists(NETWORK, [((0, 1), [[0, 1], [2, 3]]), ((1, 0), [[4, 5], [6, 7]])])
ALL_UP = np.ones(8, np.bool_)
GOOD = np.array([0.8, 0.2, 0.8, 0.2])


def case(load: float = 8.0, down: tuple[int, ...] = (), **kw: Any) -> Case:
    up = ALL_UP.copy()
    up[list(down)] = False
    demands = np.zeros((3, 2, 2))
    demands[:, 1] = load
    fallback = np.tile(fallback_splits(PATHS, up), (2, 1))
    return Case(PATHS, up, demands, fallback, **kw)


def reason(advice: object, about: Case, limits: Limits = LIMITS) -> Reason | None:
    return judge(advice, about, limits).reason


def test_sound_advice_passes_with_what_it_promises() -> None:
    judgement = judge(GOOD, case(), LIMITS)
    assert judgement.reason is None
    assert judgement.predicted == pytest.approx(0.32)
    assert judgement.fallback == pytest.approx(0.8)


@pytest.mark.parametrize(
    "advice",
    [
        None, "0.5", [0.5, 0.5, 0.5, 0.5], GOOD[:3], GOOD * np.nan, GOOD * np.inf, GOOD * 0, -GOOD,
        GOOD * 2, GOOD.astype(int), GOOD.astype(object), np.full(4, 1e308), np.float64(1),
        np.zeros((0, 4)), np.array([1.2, -0.2, 0.5, 0.5]), np.tile(GOOD, (3, 1)),
    ],
)  # fmt: skip
def test_malformed_advice_is_refused(advice: object) -> None:
    assert reason(advice, case()) is Reason.MALFORMED


def test_traffic_over_a_dead_link_is_refused() -> None:
    assert reason(GOOD, case(down=(0,))) is Reason.DEAD_LINK
    assert reason(np.array([0.0, 1.0, 0.8, 0.2]), case(load=1.0, down=(0,))) is None


def test_a_pair_without_a_live_path_is_nobodys_fault() -> None:
    assert reason(GOOD, case(down=(0, 2))) is None


def test_what_is_predicted_worse_than_equal_splits_is_refused() -> None:
    assert reason(np.array([0.3, 0.7, 0.8, 0.2]), case()) is Reason.WORSE
    assert reason(np.array([0.3, 0.7, 0.8, 0.2]), case(load=0.01)) is None  # nothing is at stake


def test_advice_has_to_be_good_for_forecast_and_recent_peaks_too() -> None:
    about = case()
    about.demands[2, 1] = [16.0, 0.0]
    assert reason(np.array([0.4, 0.6, 0.8, 0.2]), about) is Reason.WORSE


def test_constraints_are_kept() -> None:
    assert reason(GOOD, case(), Limits(largest_share=0.7)) is Reason.CONSTRAINT
    spared = case(constraints=(lambda _paths, splits: "not that link" if splits[1, 0] else "",))
    assert reason(GOOD, spared) is Reason.CONSTRAINT


def test_traffic_unlike_the_training_is_refused_unless_the_network_is_idle() -> None:
    assert reason(GOOD, case(outside=0.9)) is Reason.OUT_OF_RANGE
    assert reason(GOOD, case(load=0.1, outside=0.9)) is None


def test_no_pair_is_left_on_full_paths_while_another_has_room() -> None:
    about = case()
    about.demands[:, 1] = [30.0, 3.0]  # the fallback overloads one pair's weak path anyway
    assert reason(np.array([0.8, 0.2, 0.0, 1.0]), about) is None  # 3 of 5: not full
    about.demands[:, 1] = [30.0, 6.0]
    assert reason(np.array([0.8, 0.2, 0.0, 1.0]), about) is Reason.STARVED


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        hnp.arrays(
            hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
        ),
        hnp.arrays(np.float64, st.sampled_from([(4,), (2, 4)])),
        hnp.arrays(np.float64, (2, 2), elements=st.floats(0, 1)).map(
            lambda a: np.stack([a, 1 - a], -1).reshape(2, 4)
        ),
        st.binary(),
    ),
    st.sets(st.integers(0, 7), max_size=3),
    st.floats(0, 1e3),
)
def test_nothing_raises_and_nothing_bad_passes(advice: Any, down: set[int], load: float) -> None:
    with np.errstate(all="ignore"):
        about = case(load, tuple(down))
        judgement = judge(advice, about, LIMITS)
    if judgement.reason is not None or judgement.splits is None:
        return
    splits = judgement.splits
    assert splits.shape == (2, 4)
    assert (splits >= 0).all()
    assert np.allclose(PATHS.pair_sum(splits), 1)
    alive = PATHS.alive(about.link_up)
    possible = PATHS.pair_sum(alive.astype(float))[PATHS.pair] > 0
    assert not splits[:, ~alive & possible].any()
    ours = utilisation(PATHS, splits, about.demands).max(-1)
    theirs = utilisation(PATHS, about.fallback, about.demands).max(-1)
    assert (ours <= np.maximum(theirs * 1.02, theirs + 0.01) + 1e-9).all()


@given(hnp.arrays(np.float64, (2, 4), elements=st.floats(0, 1)))
def test_whole_weights_keep_zeros_and_lose_nothing(raw: Any) -> None:
    splits = PATHS.normalise(raw)
    whole = quantise(PATHS, splits)
    assert not whole[splits == 0].any()
    assert np.allclose(PATHS.pair_sum(whole), 1)
    assert np.abs(whole - splits).max() <= 1.5 / FULL_WEIGHT


@pytest.mark.parametrize("down", [(), (0,), (2,), (0, 6)])
def test_the_fallback_in_arrays_is_the_one_in_groups(down: tuple[int, ...]) -> None:
    up = ALL_UP.copy()
    up[list(down)] = False
    splits, alive = fallback_splits(PATHS, up), PATHS.alive(up)
    for span in (slice(0, 2), slice(2, 4)):
        live = [p for p in range(span.start, span.stop) if alive[p]]
        ways = [((1, 1),) * int(PATHS.length[p]) for p in live]
        weights = np.array(static_weights(ways, PathGroup.LATENCY), float)
        assert splits[live] == pytest.approx(weights / weights.sum())


def test_drift_raises_one_alarm_and_again_only_after_it_has_gone() -> None:
    watch = DriftWatch(window=10, share=0.3)
    usual, strange = "", "all of its features"
    assert not any(watch.take(usual) for _ in range(10))
    alarms = [watch.take(strange) for _ in range(5)]
    assert sum(map(bool, alarms)) == 1
    assert not any(watch.take(usual) for _ in range(10))
    assert any(watch.take(strange) for _ in range(5))
