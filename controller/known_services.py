"""Servers' ports whose flows have all been of one class: new flows there are known at once.

Owns the bookkeeping of what was found; rules are made in `recognition`. A service whose flows
disagree is never believed again without a look at each of its flows.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from classifier.model import FlowKey
from policies.classes import TrafficClass

MOST_SERVICES = 512
MARKED_AFTER, BELIEVED_AFTER = 3, 16  # flows that agreed
LEASE_S = 60.0  # after which one flow is looked at again

Place = tuple[int, int, bytes, int]  # domain, transport, server, its port


def place_of(key: FlowKey) -> Place:
    """Where a flow's server is."""
    return (key.domain, key.transport, key.server, key.sport)


@dataclass(slots=True)
class KnownService:
    """What the flows to one port were.

    Attributes:
        place: The port.
        traffic_class: Of the last flow.
        agreed: How many flows in a row were of it.
        mixed: There were others.
        confirmed_at: When the last flow was looked at.
        believed: New flows need no look.
    """

    place: Place
    traffic_class: TrafficClass
    agreed: int = 0
    mixed: bool = False
    confirmed_at: float = 0.0
    believed: bool = False

    @property
    def marked(self) -> bool:
        """Whether new flows get its class from their first packet."""
        return self.agreed >= MARKED_AFTER


class KnownServices:
    """All of them; who was confirmed longest ago makes room."""

    def __init__(self) -> None:
        self._known: OrderedDict[Place, KnownService] = OrderedDict()

    def __iter__(self) -> Iterator[KnownService]:
        return iter(list(self._known.values()))

    def __len__(self) -> int:
        return len(self._known)

    def learn(
        self, place: Place, traffic_class: TrafficClass, now: float, *, told: bool
    ) -> list[KnownService]:
        """A flow to this port was of this class; returns services whose rules change.

        Args:
            place: The port.
            traffic_class: What the flow was.
            now: When that was found out.
            told: Its bytes said so; another flow's volume or shape may well say otherwise.
        """
        service = self._known.get(place)
        if service is None:
            service = self._known[place] = KnownService(place, traffic_class)
        before = (service.traffic_class, service.marked, service.believed)
        if service.traffic_class is traffic_class:
            service.agreed += 1
        else:
            service.traffic_class, service.agreed, service.mixed = traffic_class, 1, True
        service.mixed = service.mixed or not told
        service.confirmed_at = now
        service.believed = service.agreed >= BELIEVED_AFTER and not service.mixed
        self._known.move_to_end(place)
        changed = [service] if before != (traffic_class, service.marked, service.believed) else []
        if len(self._known) > MOST_SERVICES:
            _, gone = self._known.popitem(last=False)
            gone.agreed, gone.believed = 0, False
            changed.append(gone)
        return changed

    def adopt(self, place: Place, traffic_class: TrafficClass, now: float) -> None:
        """An earlier run marked it so; its next flows are looked at."""
        if len(self._known) < MOST_SERVICES:
            known = KnownService(place, traffic_class, MARKED_AFTER, confirmed_at=now)
            self._known.setdefault(place, known)

    def lapsed(self, now: float) -> list[KnownService]:
        """Those that were believed for long enough; they no longer are."""
        over = [s for s in self if s.believed and now - s.confirmed_at >= LEASE_S]
        for service in over:
            service.believed = False
        return over
