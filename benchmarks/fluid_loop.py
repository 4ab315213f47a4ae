"""The obvious way to the same rates, one flow and one link at a time: a check, and a rival."""

import numpy as np

from controller.advice.network import FloatArray
from rl_agent.jobs.fluid import Flows, QueueTree


def allocate_by_loop(
    flows: Flows, capacity: FloatArray, tree: QueueTree, guarantee: FloatArray | None = None
) -> FloatArray:
    """As `rl_agent.jobs.fluid.allocate`, for ceilings of 1."""
    links = len(capacity)
    ways = [[int(e) for e in row if e < links] for row in flows.hops]
    assured = [0.0] * len(ways)
    for queue in range(len(tree.level)):
        mine = [f for f in range(len(ways)) if flows.queue[f] == queue]
        own = capacity * tree.share[queue] if guarantee is None else guarantee[:, queue]
        room = {e: float(own[e]) for e in range(links)}
        for f, rate in _fill(mine, ways, room, flows.demand).items():
            assured[f] = rate
    rates = np.zeros(len(ways))
    left = [float(c) for c in capacity]
    for level in sorted(set(tree.level.tolist())):
        mine = [f for f in range(len(ways)) if tree.level[flows.queue[f]] == level]
        room = {}
        for e in range(links):
            later = sum(assured[f] for f in range(len(ways))
                        if tree.level[flows.queue[f]] > level and e in ways[f])  # fmt: skip
            room[e] = max(0.0, left[e] - later)
        for f, rate in _fill(mine, ways, room, flows.demand).items():
            rates[f] = rate
            for e in ways[f]:
                left[e] -= rate
    return rates


def _fill(
    mine: list[int], ways: list[list[int]], room: dict[int, float], demand: FloatArray
) -> dict[int, float]:
    """One bottleneck at a time, the tightest first."""
    rates: dict[int, float] = {}
    open_flows, room = set(mine), dict(room)
    while open_flows:
        count: dict[int, int] = {}
        for f in open_flows:
            for e in ways[f]:
                count[e] = count.get(e, 0) + 1
        tightest = min(count, key=lambda e: room[e] / count[e])
        share = room[tightest] / count[tightest]
        small = [f for f in open_flows if demand[f] <= share]
        for f in small or [f for f in open_flows if tightest in ways[f]]:
            rates[f] = min(share, float(demand[f]))
            open_flows.remove(f)
            for e in ways[f]:
                room[e] = max(0.0, room[e] - rates[f])
    return rates
