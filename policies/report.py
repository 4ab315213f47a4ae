"""What `headway check` found out, as frozen data and as a JSON document. Owns no check."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policies.queues import ClassNode, PortTree


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that can't hold, or that is probably not meant.

    Attributes:
        place: Where in the file: "slices.tenant-a.guarantee".
        line: Its line, from 1; 0 where it is not known.
        message: What, with the numbers.
        since: The first moment of the coming week at which it is so; None is always.
    """

    place: str
    line: int
    message: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class LinkReport:
    """One direction of a link; `load` is its place in `Report.loads`."""

    interface: str
    switch: str
    peer: str
    rate_bps: int
    fabric: bool
    load: int


@dataclass(frozen=True, slots=True)
class SliceReport:
    """Where one slice is, and what it was given.

    Attributes:
        ports: Interfaces its hosts may be behind; "*" alone where it may be anywhere.
        hosts: Hosts of the topology that belong to it.
        switches: Switches its traffic may cross where it is confined; None is all.
    """

    name: str
    number: int
    guarantee: str
    maximum: str | None
    weight: float
    ports: tuple[str, ...]
    hosts: tuple[str, ...]
    switches: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One operator rule: which flows, in words, are of which class."""

    name: str
    traffic_class: str
    flows: str


@dataclass(frozen=True, slots=True)
class Report:
    """The meaning of a policy on a network at one moment, and what is wrong in the coming week.

    Attributes:
        policy: Its name.
        source: File it was read from.
        topology: Name of the network; None: the file alone was checked.
        at: The moment that rates are told for.
        next_change: When a schedule changes them.
        in_force: Intents that hold at that moment, as written.
        loads: Queue trees of ports; ports with the same numbers share one.
        unchecked: What could not be checked, in words.
        rules: What the operator says about flows, the first that matches first.
    """

    policy: str
    source: str
    topology: str | None
    at: datetime
    time_zone: str
    next_change: datetime | None
    in_force: tuple[str, ...]
    slices: tuple[SliceReport, ...]
    links: tuple[LinkReport, ...]
    loads: tuple[PortTree, ...]
    conflicts: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    unchecked: tuple[str, ...]
    rules: tuple[RuleReport, ...] = ()

    def lines(self, findings: tuple[Finding, ...]) -> list[str]:
        """`file:line: place: message`, one a finding."""
        return [f"{self.source or self.policy}:{_told_line(f)}" for f in findings]

    def told(self) -> dict[str, Any]:
        """As dicts, lists, strings and numbers; rates in bit/s, moments ISO 8601."""
        return {
            "policy": self.policy,
            "file": self.source,
            "topology": self.topology,
            "at": self.at.isoformat(),
            "time_zone": self.time_zone,
            "next_change": self.next_change and self.next_change.isoformat(),
            "in_force": list(self.in_force),
            "slices": [_slice_told(entry) for entry in self.slices],
            "rules": [{"name": r.name, "class": r.traffic_class, "flows": r.flows}
                      for r in self.rules],
            "links": [_fields(link) for link in self.links],
            "loads": [_load_told(tree) for tree in self.loads],
            "conflicts": [_finding_told(f) for f in self.conflicts],
            "warnings": [_finding_told(f) for f in self.warnings],
            "unchecked": list(self.unchecked),
        }  # fmt: skip


def _told_line(finding: Finding) -> str:
    line = f"{finding.line}: " if finding.line else " "
    since = f" (from {finding.since:%a %d %b %H:%M %Z})" if finding.since else ""
    return f"{line}{finding.place}: {finding.message}{since}"


def _fields(entry: Any) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__slots__}


def _slice_told(entry: SliceReport) -> dict[str, Any]:
    told = {name: list(v) if isinstance(v, tuple) else v for name, v in _fields(entry).items()}
    return {**told, "hosts": list(entry.hosts)}


def _finding_told(finding: Finding) -> dict[str, Any]:
    return {**_fields(finding), "since": finding.since and finding.since.isoformat()}


def _load_told(tree: PortTree) -> dict[str, Any]:
    return {
        "rate_bps": tree.rate_bps,
        "promised_bps": round(tree.asked_bps),
        "free_bps": max(0, round(tree.rate_bps - tree.asked_bps)),
        "slices": [
            {
                "name": node.name,
                "guarantee_bps": node.rate_bps,
                "maximum_bps": node.ceil_bps,
                "weight": node.weight,
                "queues": [_queue_told(c) for c in node.classes],
            }
            for node in tree.slices
        ],
        "queues": [_queue_told(c) for c in tree.classes],
    }


def _queue_told(node: ClassNode) -> dict[str, Any]:
    return {"name": node.name, "priority": node.priority, "guarantee_bps": node.rate_bps,
            "ceiling_bps": node.ceil_bps}  # fmt: skip
