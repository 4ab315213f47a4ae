"""Oblivious routing: the splits whose worst ratio over every possible traffic matrix is least.

The linear program of Applegate and Cohen, "Making intra-domain routing robust to changing and
uncertain traffic demands" (SIGCOMM 2003), with splits over candidate paths in place of flows on
links. By duality a ratio r holds for link e against all matrices that some routing carries within
capacity, if there are link lengths pi_e with sum(capacity * pi_e) <= r under which the share of a
pair's traffic that crosses e is at most capacity(e) times the distance between the pair.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from controller.advice.network import CandidatePaths, IntArray, Network
from rl_agent.errors import MethodError
from rl_agent.lp import minimise
from rl_agent.rivals.fixed import Fixed

Indices = NDArray[np.integer[Any]]

_ROWS_MAX = 60_000  # some minutes of HiGHS
_SLACK = 1e-6  # of the ratio, that the tie-break has to keep


def oblivious(paths: CandidatePaths) -> Fixed:
    """The oblivious splits over `paths`, against optima over all paths of the network.

    Raises:
        MethodError: The network is too large for the program: it grows with links squared.
    """
    network = paths.network
    capacity = network.capacity / network.capacity.max()
    sources = np.unique(paths.pairs)
    links, count = len(capacity), len(paths.pair)
    size = links * links * len(sources)
    if size > _ROWS_MAX:
        raise MethodError(
            f"oblivious routing needs a program of {size:,} rows here (at most {_ROWS_MAX:,}): "
            "leave it out for networks of this size"
        )
    cells = _Cells(network, sources)
    shares = _shares(paths)
    used = np.flatnonzero(np.diff(shares.indptr))
    reach = sparse.kron(sparse.diags(capacity), cells.of_pairs(paths.pairs)).tocsr()
    each = sparse.identity(links)
    # Variables: splits (P), lengths pi (E x E), distances (E x cells), the ratio.
    rows = sparse.bmat(
        [
            [None, sparse.kron(each, capacity[None, :]), None, -np.ones((links, 1))],
            [shares[used], None, -reach[used], None],
            [None, -sparse.kron(each, cells.last_link), sparse.kron(each, cells.steps), None],
        ]
    ).tocsc()
    width = rows.shape[1]
    whole = _ones(paths.pair, np.arange(count), (len(paths.pairs), width))
    limits, ones = np.zeros(rows.shape[0]), np.ones(len(paths.pairs))
    ratio = minimise(np.eye(1, width, width - 1)[0], rows, limits, whole, ones)[-1]
    # Many splits have that ratio; those of fewest hops are the kindest on ordinary days.
    most, hops = np.full(width, np.inf), np.zeros(width)
    most[-1] = ratio * (1 + _SLACK)
    hops[:count] = paths.length
    answer = minimise(hops, rows, limits, whole, ones, most)
    return Fixed(paths, paths.normalise(answer[:count].clip(0.0)))


class _Cells:
    """Distances from each source to each other node, as variables: their numbers and triangles."""

    def __init__(self, network: Network, sources: Indices) -> None:
        nodes, ends = len(network.nodes), network.ends
        number = np.full((nodes, nodes), -1)
        apart = np.zeros((nodes, nodes), bool)
        apart[sources] = True
        apart &= ~np.eye(nodes, dtype=bool)
        number[apart] = np.arange(apart.sum())
        self._number, self._count = number, int(apart.sum())
        # distance(i, head) - distance(i, tail) - length(link) <= 0 for every link not into i
        source, link = np.nonzero(sources[:, None] != ends[None, :, 1])
        head = number[sources[source], ends[link, 1]]
        tail = number[sources[source], ends[link, 0]]  # -1 where the link leaves the source itself
        row = np.arange(len(link))
        self.last_link = _ones(row, link, (len(row), len(ends)))
        far = tail >= 0
        self.steps = _ones(row, head, (len(row), self._count)) - _ones(
            row[far], tail[far], (len(row), self._count)
        )

    def of_pairs(self, pairs: IntArray) -> Any:
        """(K, cells): which distance is each pair's."""
        columns = self._number[pairs[:, 0], pairs[:, 1]]
        return _ones(np.arange(len(pairs)), columns, (len(pairs), self._count))


def _shares(paths: CandidatePaths) -> Any:
    """(E x K, P): what each pair sends over each link, as a sum of splits."""
    path, slot = np.nonzero(paths.hops < len(paths.network.ends))
    row = paths.hops[path, slot] * np.int64(len(paths.pairs)) + paths.pair[path]
    return _ones(row, path, (len(paths.network.ends) * len(paths.pairs), len(paths.pair)))


def _ones(row: Indices, column: Indices, shape: tuple[int, int]) -> Any:
    return sparse.csr_matrix((np.ones(len(row)), (row, column)), shape)
