"""The jobs agent: what it sees, how it moves flows, its file, and its training."""

import json

import numpy as np
import pytest

from rl_agent.errors import JobsError
from rl_agent.jobs import stored
from rl_agent.jobs.core import Decision, JobsCore, Setting
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.placement import (
    FEATURES,
    FIRST_GUESS,
    PARAMETERS,
    Placer,
    _Board,
    candidate_features,
)
from rl_agent.jobs.rivals import Ecmp, current_choice
from rl_agent.jobs.workload import Mix
from rl_agent.training.jobs import Search, play, train
from topologies.registry import build

FABRIC = Fabric.of(build("leafspine,spines=3,leaves=3,hosts=4,rate=100M"))
SETTING = Setting(FABRIC, Mix(training=3, inference=2, background=2), steps=20)
GUESS = FIRST_GUESS.copy()


def _seen(seeds, steps=6):
    core = JobsCore(SETTING, len(seeds))
    view = core.reset([np.random.default_rng(seed) for seed in seeds])
    for _ in range(steps):
        view, _ = core.step(Decision(np.tile(core.even, (len(seeds), 1, 1))))
    return core, view


def test_features_after_a_move_are_those_of_a_fresh_look():
    """What `move` keeps up to date is what would be computed from scratch."""
    core, view = _seen([1, 2])
    choice = current_choice(view)
    board = _Board(view, choice)
    slots = (choice >= 0).argmax(1)
    other = (choice[[0, 1], slots] + 1) % 3
    board.move(np.array([0, 1]), slots, other)
    pin = np.where(choice >= 0, board.choice, -1)
    core.simulation.assign(core._paths(Decision(np.tile(core.even, (2, 1, 1)), pin)))
    moved = core._look()
    expected = candidate_features(moved)
    np.testing.assert_allclose(
        np.where(board.allowed[..., None], board.features(), 0), expected, atol=1e-4
    )


def test_a_batch_with_parameters_of_its_own_decides_as_each_alone():
    _, view = _seen([3, 4])
    rng = np.random.default_rng(5)
    own = GUESS + rng.normal(0, 0.2, (2, PARAMETERS))
    core, _ = _seen([3, 4])
    both = Placer(core.even, own).decide(view).pin
    for row in range(2):
        alone = Placer(core.even, own[row]).decide(view).pin
        np.testing.assert_array_equal(both[row], alone[row])


def test_it_moves_at_most_as_often_as_it_may_and_pins_only_what_exists():
    core, view = _seen([6], steps=8)
    decision = Placer(core.even, GUESS, moves=2).decide(view)
    before = current_choice(view)
    pinned = decision.pin >= 0
    assert ((decision.pin != before) & pinned).sum() <= 2
    assert view.exists[pinned].all()
    table = np.take_along_axis(view.candidates, decision.pin.clip(0)[..., None], 2)[..., 0]
    assert (table[pinned] >= 0).all()


def test_features_are_numbers_and_none_depends_on_the_unit():
    _, view = _seen([7])
    features = candidate_features(view)
    assert features.shape == (*view.candidates.shape, len(FEATURES))
    assert np.isfinite(features).all() and (features >= 0).all()
    assert features[..., FEATURES.index("load")].max() < 20


def test_even_the_first_guess_beats_hashing():
    seeds = range(4)
    core = JobsCore(SETTING, len(seeds))
    chosen, total = Ecmp(core.even), 0.0
    view = core.reset([np.random.default_rng(seed) for seed in seeds])
    while not core.over:
        view, reward = core.step(chosen.decide(view))
        total += reward.sum()
    assert play(SETTING, GUESS, list(seeds)).sum() > total


def test_files_come_back_as_they_went(tmp_path):
    path = tmp_path / "agent.json"
    stored.save(path, GUESS, {"seed": 1})
    np.testing.assert_allclose(stored.load(path), GUESS, atol=1e-6)
    assert list(tmp_path.iterdir()) == [path]


def test_the_shipped_agent_loads():
    assert stored.load().shape == (PARAMETERS,)


@pytest.mark.parametrize("spoil, word", [
    (lambda d: d.pop("parameters"), "not a jobs agent"),
    (lambda d: d.update(parameters=[1.0]), "train it anew"),
    (lambda d: d.update(features=["load"]), "other features"),
    (lambda d: d["parameters"].__setitem__(0, float("nan")), "numbers that are none"),
])  # fmt: skip
def test_a_spoilt_file_is_refused(tmp_path, spoil, word):
    path = tmp_path / "agent.json"
    stored.save(path, GUESS, {})
    document = json.loads(path.read_text())
    spoil(document)
    path.write_text(json.dumps(document))
    with pytest.raises(JobsError, match=word):
        stored.load(path)


def test_no_file_says_how_to_make_one(tmp_path):
    with pytest.raises(JobsError, match=r"rl_agent\.training\.jobs"):
        stored.load(tmp_path / "none.json")


def test_training_is_told_what_it_must_not():
    with pytest.raises(JobsError, match="above 0"):
        Search(generations=0)


@pytest.mark.learning
def test_training_improves_on_a_poor_start():
    """From a score that knows nothing: better on episodes that it has not seen."""
    setting = Setting(FABRIC, Mix(training=4, background=0), steps=30, tick_s=2e-3)
    start = GUESS.copy()
    start[: len(FEATURES)] = 0.0
    trained = train([setting], Search(generations=15, pairs=4, rate=0.1, spread=0.2), start=start)
    unseen = range(1000, 1008)
    before, after = (play(setting, p, list(unseen)).mean() for p in (start, trained))
    assert after > before


@pytest.mark.learning
def test_training_is_reproducible():
    search = Search(generations=2, pairs=2)
    first, again = (train([SETTING], search) for _ in range(2))
    np.testing.assert_array_equal(first, again)
