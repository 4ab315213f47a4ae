"""What servers were found to be, for flows to the same port that tell nothing themselves.

Owns a bounded memory. A server that speaks several protocols on a port is remembered for the one it
speaks mostly. Decides nothing about the flow at hand.
"""

from collections import OrderedDict
from dataclasses import replace
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
    """

    identity: Identity
    traffic_class: TrafficClass
    role: str
    votes: int


Place = tuple[int, int, bytes, int]  # domain, transport, server, its port


class Services:
    """The memory; the service that was heard of least recently is forgotten first."""

    def __init__(self, most: int = MOST_SERVICES) -> None:
        self._most = most
        self._known: OrderedDict[Place, Service] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, place: Place) -> Service | None:
        """What is there, as far as is known."""
        return self._known.get(place)

    def learn(self, place: Place, identity: Identity, traffic_class: TrafficClass,
              role: str) -> None:  # fmt: skip
        """A flow to this place was identified (majority vote of Boyer and Moore, 1981)."""
        if identity.declared:
            identity = replace(identity, declared=0)  # that was of one flow
        before = self._known.get(place)
        if before is not None:
            self._known.move_to_end(place)
            votes = before.votes
            if before.identity.traffic_class is not None and identity.traffic_class is None:
                return  # a name in the bytes says more than volume
            if before.traffic_class is traffic_class:
                if votes < _MOST_VOTES:
                    self._known[place] = Service(identity, traffic_class, role, votes + 1)
                return
            if votes > 1 and (before.identity.traffic_class is None) is (
                identity.traffic_class is None
            ):
                self._known[place] = before._replace(votes=votes - 1)
                return
        elif len(self._known) >= self._most:
            self._known.popitem(last=False)
        self._known[place] = Service(identity, traffic_class, role, 1)
