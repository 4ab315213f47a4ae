"""Shapes count what the packets were, whatever cut them, and stay small."""

import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.model import Side
from classifier.shape import BIG_BYTES, BURSTS, Shape

C, S = Side.CLIENT, Side.SERVER


def shaped(events: list[tuple[float, Side, int]]) -> Shape:
    shape = Shape()
    for now, side, size in events:
        shape.add(now, side, size)
    return shape


def message(start: float, side: Side, size: int, mss: int) -> list[tuple[float, Side, int]]:
    """One message in segments, at 1 Gbit/s."""
    return [
        (start + at * 8e-9, side, min(mss, size - at)) for at in range(0, size, mss)
    ]  # fmt: skip


def test_counts_both_sides() -> None:
    shape = shaped([(5.0, C, 100), (5.1, S, 2000), (5.2, S, 30)])
    assert shape.packets == (1, 2)
    assert shape.bytes == (100, 2030)
    assert (shape.first, shape.last) == (5.0, 5.2)
    assert shape.duration_s == pytest.approx(0.2)


def test_packets_without_payload_leave_no_trace() -> None:
    shape = shaped([(1.0, C, 0), (2.0, C, 10), (3.0, S, 0)])
    assert shape.packets == (1, 0)
    assert (shape.first, shape.last) == (2.0, 2.0)
    assert Shape().bursts() == []


@pytest.mark.parametrize("mss", [536, 1448, 8948, 65160])
def test_messages_are_the_same_in_any_segments(mss: int) -> None:
    events = []
    for turn in range(10):
        events += message(turn * 0.1, C, 100_000, mss) + message(turn * 0.1 + 0.05, S, 300, mss)
    shape = shaped(events)
    assert shape.sizes(C) == (0, 0, 0, 0, 0, 0, 10, 0)
    assert shape.sizes(S) == (0, 0, 9, 0, 0, 0, 0, 0)  # the last one goes on
    assert shape.alike(C, big=True) == (9, 10)
    assert shape.alike(S, big=False) == (8, 9)
    assert shape.open_bytes == 300
    assert shape.open_side is S


def test_headers_between_data_do_not_hide_that_it_is_alike() -> None:
    events = []
    for turn in range(20):
        size = 48 if turn % 2 else 5 * BIG_BYTES
        events.append((turn * 0.1, C, size))
    assert shaped(events).alike(C, big=True) == (9, 10)


def test_pauses_by_who_sent_before() -> None:
    shape = shaped([(0.0, C, 9), (0.1, S, 9), (0.15, S, 9), (2.15, C, 9)])
    assert shape.gaps(C, S) == (0, 0, 0, 0, 0, 1, 0, 0)
    assert shape.gaps(S, S) == (0, 0, 0, 0, 1, 0, 0, 0)
    assert shape.gaps(S, C) == (0, 0, 0, 0, 0, 0, 0, 1)
    assert not any(shape.gaps(C, C))


def test_bursts_tell_when_and_how_much() -> None:
    events = []
    for turn in range(5):
        events += message(turn * 0.5, C, 50_000, 1448) + message(turn * 0.5 + 0.001, S, 900, 1448)
    bursts = shaped(events).bursts()
    assert len(bursts) == 5
    for burst in bursts[1:]:
        assert burst.interval_s == pytest.approx(0.5, rel=0.01)
        assert burst.idle_s == pytest.approx(0.499, rel=0.01)
        assert burst.sent == (pytest.approx(50_000, rel=0.01), pytest.approx(900, rel=0.01))


def test_short_silences_in_long_ones_part_no_bursts_once_there_are_many() -> None:
    rng = random.Random(4)
    events = []
    for turn in range(60):
        for step in range(3):
            start = turn * 1.0 + step * 0.02 + rng.random() * 0.001
            events += message(start, C, 20_000, 1448)
    bursts = shaped(events).bursts()
    whole = [burst for burst in bursts[1:-1] if burst.sent[0] > 50_000]
    assert len(whole) >= BURSTS // 2
    assert all(burst.interval_s == pytest.approx(1.0, rel=0.01) for burst in whole)


def test_a_short_rhythm_is_found_again_after_a_long_one() -> None:
    events = [(turn * 2.0, C, 1000 + turn) for turn in range(40)]
    events += [(100 + turn * 0.05, C, 1000) for turn in range(400)]
    assert shaped(events).bursts()[-1].interval_s == pytest.approx(0.05, rel=0.02)


def test_what_was_only_counted_has_no_times() -> None:
    shape = shaped([(1.0, C, 10)])
    shape.count(S, 5, 7000)
    assert shape.packets == (1, 5)
    assert shape.bytes == (10, 7000)
    assert shape.duration_s == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-2.0, 1e6), st.sampled_from((C, S)), st.integers(0, 1 << 24)
        ),
        max_size=200,
    )
)  # fmt: skip
def test_any_packets_are_counted_in_bounded_memory(
    gaps: list[tuple[float, Side, int]],
) -> None:
    shape, now, sent = Shape(), 0.0, [0, 0]
    for gap, side, size in gaps:
        now += gap
        shape.add(now, side, size)
        sent[side] += size
    assert shape.bytes == tuple(sent)
    assert len(shape.bursts()) <= BURSTS + 1
    held = (shape, shape._state, shape.first, shape.last)
    assert sum(map(sys.getsizeof, held)) <= 500


def test_histograms_forget_instead_of_running_over() -> None:
    shape = Shape()
    for turn in range(3000):
        shape.add(turn * 1e-3, Side(turn % 2), 100)
    assert sum(shape.sizes(C)) == pytest.approx(190, abs=70)  # old ones count less
    assert shape.alike(C, big=False)[0] <= shape.alike(C, big=False)[1]
