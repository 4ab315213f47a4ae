"""How good verdicts are against labels: accuracy, macro-F1, precision, recall and confusion.

Owns the arithmetic and the table of labels. Knows no packets.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple

from classifier.errors import LabelsError
from policies.classes import TrafficClass

_NEEDED: Final = ("file", "l4", "client", "cport", "server", "sport", "expected_class")


class LabelKey(NamedTuple):
    """A flow as tables of labels name it: the capture's base name, "tcp" and so on, and ends."""

    file: str
    l4: str
    client: str
    cport: int
    server: str
    sport: int

    def ends(self) -> tuple[tuple[str, str, int], tuple[str, str, int]]:
        """Client and server as places of the network, each with its transport."""
        return (self.l4, self.client, self.cport), (self.l4, self.server, self.sport)

    def reversed(self) -> LabelKey:
        """The same flow with its ends the other way round."""
        return LabelKey(self.file, self.l4, self.server, self.sport, self.client, self.cport)


def read_labels(file: Path) -> dict[LabelKey, TrafficClass]:
    """The table of labels, a CSV with a header; columns beyond those needed are for people.

    Raises:
        LabelsError: It isn't there, or a line of it is wrong.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return _labels(csv.DictReader(stream), str(file))
    except OSError as error:
        raise LabelsError(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise LabelsError(f"{file}: not UTF-8 text") from error


def _labels(rows: csv.DictReader[str], file: str) -> dict[LabelKey, TrafficClass]:
    labels: dict[LabelKey, TrafficClass] = {}
    try:
        missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
        if missing:
            raise LabelsError(f"{file}:1: columns missing: {', '.join(missing)}")
        for row in rows:
            try:
                key, expected = _label(row)
            except ValueError as error:
                raise LabelsError(f"{file}:{rows.line_num}: {error}") from error
            if labels.setdefault(key, expected) is not expected:
                raise LabelsError(f"{file}:{rows.line_num}: this flow was labelled otherwise above")
    except csv.Error as error:
        raise LabelsError(f"{file}:{rows.line_num}: {error}") from error
    return labels


def _label(row: Mapping[str, str | None]) -> tuple[LabelKey, TrafficClass]:
    """One line.

    Raises:
        ValueError: It is wrong; the message says how.
    """
    short = [name for name in _NEEDED if not row[name]]
    if short:
        raise ValueError(f"nothing for {', '.join(short)}")
    texts = {name: row[name] or "" for name in _NEEDED}
    ports = [_port(texts[name]) for name in ("cport", "sport")]
    hosts = [str(ip_address(texts[name])) for name in ("client", "server")]
    try:
        expected = TrafficClass(texts["expected_class"])
    except ValueError:
        words = ", ".join(known.value for known in TrafficClass)
        raise ValueError(f"class {texts['expected_class']!r}; it is one of {words}") from None
    return LabelKey(texts["file"], texts["l4"].lower(), hosts[0], ports[0], hosts[1], ports[1]), \
        expected  # fmt: skip


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ValueError(f"port {text!r}; it is a number up to 65535")
    return int(text)


class Outcome(NamedTuple):
    """One labelled flow: what it is and what it was taken for."""

    expected: TrafficClass
    told: TrafficClass


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Of one class.

    Attributes:
        flows: How many are of it.
        precision: Of those taken for it, how many are; 1.0 if none was.
        recall: Of those that are, how many were taken for it.
        f1: Their harmonic mean.
    """

    flows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Score:
    """Of all.

    Attributes:
        flows: How many were judged.
        accuracy: Share that was right; 0.0 of none.
        macro_f1: Mean F1 of the classes that are there or were told.
        classes: Each of those.
        confusion: Counts of what is there.
    """

    flows: int
    accuracy: float
    macro_f1: float
    classes: dict[TrafficClass, ClassScore]
    confusion: dict[Outcome, int]


def score(outcomes: Iterable[Outcome]) -> Score:
    """Judge. A class that no flow is of, yet some was taken for, counts with an F1 of 0."""
    confusion = Counter(outcomes)
    there = [c for c in TrafficClass if any(c in outcome for outcome in confusion)]
    classes = {one: _class_score(one, confusion) for one in there}
    right = sum(count for outcome, count in confusion.items() if outcome.expected is outcome.told)
    total = confusion.total()
    macro = sum(one.f1 for one in classes.values()) / len(classes) if classes else 0.0
    return Score(total, right / total if total else 0.0, macro, classes, dict(confusion))


def _class_score(one: TrafficClass, confusion: Counter[Outcome]) -> ClassScore:
    right = confusion[Outcome(one, one)]
    there = sum(count for outcome, count in confusion.items() if outcome.expected is one)
    told = sum(count for outcome, count in confusion.items() if outcome.told is one)
    return ClassScore(
        flows=there,
        precision=right / told if told else 1.0,
        recall=right / there if there else 1.0,
        f1=2 * right / (there + told),
    )
