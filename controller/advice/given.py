"""Splits that somebody else has written to a file: for experiments on the network itself.

Owns the file's form, its writing (whole or not at all) and the advisor that answers with it. Paths
are named by the switches on the way, so writer and controller may number them differently. A path
that the controller doesn't have is left out; a pair of which nothing is left, or a missing file,
means equal splits.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from controller.advice.advisor import Observation, on_live_paths
from controller.advice.errors import GivenError
from controller.advice.network import CandidatePaths, FloatArray
from controller.advice.view import GROUPS, fallback_splits

PREFIX = "given:"
Route = tuple[str, ...]  # the switches on the way
Weights = Mapping[Route, tuple[float, ...]]  # one number for each of `GROUPS`


def routes(paths: CandidatePaths) -> list[Route]:
    """The switches of each candidate path."""
    network = paths.network
    found = []
    for hops in paths.hops:
        ends = network.ends[hops[hops < len(network.ends)]]
        found.append(tuple(network.nodes[int(v)] for v in (ends[0, 0], *ends[:, 1])))
    return found


def write(file: Path, weights: Weights) -> None:
    """Replaces the file, so that whoever reads it sees the old weights or the new ones."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.write_text(json.dumps([[route, own] for route, own in weights.items()]), encoding="utf-8")
    part.replace(file)


def read(file: Path) -> dict[Route, tuple[float, ...]]:
    """What was written.

    Raises:
        GivenError: Something else.
    """
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        found = {tuple(map(str, route)): tuple(map(float, own)) for route, own in rows}
    except (OSError, ValueError, TypeError) as error:
        raise GivenError(f"{file} can't be read ({error}); write it with given.write") from error
    if any(len(own) != len(GROUPS) or min(own) < 0 for own in found.values()):
        raise GivenError(f"{file}: each path needs {len(GROUPS)} weights of 0 or more")
    return found


class Given:
    """Answers with what the file says at that moment, for both path groups, whatever it sees."""

    def __init__(self, file: Path, paths: CandidatePaths) -> None:
        self.paths = paths
        self._file = file
        self._routes = routes(paths)

    def advise(self, seen: Observation) -> FloatArray:
        """float64 (G, P).

        Raises:
            GivenError: The file is damaged.
        """
        if not self._file.exists():
            return fallback_splits(self.paths, seen.link_up)
        weights, nothing = read(self._file), (0.0,) * len(GROUPS)
        table = np.array([weights.get(route, nothing) for route in self._routes]).T
        total = self.paths.pair_sum(table)[..., self.paths.pair]
        equal = fallback_splits(self.paths, seen.link_up)
        splits = np.where(total > 0, table / np.where(total > 0, total, 1.0), equal)
        return on_live_paths(self.paths, splits, seen.link_up)
