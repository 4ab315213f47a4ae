"""The log of what the core notes: every note is counted, lines are limited per kind."""

import logging
from collections import Counter

from controller.events import Level, Note

LOG = logging.getLogger("headway")

_LINES = 10  # of one kind ...
_WINDOW_S = 10.0  # ... in this time


class NoteLog:
    """Counts notes by kind and writes at most a few lines of each kind in a while."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._window: dict[str, tuple[float, int]] = {}

    def take(self, note: Note, now: float) -> None:
        """Counts a note and logs it unless its kind has been loud lately."""
        self.counts[note.kind] += 1
        since, lines = self._window.get(note.kind, (now, 0))
        if now - since > _WINDOW_S:
            since, lines = now, 0
        self._window[note.kind] = (since, lines + 1)
        if lines < _LINES:
            level = logging.WARNING if note.level is Level.WARNING else logging.INFO
            LOG.log(level, "%s [%s]", note.text, note.kind)
        elif lines == _LINES:
            LOG.warning("more of %s: counted, not shown", note.kind)
