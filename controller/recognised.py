"""Which flows are recognised and where they have rules: a bounded table, the oldest out first.

Owns the bookkeeping. What a flow is, the classifier says; rules are made in `recognition`.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from classifier.model import FlowKey, Side, Verdict
from controller.rules import RuleKey


@dataclass(slots=True)
class Recognised:
    """One flow with rules.

    Attributes:
        key: The flow; its domain is the slice's number.
        verdict: What it is taken for.
        since: When that was found out.
        sides: By switch, whose packets enter there.
        rules: The entry of each side.
        counted: Packets and bytes of each (switch, side), as last read.
        moved_at: When it was last seen to send.
    """

    key: FlowKey
    verdict: Verdict
    since: float
    sides: dict[int, set[Side]] = field(default_factory=dict)
    rules: dict[Side, RuleKey] = field(default_factory=dict)
    counted: dict[tuple[int, Side], tuple[int, int]] = field(default_factory=dict)
    moved_at: float = 0.0


def _either_way(key: FlowKey) -> FlowKey:
    """The same for a flow whichever of its ends is called the client."""
    if (key.client, key.cport) <= (key.server, key.sport):
        return key
    return FlowKey(key.domain, key.transport, key.server, key.sport, key.client, key.cport)


class RecognisedFlows:
    """All of them, found by key, whichever end is called the client in it, and by switch.

    Args:
        most: On one switch.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._flows: dict[FlowKey, Recognised] = {}
        self._on: dict[int, OrderedDict[FlowKey, None]] = {}
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._flows)

    def __iter__(self) -> Iterator[Recognised]:
        return iter(list(self._flows.values()))

    def get(self, key: FlowKey) -> Recognised | None:
        """The flow, if it is here."""
        return self._flows.get(_either_way(key))

    def on(self, dpid: int) -> list[Recognised]:
        """Flows with rules on a switch, the one that moved longest ago first."""
        return [self._flows[key] for key in self._on.get(dpid, ())]

    def put(self, flow: Recognised, dpid: int, side: Side) -> list[Recognised]:
        """Enters one side of a flow on a switch; returns flows that had to make room."""
        key = _either_way(flow.key)
        self._flows[key] = flow
        flow.sides.setdefault(dpid, set()).add(side)
        here = self._on.setdefault(dpid, OrderedDict())
        here[key] = None
        gone = []
        while len(here) > self._most:
            oldest = self._flows[next(iter(here))]
            self.remove(oldest)
            self.evicted += 1
            gone.append(oldest)
        return gone

    def moved(self, flow: Recognised, now: float) -> None:
        """It has sent something: it is the last to make room."""
        flow.moved_at = now
        for dpid in flow.sides:
            self._on[dpid].move_to_end(_either_way(flow.key))

    def remove(self, flow: Recognised) -> None:
        """Forgets a flow; its `sides` still say where its rules are."""
        key = _either_way(flow.key)
        del self._flows[key]
        for dpid in flow.sides:
            del self._on[dpid][key]
