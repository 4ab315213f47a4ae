"""Rates of fluid flows behind the queue trees of `emulation.queues`, for many networks at once.

Owns the arithmetic from (flows, links, queues) to rates and nothing about jobs or time. A batch of
environments is one network of many parts: give each part link numbers of its own and all of them
are filled in the same few rounds. No loop runs over flows or links.

The model of HTB is the one its parameters promise: on each link a queue gets its guarantee first,
then what is left goes by priority up to each queue's ceiling, and TCP shares what a queue gets
max-min fairly among its flows. Bursts, round trips and slow start are left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.advice.network import FloatArray, IntArray
from policies.model import QueueSpec

ROUNDS = (
    24  # of filling; past them the flows left get the share they have, feasible but not the most
)
_NEAR = 1.0 - 1e-9
_NO_LIMIT = np.array([np.inf])


@dataclass(frozen=True, slots=True, eq=False)
class QueueTree:
    """The queues of a port as arrays, in the order that flows name them.

    Attributes:
        level: int32 (Q,), rank of each queue's priority; 0 is served first.
        share: float64 (Q,), guaranteed part of the link rate; they sum to 1 at most.
        ceiling: float64 (Q,), most it may use of the link rate.
    """

    level: IntArray
    share: FloatArray
    ceiling: FloatArray

    @staticmethod
    def of(queues: tuple[QueueSpec, ...]) -> "QueueTree":
        """The queues of a policy, in its order."""
        priority = np.array([queue.priority for queue in queues])
        return QueueTree(
            np.unique(priority, return_inverse=True)[1].astype(np.int32),
            np.array([queue.share for queue in queues]),
            np.array([queue.ceiling for queue in queues]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """Flows that have something to send.

    Attributes:
        hops: int32 (N, H), links of each, padded with L, the number of links; one at least.
        queue: int32 (N,), its queue in the tree.
        demand: float64 (N,), most it would send; inf for one that takes what it gets.
    """

    hops: IntArray
    queue: IntArray
    demand: FloatArray

    def only(self, which: NDArray[np.bool_]) -> "Flows":
        """Some of them; `which` is bool (N,)."""
        return Flows(self.hops[which], self.queue[which], self.demand[which])


def allocate(
    flows: Flows, capacity: FloatArray, tree: QueueTree, guarantee: FloatArray | None = None
) -> FloatArray:
    """Rates of all flows.

    Each priority fills what the ones before it left, less what the guarantees of those after it
    take; as guarantees sum to 1 at most, a queue never gets less than its flows can use of its own.

    Args:
        flows: N of them.
        capacity: float64 (L,), link rates.
        tree: The queues, alike on every link.
        guarantee: float64 (L, Q), what is assured to each queue of each link, in the unit of the
            capacities, adding up to no more than these; by default the tree's shares.

    Returns:
        float64 (N,), in the unit of the capacities.
    """
    rate = np.zeros(len(flows.queue))
    level = tree.level[flows.queue]
    present = np.unique(level)
    later = np.zeros(len(capacity))
    if len(present) > 1:
        own_part = capacity[:, None] * tree.share if guarantee is None else guarantee
        assured = _within_queues(flows, own_part)
        later = link_load(flows.hops, assured, len(capacity))
    left = capacity.astype(np.float64)
    for now in present:
        mine = level == now
        own = flows.only(mine)
        if len(present) > 1:
            later = later - link_load(own.hops, assured[mine], len(capacity))
        room = np.maximum(left - later, 0.0)
        rate[mine] = _fill_level(own, room, capacity, tree)
        left = left - link_load(own.hops, rate[mine], len(capacity))
    return rate


def max_min(hops: IntArray, capacity: FloatArray, demand: FloatArray) -> FloatArray:
    """Max-min fair rates by progressive filling (Bertsekas and Gallager, Data Networks, 6.5.2).

    A round settles every flow that wants no more than its links' equal shares, and every flow on a
    link none of whose flows is held lower elsewhere: such a link is a bottleneck already, however
    many others are not, so rounds are few.

    Args:
        hops: int (N, H), links of each flow, padded with L.
        capacity: float64 (L,).
        demand: float64 (N,), inf for elastic flows.

    Returns:
        float64 (N,).
    """
    left = np.concatenate([capacity, _NO_LIMIT])
    rate = np.zeros(len(hops))
    waiting = np.flatnonzero(demand > 0)
    on, want = hops[waiting], demand[waiting]
    for turn in range(ROUNDS if waiting.size else 0):
        crowd = np.bincount(on.ravel(), minlength=len(left))
        per_hop = (left / np.maximum(crowd, 1))[on]
        offer = per_hop.min(1)
        get = np.minimum(offer, want)
        open_link = np.zeros(len(left), bool)
        open_link[on[get[:, None] < per_hop * _NEAR]] = True
        settled = (want <= offer) | ~open_link[on].all(1)
        if turn == ROUNDS - 1 or settled.all():
            rate[waiting] = get
            break
        rate[waiting[settled]] = get[settled]
        left = np.maximum(left - _load(on[settled], get[settled], len(left)), 0.0)
        others = ~settled
        waiting, on, want = waiting[others], on[others], want[others]
    return rate


def link_load(hops: IntArray, rate: FloatArray, links: int) -> FloatArray:
    """What flows of rates (N,) on links (N, H) put on each of `links` links, float64 (L,)."""
    return _load(hops, rate, links + 1)[:-1]


def _within_queues(flows: Flows, guarantee: FloatArray) -> FloatArray:
    """Rates if every queue had its guarantee as a link of its own, and no more."""
    return max_min(_queue_links(flows, guarantee.shape), guarantee.ravel(), flows.demand)


def _queue_links(flows: Flows, shape: tuple[int, ...]) -> IntArray:
    links, queues = shape
    apart = flows.hops * queues + flows.queue[:, None]
    return np.where(flows.hops < links, apart, links * queues)


def _fill_level(
    flows: Flows, room: FloatArray, capacity: FloatArray, tree: QueueTree
) -> FloatArray:
    if (tree.ceiling[flows.queue] >= 1.0).all():
        return max_min(flows.hops, room, flows.demand)
    ceiling = capacity[:, None] * tree.ceiling
    # A ceiling is one more link on the way, which only the queue's own flows share.
    links, ends = len(room), len(room) + ceiling.size
    plain = np.where(flows.hops < links, flows.hops, ends)
    both = np.hstack([plain, _queue_links(flows, ceiling.shape) + links])
    return max_min(both, np.concatenate([room, ceiling.ravel()]), flows.demand)


def _load(hops: IntArray, rate: FloatArray, size: int) -> FloatArray:
    weights = np.repeat(rate, hops.shape[1])
    load: FloatArray = np.bincount(hops.ravel(), weights, minlength=size).astype(np.float64)
    return load
