"""Which flow the parts of an IP packet belong to: only the first part has the ports.

Owns a bounded memory of first parts. Puts nothing together: later parts count, their bytes are not
read.
"""

from collections import OrderedDict
from typing import Final

from classifier.frames import Packet

MOST_PACKETS: Final = 4096
_Ident = tuple[int, bytes, bytes, int, int]


class Fragments:
    """The memory; the oldest is forgotten first."""

    def __init__(self, most: int = MOST_PACKETS) -> None:
        self._most = most
        self._ports: OrderedDict[_Ident, tuple[int, int]] = OrderedDict()

    def place(self, packet: Packet, domain: int = 0) -> Packet | None:
        """A part with its packet's ports; None if the first part wasn't seen before it."""
        if packet.fragment is None:
            return packet
        ident = (domain, packet.src, packet.dst, packet.transport, packet.fragment.ident)
        if packet.fragment.offset:
            ports = self._ports.get(ident)
            if ports is None:
                return None
            if not packet.fragment.more:
                del self._ports[ident]
            return packet._replace(sport=ports[0], dport=ports[1])
        self._ports[ident] = packet.sport, packet.dport
        if len(self._ports) > self._most:
            self._ports.popitem(last=False)
        return packet
