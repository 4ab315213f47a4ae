"""What one host asks of a server's port, where that was always of one class: known at once.

Owns the bookkeeping of what was found; rules are made in `recognition`. It is kept for each client
apart, so that nobody can lie for others. While flows disagree, each of them is looked at.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from classifier.model import FlowKey
from policies.classes import TrafficClass

MOST_SERVICES = 1024
MARKED_AFTER, BELIEVED_AFTER = 3, 16  # flows that agreed
LEASE_S = 60.0  # after which one flow is looked at again
EXCEPTION_S = 3600.0  # for which one flow of another class keeps a service from being believed

Place = tuple[int, int, bytes, bytes, int]  # domain, transport, client, server, its port


def place_of(key: FlowKey) -> Place:
    """Who asks, and where a flow's server is."""
    return (key.domain, key.transport, key.client, key.server, key.sport)


@dataclass(slots=True)
class KnownService:
    """What the flows of one client to one port were.

    Attributes:
        place: The port.
        traffic_class: Of most flows.
        agreed: How many were of it, of late; each of another halves that.
        exception_at: When there was last another one, or one whose bytes didn't tell.
        confirmed_at: When the last flow was looked at.
        believed: New flows need no look.
    """

    place: Place
    traffic_class: TrafficClass
    agreed: int = 0
    exception_at: float | None = None
    confirmed_at: float = 0.0
    believed: bool = False

    def excepted(self, now: float) -> bool:
        """Whether it had an exception not long ago."""
        return self.exception_at is not None and now - self.exception_at < EXCEPTION_S

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

    def get(self, place: Place) -> KnownService | None:
        """What is known of it."""
        return self._known.get(place)

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
            told = False
            service.agreed //= 2
            if not service.marked:
                service.traffic_class, service.agreed = traffic_class, 1
        if not told:
            service.exception_at = now
        service.confirmed_at = now
        service.believed = service.agreed >= BELIEVED_AFTER and not service.excepted(now)
        self._known.move_to_end(place)
        after = (service.traffic_class, service.marked, service.believed)
        changed = [service] if before != after else []
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
