"""How long traffic was out when a link was cut: pure.

Owns the choice of the links to cut and the reading of the probes. It must not cut anything.

Probes flow both ways between a host on switch A and one elsewhere, and two links of A are cut in
turn. One carries the *forward* stream, out of A: A itself sees the port go and turns to its other
paths, a local repair. One carries the *backward* stream, into A: the last switch before A has no
second way there, so somebody further upstream must be told, a remote repair, which is the
controller's work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from demo.records import ProbeStream
from demo.scenario import Scenario, survives, trunks_of
from topologies.model import Link

_EARLY_S = 0.010  # a gap can begin before the cut: the last packet came a moment earlier


class Repair(Enum):
    """Who has to act."""

    LOCAL = "local"
    REMOTE = "remote"


@dataclass(frozen=True, slots=True)
class Cut:
    """What one cut did to the stream that used the link.

    `outage_s` is the longest gap between two packets that arrived; None if none was lost.
    """

    link: tuple[str, str]
    repair: Repair
    outage_s: float | None
    packets_lost: int
    packets_received: int


@dataclass(frozen=True, slots=True)
class Outage:
    """All cuts of one repeat, or a note why there were none."""

    cuts: tuple[Cut, ...]
    note: str = ""

    @property
    def outage_s(self) -> float | None:
        """The longest outage of all cuts."""
        return max((cut.outage_s for cut in self.cuts if cut.outage_s is not None), default=None)

    def of(self, repair: Repair) -> float | None:
        """The longest outage of one kind."""
        chosen = tuple(cut for cut in self.cuts if cut.repair is repair)
        return Outage(chosen).outage_s

    @property
    def packets_lost(self) -> int:
        """Over all cuts."""
        return sum(cut.packets_lost for cut in self.cuts)


def candidate_links(scenario: Scenario) -> tuple[Link, ...]:
    """Trunks of the forward source's switch that the probed pair can do without."""
    near = scenario.host(scenario.placement.inference_client).switch
    far = scenario.host(scenario.placement.inference_server).switch
    topology = scenario.topology
    return tuple(link for link in trunks_of(topology, near) if survives(topology, near, far, link))


def choose_link(
    candidates: Sequence[Link], near: str, carried: Mapping[tuple[str, str], int], repair: Repair
) -> tuple[str, str]:
    """The candidate that carried most of the stream, as (near switch, neighbour).

    Args:
        carried: bytes per (from, to) over a moment of probing.
    """

    def carried_bytes(neighbour: str) -> int:
        ends = (near, neighbour) if repair is Repair.LOCAL else (neighbour, near)
        return carried.get(ends, 0)

    neighbours = [link.b if link.a == near else link.a for link in candidates]
    return near, max(neighbours, key=carried_bytes)


def read_cut(
    link: tuple[str, str], repair: Repair, cut_at_s: float, streams: Sequence[ProbeStream]
) -> Cut:
    """What a cut did, from the summaries of the streams that went over the link's side."""
    outage_s = max(
        (
            stream.longest_gap_s
            for stream in streams
            if stream.lost and stream.longest_gap_at_s + stream.longest_gap_s > cut_at_s - _EARLY_S
        ),
        default=None,
    )
    lost = sum(stream.lost for stream in streams)
    return Cut(link, repair, outage_s, lost, sum(stream.received for stream in streams))
