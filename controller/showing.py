"""The network as the advisor is shown it: built from `State` when paths, links or speeds changed.

Owns the building of a `View` and the choice of capacities. Measures nothing.
"""

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np

from controller.advice.agent import Agent
from controller.advice.capacities import Source, told
from controller.advice.network import CandidatePaths, Network
from controller.advice.view import End, Steps, View
from controller.events import Command, Level, Note
from controller.state import State, Switch, Target

MAX_PATHS = 200_000  # beyond this a turn takes longer than an interval
_PEAK_GROWTH = 1.1  # a peak this much larger changes the capacities that hang on it


def refresh_view(state: State, agent: Agent) -> Iterator[Command]:
    """Makes `agent.view` that of now; None if there is nothing to choose."""
    if agent.peak_bps > _PEAK_GROWTH * agent.peak_used:
        state.paths_version += 1
    if agent.view is not None and agent.view.version == state.paths_version:
        return
    pairs = _pairs(state)
    if sum(map(len, pairs.values())) > MAX_PATHS:
        agent.view = None
        yield Note(
            "agent-too-large",
            f"more than {MAX_PATHS} candidate paths: the agent is not asked; HEADWAY_MOST_TREES "
            "and HEADWAY_LEAST_TREES make them fewer",
            Level.WARNING,
        )
        return
    agent.view = _build(state, agent, pairs) if pairs else None
    if agent.view is not None and agent.sources:
        yield Note("agent-view", f"{len(pairs)} pairs, {len(agent.view.steps)} paths; capacities: "
                   f"{agent.sources}")  # fmt: skip


def _pairs(state: State) -> dict[tuple[int, int], list[Steps]]:
    """The usable paths of each (ingress, egress), those with dead links among them."""
    found = {
        (switch.dpid, target.dpid): _paths(state, switch, target)
        for target in state.targets.values()
        for switch in state.edges()
        if switch.dpid != target.dpid
    }
    return {pair: found[pair] for pair in sorted(found) if found[pair]}


def _paths(state: State, switch: Switch, target: Target) -> list[Steps]:
    paths: dict[Steps, None] = {}
    for _, tree in sorted(target.trees.items()):
        path = tree.path(switch.dpid, target.dpid) if tree.ready else ()
        if path and all(end in state.link_at for end in path):
            paths[path] = None
    return list(paths)


def _build(state: State, agent: Agent, pairs: dict[tuple[int, int], list[Steps]]) -> View:
    dpids = tuple(sorted({a for a, _ in pairs} | {end[0] for link in state.links for end in link}))
    index = {dpid: i for i, dpid in enumerate(dpids)}
    ends = tuple(sorted(state.link_at))
    number = {end: e for e, end in enumerate(ends)}
    network = Network(
        tuple(agent.capacities.names.get(dpid, f"{dpid:#x}") for dpid in dpids),
        np.array([(index[a[0]], index[state.link_at[a].other(a)[0]]) for a in ends], np.int32),
        np.array(_capacities(state, agent, ends)),
    )
    paths = CandidatePaths.of_lists(
        network,
        (
            ((index[a], index[b]), [[number[end] for end in path] for path in found])
            for (a, b), found in pairs.items()
        ),
    )
    steps = tuple(path for found in pairs.values() for path in found)
    row = {pair: k for k, pair in enumerate(pairs)}
    return View(state.paths_version, paths, dpids, ends, steps, row, agent.capacities.places)


def _capacities(state: State, agent: Agent, ends: tuple[End, ...]) -> list[float]:
    found: list[float] = []
    sources: Counter[Source] = Counter()
    for end in ends:
        switch, far = state.switches.get(end[0]), state.link_at[end].other(end)
        port = switch.ports.get(end[1]) if switch else None
        speed = port.port.speed_bps if port else 0.0
        capacity, source = agent.capacities.of((end[0], far[0]), speed, agent.peak_bps)
        found.append(capacity)
        sources[source] += 1
    agent.sources = told(sources)
    agent.peak_used = max(agent.peak_bps, 1.0) if sources[Source.PEAK] else math.inf
    return found
