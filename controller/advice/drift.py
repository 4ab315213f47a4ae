"""Whether traffic is still like what a policy was trained on: a few numbers and their ranges.

Owns the summary of an observation that a policy's file records ranges of (`Ranges`), and the
sliding window that raises the alarm. Network-free numbers, so that a policy may be asked about any
topology.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from controller.advice.network import BoolArray, CandidatePaths, FloatArray
from controller.advice.view import fallback_splits

Summary = dict[str, float]
_MARGIN = 0.25  # of a range's width on each side: ranges come from a finite sample
_MOST_FEATURES = 64


def summary(
    paths: CandidatePaths, demands: FloatArray, link_up: BoolArray, before: FloatArray | None = None
) -> Summary:
    """What kind of traffic this is.

    Args:
        paths: Where.
        demands: (K,), in the unit of the capacities.
        link_up: (E,).
        before: (K,) of the interval before, if it is known.

    Returns:
        fallback_utilisation: largest link utilisation under equal splits;
        concentration: share of the largest pair in all traffic;
        active: share of pairs with any traffic;
        links_down: share of links that are down;
        change: how much of all traffic moved to other pairs or came and went since `before`.
    """
    total = max(float(demands.sum()), 1e-12)
    splits = fallback_splits(paths, link_up)
    found = {
        "fallback_utilisation": float(paths.max_utilisation(splits, demands)),
        "concentration": float(demands.max(initial=0.0)) / total,
        "active": float((demands > 0).mean()) if demands.size else 0.0,
        "links_down": float(1 - link_up.mean()),
    }
    if before is not None and before.shape == demands.shape:
        both = total + max(float(before.sum()), 1e-12)
        found["change"] = float(np.abs(demands - before).sum()) / both
    return found


@dataclass(frozen=True, slots=True)
class Ranges:
    """The interval of each feature that a policy was trained on."""

    of: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @staticmethod
    def read(value: object) -> "Ranges":
        """From the metadata of a policy or a message; what is no range is left out."""
        if isinstance(value, tuple):
            value = dict(value)
        if not isinstance(value, Mapping):
            return Ranges()
        found: dict[str, tuple[float, float]] = {}
        for name, pair in list(value.items())[:_MOST_FEATURES]:
            if isinstance(name, str) and isinstance(pair, list | tuple) and len(pair) == 2:
                low, high = pair
                if all(isinstance(v, int | float) and np.isfinite(v) for v in (low, high)):
                    found[name] = (float(low), float(high))
        return Ranges(found)

    def outside(self, seen: Summary) -> tuple[str, ...]:
        """The features beyond their range by more than a margin, in words."""
        return tuple(
            f"{name} {value:.3g} is outside {low:.3g} to {high:.3g}"
            for name, value in seen.items()
            if name in self.of
            for low, high in [self.of[name]]
            if not low - _MARGIN * (high - low) <= value <= high + _MARGIN * (high - low)
        )


class DriftWatch:
    """Says so when much of a sliding window of observations lies outside the ranges."""

    def __init__(self, ranges: Ranges, *, window: int = 60, share: float = 0.3) -> None:
        self._ranges, self._share = ranges, share
        self._seen: deque[tuple[str, ...]] = deque(maxlen=window)
        self._raised = False

    @property
    def fraction(self) -> float:
        """Share of the window outside."""
        return sum(map(bool, self._seen)) / max(len(self._seen), 1)

    def take(self, seen: Summary, *others: str) -> str:
        """Takes an observation; what to raise the alarm with, once until it has gone down again.

        Args:
            seen: What the traffic is like.
            *others: What else is outside, in words; "" is nothing.
        """
        self._seen.append((*self._ranges.outside(seen), *filter(None, others)))
        drifted = len(self._seen) == self._seen.maxlen and self.fraction >= self._share
        alarm = ""
        if drifted and not self._raised:
            latest = next(outside for outside in reversed(self._seen) if outside)
            alarm = f"{self.fraction:.0%} of the last observations, such as: {', '.join(latest)}"
        self._raised = drifted
        return alarm
