"""Environment steps per second on one core, beside the obvious loop. Needs no root.

Method: random actions for a fixed number of steps, batches of several sizes, one thread. Jobs-v0:
a step is 100 ms of 4 training jobs, inference, a federated job, checkpoints and background on a
leaf-spine of 16 hosts; its events are counted too, as each needs all rates of its environment
anew. Its loop: the same simulation, one environment, rates by plain Python (`fluid_loop`, which the
tests hold equal). TrafficMatrix-v0: Abilene, generated traffic. Its loop: split ratios, link loads
and their maximum for one environment in plain Python, and nothing else, so less than a step.
"""

import math
import time
from typing import Any

import numpy as np

from benchmarks.fluid_loop import allocate_by_loop
from benchmarks.result import Cell, Options, Part, Result
from controller.advice.network import CandidatePaths, FloatArray
from policies.load import load_policy
from rl_agent.environments.jobs import DEFAULT_TOPOLOGY, JobsVectorEnv
from rl_agent.environments.traffic_matrix import TrafficMatrixVectorEnv
from rl_agent.jobs import fluid
from rl_agent.jobs.core import Decision, JobsCore, Setting
from rl_agent.jobs.deal import draw
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.simulation import Allocate, Simulation
from rl_agent.jobs.workload import Mix
from topologies.registry import build

NEEDS_NETWORK = False
_BATCHES = (1, 16, 64)
_TRAFFIC_TOPOLOGY = "abilene"
_INTERVAL_S = 0.1


def run(options: Options) -> Result:
    """Both environments and their loops."""
    scale = 0.2 if options.quick else 1.0
    parts = (_jobs_part(options, scale), _traffic_part(options, scale))
    notes = (
        "The loop does one environment; 'times the loop' is per environment and step.",
        "No public networking gym stands beside them: congestgym, optical-rl-gym and "
        "optical-networking-gym were asked for by name and are not in the package index used; "
        "ns3-gym needs a build of ns-3 and NetworkGym a server.",
    )
    return Result(parts, notes)


def _jobs_part(options: Options, scale: float) -> Part:
    rows: list[tuple[Cell, ...]] = []
    options.progress("Jobs-v0: loop")
    loop, loop_events = _simulate(allocate_by_loop, 1, round(20 * scale) + 1, options.seed)
    rows.append(("rates by loop", 1, loop, loop_events, 1.0))
    for batch in _BATCHES:
        options.progress(f"Jobs-v0: batch of {batch}")
        steps = round(60 * scale) + 1
        plain, events = _simulate(fluid.allocate, batch, steps, options.seed)
        rows.append(("rates in NumPy", batch, plain, events, plain / loop))
    for batch in _BATCHES:
        whole = _drive(JobsVectorEnv(batch, steps=10_000), round(30 * scale) + 1, options.seed)
        rows.append(("JobsVectorEnv.step", batch, whole, None, whole / loop))
    return Part(f"Jobs-v0, {DEFAULT_TOPOLOGY}", _COLUMNS, tuple(rows))


_COLUMNS = ("what", "batch", "steps/s", "events/s", "times the loop")


def _simulate(allocate: Allocate, batch: int, steps: int, seed: int) -> tuple[float, float]:
    """Steps and events a second of the simulation alone, flows hashed over shortest paths."""
    fabric = Fabric.of(build(DEFAULT_TOPOLOGY))
    generators = [np.random.default_rng(seed + i) for i in range(batch)]
    works = [draw(fabric, Mix(), steps * _INTERVAL_S, rng) for rng in generators]
    simulation = Simulation(fabric, load_policy(), works, allocate=allocate)
    core = JobsCore(Setting(fabric, steps=1), batch)
    core.reset([np.random.default_rng(seed + i) for i in range(batch)])
    core.step(Decision(np.tile(core.even, (batch, 1, 1))))
    simulation.assign(core.simulation.path)
    begin = time.perf_counter()
    for _ in range(steps):
        simulation.advance(_INTERVAL_S)
    took_s = time.perf_counter() - begin
    return batch * steps / took_s, float(simulation.events.sum()) / took_s


def _drive(env: Any, steps: int, seed: int) -> float:
    """Environment steps a second with random actions, all of `step` counted."""
    env.reset(seed=seed)
    rng = np.random.default_rng(seed)
    actions = rng.uniform(-1, 1, (8, *env.action_space.shape)).astype(np.float32)
    begin = time.perf_counter()
    for step in range(steps):
        env.step(actions[step % len(actions)])
    return env.num_envs * steps / (time.perf_counter() - begin)


def _traffic_part(options: Options, scale: float) -> Part:
    options.progress("TrafficMatrix-v0")
    loop = _traffic_loop(round(200 * scale) + 1, options.seed)
    rows: list[tuple[Cell, ...]] = [("split and load by loop", 1, loop, 1.0)]
    for batch in _BATCHES:
        env = TrafficMatrixVectorEnv(batch, _TRAFFIC_TOPOLOGY)
        whole = _drive(env, round(300 * scale) + 1, options.seed)
        rows.append(("TrafficMatrixVectorEnv.step", batch, whole, whole / loop))
    columns = ("what", "batch", "steps/s", "times the loop")
    return Part(f"TrafficMatrix-v0, {_TRAFFIC_TOPOLOGY}", columns, tuple(rows))


def _traffic_loop(steps: int, seed: int) -> float:
    paths = TrafficMatrixVectorEnv(1, _TRAFFIC_TOPOLOGY).paths
    rng = np.random.default_rng(seed)
    logits = rng.uniform(-4, 4, (steps, len(paths.pair)))
    demands = rng.uniform(0, 1, (steps, len(paths.pairs)))
    begin = time.perf_counter()
    for step in range(steps):
        largest_by_loop(paths, logits[step], demands[step])
    return steps / (time.perf_counter() - begin)


def largest_by_loop(paths: CandidatePaths, logits: FloatArray, demands: FloatArray) -> float:
    """Largest utilisation when each pair is split by a softmax over its paths' logits."""
    links = len(paths.network.ends)
    load = [0.0] * links
    for pair in range(len(paths.pairs)):
        mine = range(paths.start[pair], paths.start[pair] + paths.per_pair[pair])
        top = max(logits[p] for p in mine)
        part = {p: math.exp(logits[p] - top) for p in mine}
        total = sum(part.values())
        for p in mine:
            for link in paths.hops[p]:
                if link < links:
                    load[link] += demands[pair] * part[p] / total
    return float(max(load[e] / paths.network.capacity[e] for e in range(links)))
