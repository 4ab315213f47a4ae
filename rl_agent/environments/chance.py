"""Random numbers as a function of (key, step, stream): the same for one environment as for many.

Owns no state, so an environment's future is settled by its key, a batch of environments draws
without a loop, and a checkpoint needs no generator. The mixing function is SplitMix64's (Steele,
Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
"""

import numpy as np
from numpy.typing import NDArray

from controller.advice.network import FloatArray

Keys = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_STEP, _STREAM = np.uint64(0xD1342543DE82EF95), 0xA0761D6478BD642F  # any odd numbers


def keys(seed: int, count: int) -> Keys:
    """Keys (count,) of environments seeded with seed, seed + 1, ..."""
    return _mixed(np.uint64(seed % 2**64) + np.arange(count, dtype=np.uint64))


def following(key: Keys) -> Keys:
    """The keys of the next episodes."""
    return _mixed(key ^ _GOLDEN)


def uniform(key: Keys, step: NDArray[np.int64], stream: int, count: int) -> FloatArray:
    """Numbers in [0, 1), (B, count).

    Args:
        key: (B,), one for each environment.
        step: (B,), the place in time.
        stream: Apart for each thing that is drawn.
        count: Numbers for each environment.
    """
    apart = np.uint64(stream * _STREAM % 2**64)
    place = _mixed(_mixed(key ^ apart) + step.astype(np.uint64) * _STEP)
    places: Keys = place[:, None] + np.arange(count).astype(np.uint64)
    words = _mixed(places)
    numbers: FloatArray = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return numbers


def normal(key: Keys, step: NDArray[np.int64], stream: int, count: int) -> FloatArray:
    """Numbers of the standard normal distribution, (B, count), by Box and Muller's transform."""
    both = uniform(key, step, stream, 2 * count)
    radius = np.sqrt(-2.0 * np.log1p(-both[:, :count]))
    wave: FloatArray = radius * np.cos(2.0 * np.pi * both[:, count:])
    return wave


def _mixed(word: Keys) -> Keys:
    """A bijection of 64-bit words under which neighbours have nothing in common."""
    word = word + _GOLDEN
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))
