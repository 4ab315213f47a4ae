"""Slice numbers: what a slice is called in labels, metadata and queues.

Owns their range and who keeps which. A number that moves from one slice to another while packets
are on their way would deliver them to the wrong tenant, so a slice keeps its number for as long as
it exists, and a number that was just given up is taken again last.
"""

from collections.abc import Mapping
from dataclasses import replace

from policies.errors import PolicyConflictError
from policies.model import Policy

MOST_SLICES = 1023  # ten bits of a label; 0 means "no slices"


def numbers_of(policy: Policy) -> dict[str, int]:
    """The number of each slice, by its name."""
    return {entry.name: entry.number for entry in policy.slices}


def renumber(policy: Policy, previous: Mapping[str, int]) -> Policy:
    """The same policy with the numbers its slices had before.

    Args:
        policy: What is to be in force.
        previous: Numbers in force, by slice name.

    Returns:
        Slices that stay keep their number; new ones get numbers that `previous` does not use, the
        lowest first, and only when there are no more of those one that a leaving slice gives up.

    Raises:
        PolicyConflictError: More slices than numbers, or `previous` gives one number twice.
    """
    names = [entry.name for entry in policy.slices]
    if len(names) > MOST_SLICES:
        raise PolicyConflictError(f"{len(names)} slices; there are numbers for {MOST_SLICES}")
    kept = {name: previous[name] for name in names if name in previous}
    if len(set(kept.values())) != len(kept) or not all(map(_in_range, kept.values())):
        raise PolicyConflictError(
            f"slice numbers in force are not 1..{MOST_SLICES}, each once: {kept}"
        )
    taken = set(kept.values())
    given_up = set(previous.values()) - taken
    free = [n for n in range(1, MOST_SLICES + 1) if n not in taken]
    fresh = iter(sorted(free, key=lambda n: (n in given_up, n)))
    numbers = {name: kept[name] if name in kept else next(fresh) for name in names}
    return replace(
        policy,
        slices=tuple(replace(entry, number=numbers[entry.name]) for entry in policy.slices),
    )


def _in_range(number: int) -> bool:
    return 1 <= number <= MOST_SLICES
