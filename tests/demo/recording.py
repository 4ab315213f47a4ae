"""A channel that keeps its records, and windows that begin now."""

import io
import time

from demo.jobs.channel import Channel
from demo.records import Record, from_line
from demo.window import Window


class Recorder:
    """`channel` is for the job under test; `records` reads back what it wrote."""

    def __init__(self) -> None:
        self._output = io.StringIO()
        self.channel = Channel("test", io.StringIO(), self._output)

    @property
    def records(self) -> list[Record]:
        return [from_line(line) for line in self._output.getvalue().splitlines()]


def window_from_now(length_s: float) -> Window:
    now_s = time.monotonic()
    return Window(now_s, now_s + length_s)
