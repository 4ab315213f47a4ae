"""The programs: an optimum nobody beats, the same in any unit, with links down too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shortest_paths import k_shortest
from small_networks import SQUARE, network_of_cables, networks, traffic

from controller.advice.network import Network
from rl_agent import failures
from rl_agent.errors import SolverError
from rl_agent.lp import EdgeProgram, PathProgram
from rl_agent.optima import optima

EXAMPLES = 8


@settings(max_examples=EXAMPLES, deadline=None)
@given(networks(), st.integers(0, 99))
def test_all_paths_listed_reach_the_optimum_and_none_goes_below(net: Network, seed: int) -> None:
    matrix = traffic(net, 1, seed)[0]
    paths = k_shortest(net, 100)
    least = EdgeProgram(net).optimum(matrix)
    demands = paths.demands(matrix)
    program = PathProgram(paths)
    assert program.optimum(demands) == pytest.approx(least, rel=1e-6)
    for splits in (program.solve_short(demands), paths.normalise(np.ones(len(paths.pair)))):
        assert paths.pair_sum(splits) == pytest.approx(1)
        assert paths.max_utilisation(splits, demands) >= least * (1 - 1e-6)
    assert paths.max_utilisation(program.solve_short(demands), demands) == pytest.approx(
        least, rel=1e-5
    )


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 99), st.sampled_from([1e-9, 1e-3, 1e3, 1e12]))
def test_the_unit_makes_no_difference(seed: int, unit: float) -> None:
    matrix = traffic(SQUARE, 1, seed)[0]
    scaled = Network(SQUARE.nodes, SQUARE.ends, SQUARE.capacity * unit)
    assert EdgeProgram(scaled).optimum(matrix * unit) == pytest.approx(
        EdgeProgram(SQUARE).optimum(matrix), rel=1e-7
    )


def test_ties_go_to_few_hops() -> None:
    paths = k_shortest(SQUARE, 2)
    demands = np.zeros(len(paths.pairs))
    demands[0] = 1.0  # 0 to 1: half each way is optimal for it alone
    splits = PathProgram(paths).solve_short(demands)
    assert splits[:2] == pytest.approx([0.5, 0.5])
    idle = np.flatnonzero(paths.pair > 0)
    shortest = np.minimum.reduceat(paths.length, paths.start)[paths.pair]
    assert (splits[idle] * (paths.length > shortest)[idle]).sum() == pytest.approx(0, abs=1e-6)


@settings(max_examples=4, deadline=None)
@given(networks(), st.integers(0, 99))
def test_the_rolling_program_is_no_worse_than_any_single_optimum(net: Network, seed: int) -> None:
    matrices = traffic(net, 5, seed)
    paths = k_shortest(net, 4)
    demands, program = paths.demands(matrices), PathProgram(paths)
    least = np.array([program.optimum(row) for row in demands])
    candidates = [program.solve(row) for row in demands]
    best = program.least_mean_ratio(demands, least)

    def mean_ratio(splits: np.ndarray) -> float:
        return float((paths.max_utilisation(splits, demands) / least).mean())

    assert mean_ratio(best) <= min(map(mean_ratio, candidates)) + 1e-4
    assert mean_ratio(best) >= 1 - 1e-6


def test_links_that_are_down_carry_nothing() -> None:
    matrix = np.zeros((4, 4))
    matrix[0, 1] = 6.0
    up = np.ones(len(SQUARE.ends), bool)
    assert EdgeProgram(SQUARE).optimum(matrix) == pytest.approx(0.3)
    up[[SQUARE.link_of[0, 3], SQUARE.link_of[3, 0]]] = False
    assert EdgeProgram(SQUARE, up).optimum(matrix) == pytest.approx(0.6)
    paths = k_shortest(SQUARE, 2)
    splits = PathProgram(paths, up).solve(paths.demands(matrix))
    assert (splits[~paths.alive(up)] == 0).all()
    up[SQUARE.link_of[0, 1]] = False
    with pytest.raises(SolverError, match="links down"):
        EdgeProgram(SQUARE, up).optimum(matrix)


def test_many_optima_come_in_the_order_of_their_matrices() -> None:
    matrices = traffic(SQUARE, 12, 3)
    matrices[5] = 0
    up = failures.in_turn(SQUARE, 12)
    seen: list[tuple[int, int]] = []
    answer = optima(SQUARE, matrices, up, progress=lambda *at: seen.append(at))
    one_by_one = [EdgeProgram(SQUARE, u).optimum(m) for u, m in zip(up, matrices, strict=True)]
    assert answer == pytest.approx(np.array(one_by_one))
    assert answer[5] == 0
    assert seen[-1] == (12, 12)


@pytest.mark.slow
def test_processes_find_the_same_optima(monkeypatch: pytest.MonkeyPatch) -> None:
    matrices = traffic(SQUARE, 130, 3)
    alone = optima(SQUARE, matrices)
    monkeypatch.setattr("rl_agent.optima._WORTH_PROCESSES", 1)
    assert (optima(SQUARE, matrices, spread=True) == alone).all()


# --- failures -------------------------------------------------------------------------------------


def test_each_cable_that_can_be_spared_fails_in_turn() -> None:
    tail = network_of_cables([(0, 1), (1, 2), (2, 0), (2, 3)], [1.0] * 4)
    up = failures.in_turn(tail, 9)
    assert (~up).sum(1).tolist() == [2] * 9
    assert len(np.unique(up, axis=0)) == 3
    assert up[:, [tail.link_of[2, 3], tail.link_of[3, 2]]].all()


def test_random_failures_are_the_same_again() -> None:
    up = failures.at_random(SQUARE, 500, 7)
    assert (up == failures.at_random(SQUARE, 500, 7)).all()
    assert 0.1 < (~up).any(1).mean() < 0.6
    assert set((~up).sum(1).tolist()) == {0, 2}


def test_a_tree_has_no_cable_to_spare() -> None:
    path = network_of_cables([(0, 1), (1, 2)], [1.0, 1.0])
    assert failures.survivable(path) == []
    assert failures.in_turn(path, 3).all()
    assert failures.at_random(path, 30, 1).all()
