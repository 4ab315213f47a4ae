"""Edge to cloud: five tiers, from the device's doorstep to the region.

    far1 .. farN     cameras, robots, base stations
      |  X  |
    agg1 .. aggN     where a district's access comes together
      |  X  |
    dc1 ...          the enterprise's own data centre
      |  X  |
    telco1 ...       the operator's central office
      |  X  |
    cloud1 ...       the region

Every switch joins two of the tier above, where there are two, so one link may fail anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from topologies.addressing import Place, number_hosts
from topologies.geography import fibre_delay_s
from topologies.model import Link, Switch, Topology
from topologies.parameters import count, rate


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier and its links to the tier above.

    Attributes:
        name: as `Switch.tier` and `Host.tier` have it.
        prefix: start of its switches' names.
        latency_budget_s: round trip a service placed here may take, seen from the far edge.
        uplink_share: rate of a link upwards, as a share of the fastest.
        uplink_km: length of a link upwards.
    """

    name: str
    prefix: str
    latency_budget_s: float
    uplink_share: float
    uplink_km: float


# Choices of ours, in published orders of magnitude: the OPNFV Edge Cloud requirements put a small
# edge site about 10 km and 2 ms away; 3GPP TS 22.261 asks 1 ms for motion control and 10 ms for
# discrete automation. Rates grow upwards as traffic comes together: 10, 25, 40 and 100GbE, scaled.
TIERS = (
    Tier("far-edge", "far", 0.001, uplink_share=0.1, uplink_km=10),
    Tier("aggregation-edge", "agg", 0.005, uplink_share=0.25, uplink_km=40),
    Tier("on-premises", "dc", 0.010, uplink_share=0.4, uplink_km=100),
    Tier("telco-edge", "telco", 0.020, uplink_share=1.0, uplink_km=1500),
    Tier("cloud", "cloud", 0.100, uplink_share=1.0, uplink_km=0),
)


def edgecloud(
    *,
    far: Annotated[int, count(1, 256, "far-edge switches")] = 4,
    aggregation: Annotated[int, count(1, 64, "aggregation-edge switches")] = 2,
    onprem: Annotated[int, count(1, 64, "on-premises data-centre switches")] = 2,
    telco: Annotated[int, count(1, 64, "telco-edge switches")] = 2,
    cloud: Annotated[int, count(1, 64, "cloud switches")] = 1,
    hosts: Annotated[int, count(0, 32, "hosts on each switch")] = 1,
    rate_bps: Annotated[int, rate("the fastest links; the others in proportion")] = 100_000_000,
    host_rate_bps: Annotated[int, rate("host to switch")] = 100_000_000,
) -> Topology:
    """Five tiers from the far edge to the cloud, each with its rates and latency budget."""
    sizes = (far, aggregation, onprem, telco, cloud)
    names = [
        [f"{tier.prefix}{i}" for i in range(1, size + 1)]
        for tier, size in zip(TIERS, sizes, strict=True)
    ]
    placed = [(name, tier) for tier, row in zip(TIERS, names, strict=True) for name in row]
    return Topology(
        name="edgecloud",
        switches=tuple(
            Switch(name, dpid, tier.name) for dpid, (name, tier) in enumerate(placed, 1)
        ),
        hosts=number_hosts(Place(name, hosts, host_rate_bps, tier.name) for name, tier in placed),
        links=tuple(
            Link(a, b, round(rate_bps * tier.uplink_share), fibre_delay_s(tier.uplink_km))
            for tier, (lower, upper) in zip(TIERS, pairwise(names), strict=False)
            for a, b in _dual_homed(lower, upper)
        ),
    )


def _dual_homed(lower: Sequence[str], upper: Sequence[str]) -> list[tuple[str, str]]:
    """Join each lower switch to two neighbouring upper ones, and leave no upper one alone."""
    m, n = len(lower), len(upper)
    pairs = {(i, (i + step) % n) for i in range(m) for step in (0, 1)}
    pairs |= {(j % m, j) for j in range(n)}
    return [(lower[i], upper[j]) for i, j in sorted(pairs)]
