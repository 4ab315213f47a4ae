"""Draws the jobs of an episode from a seed: who runs where, how much, and when.

Owns sizes, times and places. All random numbers of an episode are drawn here, each environment's
from its own generator, so a batch of environments does exactly what each of them does alone.
"""

from dataclasses import dataclass

import numpy as np

from controller.advice.network import FloatArray, IntArray
from rl_agent.errors import JobsError
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.workload import MOST_STAGES, NO_STAGE, Kind, Mix, Workload

_TRAINING_COMM_S = (0.2, 0.5)  # an iteration's collectives on an empty fabric
_COMPUTE_PER_COMM = (0.6, 1.6)
_COMPUTE_SPREAD = 0.03  # of a lognormal: iterations differ a little
_REQUESTS_PER_S = 8.0
_REQUEST_S, _ANSWER_S = 0.001, 0.004  # at access-link rate: tens of kilobytes at 100 Mbit/s
_SERVICE_S = 0.005
_ANSWER_SPREAD = 0.7  # answers differ in length
_ROUND_COMM_S, _LOCAL_TRAINING_S, _BETWEEN_ROUNDS_S = 0.4, 1.0, 2.5
_CHECKPOINT_S, _CHECKPOINT_PERIOD_S = 1.5, 5.0
_BACKGROUND_S, _BACKGROUND_PER_S, _BACKGROUND_SHARE = 0.15, 1.0, 0.5
_WEAK = 0.25  # of its rate is left to a weak cable
_PARETO = 1.8  # tail of background sizes; mean is finite, variance is not


@dataclass(frozen=True, slots=True)
class _Flow:
    stage: int
    source: int
    target: int
    bits: float
    demand_bps: float = float("inf")


@dataclass(frozen=True, slots=True)
class _Job:
    kind: Kind
    flows: tuple[_Flow, ...]
    pause_s: tuple[float, ...]
    due_s: FloatArray
    follows: bool = False
    pause_spread: float = 0.0
    size_factor: FloatArray | None = None


def most_cycles(duration_s: float) -> int:
    """C, cycles that any job could begin in an episode of this length."""
    return int(1.5 * _REQUESTS_PER_S * duration_s) + 16


def draw(fabric: Fabric, mix: Mix, duration_s: float, rng: np.random.Generator) -> Workload:
    """Places and times the jobs of one episode.

    Training ranks take the hosts in random order, each once while there are enough.

    Raises:
        JobsError: They don't fit, see `check_fits`.
    """
    check_fits(fabric, mix)
    dealer = _Dealer(fabric, mix, duration_s, rng)
    return _arrays(dealer.jobs(), fabric, mix, dealer.cycles, rng)


def check_fits(fabric: Fabric, mix: Mix) -> None:
    """Finds out before anything is drawn whether there are hosts enough.

    Raises:
        JobsError: The fabric has no more hosts than a job has ranks.
    """
    if len(fabric.hosts) <= mix.ranks:
        raise JobsError(
            f"jobs of {mix.ranks} ranks need {mix.ranks + 1} hosts or more and the fabric has "
            f"{len(fabric.hosts)}: use more hosts or fewer ranks"
        )


class _Dealer:
    """Draws one job after another."""

    def __init__(
        self, fabric: Fabric, mix: Mix, duration_s: float, rng: np.random.Generator
    ) -> None:
        self._fabric, self._mix, self._rng = fabric, mix, rng
        self.cycles = most_cycles(duration_s)
        self._rate_bps = float(np.median(fabric.host_rate_bps))
        hosts = len(fabric.hosts)
        rounds = mix.training * mix.ranks // hosts + 1
        self._deck = np.concatenate([rng.permutation(hosts) for _ in range(rounds)])

    def jobs(self) -> list[_Job]:
        """All of them, kind by kind."""
        mix = self._mix
        return [
            *(self._training(number) for number in range(mix.training)),
            *(self._inference() for _ in range(mix.inference)),
            *(self._federated() for _ in range(mix.federated)),
            *(self._checkpoint() for _ in range(mix.checkpoints)),
            *(self._background() for _ in range(mix.background)),
        ]

    def _training(self, number: int) -> _Job:
        ranks = self._mix.ranks
        hosts = self._ranks(number)
        pattern = self._mix.collectives[int(self._rng.integers(len(self._mix.collectives)))]
        stages = pattern.stages(ranks)
        flows = tuple(
            _Flow(stage, int(hosts[a]), int(hosts[b]), share)
            for stage, transfers in enumerate(stages)
            for a, b, share in transfers
        )
        comm_s = self._rng.uniform(*_TRAINING_COMM_S)
        unit_s = sum(ideal_s(self._fabric, flows, stage) for stage in range(len(stages)))
        sized = tuple(_Flow(f.stage, f.source, f.target, f.bits * comm_s / unit_s) for f in flows)
        compute_s = comm_s * self._rng.uniform(*_COMPUTE_PER_COMM)
        pauses = (compute_s / len(stages),) * len(stages)
        begin_s = self._rng.uniform(0.0, comm_s + compute_s)
        return _Job(Kind.TRAINING, sized, pauses, np.full(self.cycles, begin_s), True,
                    _COMPUTE_SPREAD)  # fmt: skip

    def _ranks(self, number: int) -> IntArray:
        """The next hosts of the deck, all different."""
        ranks = self._mix.ranks
        order = np.roll(self._deck, -number * ranks)
        first = np.sort(np.unique(order, return_index=True)[1])[:ranks]
        return order[first].astype(np.int32)

    def _inference(self) -> _Job:
        client, server = self._two_hosts()
        flows = (_Flow(0, client, server, _REQUEST_S * self._rate_bps),
                 _Flow(1, server, client, _ANSWER_S * self._rate_bps))  # fmt: skip
        factor = np.exp(self._rng.normal(0.0, _ANSWER_SPREAD, self.cycles))
        due_s = self._poisson(_REQUESTS_PER_S)
        return _Job(Kind.INFERENCE, flows, (0.0, _SERVICE_S), due_s, size_factor=factor)

    def _federated(self) -> _Job:
        hosts = self._rng.permutation(len(self._fabric.hosts))[: self._mix.ranks + 1]
        server, clients = int(hosts[0]), [int(host) for host in hosts[1:]]
        bits = _ROUND_COMM_S * self._rate_bps / len(clients)
        down = tuple(_Flow(0, server, client, bits) for client in clients)
        up = tuple(_Flow(1, client, server, bits) for client in clients)
        due_s: FloatArray = _BETWEEN_ROUNDS_S * np.arange(self.cycles, dtype=np.float64)
        due_s += self._rng.uniform(0.0, _BETWEEN_ROUNDS_S)
        return _Job(Kind.FEDERATED, down + up, (0.0, _LOCAL_TRAINING_S), due_s)

    def _checkpoint(self) -> _Job:
        source, target = self._two_hosts()
        due_s: FloatArray = _CHECKPOINT_PERIOD_S * np.arange(self.cycles, dtype=np.float64)
        due_s += self._rng.uniform(0.0, _CHECKPOINT_PERIOD_S)
        flow = _Flow(0, source, target, _CHECKPOINT_S * self._rate_bps)
        return _Job(Kind.CHECKPOINT, (flow,), (0.0,), due_s)

    def _background(self) -> _Job:
        source, target = self._two_hosts()
        bits = _BACKGROUND_S * self._rate_bps
        flow = _Flow(0, source, target, bits, _BACKGROUND_SHARE * self._rate_bps)
        factor = (1.0 + self._rng.pareto(_PARETO, self.cycles)) * (_PARETO - 1) / _PARETO
        due_s = self._poisson(_BACKGROUND_PER_S)
        return _Job(Kind.BACKGROUND, (flow,), (0.0,), due_s, size_factor=factor)

    def _two_hosts(self) -> tuple[int, int]:
        first, second = self._rng.permutation(len(self._fabric.hosts))[:2]
        return int(first), int(second)

    def _poisson(self, per_s: float) -> FloatArray:
        times: FloatArray = np.cumsum(self._rng.exponential(1.0 / per_s, self.cycles))
        return times


def ideal_s(fabric: Fabric, flows: tuple[_Flow, ...], stage: int) -> float:
    """Least time of a stage's flows with nothing else on the access links and no other link."""
    sent, received = np.zeros(len(fabric.hosts)), np.zeros(len(fabric.hosts))
    longest = 0.0
    for flow in flows:
        if flow.stage == stage:
            sent[flow.source] += flow.bits
            received[flow.target] += flow.bits
            longest = max(longest, flow.bits / flow.demand_bps)
    return max(longest, float((np.maximum(sent, received) / fabric.host_rate_bps).max()))


def _arrays(
    jobs: list[_Job], fabric: Fabric, mix: Mix, cycles: int, rng: np.random.Generator
) -> Workload:
    flows = [(number, flow) for number, job in enumerate(jobs) for flow in job.flows]
    unused = mix.most_flows - len(flows)
    flows += [(0, _Flow(NO_STAGE, 0, 0, 0.0))] * unused
    spread = np.array([job.pause_spread for job in jobs])[:, None]
    size = [np.ones(cycles) if job.size_factor is None else job.size_factor for job in jobs]
    return Workload(
        kind=np.array([job.kind for job in jobs], np.int32),
        stages=np.array([len(job.pause_s) for job in jobs], np.int32),
        follows=np.array([job.follows for job in jobs]),
        pause_s=np.array([_padded(job.pause_s) for job in jobs]),
        ideal_s=np.array(
            [[ideal_s(fabric, job.flows, stage) for stage in range(MOST_STAGES)] for job in jobs]
        ),
        due_s=np.array([job.due_s for job in jobs]),
        pause_factor=np.exp(spread * rng.normal(size=(len(jobs), cycles))),
        size_factor=np.array(size),
        flow_job=np.array([number for number, _ in flows], np.int32),
        flow_stage=np.array([flow.stage for _, flow in flows], np.int32),
        source=np.array([flow.source for _, flow in flows], np.int32),
        target=np.array([flow.target for _, flow in flows], np.int32),
        bits=np.array([flow.bits for _, flow in flows]),
        demand_bps=np.array([flow.demand_bps for _, flow in flows]),
        capacity_bps=_weakened(fabric, mix.weak_cables, rng),
        hash=rng.uniform(1e-12, 1.0, (len(flows), fabric.most_paths)),
    )


def _padded(pauses: tuple[float, ...]) -> list[float]:
    return [*pauses, *[0.0] * (MOST_STAGES - len(pauses))]


def _weakened(fabric: Fabric, cables: int, rng: np.random.Generator) -> FloatArray:
    """Rates of all links with some cables weak, both ways."""
    ends = np.sort(fabric.paths.network.ends, axis=1)
    named, cable = np.unique(ends, axis=0, return_inverse=True)
    weak = rng.permutation(len(named))[:cables]
    capacity_bps = fabric.capacity_bps.copy()
    capacity_bps[: len(ends)][np.isin(cable.ravel(), weak)] *= _WEAK
    return capacity_bps
