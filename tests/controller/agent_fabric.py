"""The fake fabric with traffic and an agent: counters that add up, an advisor that can err."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from fabric import FakeFabric

from controller.advice.advisor import Observation
from controller.advice.agent import Agent
from controller.advice.builtin import LeastLoaded
from controller.advice.capacities import Capacities
from controller.advice.loop import Loop
from controller.advice.network import FloatArray
from controller.advice.records import Limits
from controller.events import (
    AdviceReceived,
    AdvisorDown,
    AdvisorUp,
    CountersRead,
    GroupCounters,
    Observe,
    PortCounters,
    ReadCounters,
)
from controller.labels import MAX_TREES
from controller.pipeline import ingress_group_ids
from controller.rules import GroupType, Load, Output
from policies.classes import PathGroup

MBIT = 1e6
Advise = Callable[[Observe], Any]


class AgentFabric(FakeFabric):
    """Traffic is fluid: `demands` bit/s from edge to edge, split as the groups say."""

    def __init__(
        self,
        *args: Any,
        stated: dict[tuple[int, int], float],
        limits: Limits | None = None,
        **settings: Any,
    ) -> None:
        settings = {
            "agent": "tests",
            "advise_interval_s": 0.5,
            "telemetry_interval_s": 0.5,
        } | settings
        super().__init__(*args, **settings)
        both = {**stated, **{(b, a): rate for (a, b), rate in stated.items()}}
        self.state.agent = Agent(Loop(limits or Limits()), Capacities(both))
        self.demands: dict[tuple[int, int], float] = {}
        self.traffic_group = PathGroup.THROUGHPUT
        self.advise: Advise | None = None  # None: it is there and says nothing
        self.asked: list[Observe] = []
        self.lie: dict[tuple[int, int], int] = {}  # port -> bytes added to what it has sent
        self._bytes: dict[Any, float] = {}
        self._at = self.now

    @property
    def agent(self) -> Agent:
        assert self.state.agent is not None
        return self.state.agent

    @property
    def loop(self) -> Loop:
        return self.agent.loop

    def run(self, seconds: float) -> None:
        end = self.now + seconds - 1e-9
        while self.now < end:
            super().run(self.settings.tick_s)
            self._flow()

    def up(self, name: str = "tests") -> None:
        self.feed(AdvisorUp(name))

    def down(self) -> None:
        self.feed(AdvisorDown("killed"))

    def weights(self, ingress: int, egress: int) -> dict[int, int]:
        """Weight by output port, of the traffic's groups."""
        edge = self.state.edge_of(egress)
        _, primary, _ = ingress_group_ids(self.traffic_group, edge)
        return {
            b.watch_port: b.weight for b in self.switches[ingress].groups[primary].buckets
        }  # fmt: skip

    # --- fluid traffic --------------------------------------------------------------------------

    def _flow(self) -> None:
        elapsed, self._at = self.now - self._at, self.now
        for (ingress, egress), rate in self.demands.items():
            if egress not in self.state.targets:
                continue
            edge = self.state.edge_of(egress)
            entry, primary, _ = ingress_group_ids(self.traffic_group, edge)
            sent = rate * elapsed / 8
            self._add(("group", ingress, entry, 0), sent)
            group = self.switches[ingress].groups[primary]
            assert group.type is GroupType.SELECT
            total = sum(bucket.weight for bucket in group.buckets)
            for bucket in group.buckets:
                self._walk(ingress, egress, bucket, sent * bucket.weight / total)

    def _walk(self, ingress: int, egress: int, bucket: Any, sent: float) -> None:
        tree = next(a.value for a in bucket.actions if isinstance(a, Load))
        assert tree < MAX_TREES
        assert isinstance(bucket.actions[-1], Output)
        for end in self.state.targets[egress].trees[tree].path(ingress, egress):
            self._add(("tx", *end), sent)
            self._add(("rx", *self.peers[end]), sent)

    def _add(self, key: Any, amount: float) -> None:
        self._bytes[key] = self._bytes.get(key, 0.0) + amount

    # --- what the core says ---------------------------------------------------------------------

    def _carry_out(self, command: Any) -> Iterator[Any]:
        if isinstance(command, ReadCounters):
            yield CountersRead(command.dpid, tuple(self._counters(command.dpid)))
        elif isinstance(command, Observe):
            self.asked.append(command)
            if self.advise is not None:
                splits = self.advise(command)
                if splits is not None:
                    yield answer(command, splits)
        else:
            yield from super()._carry_out(command)

    def _counters(self, dpid: int) -> Iterator[Any]:
        for port in self.switches[dpid].ports:
            sent = int(self._bytes.get(("tx", dpid, port), 0)) + self.lie.get((dpid, port), 0)
            received = int(self._bytes.get(("rx", dpid, port), 0))
            yield PortCounters(port, received, sent, 0, 0, 0)
        for number, group in self.switches[dpid].groups.items():
            counts = [
                int(self._bytes.get(("group", dpid, number, i), 0))
                for i in range(len(group.buckets))
            ]
            yield GroupCounters(number, sum(counts), tuple(counts))


def answer(question: Observe, splits: FloatArray, **kw: Any) -> AdviceReceived:
    """An answer to a question."""
    return AdviceReceived(question.view.version, question.number, "tests", splits, **kw)


class Sane:
    """An advisor that knows what it is doing, for whatever network it is asked about."""

    def __init__(self) -> None:
        self._advisor: LeastLoaded | None = None

    def __call__(self, question: Observe) -> FloatArray:
        if self._advisor is None or self._advisor.paths is not question.view.paths:
            self._advisor = LeastLoaded(question.view.paths)
        return self._advisor.advise(Observation(question.demands.sum(0), question.link_up))


def weak_spine(limits: Limits | None = None, **settings: Any) -> AgentFabric:
    """Two leaves (1, 2), two spines; spine 102 has 5 Mbit/s links, spine 101 20 Mbit/s."""
    stated = {
        (leaf, spine): rate * MBIT for leaf in (1, 2) for spine, rate in ((101, 20), (102, 5))
    }
    cables = [(leaf, spine) for spine in (101, 102) for leaf in (1, 2)]
    fabric = AgentFabric(cables, [1, 2], stated=stated, limits=limits, **settings)
    fabric.demands = {(1, 2): 8 * MBIT}
    return fabric


def even(question: Observe) -> FloatArray:
    """What equal splits would be."""
    return np.array(question.fallback[0])
