"""Iteration periods within 5% after four iterations, whatever jitters, gets lost or nests."""

import random

import pytest

from classifier.model import Side
from classifier.period import FEWEST, period
from classifier.shape import Shape

MSS = 1448


def training(
    length_s: float, iterations: int, buckets: int = 1, jitter: float = 0.0, loss: float = 0.0,
    steps: int = 1, joined: float = 0.0, both: bool = True,
) -> Shape:  # fmt: skip
    """Iterations of buckets of steps, each a tensor both ways at 1 Gbit/s."""
    rng = random.Random(11)
    events = []
    for turn in range(iterations):
        now = length_s * turn + rng.gauss(0, jitter * length_s)
        for bucket in range(buckets):
            for _ in range(steps):
                for _ in range((1 + bucket % 2) * 40 // steps):
                    events.append((now, Side.CLIENT, MSS))
                    if both:
                        events.append((now, Side.SERVER, MSS))
                    now += MSS * 8e-9
                now += 0.004 if steps > 1 else 0.0
            now += 0.1 * length_s
    events.sort()
    shape = Shape()
    for event in events[int(joined * len(events)) :]:
        if rng.random() >= loss:
            shape.add(*event)
    return shape


@pytest.mark.parametrize("length_s", [0.08, 0.5, 3.0])
@pytest.mark.parametrize("iterations", [5, 40])
@pytest.mark.parametrize("buckets", [1, 3])
@pytest.mark.parametrize("jitter", [0.0, 0.03])
@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_within_5_percent(
    length_s: float, iterations: int, buckets: int, jitter: float, loss: float
) -> None:
    found = period(training(length_s, iterations, buckets, jitter, loss))
    assert found is not None
    assert found.seconds == pytest.approx(length_s, rel=0.05)
    assert found.strength > 0.6


@pytest.mark.parametrize("both", [True, False])
def test_steps_of_a_ring_inside_an_iteration(both: bool) -> None:
    found = period(training(0.5, 30, buckets=2, steps=4, joined=0.05, both=both))
    assert found is not None
    assert found.seconds == pytest.approx(0.5, rel=0.05)


def test_one_long_pause_changes_nothing() -> None:
    shape = training(0.2, 12)
    for turn in range(6):
        for packet in range(200):
            shape.add(30 + turn * 0.2 + packet * 1e-5, Side.CLIENT, MSS)
            shape.add(30 + turn * 0.2 + packet * 1e-5, Side.SERVER, MSS)
    found = period(shape)
    assert found is not None
    assert found.seconds == pytest.approx(0.2, rel=0.05)


def test_too_little_has_no_period() -> None:
    assert period(Shape()) is None
    assert period(training(0.5, FEWEST)) is None


def test_without_a_rhythm_it_is_weak() -> None:
    rng, shape, now = random.Random(2), Shape(), 0.0
    for _ in range(200):
        now += rng.expovariate(2)
        shape.add(now, Side(rng.randint(0, 1)), round(10 ** rng.uniform(1, 4)))
    found = period(shape)
    assert found is None or found.strength < 0.6
