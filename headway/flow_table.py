"""Flows, scores and confusion as tables for people. Owns the layout only."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from classifier.score import LabelKey, Outcome, Score
from headway.capture_flows import Judgement, Reading, Row
from policies.classes import TrafficClass

_PIPED_WIDTH = 200
_MOST_WRONG = 40
_SHORT = {one: one.value[:9] for one in TrafficClass}


def console() -> Console:
    """Where tables go: the terminal's width, or wide enough for pipes."""
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    return Console(width=width, highlight=False, markup=False)


def print_reading(reading: Reading, judgement: Judgement | None, most_rows: int) -> None:
    """Prints the flows, the best known first left as they came, then sums and scores."""
    out = console()
    shown = reading.rows[:most_rows]
    if shown:
        out.print(flow_table(shown, several=len({row.key.file for row in reading.rows}) > 1))
    if len(shown) < len(reading.rows):
        left = len(reading.rows) - len(shown)
        out.print(f"{left} more flows; --limit {len(reading.rows)} or --json shows them")
    out.print(_sums(reading))
    if judgement is not None:
        _print_judgement(out, judgement)


def flow_table(rows: Sequence[Row], *, several: bool) -> Table:
    """One line a flow.

    Args:
        rows: The flows.
        several: Whether they are of several files, which are then named.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("file",) * several + ("flow", "class", "protocol", "role", "reason"):
        table.add_column(name, overflow="fold")
    table.add_column("sure", justify="right")
    table.add_column("packets", justify="right")
    for row in rows:
        verdict = row.verdict
        name = verdict.traffic_class.value if verdict.known else f"{verdict.traffic_class.value}?"
        table.add_row(
            *(row.key.file,) * several, flow_words(row.key), name, verdict.protocol, verdict.role,
            verdict.reason.value, f"{verdict.confidence:.2f}",
            f"{verdict.packets_needed}/{row.payload_packets}",
        )  # fmt: skip
    return table


def flow_words(key: LabelKey) -> str:
    """Such as "tcp 10.0.0.1:40000 > 10.0.0.2:80"."""
    ends = (f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
            for ip, port in ((key.client, key.cport), (key.server, key.sport)))  # fmt: skip
    return f"{key.l4} {' > '.join(ends)}"


def _sums(reading: Reading) -> str:
    counts = Counter(row.verdict.traffic_class.value for row in reading.rows)
    of = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    unknown = sum(not row.verdict.known for row in reading.rows)
    lines = [f"\n{len(reading.rows)} flows in {reading.frames} frames" + (f": {of}" if of else "")]
    if unknown:
        lines.append(f"{unknown} of them not known, which is what ? says")
    if reading.malformed:
        lines.append(f"{reading.malformed} frames contradict themselves and were passed over")
    return "\n".join(lines)


def _print_judgement(out: Console, judgement: Judgement) -> None:
    for name, judged in (("with payload", judgement.with_payload), ("all", judgement.over_all)):
        out.print(
            f"\n{name}: {judged.flows} labelled flows, accuracy {judged.accuracy:.3f}, "
            f"macro-F1 {judged.macro_f1:.3f}"
        )
    if judgement.over_all.flows:
        out.print(_score_table(judgement.with_payload))
    if judgement.wrong:
        out.print("wrong, of all:")
        out.print(_wrong_table(judgement.wrong[:_MOST_WRONG]))
        if len(judgement.wrong) > _MOST_WRONG:
            out.print(f"{len(judgement.wrong) - _MOST_WRONG} more; --json shows them")
    if judgement.unlabelled:
        out.print(f"{judgement.unlabelled} flows have no label")
    if judgement.unseen:
        out.print(f"{len(judgement.unseen)} labels have no flow, such as "
                  f"{flow_words(judgement.unseen[0])} of {judgement.unseen[0].file}")  # fmt: skip


def _score_table(judged: Score) -> Table:
    """Per class how good, and what its flows were taken for."""
    table = Table(box=None, header_style="bold", pad_edge=False, title="flows with payload")
    table.add_column("is / taken for")
    for one in judged.classes:
        table.add_column(_SHORT[one], justify="right")
    for name in ("precision", "recall", "F1"):
        table.add_column(name, justify="right")
    for one, of in judged.classes.items():
        told = (judged.confusion.get(Outcome(one, other), 0) for other in judged.classes)
        table.add_row(one.value, *(str(count or "") for count in told),
                      f"{of.precision:.3f}", f"{of.recall:.3f}", f"{of.f1:.3f}")  # fmt: skip
    return table


def _wrong_table(wrong: Iterable[tuple[Row, TrafficClass]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("file", "flow", "is", "taken for", "protocol", "role", "reason"):
        table.add_column(name, overflow="fold")
    for row, expected in wrong:
        verdict = row.verdict
        table.add_row(row.key.file, flow_words(row.key), expected.value,
                      verdict.traffic_class.value, verdict.protocol, verdict.role,
                      verdict.reason.value)  # fmt: skip
    return table
