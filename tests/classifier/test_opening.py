"""However a stream is cut, shuffled and repeated, its opening is the same."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.model import OPENING_BYTES
from classifier.opening import Opening

STREAM = random.Random(5).randbytes(1500)


def segments(chance: random.Random) -> list[tuple[int, bytes]]:
    """The whole stream in random, overlapping pieces."""
    found, at = [], 0
    while at < len(STREAM):
        end = min(len(STREAM), at + chance.choice((1, 7, 100, 536, 1460)))
        begin = max(0, at - chance.choice((0, 0, 0, 3, 50)))
        found.append((begin, STREAM[begin:end]))
        at = end
    return found


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32 - 1))
def test_any_order_after_a_syn(seed: int, base: int) -> None:
    chance = random.Random(seed)
    opening = Opening(base)
    pieces = segments(chance)
    pieces += chance.sample(pieces, len(pieces) // 3)
    chance.shuffle(pieces)
    for at, data in pieces:
        grew, before = opening.add((base + at) % 2**32, data), opening.data
        assert STREAM.startswith(before) and (grew or len(before) == len(opening.data))
    assert opening.data == STREAM[:OPENING_BYTES] and opening.full and not opening.holed


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32 - 1))
def test_neighbours_swapped_without_a_syn(seed: int, base: int) -> None:
    chance = random.Random(seed)
    pieces = [(at, STREAM[at : at + 100]) for at in range(0, len(STREAM), 100)]
    for number in range(0, len(pieces) - 1, 2):
        if chance.random() < 0.5:
            pieces[number : number + 2] = reversed(pieces[number : number + 2])
    opening = Opening()
    for at, data in pieces:
        opening.add((base + at) % 2**32, data)
    assert opening.data == STREAM[:OPENING_BYTES] and not opening.sure


def test_a_hole_waits_for_its_bytes() -> None:
    opening = Opening(10)
    assert opening.add(10, b"abc") and not opening.add(16, b"ghi") and opening.holed
    assert opening.data == b"abc"
    assert opening.add(13, b"def") and opening.data == b"abcdefghi" and not opening.holed


def test_what_was_told_once_stays() -> None:
    opening = Opening(0)
    opening.add(0, b"abc")
    assert opening.add(1, b"XYZ") and opening.data == b"abcZ"


def test_keepalive_and_far_away_bytes_change_nothing() -> None:
    opening = Opening(100)
    opening.add(100, b"abc")
    assert not opening.add(99, b"?") and not opening.add(102, b"c")
    assert not opening.add(100 + 2**30, b"far") and not opening.add(100 - 2**30, b"far")
    assert opening.data == b"abc"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**32 - 1) | st.integers(0, 3000),
                          st.binary(max_size=300)), max_size=30), st.booleans())  # fmt: skip
def test_any_segments_stay_in_bounds(pieces: list[tuple[int, bytes]], synchronised: bool) -> None:
    opening = Opening(0) if synchronised else Opening()
    for seq, data in pieces:
        before = len(opening.data)
        grew = opening.add(seq, data)
        assert before <= len(opening.data) <= OPENING_BYTES or not synchronised
        assert len(opening.data) <= OPENING_BYTES
        assert grew or len(opening.data) == before
