"""A job's side of its conversation with the runner.

    job -> runner (standard output): one line saying it is ready, then its records
    runner -> job (standard input):  one line with the window; end of input means "stop"

Owns that protocol, and nothing about what a job does. A job whose runner dies sees the end of its
input and ends too, so nothing is left behind.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TextIO

from demo.records import Ready, Record, to_line
from demo.window import Window


class Channel:
    """Reads the window from the runner and writes records to it; safe to use from many threads."""

    def __init__(
        self, job: str, reader: TextIO | None = None, writer: TextIO | None = None
    ) -> None:
        self._job = job
        self._reader = reader or sys.stdin
        self._writer = writer or sys.stdout
        self._lock = threading.Lock()

    def emit(self, record: Record) -> None:
        """Write one record at once."""
        with self._lock:
            self._writer.write(to_line(record))
            self._writer.flush()

    def await_window(self) -> Window:
        """Say that the job is ready, wait for the window, then watch for the runner's end.

        Raises:
            RecordError: the runner wrote something else, or went away.
        """
        self.emit(Ready(self._job))
        window = Window.from_line(self._reader.readline())
        threading.Thread(target=self._end_with_runner, daemon=True).start()
        return window

    def _end_with_runner(self) -> None:
        """Leave the process when the runner closes our input (or is gone)."""
        self._reader.read()
        with self._lock:
            os._exit(0)  # other threads may hang on sockets; nothing is left to save
