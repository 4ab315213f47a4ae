"""Jobs of many environments as they run: from event to event, all environments at once.

Owns the state (where each job is in its cycle, what each flow has left to send) and its passage
through time; `fluid` says the rates, `workload` what the jobs do. Decides no path. Every
environment has a clock of its own and goes from one of its events to the next, so times are exact
but for `tick_s`, within which events count as one.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np

from controller.advice.network import BoolArray, FloatArray, IntArray
from policies.model import Policy
from rl_agent.jobs import fluid
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.workload import NO_STAGE, Workload, queue_numbers

Allocate = Callable[[fluid.Flows, FloatArray, fluid.QueueTree, FloatArray], FloatArray]

_LEFT_BITS = 1e-3  # less than this is nothing: rounding


class Simulation:
    """B environments on one fabric; every array has the batch first.

    Attributes:
        work: The workloads, stacked.
        time_s: float64 (B,), each environment's clock.
        sending: bool (B, J), jobs with flows under way.
        left_bits: float64 (B, F), what flows under way have left.
        path: int32 (B, F), candidate path of each flow, P for none (two hosts of one switch).
        rate_bps: float64 (B, F), of this moment.
        ratio: float64 (B, J, C), time of each finished cycle over its ideal; NaN before.
        took_s: float64 (B, J, C), the time itself.
        carried_bits, active_s: float64 (B, F), since `clear_meters`.
        events: int64 (B,), how often rates were computed anew.
    """

    def __init__(
        self,
        fabric: Fabric,
        policy: Policy,
        workloads: Sequence[Workload],
        tick_s: float = 2e-4,
        allocate: Allocate = fluid.allocate,
    ) -> None:
        self.fabric = fabric
        self._allocate = allocate
        self._tick_s = tick_s
        self._used, kind_queue = np.unique(queue_numbers(policy), return_inverse=True)
        self._kind_queue = kind_queue.astype(np.int32)
        self.tree = fluid.QueueTree.of(tuple(policy.queues[int(queue)] for queue in self._used))
        self.work = Workload(
            **{
                field.name: np.stack([getattr(work, field.name) for work in workloads])
                for field in fields(Workload)
            }
        )
        batch, jobs, cycles = self.work.due_s.shape
        slots = self.work.bits.shape[1]
        self.time_s = np.zeros(batch)
        self.events = np.zeros(batch, np.int64)
        self._cycle, self._stage = (np.zeros((batch, jobs), np.int32) for _ in range(2))
        self.sending = np.zeros((batch, jobs), bool)
        self._resume_s, self._sent_s, self._ended_s, self._begun_s, self._lost_s = (
            np.zeros((batch, jobs)) for _ in range(5)
        )
        self.left_bits, self.rate_bps, self.carried_bits, self.active_s = (
            np.zeros((batch, slots)) for _ in range(4)
        )
        self.ratio, self.took_s = (np.full((batch, jobs, cycles), np.nan) for _ in range(2))
        self.queue = np.zeros((batch, slots), np.int32)
        self.pair, self.path = (np.zeros((batch, slots), np.int32) for _ in range(2))
        self.hops = np.zeros((batch, slots, fabric.path_links.shape[1] + 2), np.int32)
        self.share = np.tile(self.tree.share, (batch, 1))
        self._guarantee_bps = np.zeros((batch, fabric.links, len(self._used)))
        self._stale = np.ones(batch, bool)
        for row, work in enumerate(workloads):
            self.restart(row, work)

    @property
    def flow_kind(self) -> IntArray:
        """int32 (B, F), the kind of each flow's job."""
        return np.take_along_axis(self.work.kind, self.work.flow_job, 1)

    @property
    def exists(self) -> BoolArray:
        """bool (B, F), flow slots in use."""
        used: BoolArray = self.work.flow_stage != NO_STAGE
        return used

    def restart(self, row: int, work: Workload) -> None:
        """Begins another episode in one environment."""
        for field in fields(Workload):
            getattr(self.work, field.name)[row] = getattr(work, field.name)
        for array in (self.time_s, self.events, self._cycle, self._stage, self.sending,
                      self._lost_s, self.left_bits, self.rate_bps, self.carried_bits,
                      self.active_s):  # fmt: skip
            array[row] = 0
        self.ratio[row], self.took_s[row] = np.nan, np.nan
        self._begun_s[row] = self._ended_s[row] = work.due_s[:, 0]
        self._resume_s[row] = work.due_s[:, 0] + work.pause_s[:, 0] * work.pause_factor[:, 0]
        self.queue[row] = self._kind_queue[work.kind[work.flow_job]]
        self.pair[row] = self.fabric.pair_of(work.source, work.target)
        self.hops[row, :, 0], self.hops[row, :, 1] = self.fabric.access_links(
            work.source, work.target
        )
        self.path[row] = len(self.fabric.paths.pair)
        self.hops[row, :, 2:] = self.fabric.links
        self.share[row] = self.tree.share
        self._guarantee_bps[row] = work.capacity_bps[:, None] * self.tree.share
        self._stale[row] = True

    def assign(self, path: IntArray, share: FloatArray | None = None) -> BoolArray:
        """Puts flows on paths and sets guarantees.

        Args:
            path: int32 (B, F), rows of the candidate paths, P for none.
            share: float64 (B, Q), guaranteed shares of the queues in use; None leaves them.

        Returns:
            bool (B, F), flows under way that changed their path.
        """
        changed = path != self.path
        moved: BoolArray = changed & (self.left_bits > 0)
        self.path = path
        self.hops[..., 2:] = self.fabric.path_links[path]
        self._stale |= moved.any(1)
        if share is not None:
            self._stale |= (share != self.share).any(1)
            self.share = share
            self._guarantee_bps = self.work.capacity_bps[..., None] * share[:, None]
        return moved

    def clear_meters(self) -> None:
        """Starts to count carried bits and active time from 0."""
        self.carried_bits[:] = 0.0
        self.active_s[:] = 0.0

    def advance(self, interval_s: float) -> None:
        """Lets every environment run for an interval."""
        end_s = self.time_s + interval_s
        while (end_s > self.time_s).any():
            self._begin_sending()
            self._refresh_rates()
            self._finish_stages(self._pass_time(end_s))

    def lost_s(self) -> FloatArray:
        """Time each job has lost to the network so far, float64 (B, J), never falling.

        Over a finished stage that is what its flows took past the ideal. Within a stage it is the
        time since they started, and the least time that what is left can take, less the ideal: how
        late the stage is bound to be, whatever happens now.
        """
        elapsed_s = self.time_s[:, None] - self._sent_s
        late_s = elapsed_s + self._least_left_s() - self._stage_ideal_s()
        return self._lost_s + np.where(self.sending, late_s, 0.0)

    def _least_left_s(self) -> FloatArray:
        """(B, J), ideal time of what each job's flows have left: its fullest access link's."""
        batch, jobs = self.sending.shape
        trunks = len(self.fabric.paths.network.ends)
        ends = self.fabric.links - trunks
        row, slot = np.nonzero(self.left_bits > 0)
        bits, owner = self.left_bits[row, slot], row * jobs + self.work.flow_job[row, slot]
        access = owner[:, None] * ends + self.hops[row, slot, :2] - trunks
        load = np.bincount(access.ravel(), np.repeat(bits, 2), minlength=batch * jobs * ends)
        need_s = (load.reshape(-1, ends) / self.fabric.capacity_bps[trunks:]).max(1)
        np.maximum.at(need_s, owner, bits / self.work.demand_bps[row, slot])
        least_s: FloatArray = need_s.reshape(batch, jobs)
        return least_s

    def _per_cycle(self, table: FloatArray) -> FloatArray:
        """(B, J, C) to (B, J), the current cycle's."""
        last = table.shape[2] - 1
        index = self._cycle.clip(0, last)[..., None]
        own: FloatArray = np.take_along_axis(table, index, 2)[..., 0]
        return own

    def _stage_ideal_s(self) -> FloatArray:
        ideal = np.take_along_axis(self.work.ideal_s, self._stage[..., None], 2)[..., 0]
        return ideal * self._per_cycle(self.work.size_factor)

    def _begin_sending(self) -> None:
        ready = ~self.sending & (self._resume_s <= self.time_s[:, None])
        if not ready.any():
            return
        rows, jobs = np.nonzero(ready)
        self.sending[rows, jobs] = True
        self._sent_s[rows, jobs] = self._ended_s[rows, jobs] = self._resume_s[rows, jobs]
        job = self.work.flow_job
        starts = np.take_along_axis(ready, job, 1) & (
            np.take_along_axis(self._stage, job, 1) == self.work.flow_stage
        )
        row, slot = np.nonzero(starts)
        factor = self.work.size_factor[row, job[row, slot], self._cycle[row, job[row, slot]]]
        self.left_bits[row, slot] = self.work.bits[row, slot] * factor
        self._stale[rows] = True

    def _refresh_rates(self) -> None:
        stale = np.flatnonzero(self._stale)
        if not stale.size:
            return
        self.events[stale] += 1
        links = self.fabric.links
        part, slot = np.nonzero(self.left_bits[stale] > 0)
        row = stale[part]
        own = self.hops[row, slot]
        apart = np.where(own < links, own + (part * links)[:, None], stale.size * links)
        flows = fluid.Flows(apart, self.queue[row, slot], self.work.demand_bps[row, slot])
        capacity = self.work.capacity_bps[stale].ravel()
        guarantee = self._guarantee_bps[stale].reshape(-1, self.share.shape[1])
        self.rate_bps[stale] = 0.0
        self.rate_bps[row, slot] = self._allocate(flows, capacity, self.tree, guarantee)
        self._stale[:] = False

    def _pass_time(self, end_s: FloatArray) -> BoolArray:
        """Goes to each environment's next event, or the end; returns flows that finished."""
        active = self.left_bits > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            need_s = np.where(active, self.left_bits / self.rate_bps, np.inf)
        waiting_s = np.where(self.sending, np.inf, self._resume_s - self.time_s[:, None])
        event_s = np.minimum(need_s.min(1), waiting_s.min(1)).clip(self._tick_s)
        step_s = np.minimum(event_s, end_s - self.time_s)
        sent = np.minimum(self.rate_bps * step_s[:, None], self.left_bits)
        self.carried_bits += sent
        self.active_s += np.where(active, np.minimum(need_s, step_s[:, None]), 0.0)
        self.left_bits -= sent
        done = active & (self.left_bits < _LEFT_BITS)
        self.left_bits[done] = 0.0
        row, slot = np.nonzero(done)
        finished_s = self.time_s[row] + np.minimum(need_s[row, slot], step_s[row])
        np.maximum.at(self._ended_s, (row, self.work.flow_job[row, slot]), finished_s)
        self._stale |= done.any(1)
        # The end itself, not a sum that rounding may leave short of it.
        arrived = step_s >= end_s - self.time_s
        self.time_s = np.where(arrived, end_s, self.time_s + step_s)
        return done

    def _finish_stages(self, done: BoolArray) -> None:
        if not done.any():
            return
        batch, jobs = self.sending.shape
        row, slot = np.nonzero(self.left_bits > 0)
        under_way = row * jobs + self.work.flow_job[row, slot]
        busy = np.bincount(under_way, minlength=batch * jobs).reshape(batch, jobs) > 0
        rows, over = np.nonzero(self.sending & ~busy)
        if not rows.size:
            return
        self.sending[rows, over] = False
        ended_s, stage = self._ended_s[rows, over], self._stage[rows, over]
        cycle = self._cycle[rows, over]
        ideal_s = self.work.ideal_s[rows, over, stage] * self.work.size_factor[rows, over, cycle]
        self._lost_s[rows, over] += ended_s - self._sent_s[rows, over] - ideal_s
        last = stage + 1 == self.work.stages[rows, over]
        self._stage[rows, over] = np.where(last, 0, stage + 1)
        self._finish_cycles(rows[last], over[last], ended_s[last])
        cycle, stage = self._cycle[rows, over], self._stage[rows, over]
        pause_s = self.work.pause_s[rows, over, stage] * self.work.pause_factor[rows, over, cycle]
        self._resume_s[rows, over] = np.maximum(ended_s, self._begun_s[rows, over]) + pause_s

    def _finish_cycles(self, rows: IntArray, jobs: IntArray, ended_s: FloatArray) -> None:
        work, cycle = self.work, self._cycle[rows, jobs]
        took_s = ended_s - self._begun_s[rows, jobs]
        pause_s = work.pause_s[rows, jobs].sum(-1) * work.pause_factor[rows, jobs, cycle]
        ideal_s = work.ideal_s[rows, jobs].sum(-1) * work.size_factor[rows, jobs, cycle]
        self.took_s[rows, jobs, cycle] = took_s
        self.ratio[rows, jobs, cycle] = took_s / (pause_s + ideal_s)
        # The last cycle there is has no successor: due at infinity.
        more = cycle + 1 < work.due_s.shape[2]
        self._cycle[rows, jobs] = np.where(more, cycle + 1, cycle)
        due_s = np.where(more, work.due_s[rows, jobs, self._cycle[rows, jobs]], np.inf)
        after_s = np.where(work.follows[rows, jobs], ended_s, -np.inf)
        self._begun_s[rows, jobs] = np.maximum(due_s, after_s)
