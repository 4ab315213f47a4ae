"""A policy put in force on every switch, or on none: the transaction as the core sees it.

Owns who is waited for and when to go back. What a policy means in rules is `repolicy`'s; that a
version is kept, and queues change too, is `manager`'s.

    PolicyChanged -> rules differ -> barrier on each switch -> all answered: PolicyAnswered
                                -> one refuses, or is silent: the old policy again -> PolicyAnswered
"""

from collections.abc import Iterator
from dataclasses import replace

from controller import reachability
from controller.events import (
    ChangeGroup,
    ChangeMeter,
    ChangeRule,
    Command,
    PolicyAnswered,
    PolicyChanged,
    Refused,
)
from controller.hosts import enter
from controller.repolicy import repolicy
from controller.state import Applying, State

PATIENCE_S = 10.0  # a connected switch that hasn't confirmed by then makes everybody go back


def begin(state: State, event: PolicyChanged, now: float) -> Iterator[Command]:
    """Puts a policy in force; what follows are answers."""
    if state.applying:
        yield PolicyAnswered(event.number, "another policy is being applied; try again", {})
        return
    hosts = tuple(replace(host) for host in state.hosts.values())
    state.applying = Applying(event.number, state.policy, hosts, now)
    yield from repolicy(state, event.policy, now)


def sent(state: State, commands: list[Command]) -> list[Command]:
    """Notes, after a flush, who was sent what, and so whose answer is waited for."""
    applying = state.applying
    if applying is None:
        return []
    for command in commands:
        if isinstance(command, ChangeRule | ChangeGroup | ChangeMeter):
            if not applying.refused:
                applying.changes[command.dpid] = applying.changes.get(command.dpid, 0) + 1
            applying.waits[command.dpid] = state.switches[command.dpid].sent
    return list(_ended(state, applying))


def refused(state: State, event: Refused, now: float) -> Iterator[Command]:
    """A switch refused a change; if it is one of ours, the old policy comes back."""
    applying = state.applying
    if applying and event.dpid in applying.waits and not applying.refused:
        reason = f"switch {event.dpid:#x} refused {event.subject or 'a change'}: {event.reason}"
        yield from _go_back(state, applying, reason, now)


def tick(state: State, now: float) -> Iterator[Command]:
    """Doesn't wait for ever, nor for switches that have left: those catch up when they return."""
    applying = state.applying
    if applying is None:
        return
    if now - applying.since > PATIENCE_S and (late := _late(state, applying)):
        if applying.refused:
            applying.waits.clear()
        else:
            names = ", ".join(f"{dpid:#x}" for dpid in late)
            reason = f"no confirmation from switch {names} in {PATIENCE_S:g} s"
            yield from _go_back(state, applying, reason, now)
    yield from _ended(state, applying)


def _go_back(state: State, applying: Applying, reason: str, now: float) -> Iterator[Command]:
    applying.refused, applying.since = reason, now
    applying.waits.clear()
    yield from repolicy(state, applying.before, now)
    lost = [host for host in applying.hosts if host.key not in state.hosts]
    for host in lost:
        enter(state, host)
    reachability.install_hosts(state, lost)
    for switch in state.connected():
        # What it holds is not what was sent: reading it back finds the rest.
        switch.next_audit = min(switch.next_audit, now)


def _late(state: State, applying: Applying) -> list[int]:
    switches = state.switches
    return [
        dpid
        for dpid, number in applying.waits.items()
        if switches[dpid].connection is not None and switches[dpid].acked < number
    ]


def _ended(state: State, applying: Applying) -> Iterator[Command]:
    if state.applying is applying and not _late(state, applying):
        state.applying = None
        yield PolicyAnswered(applying.number, applying.refused, applying.changes)
