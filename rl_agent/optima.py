"""The optimum of every matrix of a file, on all cores: what ratios are relative to.

Owns how the work is cut up and spread; the programs are `lp`'s. Nothing is kept on disk.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np

from controller.advice.network import BoolArray, CandidatePaths, FloatArray, Network
from rl_agent.lp import EdgeProgram, PathProgram

_CHUNK = 64
_WORTH_PROCESSES = 400  # matrices; below, starting processes costs more than it saves

Progress = Callable[[int, int], None]  # matrices done, of how many


def no_progress(_done: int, _total: int) -> None:
    """For callers whom nobody watches."""


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Matrices that share which links are up."""

    rows: tuple[int, ...]
    matrices: FloatArray
    link_up: BoolArray | None


def optima(
    network: Network,
    matrices: FloatArray,
    link_up: BoolArray | None = None,
    paths: CandidatePaths | None = None,
    progress: Progress = no_progress,
    *,
    spread: bool = False,
) -> FloatArray:
    """Least possible max utilisation for each matrix, over all paths of the network.

    Args:
        network: Where.
        matrices: float64 (T, N, N).
        link_up: bool (T, E); None for all up.
        paths: Only over these, if given: published results on the pods are relative to theirs.
        progress: Called as chunks of matrices are done.
        spread: Over all cores. Spawned processes import the caller's main module, so only
            programs that guard theirs may ask for it.

    Returns:
        float64 (T,); 0 where a matrix is all 0.

    Raises:
        SolverError: Links that are down leave traffic without a way.
    """
    chunks = list(_chunks(matrices, link_up))
    solve = partial(_solve_chunk, network, paths)
    answer, done = np.zeros(len(matrices)), 0
    for chunk, values in zip(
        chunks, _mapped(solve, chunks, len(matrices) if spread else 0), strict=True
    ):
        answer[list(chunk.rows)] = values
        done += len(chunk.rows)
        progress(done, len(matrices))
    return answer


def _chunks(matrices: FloatArray, link_up: BoolArray | None) -> Iterator[_Chunk]:
    if link_up is None:
        states, state_of = [None], np.zeros(len(matrices), int)
    else:
        unique, state_of = np.unique(link_up, axis=0, return_inverse=True)
        states, state_of = list(unique), state_of.reshape(-1)
    for number, state in enumerate(states):
        rows = np.flatnonzero(state_of == number)
        for begin in range(0, len(rows), _CHUNK):
            part = rows[begin : begin + _CHUNK]
            yield _Chunk(tuple(map(int, part)), matrices[part], state)


def _solve_chunk(network: Network, paths: CandidatePaths | None, chunk: _Chunk) -> list[float]:
    if paths is None:
        over_all = EdgeProgram(network, chunk.link_up)
        return [over_all.optimum(matrix) for matrix in chunk.matrices]
    over_paths = PathProgram(paths, chunk.link_up)
    return [over_paths.optimum(paths.demands(matrix)) for matrix in chunk.matrices]


def _mapped(
    solve: Callable[[_Chunk], list[float]], chunks: list[_Chunk], total: int
) -> Iterator[list[float]]:
    """As `map`, in processes of their own where that pays."""
    cores = len(os.sched_getaffinity(0))
    if cores == 1 or total < _WORTH_PROCESSES:
        yield from map(solve, chunks)
        return
    # spawn: a fork would copy the threads' locks of whoever calls (PyTorch, BLAS) in any state.
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        yield from pool.map(solve, chunks)
