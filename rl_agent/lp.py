"""Linear programs over a network: the optimum everybody is measured against, and optimal splits.

Owns the formulations and their scaling; `rl_agent.optima` solves many at once. HiGHS accepts
answers that break a constraint by 1e-7, so demands and capacities are brought to about 1 first:
without that, "optima" come out that no routing reaches, or that any routing beats.
"""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from controller.advice.network import BoolArray, CandidatePaths, FloatArray, IntArray, Network
from rl_agent.errors import SolverError

Indices = NDArray[np.integer[Any]]

_TOLERANCES = {"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9}
_SLACK = 1e-7  # of an optimum that a second program has to keep
_GAP = 1e-5  # in the mean ratio, at which constraint generation is done
_ROUNDS_MAX = 100


class EdgeProgram:
    """Least possible max utilisation over all paths of a network.

    A multicommodity flow with one commodity a destination: N x E flow variables.
    """

    def __init__(self, network: Network, link_up: BoolArray | None = None) -> None:
        """Builds what all matrices share; links that are down carry nothing."""
        up = np.arange(len(network.ends)) if link_up is None else np.flatnonzero(link_up)
        nodes, links = len(network.nodes), len(up)
        self._capacity_unit = float(network.capacity.max())
        outflow = _outflow(nodes, network.ends[up])
        balance = sparse.block_diag([_without_row(outflow, node) for node in range(nodes)])
        self._balance = sparse.hstack([balance, sparse.csr_matrix((balance.shape[0], 1))]).tocsc()
        capacity = sparse.csr_matrix(network.capacity[up, None] / self._capacity_unit)
        self._loads = sparse.hstack([sparse.identity(links)] * nodes + [-capacity]).tocsc()
        self._cost = np.append(np.zeros(nodes * links), 1.0)
        self._others = ~np.eye(nodes, dtype=bool)

    def optimum(self, matrix: FloatArray) -> float:
        """Least max utilisation that carries `matrix`, float64 (N, N).

        Raises:
            SolverError: There is no way for some of the traffic.
        """
        unit = float(matrix.max())
        if unit == 0:
            return 0.0
        sent = matrix.T[self._others] / unit  # by destination, then source
        answer = minimise(self._cost, self._loads, np.zeros(self._loads.shape[0]),
                          self._balance, sent)  # fmt: skip
        return float(answer[-1]) * unit / self._capacity_unit


class PathProgram:
    """Programs whose variables are split ratios over given paths."""

    def __init__(self, paths: CandidatePaths, link_up: BoolArray | None = None) -> None:
        """Builds what all demands share.

        Paths with a link down get nothing, unless all of their pair have one: that traffic is lost
        in any case, and callers leave it out of the demands.
        """
        self.paths = paths
        count = len(paths.pair)
        network = paths.network
        self._capacity_unit = float(network.capacity.max())
        self._capacity = network.capacity / self._capacity_unit
        rows, slots = np.nonzero(paths.hops < len(network.ends))
        self._uses = sparse.csr_matrix(
            (np.ones(len(rows)), (paths.hops[rows, slots], rows)), (len(network.ends), count)
        )
        self._whole = sparse.csr_matrix(
            (np.ones(count), (paths.pair, np.arange(count))), (len(paths.pairs), count)
        )
        self._most = np.ones(count) if link_up is None else _usable(paths, link_up).astype(float)

    def optimum(self, demands: FloatArray) -> float:
        """Least max utilisation that carries `demands`, float64 (K,)."""
        return float(self.paths.max_utilisation(self.solve(demands), demands))

    def solve(self, demands: FloatArray) -> FloatArray:
        """Splits float64 (P,) of least max utilisation; which of them is the solver's choice."""
        return self._least(demands)[0]

    def solve_short(self, demands: FloatArray) -> FloatArray:
        """Of the splits of least max utilisation those with least total hops: a fixed tie-break.

        Pairs without traffic take their shortest paths.
        """
        _, loads, largest = self._least(demands)
        weight = demands / max(float(demands.max()), 1e-300)
        idle = 1e-3 * float(weight.mean()) + 1e-6
        hops = self.paths.length * (weight + idle)[self.paths.pair]
        limit = np.full(loads.shape[0], largest) * self._capacity * (1 + _SLACK)
        answer = minimise(hops, loads, limit, self._whole, np.ones(len(demands)), self._most)
        return self._ratios(answer)

    def _least(self, demands: FloatArray) -> tuple[FloatArray, Any, float]:
        """Splits, the loads they are judged by, and the largest utilisation in scaled units."""
        unit = float(demands.max())
        if unit == 0:
            nothing = sparse.csr_matrix(self._uses.shape)
            return self.paths.normalise(self._most.copy()), nothing, 0.0
        loads = self._uses.multiply((demands / unit)[self.paths.pair][None, :]).tocsr()
        bound = sparse.csr_matrix(-self._capacity[:, None])
        answer = minimise(
            np.append(np.zeros(len(self._most)), 1.0), sparse.hstack([loads, bound]).tocsc(),
            np.zeros(loads.shape[0]), self._with_bound, np.ones(len(demands)),
            np.append(self._most, np.inf),
        )  # fmt: skip
        return self._ratios(answer[:-1]), loads, float(answer[-1])

    @cached_property
    def _with_bound(self) -> Any:
        empty = sparse.csr_matrix((self._whole.shape[0], 1))
        return sparse.hstack([self._whole, empty]).tocsc()

    def _ratios(self, answer: FloatArray) -> FloatArray:
        """Rounding of the solver taken off, so that no traffic vanishes."""
        return self.paths.normalise(answer.clip(0.0))

    def least_mean_ratio(self, demands: FloatArray, optima: FloatArray) -> FloatArray:
        """One split for many matrices: least mean of max utilisation / optimum.

        Few links are ever the fullest, so the program starts with those that are under even splits
        and takes in others where its answer fills them (constraint generation): within 1e-5
        the answer of all W x E rows, several times sooner.

        Args:
            demands: float64 (W, K).
            optima: float64 (W,), above 0.

        Returns:
            float64 (P,) split ratios.
        """
        width, paths = len(demands), self.paths
        scaled = demands / optima[:, None] / self._capacity_unit
        splits = paths.normalise(self._most.copy())
        chosen = np.zeros((width, len(self._capacity)), bool)
        bound = np.zeros(width)
        for _ in range(_ROUNDS_MAX):
            ratios = paths.link_loads(splits * scaled[:, paths.pair]) / self._capacity
            fresh = _violated(ratios, bound) & ~chosen
            if not fresh.any() or (ratios.max(1) - bound).mean() < _GAP:
                break
            chosen |= fresh
            splits, bound = self._master(scaled, *np.nonzero(chosen))
        return splits

    def _master(
        self, scaled: FloatArray, times: Indices, links: Indices
    ) -> tuple[FloatArray, FloatArray]:
        """The program over the chosen (time, link) rows: its splits, and each time's bound."""
        width, count = len(scaled), len(self._most)
        per_path = sparse.csr_matrix(scaled[times][:, self.paths.pair])
        loads = self._uses[links].multiply(per_path) / self._capacity[links, None]
        bounds = sparse.csr_matrix(
            (-np.ones(len(times)), (np.arange(len(times)), times)), (len(times), width)
        )
        whole = sparse.hstack([self._whole, sparse.csr_matrix((len(scaled[0]), width))])
        answer = minimise(
            np.append(np.zeros(count), np.full(width, 1.0 / width)),
            sparse.hstack([loads, bounds]).tocsc(), np.zeros(len(times)),
            whole.tocsc(), np.ones(whole.shape[0]), np.append(self._most, np.full(width, np.inf)),
        )  # fmt: skip
        return self._ratios(answer[:count]), answer[count:]


def _violated(ratios: FloatArray, bound: FloatArray, most: int = 3) -> BoolArray:
    """The fullest links of each time, bool (W, E): at most `most`, and only above its bound."""
    worst = np.partition(ratios, -most, axis=1)[:, [-most]] if ratios.shape[1] > most else 0.0
    found: BoolArray = (ratios >= worst) & (ratios > bound[:, None] + 1e-6)
    return found


def _usable(paths: CandidatePaths, link_up: BoolArray) -> BoolArray:
    alive = paths.alive(link_up)
    stranded = paths.pair_sum(alive.astype(float)) == 0
    usable: BoolArray = alive | stranded[paths.pair]
    return usable


def _outflow(nodes: int, ends: IntArray) -> FloatArray:
    """float64 (N, E): 1 where a link leaves a node, -1 where it arrives."""
    matrix = np.zeros((nodes, len(ends)))
    columns = np.arange(len(ends))
    np.add.at(matrix, (ends[:, 0], columns), 1.0)
    np.add.at(matrix, (ends[:, 1], columns), -1.0)
    return matrix


def _without_row(matrix: FloatArray, row: int) -> Any:
    return sparse.csr_matrix(np.delete(matrix, row, 0))


def minimise(
    cost: FloatArray, rows: Any, limits: FloatArray, equal: Any, values: FloatArray,
    most: FloatArray | None = None,
) -> FloatArray:  # fmt: skip
    """Least cost @ x with rows @ x <= limits, equal @ x = values, 0 <= x <= most."""
    upper = np.full(len(cost), np.inf) if most is None else most
    bounds = np.column_stack([np.zeros(len(cost)), upper])
    answer = linprog(cost, rows, limits, equal, values, bounds, "highs", options=_TOLERANCES)
    if answer.x is None:
        raise SolverError(
            f"the linear program has no answer ({answer.message.strip()}): "
            "is the network connected, with these links down?"
        )
    found: FloatArray = answer.x
    return found
