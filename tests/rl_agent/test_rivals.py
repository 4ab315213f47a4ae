"""Every rival through one contract, and what each is for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shortest_paths import k_shortest
from small_networks import SQUARE, networks, traffic

from controller.advice.advisor import Advisor, Observation
from controller.advice.builtin import Static
from controller.advice.network import FloatArray, Network
from rl_agent import failures
from rl_agent.errors import MethodError
from rl_agent.evaluate import course, replay
from rl_agent.lp import PathProgram
from rl_agent.rivals.least_loaded import LeastLoaded
from rl_agent.rivals.registry import Knowledge, Method, chosen, methods
from rl_agent.rivals.shortest import ShortestPath
from rl_agent.rivals.window import Window
from rl_agent.synthetic import PRESETS, generate

TORCH_FREE = [method for method in methods() if method.name != "dote"]
LEARNING = [pytest.param(m, marks=pytest.mark.learning) for m in methods() if m.name == "dote"]
each_rival = pytest.mark.parametrize("method", TORCH_FREE + LEARNING, ids=lambda m: m.name)


def given_of(network: Network, count: int = 6, seed: int = 1) -> tuple[Knowledge, FloatArray]:
    """What a method may know, with four paths a pair, and matrices of another seed."""
    paths = k_shortest(network, 4)
    demands = paths.demands(traffic(network, count, seed))
    program = PathProgram(paths)
    least = np.array([program.optimum(row) for row in demands])
    return Knowledge(paths, demands, least, window=4), traffic(network, 5, seed + 1000)


def enough(method: Method) -> int:
    """Training matrices that it can be fitted on."""
    return 60 if method.name == "dote" else 6


def decisions(advisor: Advisor, matrices: FloatArray, up: FloatArray | None = None) -> FloatArray:
    demands = advisor.paths.demands(matrices)
    states = failures.none(SQUARE, len(demands)) if up is None else up
    return np.array(
        [advisor.advise(Observation(*seen)) for seen in zip(demands, states, strict=True)]
    )


@each_rival
def test_no_rival_beats_the_optimum_or_loses_traffic(method: Method) -> None:
    @settings(max_examples=2, deadline=None)
    @given(networks(), st.integers(0, 99))
    def check(network: Network, seed: int) -> None:
        known, matrices = given_of(network, enough(method), seed)
        up = failures.at_random(network, len(matrices), seed, mean_length=3)
        # The replay itself refuses splits that don't sum to 1, and ratios below 1.
        score = replay(method.build(known), course(known.paths, matrices, link_up=up))
        assert np.isfinite(score.ratios).all()
        assert score.mean >= 1 - 1e-6

    check()


@each_rival
def test_the_same_again(method: Method) -> None:
    known, matrices = given_of(SQUARE, enough(method))
    answers = [decisions(method.build(known), matrices) for _ in range(2)]
    assert (answers[0] == answers[1]).all()
    assert known.paths.pair_sum(answers[0]) == pytest.approx(1)


@each_rival
def test_dead_paths_get_nothing(method: Method) -> None:
    known, matrices = given_of(SQUARE, enough(method))
    up = failures.in_turn(SQUARE, len(matrices))
    splits = decisions(method.build(known), matrices, up)
    assert splits[~known.paths.alive(up)].max() == pytest.approx(0, abs=1e-9)
    assert known.paths.pair_sum(splits) == pytest.approx(1)


@each_rival
def test_silence_is_survived(method: Method) -> None:
    known, matrices = given_of(SQUARE, enough(method))
    matrices[:3] = 0
    assert np.isfinite(decisions(method.build(known), matrices)).all()


def test_the_optimum_of_a_known_matrix_is_found_by_those_that_solve() -> None:
    known, matrices = given_of(SQUARE)
    advisor = chosen(["previous_lp"])[0].build(known)
    splits = decisions(advisor, matrices)
    demands = known.paths.demands(matrices)
    program = PathProgram(known.paths)
    least = [program.optimum(row) for row in demands]
    assert known.paths.max_utilisation(splits, demands) == pytest.approx(np.array(least), rel=1e-5)


def test_shortest_takes_one_and_ecmp_all_of_the_shortest() -> None:
    paths = k_shortest(SQUARE, 2)
    seen = Observation(np.zeros(len(paths.pairs)), np.ones(len(SQUARE.ends), bool))
    across = paths.pair == [tuple(p) for p in paths.pairs.tolist()].index((0, 2))
    assert sorted(ShortestPath(paths).advise(seen)[across]) == [0, 1]
    assert Static(paths).advise(seen)[across].tolist() == [0.5, 0.5]
    beside = paths.pair == 0
    assert sorted(Static(paths).advise(seen)[beside]) == [0, 1]


def test_least_loaded_puts_the_second_where_the_first_is_not() -> None:
    paths = k_shortest(SQUARE, 2)
    matrix = np.zeros((1, 4, 4))
    matrix[0, 0, 2], matrix[0, 0, 1] = 5.0, 4.0
    splits = decisions(LeastLoaded(paths), matrix)[0]
    assert paths.max_utilisation(splits, paths.demands(matrix)[0]) == pytest.approx(0.5)


def test_the_static_split_is_the_best_of_its_kind() -> None:
    known, _ = given_of(SQUARE, 30)
    (method,) = chosen(["static"])
    splits = method.build(known).advise(
        Observation(known.demands[0], np.ones(len(SQUARE.ends), bool))
    )

    def mean_ratio(other: FloatArray) -> float:
        return float((known.paths.max_utilisation(other, known.demands) / known.optima).mean())

    rng = np.random.default_rng(1)
    for size in (0.01, 0.1, 1.0):
        nearby = known.paths.normalise(splits + size * rng.random((50, len(splits))))
        assert mean_ratio(splits) <= min(map(mean_ratio, nearby)) + 1e-5


def test_methods_that_are_fitted_say_so() -> None:
    known, _ = given_of(SQUARE)
    nothing = Knowledge(known.paths, known.demands[:0], known.optima[:0])
    for method in chosen(["static", "dote"]):
        with pytest.raises(MethodError, match="training matrices"):
            method.build(nothing)


def test_an_unknown_method_is_refused_with_a_hint() -> None:
    with pytest.raises(MethodError, match="did you mean 'oblivious'"):
        chosen(["oblivius"])
    assert [m.name for m in chosen(["ecmp", "ecmp"])] == ["ecmp"]
    assert len(chosen(["all"])) == len(methods())
    assert not any(m.is_costly for m in chosen(["cheap"]))


def test_oblivious_routing_declines_what_it_could_not_solve() -> None:
    nodes = 40
    ends = [(i, (i + step) % nodes) for i in range(nodes) for step in (1, nodes - 1)]
    ring = Network(tuple(map(str, range(nodes))), np.array(ends, np.int32), np.ones(len(ends)))
    paths = k_shortest(ring, 2)
    with pytest.raises(MethodError, match="rows"):
        chosen(["oblivious"])[0].build(Knowledge(paths, np.zeros((0, 1)), np.zeros(0)))


def test_oblivious_bounds_the_ratio_of_traffic_nobody_has_seen() -> None:
    # On a ring of four, one can't do better than 3/2 against every matrix; here by all-pairs rows.
    known, _ = given_of(SQUARE)
    splits = (
        chosen(["oblivious"])[0]
        .build(known)
        .advise(Observation(known.demands[0], np.ones(len(SQUARE.ends), bool)))
    )
    wild = known.paths.demands(traffic(SQUARE, 60, 9))
    program = PathProgram(known.paths)
    ratios = known.paths.max_utilisation(splits, wild) / [program.optimum(row) for row in wild]
    assert ratios.max() <= 2.0


@given(st.integers(1, 5), st.integers(0, 20))
def test_a_window_is_the_last_rows(width: int, count: int) -> None:
    window = Window(width, 1)
    for row in range(count):
        window.push(np.array([float(row)]))
    assert window.rows[:, 0].tolist() == [float(r) for r in range(count)][-width:]


def test_generated_traffic_serves_every_rival() -> None:
    matrices = generate(SQUARE, PRESETS["hotspots"], 3)
    paths = k_shortest(SQUARE, 2)
    over = course(paths, matrices.matrices[:8])
    assert replay(Static(paths), over).mean >= replay(chosen(["previous_lp"])[0].build(
        Knowledge(paths, over.demands[:0], over.optima[:0])), over).mean - 0.5  # fmt: skip
