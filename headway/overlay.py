"""What a policy adds to the picture of a topology: colours of slices, promises, closed tiers.

Owns the words of the legend; `topologies.picture` draws.
"""

from datetime import datetime

from emulation.vlans import seats
from policies.fabric import fabric_of
from policies.intents import effective
from policies.model import Policy, Slice
from policies.placement import place_slices
from policies.quantities import rate_words
from topologies.model import Topology
from topologies.picture import Group, Overlay, draw

_MOST_NOTES = 12


def draw_policy(topology: Topology, policy: Policy, at: datetime) -> str:
    """The picture of a policy on its network, as SVG; `at` decides nothing but confinements."""
    return draw(topology, overlay_of(topology, policy, at))


def overlay_of(topology: Topology, policy: Policy, at: datetime) -> Overlay:
    """Slices as groups, intents as notes, and for each switch who may not cross it."""
    members: dict[str, set[str]] = {entry.name: set() for entry in policy.slices}
    for seat in seats(topology, policy):
        members[seat.slice_name].add(seat.host)
    notes = [intent.text for intent in policy.intents]
    more = [f"and {len(notes) - _MOST_NOTES} more intents"] if len(notes) > _MOST_NOTES else []
    return Overlay(
        title=policy.name,
        groups=tuple(
            Group(entry.name, _promise(entry), frozenset(members[entry.name]))
            for entry in policy.slices
        ),
        closed=_closed(topology, policy, at),
        notes=(*notes[:_MOST_NOTES], *more),
    )


def _promise(entry: Slice) -> str:
    words = [f"guarantee {rate_words(entry.guarantee)}"]
    if entry.maximum is not None:
        words.append(f"maximum {rate_words(entry.maximum)}")
    if entry.weight != 1:
        words.append(f"weight {entry.weight:g}")
    vlans = sorted({member.vlan for member in entry.members if member.vlan is not None})
    if vlans:
        words.append(f"VLAN {', '.join(map(str, vlans))}")
    if entry.talks_to:
        words.append(f"talks to {', '.join(entry.talks_to)}")
    return "; ".join(words)


def _closed(topology: Topology, policy: Policy, at: datetime) -> dict[str, str]:
    places = place_slices(effective(policy, at), fabric_of(topology))
    found = {}
    for switch in topology.switches:
        kept_out = [name for name, place in places.items() if not place.may_cross(switch.name)]
        if kept_out:
            found[switch.name] = ", ".join(kept_out)
    return found
