"""Who runs where and how much: pure, from a topology and a seed.

Owns the placement of the jobs and the sizes of their traffic. It must not start anything.

The jobs are placed so that they meet on trunk links. Call the switch of the first host A and the
next switch with hosts B:

    A: rank 0, inference client, bulk sender, scraper
    B: rank 1, inference server, bulk receiver, exporter

so requests, the ring's edge from rank 0 to rank 1 and the checkpoint all leave A for B. The
*bottleneck* is the set of trunks that leave A.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from demo.errors import ScenarioError
from demo.ports import KNOWN, PortPlan, Ports, ports_of
from topologies.model import Host, Link, Topology

RANKS = 4
LEAST_HOSTS = 4
_STEP_TARGET_S = 0.5  # what a ring all-reduce should take on an idle trunk
_GRADIENT_BYTES_BOUNDS = (100_000, 8_000_000)
_FEATURES = 4096
_TENSOR_BYTES = 4 * _FEATURES
_MOST_REQUESTS_PER_S = 25.0
_INFERENCE_LOAD = 0.07  # of one trunk, at most: what is served first must be little
_FAST_TRUNK_BPS = 200_000_000


@dataclass(frozen=True, slots=True)
class Placement:
    """Host names; `ranks` in ring order."""

    ranks: tuple[str, ...]
    inference_client: str
    inference_server: str
    bulk_sender: str
    bulk_receiver: str
    scraper: str
    exporter: str

    def hosts(self) -> tuple[str, ...]:
        """Every host that runs a job, once, in order."""
        singles = (self.inference_client, self.inference_server, self.bulk_sender)
        others = (self.bulk_receiver, self.scraper, self.exporter)
        return tuple(dict.fromkeys(self.ranks + singles + others))


@dataclass(frozen=True, slots=True)
class Workload:
    """How much each job sends; rates per second, sizes in bytes."""

    gradient_bytes: int
    requests_per_s: float
    features: int
    bulk_connections: int
    shard_bytes: int
    scrape_period_s: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One demo on one topology, the same for each arm."""

    topology: Topology
    placement: Placement
    workload: Workload
    seed: int
    warnings: tuple[str, ...] = ()
    ports: Ports = KNOWN

    def host(self, name: str) -> Host:
        """The topology's host of that name."""
        return next(host for host in self.topology.hosts if host.name == name)

    def bottleneck(self) -> tuple[Link, ...]:
        """The trunks that leave the bulk sender's switch."""
        return trunks_of(self.topology, self.host(self.placement.bulk_sender).switch)

    def bottleneck_bps(self) -> int:
        """Their summed rate, bit/s, one way."""
        return sum(link.rate_bps for link in self.bottleneck())

    def leaves_bottleneck(self, source: str, target: str) -> bool:
        """Whether traffic between two hosts takes the bottleneck the way the bulk takes it."""
        switch = self.host(self.placement.bulk_sender).switch
        return self.host(source).switch == switch != self.host(target).switch

    def ring_edges(self) -> tuple[tuple[str, str], ...]:
        """Who sends to whom in gloo's ring all-reduce: each host to the next, and round."""
        ranks = self.placement.ranks
        return tuple(zip(ranks, ranks[1:] + ranks[:1], strict=True))


def trunks_of(topology: Topology, switch: str) -> tuple[Link, ...]:
    """The links between a switch and other switches."""
    return tuple(link for link in topology.links if switch in (link.a, link.b))


def plan_scenario(topology: Topology, seed: int, ports: PortPlan = PortPlan.KNOWN) -> Scenario:
    """Place the jobs and size their traffic.

    Raises:
        ScenarioError: the topology has too few hosts, or all of them on one switch.
    """
    placement = place(topology)
    slowest_bps = min(link.rate_bps for link in topology.links)
    workload, warnings = _size(slowest_bps), _warn(topology)
    return Scenario(topology, placement, workload, seed, warnings, ports_of(ports, seed))


def place(topology: Topology) -> Placement:
    """Spread the jobs over the hosts; hosts are shared only where there are too few.

    Raises:
        ScenarioError: fewer than four hosts, or all on one switch.
    """
    by_switch = _hosts_by_switch(topology)
    ranks = _spread(by_switch, RANKS)
    load = Counter(ranks)
    near, far = list(by_switch)[:2]

    def take(switch: str) -> str:
        """The host there with the least to do, the first of equals."""
        name = min(by_switch[switch], key=lambda host: load[host])
        load[name] += 1
        return name

    return Placement(
        ranks=ranks,
        inference_client=take(near),
        inference_server=take(far),
        bulk_sender=take(near),
        bulk_receiver=take(far),
        scraper=take(near),
        exporter=take(far),
    )


def survives(topology: Topology, source: str, target: str, without: Link) -> bool:
    """Whether two switches stay connected when a link is cut."""
    reached, frontier = {source}, [source]
    while frontier:
        switch = frontier.pop()
        for link in trunks_of(topology, switch):
            other = link.b if link.a == switch else link.a
            if link != without and other not in reached:
                reached.add(other)
                frontier.append(other)
    return target in reached


def _hosts_by_switch(topology: Topology) -> dict[str, list[str]]:
    if len(topology.hosts) < LEAST_HOSTS:
        raise ScenarioError(
            f"the demo needs at least {LEAST_HOSTS} hosts and {topology.name} has "
            f"{len(topology.hosts)}; try --topology leafspine,spines=2,leaves=4,hosts=3"
        )
    by_switch: dict[str, list[str]] = {}
    for host in topology.hosts:
        by_switch.setdefault(host.switch, []).append(host.name)
    if len(by_switch) == 1:
        raise ScenarioError(
            f"all hosts of {topology.name} hang on one switch, so no job shares a trunk; "
            "the demo needs hosts on two switches or more"
        )
    return by_switch


def _spread(by_switch: dict[str, list[str]], wanted: int) -> tuple[str, ...]:
    """The first hosts of each switch, then the second ones, until there are enough."""
    deepest = max(len(hosts) for hosts in by_switch.values())
    rounds = [
        hosts[depth]
        for depth in range(deepest)
        for hosts in by_switch.values()
        if depth < len(hosts)
    ]
    return tuple(rounds[:wanted])


def _size(trunk_bps: int) -> Workload:
    """Traffic that fits the slowest trunk: half a second of ring, a service well below capacity."""
    ring_factor = 2 * (RANKS - 1) / RANKS  # bytes a rank sends per byte of gradient
    gradient_bytes = int(trunk_bps / 8 * _STEP_TARGET_S / ring_factor)
    least, most = _GRADIENT_BYTES_BOUNDS
    return Workload(
        gradient_bytes=min(max(gradient_bytes, least), most),
        requests_per_s=min(_MOST_REQUESTS_PER_S, _INFERENCE_LOAD * trunk_bps / (8 * _TENSOR_BYTES)),
        features=_FEATURES,
        bulk_connections=16,
        shard_bytes=4 * 1024 * 1024,
        scrape_period_s=1.0,
    )


def _warn(topology: Topology) -> tuple[str, ...]:
    fastest_bps = max(link.rate_bps for link in topology.links)
    if fastest_bps <= _FAST_TRUNK_BPS:
        return ()
    return (
        f"a trunk of {fastest_bps / 1e6:.0f} Mbit/s is faster than software switches "
        "on one machine: figures may show the processor and not the queues",
    )
