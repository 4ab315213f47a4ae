"""Ways to place jobs' flows that need no learning, to be measured beside the agent.

Owns ECMP, static weights and least-loaded (the scheduler of Hedera). All see what the agent sees.
The non-blocking reference is no decision: run ECMP on `Fabric.non_blocking`.
"""

from typing import Protocol

import numpy as np

from controller.advice.network import BoolArray, FloatArray, IntArray
from rl_agent.jobs.core import UNPINNED, Decision, View
from rl_agent.jobs.fluid import max_min

_HEAVY = 0.1  # of the access link: Hedera's threshold for a flow worth a path of its own


class Advisor(Protocol):
    """Takes what is seen, gives what to do; may remember between calls, `reset` forgets."""

    def reset(self) -> None:
        """Before the first decision of an episode."""
        ...

    def decide(self, view: View) -> Decision:
        """For every environment of the view."""
        ...


class StaticWeights:
    """The same weights for ever."""

    def __init__(self, weights: FloatArray) -> None:
        self._weights = weights  # (2, P)

    def reset(self) -> None:
        """Nothing to forget."""

    def decide(self, view: View) -> Decision:
        """Those weights, nothing pinned."""
        return Decision(np.tile(self._weights, (len(view.pair), 1, 1)))


class Ecmp(StaticWeights):
    """Hashes flows over the shortest paths, as a fabric without a controller."""

    def __init__(self, even: FloatArray) -> None:
        """From `JobsCore.even`."""
        super().__init__(even)


class LeastLoaded:
    """Hedera (Al-Fares et al., NSDI 2010): demand estimation, then heavy flows placed one by one.

    The demand of a flow is its max-min share if only access links were narrow. A heavy flow stays
    where it is while its demand fits there, else goes to the first of its shortest paths where it
    fits (global first fit), and where it fits nowhere, to the one with the most room. Runs at every
    decision, 50 times as often as Hedera did.
    """

    def __init__(self, even: FloatArray) -> None:
        self._even = even

    def reset(self) -> None:
        """Nothing to forget: flows under way are where they are."""

    def decide(self, view: View) -> Decision:
        """Pins every heavy flow; the rest is hashed."""
        demand_bps = natural_demand(view, view.sending)
        heavy = view.sending & (view.pair < len(view.fabric.paths.pairs))
        access_bps = np.take_along_axis(view.capacity_bps, view.access[..., 0], 1)
        heavy &= demand_bps >= _HEAVY * access_bps
        pin = self._first_fit(view, demand_bps, heavy)
        return Decision(np.tile(self._even, (len(view.pair), 1, 1)), pin)

    def _first_fit(self, view: View, demand_bps: FloatArray, heavy: BoolArray) -> IntArray:
        pin = current_choice(view)
        pin[~view.exists] = UNPINNED
        batch = np.arange(len(pin))
        room = np.hstack([view.capacity_bps, np.full((len(pin), 1), np.inf)])
        table, shortest = view.candidates, self._even[0]
        for slot in np.flatnonzero(heavy.any(0)):
            want = np.where(heavy[:, slot], demand_bps[:, slot], 0.0)
            paths = table[:, slot]
            hops = view.fabric.path_links[paths]
            free = room[batch[:, None, None], hops].min(-1)
            allowed = (paths >= 0) & (shortest[paths] > 0)
            free = np.where(allowed, free, -np.inf)
            fits = free >= want[:, None] * (1 - 1e-9)
            stays = pin[:, slot].clip(0)
            choice = np.where(fits.any(1), fits.argmax(1), free.argmax(1))
            choice = np.where(fits[batch, stays], stays, choice)
            pin[:, slot] = np.where(heavy[:, slot], choice, pin[:, slot])
            np.subtract.at(room, (batch[:, None], hops[batch, choice]), want[:, None])
            room[:, -1] = np.inf
        return pin


def natural_demand(view: View, which: BoolArray) -> FloatArray:
    """float64 (B, F), what flows would send if only access links were narrow; 0 for others."""
    links = view.fabric.links
    row, slot = np.nonzero(which)
    hops = view.access[row, slot] + row[:, None] * links
    demand = np.zeros(which.shape)
    demand[row, slot] = max_min(hops, view.capacity_bps.ravel(), np.full(len(row), np.inf))
    return demand


def current_choice(view: View) -> IntArray:
    """int32 (B, F), which of its candidates each flow is on now; UNPINNED where it has none."""
    same = view.candidates == view.path[..., None]
    return np.where(same.any(-1), same.argmax(-1), UNPINNED).astype(np.int32)
