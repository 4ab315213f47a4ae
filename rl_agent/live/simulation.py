"""Jobs that run in real time: the state machine of `Simulation`, with a network instead of rates.

Owns the tie between the two: what the state machine starts is sent, what arrives is told to it.
Time is this process's; it stands still between two calls of `advance`, as far as jobs go.
"""

import time
from collections.abc import Callable

import numpy as np

from controller.advice.network import BoolArray, FloatArray, IntArray
from policies.model import Policy
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.simulation import Simulation
from rl_agent.jobs.workload import Workload
from rl_agent.live.transfers import Transfers

_AT_ONCE_S = 1e-4  # what is due this soon needs no other turn


class LiveSimulation(Simulation):
    """One environment. Which path a flow takes is the switches' hash and not known: `path` is none.

    `left_bits` and `carried_bits` are as measured at the targets; `rate_bps` is unused.
    """

    def __init__(
        self,
        fabric: Fabric,
        policy: Policy,
        work: Workload,
        transfers: Transfers,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(fabric, policy, [work])
        self._transfers, self._clock = transfers, clock
        self._started = np.zeros(self.left_bits.shape[1], np.bool_)
        self._origin = 0.0

    def assign(self, path: IntArray, share: FloatArray | None = None) -> BoolArray:
        """Paths are given to switches, not to flows."""
        return np.zeros(path.shape, np.bool_)

    def advance(self, interval_s: float) -> None:
        """Lets the jobs run for an interval of real time."""
        self._origin = self._clock() - float(self.time_s[0])
        super().advance(interval_s)

    def _refresh_rates(self) -> None:
        """Sends what the state machine has begun since the last time."""
        begun = (self.left_bits[0] > 0) & ~self._started
        for slot in np.flatnonzero(begun):
            self._transfers.start(int(slot), float(self.left_bits[0, slot]))
        self._started |= begun
        self._stale[:] = False

    def _pass_time(self, end_s: FloatArray) -> BoolArray:
        """Until something arrives in full, a pause is over, or the interval."""
        before = self._transfers.arrived_bits.copy()
        since_s = float(self.time_s[0])
        resume_s = np.where(self.sending, np.inf, self._resume_s)[0].min()
        until_s = min(float(end_s[0]), max(float(resume_s), since_s))
        finished = self._transfers.run(self._origin + until_s)
        now_s = self._clock() - self._origin
        over = now_s >= float(end_s[0]) - _AT_ONCE_S
        self.time_s[0] = end_s[0] if over else now_s
        self.carried_bits[0] += self._transfers.arrived_bits - before
        self.active_s[0] += np.where(self._started, now_s - since_s, 0.0)
        self.left_bits[0] = np.where(self._started, self._transfers.left_bits(), 0.0)
        done = np.zeros(self.left_bits.shape, np.bool_)
        for slot, at in finished:
            done[0, slot], self._started[slot] = True, False
            self.left_bits[0, slot] = 0.0
            job = self.work.flow_job[0, slot]
            self._ended_s[0, job] = max(self._ended_s[0, job], at - self._origin)
        return done
