"""Who sends how much to whom in each stage of a training iteration.

Owns the patterns only. A transfer is (sender, receiver, share of the gradient); all transfers of a
stage start together, and the stage is over when the last one is. Chunks that follow each other
round a ring keep all its edges busy at once, so fluid edges say what the ring does: its slowest
edge decides.
"""

from collections.abc import Callable
from enum import Enum

Transfer = tuple[int, int, float]
Stages = tuple[tuple[Transfer, ...], ...]


class Collective(Enum):
    """How the ranks of a training job exchange gradients; the values are the words of reports."""

    RING = "ring"
    TREE = "tree"
    ALL_TO_ALL = "all-to-all"
    PIPELINE = "pipeline"

    def stages(self, ranks: int) -> Stages:
        """The transfers of one iteration between `ranks` ranks, two at least."""
        return _PATTERNS[self](ranks)


def _ring(ranks: int) -> Stages:
    """Ring all-reduce: reduce-scatter and all-gather, 2 (n-1)/n of the data on every edge."""
    share = 2 * (ranks - 1) / ranks
    return (tuple((rank, (rank + 1) % ranks, share) for rank in range(ranks)),)


def _tree(ranks: int) -> Stages:
    """Binary tree: sums go up to rank 0, then the result comes down."""
    up = tuple((rank, (rank - 1) // 2, 1.0) for rank in range(1, ranks))
    return up, tuple((parent, child, share) for child, parent, share in up)


def _all_to_all(ranks: int) -> Stages:
    """Experts on every rank: tokens are dispatched to them and combined again."""
    everyone = range(ranks)
    once = tuple((i, j, 1.0 / ranks) for i in everyone for j in everyone if i != j)
    return once, once


def _pipeline(ranks: int) -> Stages:
    """Micro-batches keep all edges busy: activations forward, then their gradients back."""
    forward = tuple((rank, rank + 1, 1.0) for rank in range(ranks - 1))
    return forward, tuple((after, rank, share) for rank, after, share in forward)


_PATTERNS: dict[Collective, Callable[[int], Stages]] = {
    Collective.RING: _ring,
    Collective.TREE: _tree,
    Collective.ALL_TO_ALL: _all_to_all,
    Collective.PIPELINE: _pipeline,
}
