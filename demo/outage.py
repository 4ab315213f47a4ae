"""How long traffic was out when a link was cut: pure.

Owns the choice of the link to cut and the reading of the probes. It must not cut anything.

The link joins switch A (of the forward streams' source) to a neighbour. Forward streams leave A
over it, so A itself sees the port go and turns to its other paths: a *local* repair. Backward
streams come in over it from the other side, where the last switch before A has no second way:
somebody upstream must be told, a *remote* repair, which is the controller's work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.records import ProbeStream
from demo.scenario import Scenario, survives, trunks_of
from topologies.model import Link

_EARLY_S = 0.010  # a gap can begin before the cut: the last packet came a moment earlier


@dataclass(frozen=True, slots=True)
class Outage:
    """What the cut did; None where no stream of that direction used the link.

    `outage_s` is the longest gap between packets of any stream that spans the cut.
    """

    link: str
    outage_s: float | None
    local_s: float | None
    remote_s: float | None
    packets_lost: int
    packets_received: int
    note: str = ""


def candidate_links(scenario: Scenario) -> tuple[Link, ...]:
    """Trunks of the forward source's switch that the probed pair can do without."""
    near = scenario.host(scenario.placement.inference_client).switch
    far = scenario.host(scenario.placement.inference_server).switch
    topology = scenario.topology
    return tuple(link for link in trunks_of(topology, near) if survives(topology, near, far, link))


def choose_link(
    candidates: Sequence[Link], near: str, carried: Mapping[tuple[str, str], int]
) -> tuple[str, str]:
    """The candidate that carried most both ways, as (near switch, neighbour).

    Args:
        carried: bytes per (from, to) over a moment of probing.
    """

    def carried_both_ways(neighbour: str) -> tuple[int, int]:
        out, back = carried.get((near, neighbour), 0), carried.get((neighbour, near), 0)
        return min(out, back), out

    neighbours = [link.b if link.a == near else link.a for link in candidates]
    return near, max(neighbours, key=carried_both_ways)


def read_probes(
    link: tuple[str, str],
    cut_at_s: float,
    forward: Sequence[ProbeStream],
    backward: Sequence[ProbeStream],
) -> Outage:
    """The outage, from the summaries of all streams of both directions."""
    local_s, remote_s = _longest(forward, cut_at_s), _longest(backward, cut_at_s)
    spans = [span for span in (local_s, remote_s) if span is not None]
    return Outage(
        link="-".join(link),
        outage_s=max(spans, default=None),
        local_s=local_s,
        remote_s=remote_s,
        packets_lost=sum(stream.lost for stream in (*forward, *backward)),
        packets_received=sum(stream.received for stream in (*forward, *backward)),
        note="" if spans else "no probe stream lost a packet",
    )


def _longest(streams: Sequence[ProbeStream], cut_at_s: float) -> float | None:
    """The longest gap around or after the cut of a stream that was hit by it."""
    return max(
        (
            stream.longest_gap_s
            for stream in streams
            if stream.lost and stream.longest_gap_at_s + stream.longest_gap_s > cut_at_s - _EARLY_S
        ),
        default=None,
    )
