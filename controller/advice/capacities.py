"""How fast each link is, from the best source there is.

Owns the order of belief: a file that says so (a topology, as `headway topo SPEC --json` prints it),
else the speed a switch tells of its port, else the largest rate ever seen on any link. Emulated
ports tell 10 Gbit/s whatever their queues allow, hence the file.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from controller.errors import SettingsError
from topologies.document import from_document
from topologies.errors import TopologyError
from topologies.model import Topology

LEAST_BPS = 1e6  # an idle network's links are taken to be at least this fast
_LONGEST_FILE = 64 << 20


class Source(Enum):
    """Where a capacity comes from; the value is for reading."""

    FILE = "the links file"
    PORT = "the port's speed"
    PEAK = "the largest rate seen"


@dataclass(frozen=True, slots=True)
class Capacities:
    """What is stated about links and switches.

    Attributes:
        stated: Bit/s from one datapath id to another.
        names: Names of switches by datapath id.
        places: Datapath id of each named host's switch.
        tiers: Datapath ids of the switches of each tier.
        fastest: Bit/s of each switch's fastest link, those to hosts too, by datapath id.
    """

    stated: Mapping[tuple[int, int], float] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    tiers: Mapping[str, frozenset[int]] = field(default_factory=dict)
    fastest: Mapping[int, float] = field(default_factory=dict)

    @staticmethod
    def load(path: str) -> "Capacities":
        """Reads a topology document; an empty path states nothing.

        Raises:
            SettingsError: The file can't be read or is no topology.
        """
        topology = topology_of(path)
        if topology is None:
            return Capacities()
        dpid = {switch.name: switch.dpid for switch in topology.switches}
        stated: dict[tuple[int, int], float] = {}
        for link in topology.links:
            for a, b in ((link.a, link.b), (link.b, link.a)):
                stated[dpid[a], dpid[b]] = float(link.rate_bps)
        names = {number: name for name, number in dpid.items()}
        tiers: dict[str, set[int]] = {}
        for switch in topology.switches:
            if switch.tier:
                tiers.setdefault(switch.tier, set()).add(switch.dpid)
        rates = [(tail, bps) for (tail, _), bps in stated.items()]
        rates += [(dpid[host.switch], float(host.rate_bps)) for host in topology.hosts]
        fastest: dict[int, float] = {}
        for number, bps in rates:
            fastest[number] = max(fastest.get(number, 0.0), bps)
        return Capacities(
            stated, names, {h.name: dpid[h.switch] for h in topology.hosts},
            {tier: frozenset(switches) for tier, switches in tiers.items()}, fastest,
        )  # fmt: skip

    def of(self, ends: tuple[int, int], speed_bps: float, peak_bps: float) -> tuple[float, Source]:
        """The capacity of a link from one datapath id to another, and how it is known.

        Args:
            ends: Tail and head.
            speed_bps: What the port tells; 0 for nothing.
            peak_bps: The largest rate seen on any link.
        """
        if ends in self.stated:
            return self.stated[ends], Source.FILE
        if speed_bps > 0:
            return speed_bps, Source.PORT
        return max(peak_bps, LEAST_BPS), Source.PEAK


def topology_of(path: str) -> Topology | None:
    """The topology document at `path`; None for an empty path.

    Raises:
        SettingsError: The file can't be read or is no topology.
    """
    if not path:
        return None
    try:
        with Path(path).open("rb") as file:
            return from_document(json.loads(file.read(_LONGEST_FILE)))
    except (OSError, ValueError, TypeError, AttributeError, TopologyError) as error:
        raise SettingsError(
            f"HEADWAY_LINKS={path}: {error}; give what 'headway topo SPEC --json' prints"
        ) from error


def told(sources: Counter[Source]) -> str:
    """Which sources are in use, for a note."""
    return ", ".join(f"{count} by {source.value}" for source, count in sources.items())
