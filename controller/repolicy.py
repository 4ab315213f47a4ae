"""From the policy in force to another one: the desired tables of every switch, said anew.

Owns the order in which everything that depends on a policy is brought up to date. Sends nothing:
the mirrors find out what differs, and put what packets need before what they leave.
"""

from collections.abc import Iterator

from controller import hosts, reachability, recognition, routing
from controller.events import Command, Level, Note
from controller.mirror import Mirror
from controller.state import State, Switch
from policies.model import Policy


def repolicy(state: State, policy: Policy, now: float) -> Iterator[Command]:
    """Puts a checked, effective policy in force.

    Hosts stay where they are and keep their numbers in labels; who is of another slice now is
    moved there, and who is of none is forgotten until it is let in again.
    """
    old, before = state.policy, state.slicing
    state.policy = policy
    for switch in state.switches.values():
        _settle(state, switch, before.allowed.keys() - state.slicing.allowed.keys())
    left_out = _rehome(state)
    recognition.hints_changed(state)
    recognition.install_hints(state)
    for switch in state.edges():
        reachability.install_at(state, state.hosts.values(), switch)
    if state.slicing.allowed != before.allowed:
        yield from routing.refresh(state, now)
    yield Note("policy-changed", f"policy {policy.name!r} is in force instead of {old.name!r}")
    if left_out:
        yield Note("slice-none", f"{left_out} known hosts are of no slice of policy "
                   f"{policy.name!r}: they are not let in", Level.WARNING)  # fmt: skip


def _settle(state: State, switch: Switch, freed: set[int]) -> None:
    """What a switch needs for the policy, but for hosts and paths."""
    routing.install_base(state, switch)
    for number in freed:
        switch.mirror.put(("confinement", number), ())
    for number in switch.ports:
        if state.is_fabric((switch.dpid, number)) or number in switch.host_ports:
            routing.install_port(state, switch, number)
    for number in switch.host_ports - switch.ports.keys():
        switch.mirror.put(("port", number), ())
    reachability.settle_slices(state, switch)
    _drop_strangers(switch.mirror, switch.present)


def _drop_strangers(mirror: Mirror, present: frozenset[int]) -> None:
    """Nothing stays of a slice that is gone from the policy."""
    for owner in mirror.owners():
        match owner:
            case ("slice", number) if number not in present:
                mirror.put(owner, ())


def _rehome(state: State) -> int:
    """Gives every host its slice under the policy in force; returns how many have none."""
    known = sorted(state.hosts.values(), key=lambda host: (host.key, host.dpid))
    homes = [(host, hosts.rehomed(state, host)) for host in known]
    moved = [(host, home) for host, home in homes if host != home]
    for host, _ in moved:
        reachability.remove_host(state, host)
        hosts.forget(state, host)
    for _, home in moved:
        if home:
            hosts.enter(state, home)
    return sum(home is None for _, home in homes)
