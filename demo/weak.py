"""A trunk that has lost part of its rate, as when a bad cable takes a port a speed down: pure.

Owns which trunk and how much of it is left. Placement and sizes of the jobs stay those of the even
network, so that what changes is the network alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from demo.errors import ScenarioError
from demo.outage import candidate_links
from demo.scenario import Scenario
from topologies.model import Link

AUTO, NONE = "auto", "none"
_AUTO_PART = 0.1


@dataclass(frozen=True, slots=True)
class Weakness:
    """The trunk between two switches has `part` of its rate, 0 to 1 without 0."""

    ends: tuple[str, str]
    part: float

    def __str__(self) -> str:
        """As it may be given to --weaken."""
        return f"{'-'.join(self.ends)}={self.part:g}"


def read_weakness(text: str, scenario: Scenario) -> Weakness | None:
    """From "leaf1-spine1=0.1", "auto" or "none".

    "auto" is the first trunk of the bulk sender's switch that its pair of switches can do without;
    None where there is no such trunk.

    Raises:
        ScenarioError: it isn't written so, or there is no such trunk.
    """
    if text == NONE:
        return None
    if text == AUTO:
        candidates = candidate_links(scenario)
        return Weakness((candidates[0].a, candidates[0].b), _AUTO_PART) if candidates else None
    ends, _, part = text.partition("=")
    a, _, b = ends.partition("-")
    weakness = Weakness((a, b), _part(part, text))
    if not any(_is(link, weakness) for link in scenario.topology.links):
        trunks = ", ".join(f"{link.a}-{link.b}" for link in scenario.topology.links[:8])
        raise ScenarioError(f"--weaken {text}: no trunk {ends!r}; there are {trunks}, ...")
    return weakness


def weaken(scenario: Scenario, weakness: Weakness) -> Scenario:
    """The same jobs on the network with that trunk weakened."""
    links = tuple(
        replace(link, rate_bps=max(1, round(link.rate_bps * weakness.part)))
        if _is(link, weakness)
        else link
        for link in scenario.topology.links
    )
    return replace(scenario, topology=replace(scenario.topology, links=links))


def _is(link: Link, weakness: Weakness) -> bool:
    return {link.a, link.b} == set(weakness.ends)


def _part(text: str, whole: str) -> float:
    try:
        part = float(text)
    except ValueError:
        part = 0.0
    if not 0 < part <= 1:
        raise ScenarioError(
            f"--weaken {whole}: give a trunk and the part of its rate that is left, above 0 and up "
            f"to 1, such as leaf1-spine1=0.1; or {AUTO}, or {NONE}"
        )
    return part
