"""A topology as the jobs see it: hosts, access links and candidate paths, as arrays.

Owns link numbers (switch to switch first, then host to switch, then switch to host) and which
candidate paths a pair of hosts has. Knows no traffic and no queue.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from controller.advice.network import CandidatePaths, FloatArray, IntArray, Network
from rl_agent.errors import JobsError
from topologies.model import Topology

_PLENTY = 1e6  # a link of the non-blocking fabric has this many times its rate


@dataclass(frozen=True, eq=False)
class Fabric:
    """Hosts on a network of switches.

    Attributes:
        paths: Candidate paths between all switches that have hosts.
        hosts: Names; n of them.
        host_switch: int32 (n,), the node each host hangs on.
        host_rate_bps: float64 (n,), rate of its access link, each way.
    """

    paths: CandidatePaths
    hosts: tuple[str, ...]
    host_switch: IntArray
    host_rate_bps: FloatArray

    @staticmethod
    def of(topology: Topology, candidates: int = 8) -> "Fabric":
        """The fabric of a topology, with the paths the controller would install.

        Args:
            topology: At least two switches with hosts.
            candidates: Trees to each edge switch: a pair has at most this many paths.

        Raises:
            JobsError: No two hosts are on different switches, so there is nothing to route.
        """
        network = network_of(topology)
        place = {name: node for node, name in enumerate(network.nodes)}
        edges = sorted({place[host.switch] for host in topology.hosts})
        if len(edges) < 2:
            raise JobsError(
                f"{topology.name}: jobs need hosts on two switches or more; try leafspine,hosts=2"
            )
        return Fabric(
            CandidatePaths.along_trees(network, edges, most=candidates, least=candidates),
            tuple(host.name for host in topology.hosts),
            np.array([place[host.switch] for host in topology.hosts], np.int32),
            np.array([host.rate_bps for host in topology.hosts], np.float64),
        )

    @cached_property
    def capacity_bps(self) -> FloatArray:
        """float64 (L,), rate of every link, those of hosts last: out of them, then into them."""
        fabric = self.paths.network.capacity
        return np.concatenate([fabric, self.host_rate_bps, self.host_rate_bps])

    @property
    def links(self) -> int:
        """L, the number of links, both ways and those of hosts included."""
        return len(self.capacity_bps)

    @cached_property
    def most_paths(self) -> int:
        """M, candidate paths of the pair that has most."""
        return int(self.paths.per_pair.max())

    @cached_property
    def path_links(self) -> IntArray:
        """int32 (P + 1, H), links of each candidate path padded with L; the last row has none."""
        hops = np.where(self.paths.hops < len(self.paths.network.ends), self.paths.hops, self.links)
        return np.vstack([hops, np.full(hops.shape[1], self.links)]).astype(np.int32)

    @cached_property
    def candidates(self) -> IntArray:
        """int32 (K + 1, M), paths of each pair padded with -1; the last row has none."""
        column = np.arange(self.most_paths)
        rows = self.paths.start[:, None] + column
        table = np.where(column < self.paths.per_pair[:, None], rows, -1)
        return np.vstack([table, np.full(self.most_paths, -1)]).astype(np.int32)

    def pair_of(self, source: IntArray, target: IntArray) -> IntArray:
        """Host arrays to the pair of their switches; K for two hosts of one switch."""
        nodes, pairs = len(self.paths.network.nodes), self.paths.pairs
        table = np.full((nodes, nodes), len(pairs), np.int32)
        table[pairs[:, 0], pairs[:, 1]] = np.arange(len(pairs))
        return table[self.host_switch[source], self.host_switch[target]]

    def access_links(self, source: IntArray, target: IntArray) -> tuple[IntArray, IntArray]:
        """Host arrays to the link out of the source and the one into the target."""
        first = len(self.paths.network.ends)
        return first + source, first + len(self.hosts) + target

    def non_blocking(self) -> "Fabric":
        """The same hosts where no link between switches is ever the narrow one."""
        network = self.paths.network
        wide = replace(network, capacity=network.capacity * _PLENTY)
        return replace(self, paths=replace(self.paths, network=wide))


def network_of(topology: Topology) -> Network:
    """Switches in the topology's order and two directed links for every cable, bit/s."""
    place = {switch.name: node for node, switch in enumerate(topology.switches)}
    ends = [(place[link.a], place[link.b]) for link in topology.links]
    both = [*ends, *((b, a) for a, b in ends)]
    rates = [link.rate_bps for link in topology.links] * 2
    return Network(tuple(place), np.array(both, np.int32), np.array(rates, np.float64))
