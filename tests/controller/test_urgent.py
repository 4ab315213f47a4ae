"""Requests leave slow paths, but not at any price."""

import numpy as np
import pytest

from controller.advice.change import choose
from controller.advice.guard import Case, judge
from controller.advice.network import CandidatePaths, Network
from controller.advice.records import Limits
from controller.advice.urgent import URGENT, on_fast_paths, slowness, waiting
from controller.advice.view import View, fallback_splits

# Leaves a, b; spines x, y; the links of y have a quarter of the others' rate.
NETWORK = Network(
    ("a", "b", "x", "y"),
    np.array([(0, 2), (2, 1), (0, 3), (3, 1), (1, 2), (2, 0), (1, 3), (3, 0)], np.int32),
    np.array([20.0, 20, 5, 5, 20, 20, 5, 5]),
)
PATHS = CandidatePaths.of_lists(NETWORK, [((0, 1), [[0, 1], [2, 3]]), ((1, 0), [[4, 5], [6, 7]])])
VIEW = View(1, PATHS, (1, 2, 3, 4), ((1, 1),) * 8, ((),) * 4, {(1, 2): 0, (2, 1): 1})
ALL_UP = np.ones(8, np.bool_)
HALF = np.full(4, 0.5)
BALANCED = np.array([0.8, 0.2, 0.8, 0.2])
FAST, REST = [1.0, 0.0, 1.0, 0.0], 1 - URGENT


def case(urgent: float, rest: float) -> Case:
    demands = np.zeros((3, 2, 2))
    demands[:, URGENT], demands[:, REST] = urgent, rest
    fallback = np.tile(fallback_splits(PATHS, ALL_UP), (2, 1))
    return Case(PATHS, ALL_UP, demands, fallback)


def test_urgent_traffic_leaves_slow_paths_and_the_rest_stays() -> None:
    splits = on_fast_paths(PATHS, np.tile(BALANCED, (2, 1)), np.ones(4, np.bool_))
    np.testing.assert_array_equal(splits[URGENT], FAST)
    np.testing.assert_array_equal(splits[REST], BALANCED)


def test_a_slow_path_is_fast_where_no_other_lives() -> None:
    splits = on_fast_paths(PATHS, np.tile(BALANCED, (2, 1)), np.array([False, True, True, True]))
    np.testing.assert_array_equal(splits[URGENT], [0, 1, 1, 0])


def test_waiting_counts_bits_by_how_slow_their_paths_are() -> None:
    np.testing.assert_array_equal(slowness(PATHS), [1, 4, 1, 4])
    assert waiting(PATHS, np.tile(HALF, (2, 1)), case(1.0, 9.0).demands[0]) == pytest.approx(5.0)


def test_one_answer_for_all_groups_is_made_quicker_for_requests() -> None:
    judgement = judge(BALANCED, case(0.1, 12.0), Limits())
    assert judgement.reason is None
    assert judgement.splits is not None
    np.testing.assert_array_equal(judgement.splits[URGENT], FAST)


@pytest.mark.parametrize(
    ("advice", "about", "limits"),
    [
        (np.tile(BALANCED, (2, 1)), case(0.1, 12.0), Limits()),  # it has thought of requests itself
        (BALANCED, case(0.1, 12.0), Limits(obey=True)),
        (BALANCED, case(12.0, 0.1), Limits()),  # they are most of the traffic
    ],
)
def test_otherwise_advice_stays_as_it_was_given(
    advice: np.ndarray, about: Case, limits: Limits
) -> None:
    judgement = judge(advice, about, limits)
    assert judgement.reason is None
    assert judgement.splits is not None
    np.testing.assert_array_equal(judgement.splits[URGENT], BALANCED)


def test_full_paths_do_not_starve_what_is_sent_first() -> None:
    splits = np.tile(np.array([0.9, 0.1, 0.9, 0.1]), (2, 1))
    splits[URGENT] = FAST
    assert judge(splits, case(1.0, 23.0), Limits()).reason is None


def test_a_change_pays_that_brings_requests_sooner() -> None:
    about = case(0.1, 12.0)
    current = np.tile(BALANCED, (2, 1))
    wanted = current.copy()
    wanted[URGENT] = FAST
    change = choose(VIEW, about, current, wanted, {}, 10.0, Limits())
    assert change is not None
    assert change.pairs == ((URGENT, 0), (URGENT, 1))
    assert choose(VIEW, about, wanted, current, {}, 20.0, Limits()) is None
