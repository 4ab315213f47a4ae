"""The k-ary fat-tree of Al-Fares, Loukissas and Vahdat (SIGCOMM 2008).

k pods, each of k/2 edge and k/2 aggregation switches; (k/2)^2 core switches in k/2 groups. The
aggregation switch number i of every pod joins all cores of group i.
"""

from typing import Annotated

from topologies.addressing import Place, number_hosts
from topologies.model import Link, Switch, Topology
from topologies.parameters import count, delay, rate


def fattree(
    *,
    k: Annotated[int, count(2, 32, "ports of a switch, and pods; even", even=True)] = 4,
    hosts: Annotated[int | None, count(0, 64, "hosts on each edge switch; k/2 if left out")] = None,
    rate_bps: Annotated[int, rate("switch to switch")] = 50_000_000,
    host_rate_bps: Annotated[int, rate("host to edge switch")] = 100_000_000,
    delay_s: Annotated[float, delay("each link between switches")] = 0.0,
) -> Topology:
    """Data-centre fabric of three tiers with k pods and full bisection bandwidth."""
    half = range(1, k // 2 + 1)
    cores = {(group, i): f"core{(group - 1) * len(half) + i}" for group in half for i in half}
    pods = range(1, k + 1)
    aggs = {(pod, i): f"agg{pod}_{i}" for pod in pods for i in half}
    edges = {(pod, i): f"edge{pod}_{i}" for pod in pods for i in half}
    tiers = [(core, "core") for core in cores.values()]
    tiers += [(agg, "aggregation") for agg in aggs.values()]
    tiers += [(edge, "edge") for edge in edges.values()]
    pairs = [(edges[pod, i], aggs[pod, j]) for pod in pods for i in half for j in half]
    pairs += [(aggs[pod, i], cores[i, j]) for pod in pods for i in half for j in half]
    each = len(half) if hosts is None else hosts
    return Topology(
        name="fattree",
        switches=tuple(Switch(name, dpid, tier) for dpid, (name, tier) in enumerate(tiers, 1)),
        hosts=number_hosts(Place(edge, each, host_rate_bps, "edge") for edge in edges.values()),
        links=tuple(Link(a, b, rate_bps, delay_s) for a, b in pairs),
    )
