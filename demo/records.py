"""What jobs write down: one JSON line per record.

Owns the records and their form on the wire between a job in a host's namespace and the runner. All
instants are readings of `time.monotonic()`. It must not decide what a record means for the result;
that is `demo.metrics`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from demo.errors import RecordError


@dataclass(frozen=True, slots=True)
class Ready:
    """The job is set up and waits for its window."""

    job: str


@dataclass(frozen=True, slots=True)
class Request:
    """One inference request; the latency counts from when it *should* have been sent.

    An unfinished request (lost, or still out when the job stopped waiting) carries the time it had
    waited by then: a lower bound that still belongs in every percentile.
    """

    intended_s: float
    latency_s: float
    finished: bool
    request_bytes: int
    response_bytes: int


@dataclass(frozen=True, slots=True)
class Iteration:
    """One training step of one rank: forward, backward with all-reduce, optimiser."""

    index: int
    begin_s: float
    end_s: float
    loss: float
    gradient_bytes: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """How many body bytes a receiver had taken in up to an instant."""

    at_s: float
    bytes_total: int


@dataclass(frozen=True, slots=True)
class Scrape:
    """One read of a metrics endpoint; `series` is the number of samples understood."""

    intended_s: float
    latency_s: float
    series: int


@dataclass(frozen=True, slots=True)
class ProbeStream:
    """What one probe stream saw in its window."""

    stream: int
    received: int
    lost: int
    longest_gap_s: float
    longest_gap_at_s: float


Record: TypeAlias = Ready | Request | Iteration | Transfer | Scrape | ProbeStream

_TYPES: dict[str, type[Record]] = {
    kind.__name__.lower(): kind
    for kind in (Ready, Request, Iteration, Transfer, Scrape, ProbeStream)
}


def to_line(record: Record) -> str:
    """One line of JSON with the record's kind and fields."""
    return json.dumps({"kind": type(record).__name__.lower(), **asdict(record)}) + "\n"


def from_line(line: str) -> Record:
    """Read back what `to_line` wrote.

    Raises:
        RecordError: not JSON, an unknown kind, or wrong fields.
    """
    try:
        fields = json.loads(line)
        return _TYPES[fields.pop("kind")](**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"not a record of a demo job: {line[:200]!r}") from error


def read_records(path: Path) -> Iterator[Record]:
    """All whole lines of a job's output file; a last line cut off by the job's end is left out."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield from_line(line)
