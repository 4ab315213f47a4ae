"""Ring: each switch joins the next, the last joins the first; two ways to go anywhere."""

from typing import Annotated

from topologies.addressing import Place, number_hosts
from topologies.model import Link, Switch, Topology
from topologies.parameters import count, delay, rate


def ring(
    *,
    n: Annotated[int, count(3, 512, "switches")] = 4,
    hosts: Annotated[int, count(0, 64, "hosts on each switch")] = 1,
    rate_bps: Annotated[int, rate("switch to switch")] = 50_000_000,
    host_rate_bps: Annotated[int, rate("host to switch")] = 100_000_000,
    delay_s: Annotated[float, delay("switch to switch")] = 0.0,
) -> Topology:
    """Switches in a circle: the least that survives the loss of any link."""
    names = [f"s{i}" for i in range(1, n + 1)]
    return Topology(
        name="ring",
        switches=tuple(Switch(name, dpid) for dpid, name in enumerate(names, 1)),
        hosts=number_hosts(Place(name, hosts, host_rate_bps) for name in names),
        links=tuple(
            Link(a, b, rate_bps, delay_s) for a, b in zip(names, names[1:] + names[:1], strict=True)
        ),
    )
