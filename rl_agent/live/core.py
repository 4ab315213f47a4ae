"""`JobsCore` over a real network: one environment, decisions in force, counters as they are read.

Owns which connection stands for which flow slot, and what of the fluid core's figures has to be
measured instead. The rules of jobs and reward are the fluid core's own.
"""

import time
from collections.abc import Sequence

import numpy as np

from controller.advice.network import FloatArray
from controller.advice.view import GROUPS as PATH_GROUPS
from policies.classes import TrafficClass, Transport
from policies.model import Policy
from rl_agent.errors import LiveError
from rl_agent.jobs.core import Decision, JobsCore, Setting, View
from rl_agent.jobs.simulation import Simulation
from rl_agent.jobs.workload import GROUPS, Kind, Workload
from rl_agent.live.network import LiveNetwork, with_rates
from rl_agent.live.simulation import LiveSimulation
from rl_agent.live.transfers import Lane, Transfers
from topologies.model import Topology

_UNLISTED_PORT = 40999  # no service's: the class of what is not known

assert GROUPS == PATH_GROUPS  # both name the groups in this order


class LiveCore(JobsCore):
    """Jobs on an emulated network, which is kept for the next episode if its rates are the same.

    Attributes:
        network: The network of this episode; None before the first.
        workload: The jobs of this episode.
    """

    def __init__(self, topology: Topology, setting: Setting) -> None:
        super().__init__(setting, 1)
        self._topology = topology
        self._transfers: Transfers | None = None
        self._splits: FloatArray | None = None
        self._sent_bits = self._sent_bps = np.zeros(0)
        self._read_at = 0.0
        self.network: LiveNetwork | None = None

    def close(self) -> None:
        """Ends traffic, network and controller."""
        if self._transfers is not None:
            self._transfers.close()
        if self.network is not None:
            self.network.close()
        self._transfers = self.network = None

    def _simulate(self, works: Sequence[Workload]) -> Simulation:
        """Ends the last episode's flows and connects the new ones."""
        (work,) = works
        self.workload = work
        if self._transfers is not None:
            self._transfers.close()
            self._transfers = None
        live = self._network_for(work)
        self._splits = None
        self._transfers = Transfers(self._lanes(work, live), live.inside)
        return LiveSimulation(self.setting.fabric, self.setting.policy, work, self._transfers)

    def _network_for(self, work: Workload) -> LiveNetwork:
        wanted = with_rates(self._topology, work.capacity_bps)
        if self.network is not None and self.network.topology != wanted:
            self.network.close()
            self.network = None
        if self.network is None:
            self.network = LiveNetwork(wanted, self.setting.fabric, self.setting.policy)
        return self.network

    def _lanes(self, work: Workload, live: LiveNetwork) -> list[Lane | None]:
        hosts, ports = self.setting.fabric.hosts, class_ports(self.setting.policy)
        lanes: list[Lane | None] = []
        for slot, job in enumerate(work.flow_job):
            if work.flow_stage[slot] < 0:
                lanes.append(None)
                continue
            source, target = hosts[work.source[slot]], hosts[work.target[slot]]
            port = ports[Kind(int(work.kind[job])).traffic_class]
            pace = float(work.demand_bps[slot])
            lanes.append(Lane(source, target, live.address(target), port, pace))
        return lanes

    def _apply(self, decision: Decision) -> FloatArray:
        """Steers; the first decision of an episode is in force before anything is sent.

        Which flows move is up to the switches. What is returned is how many would be expected to:
        for each flow under way, the part of its pair's weights that went elsewhere.
        """
        if decision.pin is not None or decision.share is not None:
            raise LiveError("the live network takes path weights only: no pinning, no shares")
        paths = self.setting.fabric.paths
        splits = paths.normalise(decision.weights[0])
        before = self._splits
        if before is None:
            self.begin(splits)
            return np.zeros(1)
        self._live.steer(splits)
        self._splits = splits
        went = paths.pair_sum(np.abs(splits - before)) / 2
        pair, group = self._simulation.pair[0], self._group()[0]
        sending = (self._simulation.left_bits[0] > 0) & (pair < len(paths.pairs))
        return np.array([went[group[sending], pair[sending]].sum()])

    def begin(self, splits: FloatArray) -> None:
        """Puts (G, P) splits in force while nothing is sent yet, and reads the counters."""
        self._live.steer(splits)
        self._live.await_in_force()
        self._splits = splits
        self._read_counters()
        self._sent_bps = np.zeros_like(self._sent_bits)

    def step(self, decision: Decision) -> tuple[View, FloatArray]:
        """Steers, lets the jobs run for an interval of real time, and reads the counters."""
        answer = super().step(decision)
        before, since = self._sent_bits, self._read_at
        self._read_counters()
        self._sent_bps = (self._sent_bits - before) / (self._read_at - since)
        return answer

    def sent_bits(self) -> FloatArray:
        """float64 (G, E), what links between switches have sent since the network was made."""
        return self._live.sent_bits()

    def _read_counters(self) -> None:
        self._sent_bits, self._read_at = self._live.sent_bits(), time.monotonic()

    @property
    def _live(self) -> LiveNetwork:
        if self.network is None:
            raise LiveError("no network is running: call reset() first")
        return self.network

    def utilisation(self) -> FloatArray:
        """float64 (1, 2, L): of links between switches by queue counters, of hosts' by arrivals."""
        use = super().utilisation()  # no flow has a known path, so it knows access links alone
        trunks = len(self.setting.fabric.paths.network.ends)
        use[0, :, :trunks] = self._sent_bps / self._simulation.work.capacity_bps[0, :trunks]
        return use


def class_ports(policy: Policy) -> dict[TrafficClass, int]:
    """A TCP port that tells each class; what no service names gets one that tells nothing."""
    ports: dict[TrafficClass, int] = {}
    for service in policy.services:
        if service.transport is Transport.TCP:
            ports.setdefault(service.traffic_class, service.first)
    return {entry: ports.get(entry, _UNLISTED_PORT) for entry in TrafficClass}
