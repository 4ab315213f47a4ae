"""Dumbbell: two switches, one bottleneck between them.

h1 --+                    +-- h3
     left ---------- right
h2 --+                    +-- h4
"""

from typing import Annotated

from topologies.addressing import Place, number_hosts
from topologies.model import Link, Switch, Topology
from topologies.parameters import count, delay, rate


def dumbbell(
    *,
    left: Annotated[int, count(0, 512, "hosts on the left switch")] = 2,
    right: Annotated[int, count(0, 512, "hosts on the right switch")] = 2,
    rate_bps: Annotated[int, rate("the bottleneck")] = 50_000_000,
    host_rate_bps: Annotated[int, rate("host to switch")] = 100_000_000,
    delay_s: Annotated[float, delay("the bottleneck")] = 0.0,
) -> Topology:
    """Two switches and the one link all hosts share."""
    return Topology(
        name="dumbbell",
        switches=(Switch("left", 1), Switch("right", 2)),
        hosts=number_hosts(
            (Place("left", left, host_rate_bps), Place("right", right, host_rate_bps))
        ),
        links=(Link("left", "right", rate_bps, delay_s),),
    )
