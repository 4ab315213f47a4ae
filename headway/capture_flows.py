"""The flows of a capture file as rows, each flow once, and how they fare against labels.

Owns reading a file to its end or its damage, and the form of a flow in JSON. Prints nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from classifier.capture import STDIN, read_capture
from classifier.errors import CaptureError, FrameError
from classifier.flows import Classifier, Flow
from classifier.frames import LINK_TYPES, ROCE, parse
from classifier.hints import Hints
from classifier.model import SCTP, TCP, UDP, FlowKey, Verdict
from classifier.score import LabelKey, Outcome, Score, score
from policies.classes import TrafficClass

TRANSPORT_NAMES: Final = {TCP: "tcp", UDP: "udp", SCTP: "sctp", ROCE: "roce"}
_MOST_FLOWS = 1 << 20  # of a file at a time; those before are kept as rows
_TOLD_EVERY = 8192  # frames


@dataclass(frozen=True, slots=True)
class Row:
    """One flow of a file.

    Attributes:
        key: Its name.
        verdict: What it was taken for in the end.
        payload_packets: It had, both ways.
        opened: Whether its beginning was seen, so that its client is certain.
        period_s: Of a training job's iterations, where that is known.
    """

    key: LabelKey
    verdict: Verdict
    payload_packets: int
    opened: bool
    period_s: float | None

    def told(self) -> dict[str, object]:
        """As plain values, in the words of tables of labels."""
        told = {**self.key._asdict(), **told_verdict(self.verdict)}
        return told if self.period_s is None else {**told, "period_s": round(self.period_s, 4)}


@dataclass(frozen=True, slots=True)
class Damage:
    """Where a file could not be read."""

    file: str
    offset: int
    message: str


@dataclass(slots=True)
class Reading:
    """What came of one or several files.

    Attributes:
        rows: The flows.
        damages: What could not be read.
        frames: Read.
        without_flow: Of them, those that carry nothing with a flow, such as ARP.
        malformed: Of them, those that contradict themselves.
    """

    rows: list[Row] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)
    frames: int = 0
    without_flow: int = 0
    malformed: int = 0


def told_verdict(verdict: Verdict) -> dict[str, object]:
    """A verdict as plain values."""
    return {
        "class": verdict.traffic_class.value,
        "known": verdict.known,
        "protocol": verdict.protocol,
        "role": verdict.role,
        "reason": verdict.reason.value,
        "why": verdict.why,
        "confidence": round(verdict.confidence, 3),
        "packets_needed": verdict.packets_needed,
    }


def row_of(flow: Flow, file: str) -> Row:
    """A flow as it stands."""
    name = flow_name(flow.key, file)
    return Row(name, flow.verdict, flow.seen, flow.opened, flow.period_s)


def flow_name(key: FlowKey, file: str) -> LabelKey:
    """A flow's key as people and tables write it."""
    return LabelKey(
        file,
        TRANSPORT_NAMES.get(key.transport, str(key.transport)),
        str(ip_address(key.client)),
        key.cport,
        str(ip_address(key.server)),
        key.sport,
    )


def read_flows(
    files: Iterable[str], hints: Hints, *, trusted: bool, tell: Callable[[str, int], None]
) -> Reading:
    """Classify what files hold; each by itself, as if the others weren't there.

    Args:
        files: Their names; "-" is standard input.
        hints: What is known before.
        trusted: Whether the marks in them are believed.
        tell: Told now and then how many bytes of a file were read.
    """
    reading = Reading()
    for file in files:
        _read_file(file, hints, trusted, tell, reading)
    return reading


def _read_file(file: str, hints: Hints, trusted: bool, tell: Callable[[str, int], None],
               reading: Reading) -> None:  # fmt: skip
    name = "stdin" if file == STDIN else Path(file).name
    rows: dict[LabelKey, Row] = {}

    def keep(flow: Flow) -> None:
        row = row_of(flow, name)
        rows[row.key] = _joined(rows[row.key], row) if row.key in rows else row

    def gone(flow: Flow) -> None:
        flows.reconsider(flow)
        keep(flow)

    flows = Classifier(hints, most_flows=_MOST_FLOWS, on_gone=gone)
    try:
        _take_all(file, flows, trusted, tell, reading)
    except CaptureError as error:
        reading.damages.append(Damage(file, error.offset, str(error)))
    for _ in flows.conclude():
        pass
    for flow in flows.flows:
        keep(flow)
    reading.rows.extend(_turned(rows.values()))


def _take_all(file: str, flows: Classifier, trusted: bool, tell: Callable[[str, int], None],
              reading: Reading) -> None:  # fmt: skip
    unread: set[int] = set()
    at = 0
    for time, link_type, data, length in read_capture(file):
        reading.frames += 1
        at += len(data)
        if not reading.frames % _TOLD_EVERY:
            tell(file, at)
        try:
            packet = parse(data, link_type, length)
        except FrameError:
            reading.malformed += 1
            continue
        if packet is not None:
            flows.take(time, packet, trusted=trusted)
            continue
        reading.without_flow += 1
        if link_type not in LINK_TYPES and link_type not in unread:
            unread.add(link_type)
            what = f"{file}: frames of link type {link_type} aren't read"
            reading.damages.append(Damage(file, 0, what))


def _joined(before: Row, later: Row) -> Row:
    """Two connections between the same ends as one row: what is known, of the later at best."""
    best = max(later, before, key=lambda row: (row.verdict.known, row.payload_packets > 0))
    return replace(best, payload_packets=before.payload_packets + later.payload_packets)


def _turned(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, with a client that looks like a server in its place.

    Of a TCP connection that was joined in the middle, between two high ports, nothing but its peers
    tells who listened: a server's port has several connections, a client's has one.
    """
    rows = list(rows)
    ends = Counter(end for row in rows for end in row.key.ends())
    for row in rows:
        client, server = (ends[end] for end in row.key.ends())
        if row.opened or row.key.l4 != "tcp" or client <= server:
            yield row
        else:
            yield replace(row, key=row.key.reversed())


@dataclass(frozen=True, slots=True)
class Judgement:
    """Rows against labels.

    Attributes:
        with_payload: Score over the flows that had payload.
        over_all: Score over all labelled flows.
        wrong: Rows that were taken for another class, with theirs.
        unlabelled: Rows that the labels don't have.
        unseen: Labels of these files that no row is of.
    """

    with_payload: Score
    over_all: Score
    wrong: list[tuple[Row, TrafficClass]]
    unlabelled: int
    unseen: list[LabelKey]


def judge(rows: Iterable[Row], files: Iterable[str], labels: dict[LabelKey, TrafficClass]
          ) -> Judgement:  # fmt: skip
    """Compare; a label also holds for the flow with its ends the other way round."""
    named = {Path(file).name for file in files}
    unseen = {key for key in labels if key.file in named}
    pairs: list[tuple[Row, TrafficClass]] = []
    unlabelled = 0
    for row in rows:
        key = row.key if row.key in labels else row.key.reversed()
        if key in labels:
            pairs.append((row, labels[key]))
            unseen.discard(key)
        else:
            unlabelled += 1
    return Judgement(
        score(_outcomes(pair for pair in pairs if pair[0].payload_packets)),
        score(_outcomes(pairs)),
        [pair for pair in pairs if pair[0].verdict.traffic_class is not pair[1]],
        unlabelled,
        sorted(unseen),
    )


def _outcomes(pairs: Iterable[tuple[Row, TrafficClass]]) -> Iterator[Outcome]:
    return (Outcome(expected, row.verdict.traffic_class) for row, expected in pairs)


def told_judgement(judgement: Judgement) -> dict[str, object]:
    """A judgement as plain values."""
    return {
        "with_payload": _told_score(judgement.with_payload),
        "all": _told_score(judgement.over_all),
        "wrong": [{"expected": expected.value, **row.told()} for row, expected in judgement.wrong],
        "unlabelled": judgement.unlabelled,
        "unseen": [key._asdict() for key in judgement.unseen],
    }


def _told_score(judged: Score) -> dict[str, object]:
    return {
        "flows": judged.flows,
        "accuracy": round(judged.accuracy, 4),
        "macro_f1": round(judged.macro_f1, 4),
        "classes": {
            one.value: {
                "flows": of.flows,
                "precision": round(of.precision, 4),
                "recall": round(of.recall, 4),
                "f1": round(of.f1, 4),
            }
            for one, of in judged.classes.items()
        },
        "confusion": [
            {"expected": outcome.expected.value, "told": outcome.told.value, "flows": count}
            for outcome, count in judged.confusion.items()
        ],
    }
