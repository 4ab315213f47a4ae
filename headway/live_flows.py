"""The flows of an interface as they come, for people and programs.

Owns the watching: a table on a terminal, else a line a decision. Decides nothing.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.live import Live

from classifier.errors import FrameError
from classifier.flows import Classifier, Flow
from classifier.frames import parse
from classifier.hints import Hints
from classifier.interface import Interface
from headway.capture_flows import Row, row_of
from headway.flow_table import console, flow_table, flow_words
from policies.classes import TrafficClass

_MOST_ROWS = 24
_REFRESH_S = 0.25


def watch(name: str, hints: Hints, *, trusted: bool, duration_s: float | None,
          as_json: bool) -> None:  # fmt: skip
    """Show flows until the time is over or Ctrl-C, then a summary.

    Raises:
        InterfaceError: It can't be listened to.
    """
    flows = Classifier(hints)
    decided: Counter[TrafficClass] = Counter()
    with Interface(name) as interface:
        try:
            with _shown(flows, name, as_json) as show:
                _follow(interface, flows, trusted, duration_s, show)
        except KeyboardInterrupt:
            pass
        dropped = interface.count_dropped()
    decided.update(flow.verdict.traffic_class for flow in flows.flows)
    of = ", ".join(f"{count} {one.value}" for one, count in decided.most_common())
    lost = f"; {dropped} frames came too fast to be read" if dropped else ""
    print(f"{len(flows)} flows on {name}{': ' if of else ''}{of}{lost}", file=sys.stderr)


def _follow(interface: Interface, flows: Classifier, trusted: bool, duration_s: float | None,
            show: Callable[[Flow | None], None]) -> None:  # fmt: skip
    end = None if duration_s is None else monotonic() + duration_s
    for frame in interface.frames():
        if end is not None and monotonic() >= end:
            return
        if frame is None:
            show(None)
            continue
        try:
            packet = parse(frame.data, frame.link_type, frame.length)
        except FrameError:
            continue
        if packet is not None:
            show(flows.take(frame.time, packet, trusted=trusted))


@contextmanager
def _shown(flows: Classifier, name: str, as_json: bool) -> Iterator[Callable[[Flow | None], None]]:
    """What shows a flow that was decided; called with None when nothing happens."""
    if as_json or not sys.stdout.isatty():
        yield lambda flow: _print_line(flow, name, as_json) if flow else None
        return
    with Live(console=console(), auto_refresh=False) as live:
        shown_at = 0.0

        def show(_: Flow | None) -> None:
            nonlocal shown_at
            now = monotonic()
            if now - shown_at >= _REFRESH_S:
                shown_at = now
                live.update(flow_table(_latest(flows, name), several=False), refresh=True)

        yield show


def _latest(flows: Classifier, name: str) -> list[Row]:
    """Those seen last, the newest first."""
    return [_row(flow, name) for flow, _ in zip(flows.recent, range(_MOST_ROWS), strict=False)]


def _row(flow: Flow, name: str) -> Row:
    return row_of(flow, name)


def _print_line(flow: Flow, name: str, as_json: bool) -> None:
    row = _row(flow, name)
    verdict = row.verdict
    if as_json:
        line = json.dumps({"time": round(flow.last, 6), **row.told()})
    else:
        mark = "" if verdict.known else "?"
        words = " ".join(filter(None, (verdict.protocol, verdict.role))) or "-"
        line = (f"{flow_words(row.key)}  {verdict.traffic_class.value}{mark}  {words}  "
                f"({verdict.reason.value}, {verdict.confidence:.2f})")  # fmt: skip
    print(line, flush=True)
