"""Labelled recordings, and what Headway, nDPI and a table of ports take their flows for.

Owns reading them and asking each. Judges nothing.
"""

import csv
import gzip
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks import ndpi
from benchmarks.recordings.trim import KEPT
from benchmarks.result import BenchmarkError
from classifier.hints import Hints
from classifier.score import LabelKey
from headway.capture_flows import Row, read_flows
from policies.classes import TrafficClass
from policies.load import load_policy

T = TypeVar("T")
_TRANSPORTS = {"tcp": 6, "udp": 17}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A flow of a recording and what it is.

    Attributes:
        key: The flow.
        traffic_class: What the recorder knew it to be.
        program: What was recorded, with its version.
        joined: The recording began after the flow did.
    """

    key: LabelKey
    traffic_class: TrafficClass
    program: str
    joined: bool

    @property
    def encrypted(self) -> bool:
        """Whether its bytes tell nothing after a handshake, by the program's description."""
        return any(word in self.program for word in ("TLS", "SSH", "CURVE", "QUIC", "HTTP/3"))


@dataclass(frozen=True, slots=True)
class Collection:
    """Recordings that belong together: captures, and the labels of their flows with payload."""

    name: str
    files: tuple[Path, ...]
    flows: tuple[Labelled, ...]


def collections() -> list[Collection]:
    """Those that come with Headway.

    Raises:
        BenchmarkError: There are none.
    """
    found = [_collection(folder) for folder in sorted(KEPT.iterdir()) if folder.is_dir()]
    if not found:
        raise BenchmarkError(f"no recordings in {KEPT}")
    return found


def _collection(folder: Path) -> Collection:
    with (folder / "flow_labels.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if int(row["payload_packets"])]
    flows = tuple(
        Labelled(
            LabelKey(row["file"], row["l4"], row["client"], int(row["cport"]), row["server"],
                     int(row["sport"])),
            TrafficClass(row["expected_class"]),
            row["protocol"],
            row["l4"] == "tcp" and row["syn_seen"] == "0",
        )
        for row in rows
    )  # fmt: skip
    return Collection(folder.name, tuple(sorted(folder.glob("*.pcap.gz"))), flows)


def told_by_headway(collection: Collection) -> dict[LabelKey, Row]:
    """Headway's verdicts as `headway classify` gives them: no jobs, no marks, the default ports."""
    files = [str(file) for file in collection.files]
    hints = Hints.of(load_policy())
    reading = read_flows(files, hints, trusted=False, tell=lambda _file, _done: None)
    if reading.damages:
        raise BenchmarkError(reading.damages[0].message)
    return _by_label({row.key: row for row in reading.rows}, collection)


def told_by_ports(collection: Collection) -> dict[LabelKey, TrafficClass]:
    """The class of the default policy's port table; background where it has none."""
    hints = Hints.of(load_policy())
    told = {}
    for flow in collection.flows:
        key = flow.key
        hint = hints.port(_TRANSPORTS.get(key.l4, 0), key.cport, key.sport)
        told[key] = hint.traffic_class if hint else TrafficClass.BACKGROUND
    return told


def told_by_ndpi(collection: Collection) -> dict[LabelKey, str]:
    """The protocol that nDPI finds by name.

    Raises:
        BenchmarkError: nfstream is not installed, or failed.
    """
    with plain(collection.files) as files:
        flows = ndpi.read(files).flows
    told = {LabelKey(f"{file}.gz", *ends): name for file, *ends, name in flows}
    return _by_label(told, collection)


@contextmanager
def plain(files: Iterable[Path]) -> Iterator[list[Path]]:
    """The captures without gzip, for who can't read it."""
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for file in files:
            made.append(Path(folder) / file.stem)
            made[-1].write_bytes(gzip.decompress(file.read_bytes()))
        yield made


def best_mapping(told: dict[LabelKey, str], flows: Iterable[Labelled]) -> dict[str, TrafficClass]:
    """For each of nDPI's protocols the class most of its flows are of: no mapping does better."""
    votes: dict[str, Counter[TrafficClass]] = defaultdict(Counter)
    for flow in flows:
        votes[told.get(flow.key, "")][flow.traffic_class] += 1
    return {name: counts.most_common(1)[0][0] for name, counts in votes.items()}


def _by_label(told: dict[LabelKey, T], collection: Collection) -> dict[LabelKey, T]:
    """Under the keys of the labels, whichever end came first."""
    found = {}
    for flow in collection.flows:
        for key in (flow.key, flow.key.reversed()):
            if key in told:
                found[flow.key] = told[key]
                break
    return found
