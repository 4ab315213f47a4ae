"""What the jobs of an episode are: kinds, how many of each, and what they do, as flat arrays.

Owns the words and the form; `deal` draws one, `simulation` runs it. Every job is the same machine:
a cycle of stages, and a stage is a pause (compute, service, waiting) and then flows that start
together. A training job begins its next cycle when the last is over; a request, a checkpoint or a
federated round is due at a time of its own and counts from then.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from controller.advice.network import BoolArray, FloatArray, IntArray
from policies.classes import PathGroup, TrafficClass
from policies.model import Policy
from rl_agent.errors import JobsError
from rl_agent.jobs.collectives import Collective

NO_STAGE = -1
MOST_STAGES = 2
GROUPS = (PathGroup.LATENCY, PathGroup.THROUGHPUT)


class Kind(IntEnum):
    """What a job is."""

    TRAINING = 0
    INFERENCE = 1
    FEDERATED = 2
    CHECKPOINT = 3
    BACKGROUND = 4

    @property
    def traffic_class(self) -> TrafficClass:
        """The class of all its flows."""
        return _CLASS[self]


_CLASS = {
    Kind.TRAINING: TrafficClass.GRADIENT,
    Kind.INFERENCE: TrafficClass.INFERENCE,
    Kind.FEDERATED: TrafficClass.FEDERATED,
    Kind.CHECKPOINT: TrafficClass.BULK,
    Kind.BACKGROUND: TrafficClass.BACKGROUND,
}


@dataclass(frozen=True, slots=True)
class Mix:
    """How many jobs of each kind an episode has.

    Attributes:
        training: Training jobs, each with `ranks` hosts and one of `collectives`.
        inference: Client and server pairs with Poisson requests.
        federated: Servers with `ranks` clients each.
        checkpoints: Periodic bulk copies between two hosts.
        background: Host pairs with heavy-tailed transfers.
        weak_cables: Cables between switches at a quarter of their rate, drawn anew each episode.
    """

    training: int = 4
    ranks: int = 4
    collectives: tuple[Collective, ...] = tuple(Collective)
    inference: int = 4
    federated: int = 1
    checkpoints: int = 1
    background: int = 4
    weak_cables: int = 0

    def __post_init__(self) -> None:
        counts = (self.training, self.inference, self.federated, self.checkpoints, self.background)
        if self.weak_cables < 0:
            raise JobsError("weak_cables must be 0 or more")
        if min(counts) < 0 or not any(counts):
            raise JobsError("a mix needs 0 or more jobs of each kind, and one at least")
        if self.ranks < 2 or not self.collectives:
            raise JobsError("a training job needs 2 ranks or more and a collective to use")

    @property
    def jobs(self) -> int:
        """J, the number of all jobs."""
        return self.training + self.inference + self.federated + self.checkpoints + self.background

    @property
    def most_flows(self) -> int:
        """F, flow slots that any draw fits in."""
        largest = max(sum(map(len, c.stages(self.ranks))) for c in self.collectives)
        small = 2 * self.inference + self.checkpoints + self.background
        return self.training * largest + 2 * self.ranks * self.federated + small


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """One episode: J jobs with up to S stages and C cycles, F flow slots, M candidate paths.

    Attributes:
        kind: int32 (J,), a `Kind`.
        stages: int32 (J,), how many stages a cycle has.
        follows: bool (J,), whether a cycle counts from the end of the last one, not from its due.
        pause_s: float64 (J, S), before the flows of each stage.
        ideal_s: float64 (J, S), time of the stage's flows with the job alone and only access links.
        due_s: float64 (J, C), earliest start of each cycle; inf past the last.
        pause_factor, size_factor: float64 (J, C), by which a cycle's pauses and sizes differ.
        flow_job, flow_stage: int32 (F,), when each flow runs; stage NO_STAGE in unused slots.
        source, target: int32 (F,), hosts.
        bits: float64 (F,), size at factor 1.
        demand_bps: float64 (F,), most it would send.
        capacity_bps: float64 (L,), rates of the fabric's links in this episode.
        hash: float64 (F, M), the flow's place in the hash of each candidate path, within (0, 1).
    """

    kind: IntArray
    stages: IntArray
    follows: BoolArray
    pause_s: FloatArray
    ideal_s: FloatArray
    due_s: FloatArray
    pause_factor: FloatArray
    size_factor: FloatArray
    flow_job: IntArray
    flow_stage: IntArray
    source: IntArray
    target: IntArray
    bits: FloatArray
    demand_bps: FloatArray
    capacity_bps: FloatArray
    hash: FloatArray


def link_groups(policy: Policy) -> IntArray:
    """int32 (kinds,), the index in `GROUPS` of each kind's path group."""
    entries = (policy.class_of(kind.traffic_class) for kind in Kind)
    return np.array([GROUPS.index(entry.path_group) for entry in entries], np.int32)


def queue_numbers(policy: Policy) -> IntArray:
    """int32 (kinds,), the index among the policy's queues of each kind's queue."""
    ids = [queue.queue_id for queue in policy.queues]
    entries = (policy.class_of(kind.traffic_class) for kind in Kind)
    return np.array([ids.index(entry.queue_id) for entry in entries], np.int32)
