"""Plans and the policy: near the best where that is known, and never on a dead path."""

from dataclasses import replace

import numpy as np
import pytest
from shortest_paths import k_shortest

from controller.advice.advisor import Advisor, Observation, on_live_paths
from controller.advice.errors import PolicyFileError
from controller.advice.network import CandidatePaths, Network
from controller.advice.observe import FEATURES
from controller.advice.plan import Blend, Descent, Memory, OnlineGradient, Recent, Replay
from controller.advice.policy import Policy, PolicyAdvisor, fingerprint, load, save


def two_ways(weak: float = 1.0, strong: float = 3.0) -> CandidatePaths:
    """a-b directly over a weak link, or round by c over strong ones."""
    ends = np.array([[0, 1], [0, 2], [2, 1], [1, 0], [2, 0], [1, 2]], np.int32)
    capacity = np.array([weak, strong, strong, weak, strong, strong])
    return k_shortest(Network(("a", "b", "c"), ends, capacity))


def demand(paths: CandidatePaths, amount: float = 1.0) -> np.ndarray:
    demands = np.full(len(paths.pairs), 1e-6)
    demands[0] = amount  # a to b
    return demands


def up(paths: CandidatePaths) -> np.ndarray:
    return np.ones(len(paths.network.ends), bool)


def policy(seed: int = 0, scale: float = 0.1, **changes: object) -> Policy:
    rng = np.random.default_rng(seed)
    width = len(FEATURES)
    shapes = [(width, 8), (8,), (8, 1), (1,)]
    zeros, ones = np.zeros(width, "f4"), np.ones(width, "f4")
    weights = tuple((scale * rng.normal(size=s)).astype("f4") for s in shapes)
    return replace(Policy(weights, zeros, ones, zeros, ones), **changes)


def advise(advisor: Advisor, paths: CandidatePaths, times: int = 60, **seen: object) -> np.ndarray:
    for _ in range(times):
        splits = advisor.advise(Observation(demand(paths), up(paths), **seen))
    return splits


@pytest.mark.parametrize("plan", [Recent, Replay])
def test_a_plan_finds_the_best_split_of_steady_traffic(plan: type) -> None:
    paths = two_ways()
    advisor = OnlineGradient(paths, plan(paths))
    splits = advise(advisor, paths, 1500 if plan is Replay else 60)
    best = 1.0 / 4.0  # of traffic 1 over capacities 1 and 3
    assert paths.max_utilisation(splits, demand(paths)) == pytest.approx(best, rel=0.06)


def test_the_blend_follows_the_plan_that_does_better() -> None:
    paths = two_ways()
    rng = np.random.default_rng(1)
    other = int(np.flatnonzero((paths.pairs == [2, 1]).all(1))[0])
    blend = Blend(Recent(paths), Replay(paths))
    advisor = OnlineGradient(paths, blend)
    for _ in range(600):  # without memory: the last matrix says nothing of the next
        demands = demand(paths)
        demands[other] = rng.choice([0.0, 3.0])
        advisor.advise(Observation(demands, up(paths)))
    assert blend.share_of_replay > 0.9


@pytest.mark.parametrize("make", [OnlineGradient, lambda paths: policy(scale=3.0).advisor(paths)])
def test_nothing_goes_over_a_dead_link_while_another_way_is_left(make: object) -> None:
    paths = two_ways()
    advisor: Advisor = make(paths)  # type: ignore[operator]
    advise(advisor, paths, 5)
    link_up = up(paths)
    link_up[0] = False
    splits = advisor.advise(Observation(demand(paths), link_up))
    np.testing.assert_allclose(paths.pair_sum(splits), 1.0)
    dead = ~paths.alive(link_up)
    several = paths.per_pair[paths.pair] > 1
    assert not splits[dead & several].any()


def test_a_pair_with_everything_on_a_dead_path_is_split_over_the_others() -> None:
    """In single precision too, where the smallest numbers are 0."""
    paths = two_ways()
    splits = np.zeros(len(paths.pair), np.float32)
    splits[paths.start] = 1.0
    link_up = up(paths)
    link_up[0] = False
    moved = on_live_paths(paths, splits, link_up)
    np.testing.assert_allclose(paths.pair_sum(moved), 1.0)
    assert not moved[~paths.alive(link_up) & (paths.per_pair[paths.pair] > 1)].any()


def test_empty_traffic_changes_nothing() -> None:
    paths = two_ways()
    advisor = policy().advisor(paths)
    for _ in range(3):
        splits = advisor.advise(Observation(np.zeros(len(paths.pairs)), up(paths)))
    assert np.isfinite(splits).all()
    np.testing.assert_allclose(paths.pair_sum(splits), 1.0)


def test_units_do_not_matter() -> None:
    answers = []
    for unit in (1.0, 1e9):
        paths = two_ways(unit, 3 * unit)
        advisor = policy().advisor(paths)
        for amount in (1.0, 2.0, 0.5, 1.5):
            splits = advisor.advise(Observation(unit * demand(paths, amount), up(paths)))
        answers.append(splits)
    np.testing.assert_allclose(*answers, atol=1e-3)


def test_every_plan_keeps_within_what_a_network_can_afford(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = two_ways()
    own = policy(recent=Descent(steps=20))
    small = OnlineGradient(paths).plan, own.advisor(paths).plan
    assert [(p.recent.descent.steps, p.recent.memory.window) for p in small] == [(10, 8), (20, 8)]
    monkeypatch.setattr("controller.advice.plan._CELLS", 9 * paths.hops.size)
    for plan in (OnlineGradient(paths).plan, own.advisor(paths).plan):
        assert plan.recent.descent.steps * plan.recent.memory.window <= 9
        assert plan.replay.memory.replay <= 3


def test_a_large_network_answers_first_and_thinks_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CandidatePaths, "is_small", False)
    monkeypatch.setattr("controller.advice.policy._INLINE_HOPS", 0)
    paths = two_ways()
    advisor = policy(scale=0.0).advisor(paths)
    assert isinstance(advisor, PolicyAdvisor) and advisor.answers_first
    first = advisor.advise(Observation(demand(paths), up(paths)))
    advisor.think()
    second = advisor.advise(Observation(demand(paths), up(paths)))
    worse, better = (paths.max_utilisation(s, demand(paths)) for s in (first, second))
    assert better < worse


def test_a_policy_survives_its_file(tmp_path: object) -> None:
    paths = two_ways()
    prior = {fingerprint(paths): np.zeros(len(paths.pair), "f4")}
    old = policy(prior=prior, metadata={"name": "x"})
    save(old, tmp_path / "x.npz")  # type: ignore[operator]
    new = load(tmp_path / "x.npz")  # type: ignore[operator]
    np.testing.assert_array_equal(
        advise(old.advisor(paths), paths, 5), advise(new.advisor(paths), paths, 5)
    )
    assert new.metadata == {"name": "x"}
    assert not list(tmp_path.glob(".*"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("damage", ["truncated", "changed", "text", "empty"])
def test_a_damaged_file_is_refused(tmp_path: object, damage: str) -> None:
    path = tmp_path / "x.npz"  # type: ignore[operator]
    save(policy(), path)
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        content = content[: len(content) // 2]
    elif damage == "changed":
        at = content.index(b"weights_0") + 300
        content[at] ^= 1
    else:
        content = bytearray(b"weights" if damage == "text" else b"")
    path.write_bytes(content)
    with pytest.raises(PolicyFileError, match=r"x\.npz"):
        load(path)


def test_a_pickle_is_refused(tmp_path: object) -> None:
    path = tmp_path / "x.npz"  # type: ignore[operator]
    np.savez(path, weights_0=np.array([{"a": 1}], dtype=object))
    with pytest.raises(PolicyFileError):
        load(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"memory": Memory(capacity=0)},
        {"recent": Descent(step=float("nan"))},
        {"recent": Descent(steps=-1)},
        {"prior": {"x" * 32: np.full(3, np.nan, "f4")}},
        {"low": np.ones(len(FEATURES), "f4"), "high": np.zeros(len(FEATURES), "f4")},
    ],
)
def test_impossible_settings_are_refused(changes: dict) -> None:
    with pytest.raises(PolicyFileError, match="the policy's"):
        replace(policy(), **changes)


def test_an_array_is_no_policy(tmp_path: object) -> None:
    path = tmp_path / "x.npy"  # type: ignore[operator]
    np.save(path, np.zeros(3))
    with pytest.raises(PolicyFileError, match=r"x\.npy"):
        load(path)


def test_a_policy_with_a_hole_is_refused() -> None:
    weights = list(policy().weights)
    weights[0] = np.full_like(weights[0], np.nan)
    with pytest.raises(PolicyFileError, match="finite"):
        replace(policy(), weights=tuple(weights))


def test_what_training_never_saw_is_noticed() -> None:
    known = policy()
    inside = np.full((5, len(FEATURES)), 0.5)
    assert known.outside(inside) == 0.0
    assert known.outside(inside + 9.0) == 1.0
