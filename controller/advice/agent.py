"""Everything the controller holds for its agent, in one place; there is none while none is set.

Owns the data and the doubts about counters. What happens to it is in `controller.advising`.
"""

import math
from collections.abc import Callable, Set
from dataclasses import dataclass, field, replace

import numpy as np

from controller.advice.capacities import Capacities
from controller.advice.loop import Loop
from controller.advice.network import FloatArray
from controller.advice.records import Limits
from controller.advice.view import End, Steps, View
from controller.settings import LINKS, Settings
from policies.classes import PathGroup

Weights = dict[Steps, int]  # of a pair's live paths
HostPlace = tuple[int, tuple[int, ...], int]  # MAC, addresses, datapath id of its switch

_IMPOSSIBLE = 1.5  # times the capacity: no honest counter says so
_DISAGREE = 0.5  # relative difference of what one end sent and the other received
_NOISE = 0.05  # of the capacity: the ends aren't read at the same moment
_LATE = 0.5  # of an interval: what has not come by then is not waited for
_TIMES = 3  # in a row, before it counts


@dataclass(slots=True)
class Doubts:
    """Counters that can't be true, or contradict the other end of their link."""

    _impossible: dict[End, int] = field(default_factory=dict)

    def take(
        self, ends: tuple[End, ...], sent: FloatArray, received: FloatArray, capacity: FloatArray
    ) -> str:
        """Takes one reading of every link, (E,) bit/s each, NaN where unknown; why to doubt it."""
        apart = np.abs(sent - received) > _DISAGREE * np.fmax(sent, received) + _NOISE * capacity
        wrong = apart | (sent > _IMPOSSIBLE * capacity)
        for end, is_wrong in zip(ends, wrong, strict=True):
            self._impossible[end] = self._impossible.get(end, 0) + 1 if is_wrong else 0
        for e, end in enumerate(ends):
            if self._impossible[end] >= _TIMES:
                return (
                    f"counters of port {end[1]} of switch {end[0]:#x} can't be true: sent "
                    f"{sent[e]:.3g} bit/s, {received[e]:.3g} arrived, {capacity[e]:.3g} possible"
                )
        return ""


@dataclass(slots=True)
class Agent:
    """The agent's place, filled.

    Attributes:
        loop: Its standing, and every turn.
        capacities: What is stated about links.
        view: What it is shown; None until there are paths.
        advice: Weights followed now, by (ingress, egress, path group); others have equal ones.
        peak_bps: The largest rate seen on a link.
        peak_used: That rate when the view was made, if some capacity is known by nothing else.
        next_observe: When the next turn begins; infinite until counters have been asked for.
        hosts: As last told.
    """

    loop: Loop
    capacities: Capacities = field(default_factory=Capacities)
    view: View | None = None
    advice: dict[tuple[int, int, PathGroup], Weights] = field(default_factory=dict)
    doubts: Doubts = field(default_factory=Doubts)
    peak_bps: float = 0.0
    peak_used: float = math.inf
    sources: str = ""
    next_observe: float = math.inf
    hosts: tuple[HostPlace, ...] = ()

    @staticmethod
    def of(settings: Settings, capacities: Capacities, clock: Callable[[], float]) -> "Agent":
        """The agent's place as the settings have it; `clock` is a stopwatch in seconds."""
        interval = settings.advise_interval_s
        limits = Limits(
            late_s=_LATE * interval, dwell_s=2 * interval, stale_s=max(5.0, 3 * interval)
        )
        if settings.guard == LINKS:
            limits = replace(limits, obey=True, late_s=math.inf)
        return Agent(Loop(limits, clock), capacities)

    def weights(self, ingress: int, egress: int, group: PathGroup, live: Set[Steps]) -> Weights:
        """What to follow for a pair with these live paths; {} for equal weights.

        Advice given for other paths is dropped for good: the network has changed under it.
        """
        advised = self.advice.get((ingress, egress, group), {})
        if advised and advised.keys() != live:
            del self.advice[ingress, egress, group]
            return {}
        return advised
