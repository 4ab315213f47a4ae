"""Abilene, the Internet2 backbone of 2004: 12 routers, 15 links.

Routers come in the order in which the public Abilene traffic matrices number them, so switch i is
row i. Capacities: OC-192 (9.92 Gbit/s) all but Atlanta-Indianapolis, an OC-48 (SNDlib, "abilene").
"""

from typing import Annotated

from topologies.addressing import Place, number_hosts
from topologies.geography import fibre_delay_s, great_circle_km
from topologies.model import Link, Switch, Topology
from topologies.parameters import count, rate

ROUTERS = {  # name: (latitude, longitude) of its city
    "ATLAM5": (33.75, -84.39),  # Atlanta, a second router in the same building
    "ATLAng": (33.75, -84.39),  # Atlanta
    "CHINng": (41.88, -87.63),  # Chicago
    "DNVRng": (39.74, -104.99),  # Denver
    "HSTNng": (29.76, -95.37),  # Houston
    "IPLSng": (39.77, -86.16),  # Indianapolis
    "KSCYng": (39.10, -94.58),  # Kansas City
    "LOSAng": (34.05, -118.24),  # Los Angeles
    "NYCMng": (40.71, -74.01),  # New York
    "SNVAng": (37.37, -122.04),  # Sunnyvale
    "STTLng": (47.61, -122.33),  # Seattle
    "WASHng": (38.91, -77.04),  # Washington
}
OC192_BPS, OC48_BPS = 9_920_000_000, 2_480_000_000
LINKS = (
    ("ATLAM5", "ATLAng", OC192_BPS),
    ("ATLAng", "HSTNng", OC192_BPS),
    ("ATLAng", "IPLSng", OC48_BPS),
    ("ATLAng", "WASHng", OC192_BPS),
    ("CHINng", "IPLSng", OC192_BPS),
    ("CHINng", "NYCMng", OC192_BPS),
    ("DNVRng", "KSCYng", OC192_BPS),
    ("DNVRng", "SNVAng", OC192_BPS),
    ("DNVRng", "STTLng", OC192_BPS),
    ("HSTNng", "KSCYng", OC192_BPS),
    ("HSTNng", "LOSAng", OC192_BPS),
    ("IPLSng", "KSCYng", OC192_BPS),
    ("LOSAng", "SNVAng", OC192_BPS),
    ("NYCMng", "WASHng", OC192_BPS),
    ("SNVAng", "STTLng", OC192_BPS),
)


def abilene(
    *,
    hosts: Annotated[int, count(0, 64, "hosts on each router")] = 1,
    rate_bps: Annotated[int, rate("the fastest links; the slow one in proportion")] = 50_000_000,
    host_rate_bps: Annotated[int, rate("host to router")] = 100_000_000,
) -> Topology:
    """Wide-area network: the Abilene backbone, 12 routers and 15 links with real delays."""
    return Topology(
        name="abilene",
        switches=tuple(Switch(name, dpid, "router") for dpid, name in enumerate(ROUTERS, 1)),
        hosts=number_hosts(Place(name, hosts, host_rate_bps, "router") for name in ROUTERS),
        links=tuple(
            Link(
                a,
                b,
                rate_bps=round(rate_bps * capacity_bps / OC192_BPS),
                delay_s=fibre_delay_s(great_circle_km(ROUTERS[a], ROUTERS[b])),
            )
            for a, b, capacity_bps in LINKS
        ),
    )
