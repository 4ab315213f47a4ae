"""What each pair of edge switches sends, by the counters of its groups, and may send next.

Owns rates and forecasts of demands; knows nothing of links or advice. The counter is that of
the *entry* group of an ingress switch (`pipeline.ingress_group_ids`): everything towards one egress
passes it, and a change of weights leaves it alone, while the groups behind it start again from 0.

Demands are what got into the network. TCP that a full link holds back is measured as what it gets,
not as what it wants.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from controller.advice.network import FloatArray, IntArray

_WINDOW_S = 1.0  # Open vSwitch brings group counters up to date only every half second
_SMOOTHING = 0.5  # weight of the newest rate in the moving average
_PEAK_KEPT = 0.9  # of a peak, from one observation to the next
_RECENT = 20  # observations behind the 95th percentile
_HIGH_QUANTILE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Demands:
    """float64 (G, K) each, bit/s, by path group and pair.

    Attributes:
        now: Measured over about the last second.
        forecast: For the next interval: the moving average, or a fading recent peak if larger.
        high: 95th percentile of the last measurements.
    """

    now: FloatArray
    forecast: FloatArray
    high: FloatArray

    @property
    def cases(self) -> FloatArray:
        """(3, G, K), everything advice is judged on."""
        return np.stack([self.now, self.forecast, self.high])


class DemandMeter:
    """Cumulative counters in, demands out; pairs may come and go between two readings."""

    def __init__(self, groups: int) -> None:
        empty = np.zeros((groups, 0))
        self._totals, self._carried, self._read_at = empty, empty, empty
        self._rate, self._mean, self._peak = empty, empty, empty
        self._past: deque[tuple[FloatArray, FloatArray]] = deque()  # (carried, read_at)
        self._recent: deque[FloatArray] = deque(maxlen=_RECENT)

    def move(self, rows: IntArray) -> None:
        """Gives pairs other rows: new row k was row `rows[k]`, or is new where that is -1."""

        def moved(old: FloatArray) -> FloatArray:
            new = np.zeros((len(old), len(rows)))
            new[:, rows >= 0] = old[:, rows[rows >= 0]]
            return new

        self._totals, self._carried = moved(self._totals), moved(self._carried)
        self._read_at, self._rate = moved(self._read_at), moved(self._rate)
        self._mean, self._peak = moved(self._mean), moved(self._peak)
        self._past = deque((moved(carried), moved(at)) for carried, at in self._past)
        self._recent = deque((moved(rate) for rate in self._recent), _RECENT)

    def measure(self, totals: FloatArray, read_at: FloatArray) -> FloatArray:
        """Takes counters and returns the rates they tell, bit/s.

        Args:
            totals: (G, K) bytes so far; 0 where there is no counter. A fall means that the counter
                began again.
            read_at: (G, K) when each was read, seconds; 0 where it wasn't.
        """
        first = self._read_at == 0
        grown = totals - self._totals
        grown = np.where(grown < 0, totals, grown) * ~first * (read_at > 0)
        self._carried = self._carried + grown
        seen = read_at > 0
        self._totals = np.where(seen, totals, self._totals)
        self._read_at = np.where(seen, read_at, self._read_at)
        self._past.append((self._carried, self._read_at))
        self._rate = self._rate_over_window()
        return self._rate

    def _rate_over_window(self) -> FloatArray:
        newest = self._read_at.max(initial=0.0)
        while len(self._past) > 2 and newest - self._past[1][1].max(initial=0.0) >= _WINDOW_S:
            self._past.popleft()
        carried, read_at = self._past[0]
        elapsed = np.where(read_at > 0, self._read_at - read_at, 0.0)
        rate = 8 * (self._carried - carried) / np.where(elapsed > 0, elapsed, 1.0)
        return np.where(elapsed > 0, rate, self._rate)

    def forecast(self) -> Demands:
        """What the next interval may bring, from everything measured."""
        rate = self._rate
        self._mean = rate if not self._recent else self._mean + _SMOOTHING * (rate - self._mean)
        self._peak = np.maximum(rate, _PEAK_KEPT * self._peak)
        self._recent.append(rate)
        high = np.quantile(np.stack(self._recent), _HIGH_QUANTILE, axis=0)
        return Demands(rate, np.maximum(self._mean, self._peak), high)
