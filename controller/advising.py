"""The agent as the core sees it: what it is shown, and what its answers do to routing.

Owns the translation between `State` and the arrays of `controller.advice`. What is sound and what
pays is decided there; rules and groups are `routing`'s. With no agent set, nothing here does
anything.
"""

import itertools
import math
from collections.abc import Iterator

import numpy as np

from controller import routing
from controller.advice.agent import Agent, HostPlace
from controller.advice.loop import Outcome, Seen
from controller.advice.network import BoolArray, FloatArray
from controller.advice.view import FULL_WEIGHT, GROUPS, View, fallback_splits
from controller.events import (
    AdviceReceived,
    AdvisorDown,
    AdvisorUp,
    Command,
    Level,
    Note,
    Observe,
)
from controller.pipeline import entry_group_id
from controller.showing import refresh_view
from controller.state import State

_MOST_HOSTS = 10_000  # told to the advisor, for `explain`; a message is bounded


def polled(state: State, now: float) -> None:
    """Counters have just been asked for: the turn begins a tick later, when they are there."""
    agent = state.agent
    if agent is None:
        return
    half_tick = state.settings.tick_s / 2
    last = agent.loop.question.at if agent.loop.question else -math.inf
    if now - last >= state.settings.advise_interval_s - 2 * half_tick:
        agent.next_observe = now + half_tick


def tick(state: State, now: float) -> Iterator[Command]:
    """Asks the advisor when it is time."""
    agent = state.agent
    if agent is None:
        return
    yield from _carry_out(state, agent, agent.loop.overdue(now))
    if now < agent.next_observe or not state.settled:
        return
    agent.next_observe = math.inf
    yield from refresh_view(state, agent)
    view = agent.view
    if view is None:
        return
    seen = _seen(state, agent, view, now)
    question, outcome = agent.loop.observe(view, seen, now)
    yield from _carry_out(state, agent, outcome)
    if question is not None:
        records = agent.loop.records
        in_force = seen.fallback if outcome.fall_back else seen.current
        yield Observe(
            question.number, view, question.demands.now, question.demands.forecast, seen.link_up,
            seen.utilisation, in_force, seen.fallback,
            agent.loop.standing, records[-2] if len(records) > 1 else None, _hosts(state, agent),
        )  # fmt: skip


# --- what the advisor says ----------------------------------------------------------------------


def advisor_up(state: State, event: AdvisorUp, now: float) -> Iterator[Command]:
    """An advisor says who it is."""
    if state.agent:
        state.agent.loop.arrived(event.agent)
        yield Note("agent-up", f"agent {event.agent} advises")


def advisor_down(state: State, event: AdvisorDown, now: float) -> Iterator[Command]:
    """It has ended, or hangs: equal splits at once."""
    if state.agent:
        yield Note("agent-down", f"no agent, equal splits: {event.reason}", Level.WARNING)
        yield from _carry_out(state, state.agent, state.agent.loop.gone())


def advice_received(state: State, event: AdviceReceived, now: float) -> Iterator[Command]:
    """An answer: judged, and followed as far as it pays."""
    agent = state.agent
    if agent is None or agent.view is None or agent.loop.question is None:
        return
    for kind, texts in (("agent-note", event.notes), ("agent-drift", event.drift)):
        for text in texts:
            yield Note(kind, f"{event.agent}: {text}", Level.WARNING)
    loop, question = agent.loop, agent.loop.question
    if not loop.agent:
        return  # it has ended since it said so
    loop.agent, loop.outside = event.agent, event.outside
    version = event.version if question.view.version == state.paths_version else -1
    if event.number == question.number:
        record = loop.records[-1]
        record.seconds.update(advise=event.advise_s, wait=now - record.at)
    link_up = _link_up(state, question.view)
    outcome = loop.take(version, event.number, event.splits, link_up, now)
    yield from _carry_out(state, agent, outcome)


def _carry_out(state: State, agent: Agent, outcome: Outcome) -> Iterator[Command]:
    if outcome.said:
        yield Note(outcome.kind, outcome.said, Level.WARNING)
    if outcome.fall_back and agent.advice:
        pairs = {(ingress, egress) for ingress, egress, _ in agent.advice}
        agent.advice.clear()
        routing.reweight(state, pairs)
    if outcome.change is not None and agent.view is not None:
        routing.reweight(state, set(_follow(state, agent, agent.view, outcome)))


def _follow(state: State, agent: Agent, view: View, outcome: Outcome) -> Iterator[tuple[int, int]]:
    """Puts the weights of changed pairs in force; yields the pairs."""
    change = outcome.change
    if change is None:
        return
    alive = view.paths.alive(_link_up(state, view))
    for group, row in change.pairs:
        span = view.span(row)
        agent.advice[(*view.pair(row), GROUPS[group])] = {
            view.steps[p]: round(FULL_WEIGHT * float(change.splits[group, p]))
            for p in range(span.start, span.stop)
            if alive[p]
        }
        yield view.pair(row)


# --- what the advisor is shown ------------------------------------------------------------------


def splits_in_force(
    agent: Agent, view: View, link_up: BoolArray, fallback: FloatArray
) -> FloatArray:
    """(G, P) splits that the switches have been given: `fallback` but where advice is followed."""
    alive, splits = view.paths.alive(link_up), fallback.copy()
    for (ingress, egress, group), weights in agent.advice.items():
        row = view.row.get((ingress, egress))
        if row is None:
            continue
        span = view.span(row)
        live = {view.steps[p]: p for p in range(span.start, span.stop) if alive[p]}
        total = sum(weights.values())
        if live.keys() == weights.keys() and total:
            g = GROUPS.index(group)
            splits[g, span] = 0.0
            for steps, weight in weights.items():
                splits[g, live[steps]] = weight / total
    return splits


def _link_up(state: State, view: View) -> BoolArray:
    return np.fromiter((state.hop_is_up(end) for end in view.ends), np.bool_, len(view.ends))


def _seen(state: State, agent: Agent, view: View, now: float) -> Seen:
    link_up = _link_up(state, view)
    totals, read_at = _counters(state, view)
    sent, received = _rates(state, view)
    capacity = view.paths.network.capacity
    agent.peak_bps = max(agent.peak_bps, float(np.nan_to_num(sent).max(initial=0.0)))
    doubt = _too_old(state, agent, now) or agent.doubts.take(view.ends, sent, received, capacity)
    fallback = np.tile(fallback_splits(view.paths, link_up), (len(GROUPS), 1))
    current = splits_in_force(agent, view, link_up, fallback)
    use = np.nan_to_num(sent) / capacity
    return Seen(totals, read_at, link_up, use, current, fallback, doubt)


def _counters(state: State, view: View) -> tuple[FloatArray, FloatArray]:
    """(G, K) bytes that entered towards each egress, and when that was read."""
    totals, read_at = np.zeros((2, len(GROUPS), len(view.row)))
    buckets = state.telemetry.bucket
    for (ingress, egress), row in view.row.items():
        edge = state.edge_of(egress)
        for g, group in enumerate(GROUPS):
            number = entry_group_id(group, edge)
            for position in (0, 1):  # primary and reserve
                if rate := buckets.get((ingress, number, position)):
                    totals[g, row] += rate.bytes_total
                    read_at[g, row] = rate.read_at
    return totals, read_at


def _rates(state: State, view: View) -> tuple[FloatArray, FloatArray]:
    """(E,) bit/s that left at the near end and arrived at the far one; NaN where unknown."""
    sent, received = np.full((2, len(view.ends)), np.nan)
    telemetry = state.telemetry
    for e, end in enumerate(view.ends):
        link = state.link_at.get(end)
        if rate := telemetry.port_tx.get(end):
            sent[e] = rate.bps
        if link and (rate := telemetry.port_rx.get(link.other(end))):
            received[e] = rate.bps
    return sent, received


def _too_old(state: State, agent: Agent, now: float) -> str:
    oldest = now - agent.loop.limits.stale_s
    read: dict[int, float] = {}
    for (dpid, _), rate in state.telemetry.port_tx.items():
        read[dpid] = max(read.get(dpid, 0.0), rate.read_at)
    for switch in state.connected():
        if max(read.get(switch.dpid, 0.0), switch.connected_at) < oldest:
            return f"switch {switch.dpid:#x} has told no counters for {now - oldest:.0f} s"
    return ""


def _hosts(state: State, agent: Agent) -> tuple[HostPlace, ...] | None:
    """Where hosts are, if that has changed."""
    known = itertools.islice(state.hosts.values(), _MOST_HOSTS)
    hosts = tuple((host.mac, host.ips, host.dpid) for host in known)
    if hosts == agent.hosts:
        return None
    agent.hosts = hosts
    return hosts
