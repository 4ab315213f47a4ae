"""What servers were found to be, for flows to the same port that tell nothing themselves.

Owns a bounded memory. A server that speaks several protocols on a port is remembered for the one it
speaks mostly. Decides nothing about the flow at hand.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from classifier.model import Identity
from policies.classes import TrafficClass

MOST_SERVICES: Final = 16384
_MOST_VOTES = 16  # so many contrary flows in a row and a service is another


class Service(NamedTuple):
    """What flows to one port of one server were.

    Attributes:
        identity: As the bytes told it, of the last flow.
        traffic_class, role: As decided for it.
        votes: How many more were so than not.
        announced: Whether another flow told that this one comes, rather than others like it.
    """

    identity: Identity
    traffic_class: TrafficClass
    role: str
    votes: int
    announced: bool = False


Place = tuple[int, int, bytes, int]  # domain, transport, server, its port


class Services:
    """The memory; the service that was heard of least recently is forgotten first."""

    def __init__(self, most: int = MOST_SERVICES) -> None:
        self._most = most
        self._known: OrderedDict[Place, Service] = OrderedDict()
        # What is at a place, as far as is known: asked twice for each new flow, so no method.
        self.get: Callable[[Place], Service | None] = self._known.get

    def __len__(self) -> int:
        return len(self._known)

    def expect(self, place: Place, identity: Identity, traffic_class: TrafficClass) -> None:
        """A flow to this place was announced."""
        self._known.pop(place, None)
        if len(self._known) >= self._most:
            self._known.popitem(last=False)
        self._known[place] = Service(identity, traffic_class, identity.role, 1, True)

    def learn(self, place: Place, identity: Identity, traffic_class: TrafficClass,
              role: str) -> None:  # fmt: skip
        """A flow to this place was identified (majority vote of Boyer and Moore, 1981)."""
        before = self._known.get(place)
        if before is not None:
            self._known.move_to_end(place)
            votes = before.votes
            if before.identity.traffic_class is not None and identity.traffic_class is None:
                return  # a name in the bytes says more than volume
            if before.traffic_class is traffic_class:
                if votes < _MOST_VOTES:
                    self._put(place, identity, traffic_class, role, votes + 1)
                return
            if votes > 1 and (before.identity.traffic_class is None) is (
                identity.traffic_class is None
            ):
                self._known[place] = before._replace(votes=votes - 1)
                return
        elif len(self._known) >= self._most:
            self._known.popitem(last=False)
        self._put(place, identity, traffic_class, role, 1)

    def _put(self, place: Place, identity: Identity, traffic_class: TrafficClass, role: str,
             votes: int) -> None:  # fmt: skip
        if identity.declared:
            identity = identity._replace(declared=0)  # that was of one flow
        self._known[place] = Service(identity, traffic_class, role, votes)
