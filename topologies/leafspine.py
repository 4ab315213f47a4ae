"""Leaf-spine: a two-tier Clos.

spine1   spine2
  | \\   / | \\         every leaf joins every spine,
  |  \\ /  |  ...      hosts hang on the leaves
leaf1   leaf2  ...
"""

from typing import Annotated

from topologies.addressing import Place, number_hosts
from topologies.model import Link, Switch, Topology
from topologies.parameters import count, delay, rate


def leafspine(
    *,
    spines: Annotated[int, count(1, 64, "spine switches")] = 2,
    leaves: Annotated[int, count(1, 256, "leaf switches")] = 3,
    hosts: Annotated[int, count(0, 64, "hosts on each leaf")] = 2,
    rate_bps: Annotated[int, rate("leaf to spine")] = 50_000_000,
    host_rate_bps: Annotated[int, rate("host to leaf")] = 100_000_000,
    delay_s: Annotated[float, delay("leaf to spine")] = 0.0,
) -> Topology:
    """Data-centre fabric of two tiers: every leaf joins every spine."""
    spine_names = [f"spine{i}" for i in range(1, spines + 1)]
    leaf_names = [f"leaf{i}" for i in range(1, leaves + 1)]
    tiers = [(name, "spine") for name in spine_names] + [(name, "leaf") for name in leaf_names]
    return Topology(
        name="leafspine",
        switches=tuple(Switch(name, dpid, tier) for dpid, (name, tier) in enumerate(tiers, 1)),
        hosts=number_hosts(Place(leaf, hosts, host_rate_bps, "leaf") for leaf in leaf_names),
        links=tuple(
            Link(leaf, spine, rate_bps, delay_s) for leaf in leaf_names for spine in spine_names
        ),
    )
