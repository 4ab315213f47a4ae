"""Candidate paths for matrices: read from a file of tunnels, or the usual ones.

Owns the file's form, a list of `{"src", "dst", "paths": [[node, ...], ...]}` with node indices.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from controller.advice.errors import PathError
from controller.advice.network import CandidatePaths, Network
from rl_agent.errors import TunnelError

_BYTES_MAX = 64 << 20
_LARGE = 40  # nodes
_FORM = 'the file is a list of {"src": 0, "dst": 1, "paths": [[0, 1], [0, 2, 1]]}'

Entry = tuple[tuple[int, int], list[list[int]]]


def usual_paths(network: Network, sources: list[int] | None = None) -> CandidatePaths:
    """Paths along the in-trees a controller would install: what methods choose among.

    On Abilene the optimum over 8 trees a target equals that over all paths; with 24, linear
    programs stay within 3.2% of it under every single cut, and no pair is cut off that need not be.
    Large networks get 4, because rules grow with trees.

    Raises:
        PathError: The network is disconnected.
    """
    least = 4 if len(network.nodes) > _LARGE else 24
    return CandidatePaths.along_trees(network, sources, most=8, least=least)


def load_tunnels(path: Path, network: Network) -> CandidatePaths:
    """Reads a file of tunnels.

    Raises:
        TunnelError: It is malformed or doesn't fit the network; the message names file and entry.
        OSError: It can't be opened.
    """
    with path.open("rb") as file:
        raw = file.read(_BYTES_MAX + 1)
    try:
        if len(raw) > _BYTES_MAX:
            raise TunnelError(f"larger than {_BYTES_MAX >> 20} MiB: give fewer paths a pair")
        return CandidatePaths.of_lists(network, _entries(raw, network))
    except (TunnelError, PathError) as error:
        raise TunnelError(f"{path}: {error}") from None


def _entries(raw: bytes, network: Network) -> list[Entry]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise TunnelError(f"not JSON ({error}): {_FORM}") from None
    if not isinstance(document, list) or not document:
        raise TunnelError(_FORM)
    return [_entry(number, entry, network) for number, entry in enumerate(document)]


def _entry(number: int, entry: Any, network: Network) -> Entry:
    match entry:
        case {"src": int(src), "dst": int(dst), "paths": [_, *_] as paths}:
            return (src, dst), [_links(number, src, dst, path, network) for path in paths]
    raise TunnelError(f"entry {number} is not of this form: {_FORM}")


def _links(number: int, src: int, dst: int, path: Any, network: Network) -> list[int]:
    whole = isinstance(path, list) and len(path) > 1 and all(type(node) is int for node in path)
    if not whole or path[0] != src or path[-1] != dst or len(set(path)) != len(path):
        raise TunnelError(
            f"entry {number}: a path lists nodes once each, from {src} to {dst}; got {path!r:.60}"
        )
    try:
        return [network.link_of[hop] for hop in pairwise(path)]
    except KeyError as error:
        a, b = error.args[0]
        raise TunnelError(f"entry {number}: the network has no link from {a} to {b}") from None
