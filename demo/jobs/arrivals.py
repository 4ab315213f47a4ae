"""When requests arrive: pure, seeded, open loop.

Owns the arrival process. It must not know the clock: an arrival is an offset in seconds from the
start, decided before anything is sent, so a slow answer cannot hold back the next request.
"""

from __future__ import annotations

import random
from collections.abc import Iterator


def poisson_arrivals(rate_per_s: float, seed: int) -> Iterator[float]:
    """Endless arrival offsets in seconds of a Poisson process; the same seed gives the same ones.

    Raises:
        ValueError: the rate is not positive.
    """
    if rate_per_s <= 0:
        raise ValueError(f"the request rate must be positive, not {rate_per_s}")
    return _arrivals(rate_per_s, random.Random(seed))


def _arrivals(rate_per_s: float, source: random.Random) -> Iterator[float]:
    offset_s = 0.0
    while True:
        offset_s += source.expovariate(rate_per_s)
        yield offset_s
