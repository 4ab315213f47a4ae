"""Given splits are followed as they are, and a dead link is still a dead link."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controller.advice.advisor import Observation
from controller.advice.builtin import check, find
from controller.advice.change import choose
from controller.advice.errors import GivenError, UnknownAgentError
from controller.advice.given import Given, read, routes, write
from controller.advice.guard import Case, judge
from controller.advice.network import CandidatePaths, Network
from controller.advice.records import Limits, Reason
from controller.advice.view import View, fallback_splits
from controller.errors import SettingsError
from controller.settings import Settings

# Leaves a, b; spines x, y; the links of y are weak.
NETWORK = Network(
    ("a", "b", "x", "y"),
    np.array([(0, 2), (2, 1), (0, 3), (3, 1), (1, 2), (2, 0), (1, 3), (3, 0)], np.int32),
    np.array([20.0, 20, 5, 5, 20, 20, 5, 5]),
)
PATHS = CandidatePaths.of_lists(NETWORK, [((0, 1), [[0, 1], [2, 3]]), ((1, 0), [[4, 5], [6, 7]])])
ALL_UP = np.ones(8, np.bool_)
LAST_DOWN = np.arange(8) != 7
OBEY = Limits(obey=True)
ALL_ON_THE_WEAK = np.array([0.0, 1.0, 0.0, 1.0])


def seen(link_up=ALL_UP):
    return Observation(np.full(2, 8.0), link_up)


def case(link_up=ALL_UP, load=8.0):
    demands = np.full((3, 2, 2), load)
    fallback = np.tile(fallback_splits(PATHS, link_up), (2, 1))
    return Case(PATHS, link_up, demands, fallback)


def test_paths_are_known_by_the_switches_on_the_way(tmp_path: Path):
    assert routes(PATHS) == [("a", "x", "b"), ("a", "y", "b"), ("b", "x", "a"), ("b", "y", "a")]
    file = tmp_path / "weights.json"
    write(file, {("b", "y", "a"): (3.0, 1.0), ("b", "x", "a"): (1.0, 0.0), ("no", "such"): (1, 1)})
    splits = Given(file, PATHS).advise(seen())
    np.testing.assert_allclose(splits, [[0.5, 0.5, 0.25, 0.75], [0.5, 0.5, 0.0, 1.0]])


def test_what_is_written_later_is_answered_later(tmp_path: Path):
    file = tmp_path / "weights.json"
    advisor = find(f"given:{file}").make(PATHS)
    assert advisor.advise(seen()).tolist() == [0.5] * 4  # no file yet
    write(file, {("a", "y", "b"): (1.0, 1.0)})
    assert advisor.advise(seen())[0].tolist() == [0.0, 1.0, 0.5, 0.5]
    assert advisor.advise(seen(LAST_DOWN))[1].tolist() == [0.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize("text", ["", "[1]", "{}x", '[[["a"], [1]]]', '[[["a"], [-1, 1]]]'])
def test_a_damaged_file_says_so(tmp_path: Path, text: str):
    file = tmp_path / "weights.json"
    file.write_text(text)
    with pytest.raises(GivenError, match=r"weights\.json"):
        read(file)


def test_other_names_are_still_refused():
    check("given:anything")
    with pytest.raises(UnknownAgentError):
        check("gives:anything")


def test_obeying_follows_what_the_guard_would_refuse():
    assert judge(ALL_ON_THE_WEAK, case(), Limits()).reason is Reason.STARVED
    judgement = judge(ALL_ON_THE_WEAK, case(), OBEY)
    assert judgement.reason is None
    assert judgement.predicted > judgement.fallback


def test_obeying_changes_everything_at_once_even_without_traffic():
    view = View(1, PATHS, (1, 2, 3, 4), ((1, 1),) * 8, ((),) * 4, {(1, 2): 0, (2, 1): 1})
    current, wanted = case(load=0.0).fallback, np.tile(ALL_ON_THE_WEAK, (2, 1))
    just_now = {((1, 2), 0): 9.9}
    for limits, pairs in ((Limits(), None), (OBEY, ((0, 0), (0, 1), (1, 0), (1, 1)))):
        change = choose(view, case(load=0.0), current, wanted, just_now, 10.0, limits)
        assert (change and change.pairs) == pairs
    assert choose(view, case(), wanted, wanted, {}, 10.0, OBEY) is None


@pytest.mark.parametrize(
    ("advice", "reason"),
    [(ALL_ON_THE_WEAK, Reason.DEAD_LINK), (ALL_ON_THE_WEAK * np.nan, Reason.MALFORMED)],
)
def test_obeying_has_its_limits(advice, reason):
    assert judge(advice, case(LAST_DOWN), replace(OBEY, bench_after=1)).reason is reason


def test_the_setting_is_spelt_out():
    assert Settings.from_environment({"HEADWAY_GUARD": "links"}).guard == "links"
    with pytest.raises(SettingsError, match="HEADWAY_GUARD"):
        Settings.from_environment({"HEADWAY_GUARD": "off"})
