"""The last matrices seen, newest last: what rivals that look back share."""

import numpy as np

from controller.advice.network import FloatArray


class Window:
    """A ring of the last `width` rows, in one block of memory of twice the size.

    Every row is written to two places, so the window is always contiguous and never copied.
    """

    def __init__(self, width: int, columns: int) -> None:
        self._ring = np.zeros((2 * width, columns))
        self._width = width
        self._seen = 0

    def __len__(self) -> int:
        return min(self._seen, self._width)

    def push(self, row: FloatArray) -> None:
        """Takes the newest; the oldest falls out."""
        slot = self._seen % self._width
        self._ring[slot] = self._ring[slot + self._width] = row
        self._seen += 1

    @property
    def rows(self) -> FloatArray:
        """float64 (rows seen, at most `width`; columns), oldest first; a view."""
        end = self._width + (self._seen - 1) % self._width + 1 if self._seen else 0
        return self._ring[end - len(self) : end]
