"""The common measuring window.

Owns the one definition of *when* is measured. All jobs run on one machine, in network namespaces
that share its monotonic clock, so a window is two absolute readings of `time.monotonic()`. It
must not read the clock itself.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from demo.errors import RecordError


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin_s` up to `end_s`, seconds of the monotonic clock."""

    begin_s: float
    end_s: float

    def __post_init__(self) -> None:
        """Refuse a window that ends before it begins."""
        if not self.begin_s < self.end_s:
            raise RecordError(f"a window must end after it begins: {self.begin_s} .. {self.end_s}")

    @property
    def length_s(self) -> float:
        """How long the window is."""
        return self.end_s - self.begin_s

    def __contains__(self, instant_s: float) -> bool:
        """Whether an instant lies in the window."""
        return self.begin_s <= instant_s < self.end_s

    def to_line(self) -> str:
        """One line of JSON, as a job reads it from its standard input."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Window:
        """Read back what `to_line` wrote.

        Raises:
            RecordError: the line is not a window.
        """
        try:
            fields = json.loads(line)
            return cls(begin_s=float(fields["begin_s"]), end_s=float(fields["end_s"]))
        except (ValueError, KeyError, TypeError) as error:
            raise RecordError(
                f'not a window: {line!r}; write {{"begin_s": ..., "end_s": ...}}'
            ) from error
