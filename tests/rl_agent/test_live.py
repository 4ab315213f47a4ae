"""Jobs in real time: the same state machine, whatever carries the bytes; and the real network."""

import contextlib
import os
import time

import gymnasium
import numpy as np
import pytest

from controller.advice.given import routes
from policies.classes import TrafficClass
from policies.load import load_policy
from rl_agent.environments import register
from rl_agent.environments.jobs import JobsEnv
from rl_agent.environments.mininet import DEFAULT_TOPOLOGY, MininetEnv
from rl_agent.errors import AgentError
from rl_agent.jobs.deal import draw
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.simulation import Simulation
from rl_agent.jobs.workload import Kind, Mix
from rl_agent.live.core import class_ports
from rl_agent.live.network import with_rates
from rl_agent.live.simulation import LiveSimulation
from rl_agent.live.transfers import Lane, Transfers
from topologies.registry import build

MIX = Mix(training=1, inference=1, federated=1, checkpoints=1, background=1)


class SteadyTransfers:
    """A network that brings each slot's bytes at the slot's own rate, on a clock of its own."""

    def __init__(self, rate_bps):
        self.now = 100.0
        self._rate_bps = rate_bps
        self._left, self.arrived_bits = np.zeros((2, len(rate_bps)))

    def start(self, slot, bits):
        self._left[slot] += bits

    def left_bits(self):
        return self._left

    def run(self, until):
        moving = self._left > 0
        need = np.where(moving, self._left / self._rate_bps, np.inf)
        step = min(need.min(), max(until - self.now, 0.0))
        sent = np.where(moving, np.minimum(self._left, self._rate_bps * step), 0.0)
        sent[need <= step] = self._left[need <= step]
        self.arrived_bits = self.arrived_bits + sent
        self._left = self._left - sent
        self.now += step + 1e-9  # time never stands still
        return [(int(slot), self.now) for slot in np.flatnonzero(need <= step)]


def test_the_same_rates_give_the_same_times_as_the_simulation():
    fabric = Fabric.of(build(DEFAULT_TOPOLOGY))
    work = draw(fabric, MIX, 5.0, np.random.default_rng(3))
    rate_bps = 1e6 * (1.0 + np.arange(len(work.bits)))
    steady = SteadyTransfers(rate_bps)
    live = LiveSimulation(fabric, load_policy(), work, steady, lambda: steady.now)
    fluid = Simulation(
        fabric, load_policy(), [work], tick_s=1e-9,
        allocate=lambda flows, *_: flows.demand,
    )  # fmt: skip
    fluid.work.demand_bps[:] = rate_bps
    live.work.demand_bps[:] = rate_bps
    for _ in range(5):
        for run in (live, fluid):
            run.advance(1.0)
        np.testing.assert_allclose(live.took_s, fluid.took_s, atol=1e-3)
        np.testing.assert_allclose(live.carried_bits, fluid.carried_bits, atol=2e4)
        np.testing.assert_allclose(live.lost_s(), fluid.lost_s(), atol=1e-3)
    assert np.isfinite(live.took_s).sum() > 20


def here(_host):
    return contextlib.nullcontext()


def test_bytes_arrive_whole_and_in_their_own_slots():
    port = 40000 + os.getpid() % 900
    lanes = [Lane("a", "b", "127.0.0.1", port, np.inf), None,
             Lane("a", "c", "127.0.0.1", port + 1, 8e6)]  # fmt: skip
    with contextlib.closing(Transfers(lanes, here)) as transfers:
        assert transfers.run(0.0) == []
        began = time.monotonic()
        transfers.start(0, 8e5)
        transfers.start(2, 4e5)
        ended = {}
        while len(ended) < 2 and time.monotonic() < began + 10:
            ended |= dict(transfers.run(began + 10))
        assert ended.keys() == {0, 2}
        assert min(ended.values()) >= began
        np.testing.assert_array_equal(transfers.arrived_bits, [8e5, 0, 4e5])
        assert not transfers.left_bits().any()


def test_spaces_are_those_of_jobs():
    register()
    assert "headway/Mininet-v0" in gymnasium.registry
    options = {"training": 1, "inference": 2, "federated": 0, "checkpoints": 1, "background": 1}
    live, jobs = MininetEnv(), JobsEnv(DEFAULT_TOPOLOGY, **options)
    assert live.observation_space == jobs.observation_space
    assert live.action_space == jobs.action_space
    live.close()


@pytest.mark.parametrize("options", [{"pinning": True}, {"shares": True}, {"colour": 1}])
def test_what_the_network_does_not_offer_is_refused(options):
    with pytest.raises(AgentError, match="no such option"):
        MininetEnv(**options)


def test_every_kind_of_job_has_a_port_of_its_class():
    ports = class_ports(load_policy())
    kinds = {ports[kind.traffic_class] for kind in Kind}
    assert len(kinds) == len(Kind)
    named = {service.first for service in load_policy().services}
    assert ports[TrafficClass.BACKGROUND] not in named


def test_weak_cables_become_slow_links():
    topology = build(DEFAULT_TOPOLOGY)
    fabric = Fabric.of(topology)
    assert with_rates(topology, fabric.capacity_bps) == topology
    weak = fabric.capacity_bps.copy()
    weak[[1, 1 + len(topology.links)]] /= 4
    rates = [link.rate_bps for link in with_rates(topology, weak).links]
    assert rates == [20_000_000, 5_000_000, *[20_000_000] * (len(rates) - 2)]


@pytest.mark.root
def test_a_real_network_takes_weights_and_tells_loads():
    from emulation import ovs

    env = MininetEnv(build(DEFAULT_TOPOLOGY), steps=2)
    try:
        seen, _ = env.reset(seed=3)
        assert seen in env.observation_space
        paths = env.core.setting.fabric.paths
        over_first = ["spine1" in route for route in routes(paths)]
        away = np.where(np.tile(over_first, 2), -1.0, 1.0).astype(np.float32)
        for step in range(2):
            seen, reward, terminated, truncated, info = env.step(away)
            assert seen in env.observation_space
            assert reward <= 0
            assert (terminated, truncated) == (False, step == 1)
        assert env.core.network.is_in_force()
        assert info["background_finished"] + info["inference_finished"] > 0
        first = (paths.network.ends == paths.network.nodes.index("spine1")).any(1)
        load = env.core.utilisation()[0].sum(0)[: len(first)]
        assert load[~first].max() > 0.05
        assert load[first].max() < 0.02  # discovery, and what was on its way
    finally:
        bridges = {switch.name for switch in env.core.network.topology.switches}
        env.close()
    assert not bridges & {row["name"] for row in ovs.rows("Bridge", "name")}
