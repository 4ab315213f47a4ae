"""How far the fluid model is from a real network: the same seeded workload on both, side by side.

Owns the comparison. Weights are pinned: each pair of switches has all its flows of a path group on
one candidate path, drawn at random, so that the model knows where flows go and the switches' hash,
which it can't know, plays no part. Both run the same state machine of the same jobs for the same
time; `Simulation` gives flows the model's rates, `LiveSimulation` TCP over Open vSwitch.

The model counts payload and knows no header, so it runs twice: as it is trained on, and with links
narrower by what headers take. What differs then is the dynamics: slow start, queues, bursts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from controller.advice.network import FloatArray, IntArray
from rl_agent.jobs import fluid
from rl_agent.jobs.core import Setting
from rl_agent.jobs.simulation import Simulation
from rl_agent.jobs.workload import GROUPS, Kind, Workload
from rl_agent.live.core import LiveCore

# Of a full packet of 1500 bytes, 14 of Ethernet counted by queues: 20 IP, 20 TCP, 12 timestamps.
PAYLOAD_SHARE = 1448 / 1514


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of a workload.

    Attributes:
        took_s: float64 (J, C), time of each finished cycle; NaN for others.
        carried_bits: float64 (F,), what each flow brought.
        load_bits: float64 (E,), what each link between switches carried.
    """

    took_s: FloatArray
    carried_bits: FloatArray
    load_bits: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """One workload on the network and on the model.

    Attributes:
        workload: The jobs.
        duration_s: How long they ran.
        live: Measured; link loads with headers, as queues count them.
        model: The fluid model as it is trained on.
        narrow: The same with links narrower by headers.
    """

    workload: Workload
    duration_s: float
    live: Outcome
    model: Outcome
    narrow: Outcome

    def times(self, kind: Kind, of: Outcome) -> Iterator[tuple[float, float]]:
        """(live, model) mean seconds of each job's cycles, those that both finished."""
        for job in np.flatnonzero(self.workload.kind == kind):
            ours, theirs = self.live.took_s[job], of.took_s[job]
            both = ~np.isnan(ours) & ~np.isnan(theirs)
            if both.any():
                yield float(ours[both].mean()), float(theirs[both].mean())

    def goodput_bps(self, kind: Kind, of: Outcome) -> tuple[float, float] | None:
        """(live, model) of all flows of a kind; None if it has none."""
        own = (self.workload.kind[self.workload.flow_job] == kind) & (self.workload.flow_stage >= 0)
        ours, theirs = (float(o.carried_bits[own].sum()) for o in (self.live, of))
        return (ours / self.duration_s, theirs / self.duration_s) if theirs > 0 else None

    def utilisation(self, of: Outcome) -> tuple[FloatArray, FloatArray]:
        """(live, model) float64 (E,), mean use of links, the model's with headers."""
        capacity = self.workload.capacity_bps[: len(self.live.load_bits)] * self.duration_s
        return self.live.load_bits / capacity, of.load_bits / PAYLOAD_SHARE / capacity


def compare(core: LiveCore, seed: int) -> Comparison:
    """Draws a workload and runs it on both.

    Args:
        core: The network; its setting says which jobs, and for how long.
        seed: Of jobs and paths.
    """
    duration_s = core.setting.duration_s
    core.reset([np.random.default_rng(seed)])
    choice = _one_path_each(core.setting, np.random.default_rng([seed, 1]))
    splits = np.zeros((len(GROUPS), len(core.setting.fabric.paths.pair)))
    np.put_along_axis(splits, choice.astype(np.intp), 1.0, axis=1)
    core.begin(splits)
    before = core.sent_bits()
    core.simulation.advance(duration_s)
    sent = (core.sent_bits() - before).sum(0)
    live = Outcome(core.simulation.took_s[0], core.simulation.carried_bits[0], sent)
    work = core.workload
    narrower = replace(work, capacity_bps=work.capacity_bps * PAYLOAD_SHARE)
    model, narrow = (_modelled(core.setting, w, choice) for w in (work, narrower))
    return Comparison(work, duration_s, live, model, narrow)


def _one_path_each(setting: Setting, rng: np.random.Generator) -> IntArray:
    """int32 (G, K), a candidate path of each pair."""
    paths = setting.fabric.paths
    place = rng.integers(0, paths.per_pair, (len(GROUPS), len(paths.pairs)))
    return (paths.start + place).astype(np.int32)


def _modelled(setting: Setting, work: Workload, choice: IntArray) -> Outcome:
    fabric = setting.fabric
    simulation = Simulation(fabric, setting.policy, [work], setting.tick_s)
    nowhere = np.full((len(GROUPS), 1), len(fabric.paths.pair), np.int32)
    table = np.hstack([choice, nowhere])
    group = np.array([_group_of(setting, kind) for kind in Kind])[simulation.flow_kind]
    simulation.assign(table[group, simulation.pair])
    simulation.advance(setting.duration_s)
    carried = simulation.carried_bits[0]
    links = len(fabric.paths.network.ends)
    load = fluid.link_load(simulation.hops[0], carried, fabric.links)[:links]
    return Outcome(simulation.took_s[0], carried, load)


def _group_of(setting: Setting, kind: Kind) -> int:
    return GROUPS.index(setting.policy.class_of(kind.traffic_class).path_group)
