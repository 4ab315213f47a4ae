"""The iteration period of traffic that comes and goes: how long one step of a training job takes.

Owns the search over a shape's bursts. Must not decide what the flow is: a video stream has a period
too.
"""

from itertools import accumulate
from math import log2
from statistics import median
from typing import NamedTuple

from classifier.shape import Burst, Shape

FEWEST = 3  # repetitions that make a period
_MOST_BURSTS = 6  # in one iteration
_ALIKE = 0.5  # octaves: volumes that differ by less than 40% are taken for the same burst's
_LITTLE = 500  # bytes that make no difference
_NEAR = 0.25  # of the period: what lies further off has missed a burst, or has one more
_NEARLY = 0.9


class Period(NamedTuple):
    """A period that was found.

    Attributes:
        seconds: From one iteration's start to the next.
        strength: 0..1: how alike the iterations are, in length and volume, and how many there are.
        bursts: In one iteration.
    """

    seconds: float
    strength: float
    bursts: int


def period(shape: Shape) -> Period | None:
    """The strongest period of the last bursts; None with fewer than `FEWEST` repetitions.

    A step of training is often several bursts, and a stall cuts one burst in two. So the bursts are
    joined over ever longer silences, and at each stage repeated patterns of one or more are tried.
    """
    bursts = shape.bursts()
    found: list[Period] = []
    for silence_s in [0.0, *sorted(burst.idle_s for burst in bursts[1:])]:
        joined = _joined(bursts, silence_s)
        if len(joined) <= FEWEST:
            break
        best = _shortest([_repetition(joined, lag) for lag in range(1, _MOST_BURSTS + 1)])
        if best:
            found.append(best)
    return max(found, key=lambda one: (round(one.strength, 1), one.seconds), default=None)


def _joined(bursts: list[Burst], silence_s: float) -> list[Burst]:
    """The bursts when silences up to this long part none."""
    joined: list[Burst] = []
    later_s = 0.0
    for burst in bursts:
        if joined and burst.idle_s <= silence_s:
            before = joined[-1]
            sent = (before.sent[0] + burst.sent[0], before.sent[1] + burst.sent[1])
            joined[-1] = before._replace(sent=sent)
            later_s += burst.interval_s
        else:
            joined.append(burst._replace(interval_s=burst.interval_s + later_s))
            later_s = 0.0
    return joined


def _repetition(bursts: list[Burst], lag: int) -> Period | None:
    """How well every burst is like the one `lag` later."""
    if len(bursts) <= FEWEST * lag:
        return None
    starts = list(accumulate(burst.interval_s for burst in bursts))
    lengths = [late - early for early, late in zip(starts, starts[lag:], strict=False)]
    usual = median(lengths)
    near = [length for length in lengths if abs(length - usual) <= _NEAR * usual]
    if not near or usual <= 0:
        return None
    steady = sum(1 - abs(length - usual) / usual for length in near) / len(lengths)
    whole = bursts[1:-1]  # the first was perhaps joined midway, the last goes on
    pairs = list(zip(whole, whole[lag:], strict=False))
    alike = sum(_alike(one, other) for one, other in pairs) / len(pairs) if pairs else 0.0
    number = len(lengths) / lag
    strength = steady * (0.5 + 0.5 * alike) * number / (number + 0.5)
    return Period(sum(near) / len(near), strength, lag)


def _alike(one: Burst, other: Burst) -> bool:
    """Whether two bursts brought about as much, in both directions."""
    return all(
        abs(log2(mine + _LITTLE) - log2(its + _LITTLE)) < _ALIKE
        for mine, its in zip(one.sent, other.sent, strict=True)
    )


def _shortest(periods: list[Period | None]) -> Period | None:
    """The first that is nearly the best: twice a period is one as well."""
    known = [one for one in periods if one]
    best = max((one.strength for one in known), default=0.0)
    return next((one for one in known if one.strength >= _NEARLY * best), None)
