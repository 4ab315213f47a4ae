"""Episodes of jobs under somebody's decisions, many environments at once.

Owns what a decision is, how switches turn it into a path for each flow, what can be seen from
outside, and the reward. `environments.jobs` gives it the form of Gymnasium; rivals and the agent
use it as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controller.advice.network import BoolArray, FloatArray, IntArray
from policies.load import load_policy
from policies.model import Policy
from rl_agent.errors import JobsError
from rl_agent.jobs.deal import check_fits, draw
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.simulation import Simulation
from rl_agent.jobs.workload import GROUPS, Kind, Mix, Workload, link_groups, queue_numbers

UNPINNED = -1
# What a job's lost time counts in the reward: people wait for the first three.
_WEIGHT = {Kind.TRAINING: 1.0, Kind.INFERENCE: 1.0, Kind.FEDERATED: 1.0,
           Kind.CHECKPOINT: 0.1, Kind.BACKGROUND: 0.1}  # fmt: skip
_MEMORY = 0.05  # weight of the newest interval in what is remembered of flows sending together


@dataclass(frozen=True, slots=True)
class Setting:
    """What all episodes of an environment have in common.

    Attributes:
        fabric: Where the jobs run.
        mix: How many of which.
        policy: Queues and classes; the shipped one by default.
        interval_s: Time between decisions.
        steps: Decisions of an episode.
        churn_cost: Reward lost for each flow under way that changes its path.
        tick_s: Events of one environment closer than this count as one; coarser is faster.
    """

    fabric: Fabric
    mix: Mix = field(default_factory=Mix)
    policy: Policy = field(default_factory=load_policy)
    interval_s: float = 0.1
    steps: int = 200
    churn_cost: float = 0.005
    tick_s: float = 2e-4

    def __post_init__(self) -> None:
        if not self.interval_s > 0 or self.steps < 1:
            raise JobsError("interval_s must be above 0 and steps 1 or more")
        check_fits(self.fabric, self.mix)

    @property
    def duration_s(self) -> float:
        """Length of an episode."""
        return self.interval_s * self.steps


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What to do until the next decision.

    Attributes:
        weights: float64 (B, 2, P), of every candidate path for each of `GROUPS`; none negative.
        pin: int32 (B, F), which of its candidates a flow is put on, or UNPINNED: by hash.
        share: float64 (B, Q), guarantees of the queues in use; None leaves the policy's.
    """

    weights: FloatArray
    pin: IntArray | None = None
    share: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a controller can know at the end of an interval: counters, places, its own choices.

    Sizes, and which flows belong to one job, are not among it.

    Attributes:
        fabric: Where.
        capacity_bps: float64 (B, L), link rates of this episode.
        exists: bool (B, F), flow slots in use.
        group: int32 (B, F), index in `GROUPS`.
        level: int32 (B, F), rank of the flow's queue; 0 is served first.
        pair: int32 (B, F), pair of edge switches, K for none.
        access: int32 (B, F, 2), links of the two hosts.
        path: int32 (B, F), candidate path, P for none.
        sending: bool (B, F), flows with something to send at this moment.
        active: float64 (B, F), part of the last interval they had something to send.
        carried_bps: float64 (B, F), mean rate over the last interval.
        together: float32 (B, F, F), how often two flows had something to send at once, of late;
            the diagonal is how often each had.
    """

    fabric: Fabric
    capacity_bps: FloatArray
    exists: BoolArray
    group: IntArray
    level: IntArray
    pair: IntArray
    access: IntArray
    path: IntArray
    sending: BoolArray
    active: FloatArray
    carried_bps: FloatArray
    together: NDArray[np.float32]

    @property
    def candidates(self) -> IntArray:
        """int32 (B, F, M), candidate paths of each flow, padded with -1."""
        return self.fabric.candidates[self.pair]

    def only(self, slots: NDArray[np.intp]) -> "View":
        """The same of some flows, int (B, G) slots of each environment."""
        own: dict[str, Any] = {
            name: np.take_along_axis(getattr(self, name), slots, 1)
            for name in ("exists", "group", "level", "pair", "path", "sending", "active",
                         "carried_bps")
        }  # fmt: skip
        row = np.arange(len(slots))[:, None]
        together = self.together[row[..., None], slots[:, :, None], slots[:, None, :]]
        return replace(self, access=self.access[row, slots], together=together, **own)


class JobsCore:
    """Reset, step, view: a batch of episodes.

    Attributes:
        even: float64 (2, P), weights that hash flows over shortest paths, as ECMP does.
        moved: float64 (B,), flows under way that the last decision moved.
        steps_done: Decisions since the reset.
    """

    def __init__(self, setting: Setting, batch: int) -> None:
        if batch < 1:
            raise JobsError("a batch has 1 environment or more")
        self.setting, self.batch = setting, batch
        self._kind_group = link_groups(setting.policy)
        self._weight = np.array([_WEIGHT[kind] for kind in Kind])
        paths = setting.fabric.paths
        shortest = np.minimum.reduceat(paths.length, paths.start)[paths.pair]
        self.even = np.tile((paths.length == shortest).astype(np.float64), (len(GROUPS), 1))

    @property
    def simulation(self) -> Simulation:
        """The jobs as they run; `reset` makes them."""
        return self._simulation

    def reset(self, generators: Sequence[np.random.Generator]) -> View:
        """Begins an episode everywhere, one generator for each environment.

        Until the first decision flows are hashed over shortest paths.
        """
        self._simulation = self._simulate([self._draw(rng) for rng in generators])
        slots = self.setting.mix.most_flows
        self._together = np.zeros((self.batch, slots, slots), np.float32)
        self.steps_done = 0
        self.moved = np.zeros(self.batch)
        self._lost_s = self._simulation.lost_s()
        self._hash_key = -np.log(self._simulation.work.hash)
        self._apply(Decision(np.tile(self.even, (self.batch, 1, 1))))
        return self._look()

    def step(self, decision: Decision) -> tuple[View, FloatArray]:
        """Applies a decision and lets an interval pass.

        Returns:
            What is seen after it, and the reward, float64 (B,): less the mean over jobs of the part
            of the interval that each lost to the network, weighted by kind, and the churn's cost.
            An episode's rewards therefore add up to the time by which iterations, answers and
            rounds were later than on a fabric that never holds anyone up.
        """
        self.moved = self._apply(decision)
        self._simulation.clear_meters()
        self._simulation.advance(self.setting.interval_s)
        self.steps_done += 1
        self._remember()
        return self._look(), self._reward() - self.setting.churn_cost * self.moved

    @property
    def queues(self) -> int:
        """Q, how many queues the jobs use."""
        return len(np.unique(queue_numbers(self.setting.policy)))

    @property
    def over(self) -> bool:
        """Whether the episode has had all its steps."""
        return self.steps_done >= self.setting.steps

    def utilisation(self) -> FloatArray:
        """float64 (B, 2, L), last interval's mean use of each link by each of `GROUPS`."""
        simulation, links = self._simulation, self.setting.fabric.links
        offset = self._group() + len(GROUPS) * np.arange(self.batch)[:, None]
        slots = np.where(simulation.hops < links, simulation.hops + offset[..., None] * links, -1)
        size = self.batch * len(GROUPS) * links
        bits = np.repeat(simulation.carried_bits[..., None], slots.shape[2], 2)
        load = np.bincount(slots.ravel() + 1, bits.ravel(), minlength=size + 1)[1:]
        capacity = simulation.work.capacity_bps[:, None] * self.setting.interval_s
        return load.reshape(self.batch, len(GROUPS), links) / capacity

    def _simulate(self, works: Sequence[Workload]) -> Simulation:
        """What the jobs run on; another core may have another network."""
        setting = self.setting
        return Simulation(setting.fabric, setting.policy, works, setting.tick_s)

    def _apply(self, decision: Decision) -> FloatArray:
        """Puts a decision in force; float64 (B,), flows under way that moved."""
        moved = self._simulation.assign(self._paths(decision), decision.share)
        count: FloatArray = moved.sum(1).astype(np.float64)
        return count

    def _draw(self, rng: np.random.Generator) -> Workload:
        return draw(self.setting.fabric, self.setting.mix, self.setting.duration_s, rng)

    def _group(self) -> IntArray:
        return self._kind_group[self._simulation.flow_kind]

    def _paths(self, decision: Decision) -> IntArray:
        """Where each flow goes: its pin, else by weighted rendezvous hashing.

        A bucket's claim on a flow is -log(hash) / weight, the least wins (Thaler and Ravishankar,
        1998), as select groups do: shares follow the weights, and a changed weight moves only the
        flows that it must.
        """
        fabric, pair = self.setting.fabric, self._simulation.pair
        table = fabric.candidates[pair]
        row = np.arange(self.batch)[:, None, None]
        weight = np.where(table >= 0, decision.weights[row, self._group()[..., None], table], 0.0)
        nowhere = (weight.sum(-1) <= 0)[..., None]
        weight = np.where(nowhere, table >= 0, weight)
        claim = np.where(weight > 0, self._hash_key / weight.clip(1e-12), np.inf)
        choice = claim.argmin(-1)
        if decision.pin is not None:
            choice = np.where(decision.pin >= 0, decision.pin, choice)
        path = np.take_along_axis(table, choice[..., None].astype(np.intp), 2)[..., 0]
        routed = (pair < len(fabric.paths.pairs)) & self._simulation.exists
        if (path[routed] < 0).any():
            raise JobsError("a flow is pinned to a candidate its pair does not have")
        return np.where(routed, path, len(fabric.paths.pair)).astype(np.int32)

    def _remember(self) -> None:
        active = (self._simulation.active_s / self.setting.interval_s).astype(np.float32)
        # Early on, the mean of what there was, so that nothing has to be forgotten first.
        newest = max(_MEMORY, 1.0 / self.steps_done)
        both = np.minimum(active[:, :, None], active[:, None, :])
        self._together += newest * (both - self._together)

    def _reward(self) -> FloatArray:
        lost_s = self._simulation.lost_s()
        weight = self._weight[self._simulation.work.kind]
        part = (lost_s - self._lost_s) / self.setting.interval_s
        self._lost_s = lost_s
        reward: FloatArray = -(weight * part).sum(1) / weight.sum(1)
        return reward

    def _look(self) -> View:
        now = self._simulation
        return View(
            fabric=self.setting.fabric,
            capacity_bps=now.work.capacity_bps,
            exists=now.exists,
            group=self._group(),
            level=now.tree.level[now.queue],
            pair=now.pair,
            access=now.hops[..., :2],
            path=now.path,
            sending=now.left_bits > 0,
            active=now.active_s / self.setting.interval_s,
            carried_bps=now.carried_bits / self.setting.interval_s,
            together=self._together,
        )
