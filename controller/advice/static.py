"""How traffic is split over candidate paths when nobody knows better: the safe fallback.

A seam: whatever else gives weights (a solver, a learned policy) answers the same question and is
measured against this one.
"""

from collections.abc import Sequence

from controller.advice.view import FULL_WEIGHT, Steps
from policies.classes import PathGroup


def static_weights(paths: Sequence[Steps], group: PathGroup) -> list[int]:
    """Equal weights on the shortest of the live paths and 0 on the others, as ECMP.

    Args:
        paths: Each candidate's (switch, port) steps; all are live.
        group: What the classes on them care for; the fallback treats both alike.

    Returns:
        One weight a path, 0 for paths held in reserve.
    """
    shortest = min((len(path) for path in paths), default=0)
    return [FULL_WEIGHT if len(path) == shortest else 0 for path in paths]
