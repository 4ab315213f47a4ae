"""Guesses from shape alone: right where shapes differ, silent where they don't, never raising."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import behaviour_traffic as traffic
from classifier.behaviour import FEWEST_PACKETS, KINDS, MODEL, guess, read, shipped
from classifier.features import NAMES, features
from classifier.model import Side
from classifier.shape import Shape
from policies.classes import TrafficClass


def shaped(events: list[traffic.Event]) -> Shape:
    shape = Shape()
    for now, side, size in events:
        shape.add(now, Side(side), size)
    return shape


def runs(program: Callable[[traffic.Wire], None], number: int = 40) -> list[Shape]:
    found = [traffic.recorded(program, random.Random(f"test {n}")) for n in range(number)]
    return [shaped(events) for events in found if len(events) > 100]


@pytest.mark.parametrize("kind", KINDS)
def test_programs_are_told_apart(kind: str) -> None:
    """On runs that the model wasn't taught with, of programs that it was."""
    shapes = [shape for program in traffic.PROGRAMS[kind] for shape in runs(program, 12)]
    if kind == "gradient":  # the beginning of one long tensor is like any other transfer
        shapes = [shape for shape in shapes if len(shape.bursts()) > 4]
    answers = [one for one in map(guess, shapes) if one is not None]
    right = sum(one.traffic_class is KINDS[kind][0] for one in answers)
    assert right >= (0.7 if kind == "gradient" else 0.85) * len(answers)
    assert len(answers) >= 0.25 * len(shapes)


def test_background_is_hardly_ever_called_gradient() -> None:
    said = [
        guess(shape)
        for kind in ("control", "interactive", "other")
        for program in traffic.PROGRAMS[kind]
        for shape in runs(program, 12)
    ]
    wrong = sum(one is not None and one.traffic_class is TrafficClass.GRADIENT for one in said)
    assert wrong <= 0.01 * len(said)


def test_steps_of_training_are_known_by_their_rhythm() -> None:
    """A ring sends one way only; neither a camera nor a backup is as regular."""
    ring, camera, rng = Shape(), Shape(), random.Random(1)
    for turn in range(20):
        for packet in range(700):
            ring.add(turn * 0.3 + packet * 1e-5, Side.CLIENT, 1448)
        for packet in range(round(rng.uniform(300, 900))):
            camera.add(turn * 0.3 + packet * 1e-5, Side.CLIENT, 1448)
    said, other = guess(ring), guess(camera)
    assert said is not None
    assert said.traffic_class is TrafficClass.GRADIENT
    assert other is None or other.traffic_class is not TrafficClass.GRADIENT


def test_too_few_packets_are_unknown() -> None:
    shape = Shape()
    for turn in range(FEWEST_PACKETS - 1):
        shape.add(turn * 0.1, Side.CLIENT, 100_000)
    assert guess(shape) is None
    assert guess(Shape()) is None


def test_a_protocol_makes_kinds_impossible() -> None:
    shapes = runs(traffic.ring_of_two)
    assert any(
        (one := guess(shape)) and one.traffic_class is TrafficClass.GRADIENT for shape in shapes
    )
    for protocol in ("QUIC", "SSH", "HTTP"):
        for shape in shapes:
            one = guess(shape, protocol)
            assert one is None or one.traffic_class is not TrafficClass.GRADIENT


def test_sides_may_be_swapped() -> None:
    for program in (traffic.openai_sse, traffic.ring_of_many, traffic.download):
        events = traffic.recorded(program, random.Random(3))
        swapped = [(now, 1 - side, size) for now, side, size in events]
        assert features(shaped(events)) == features(shaped(swapped))


def test_features_are_those_named() -> None:
    for shape in [shaped([(0.0, 0, 5)]), *runs(traffic.browsing, 3)]:
        row = features(shape)
        assert len(row) == len(NAMES)
        assert np.isfinite(row).all()


def test_packets_that_were_only_counted() -> None:
    shape = Shape()
    shape.count(Side.SERVER, 1000, 1_000_000)
    assert guess(shape) is None
    assert len(features(shape)) == len(NAMES)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-1.0, 1e5), st.sampled_from(tuple(Side)), st.integers(0, 1 << 20)),
        max_size=80,
    ),
    st.sampled_from(("", "TLS", "QUIC", "SSH", "gRPC", "TLS 1.3")),
)
def test_any_packets_get_an_answer_or_none(
    gaps: list[tuple[float, Side, int]], protocol: str
) -> None:
    shape, now = Shape(), 0.0
    for gap, side, size in gaps:
        now += gap
        shape.add(now, side, size)
    said = guess(shape, protocol)
    assert said is None or 0 < said.confidence < 1


def test_probabilities_are_some() -> None:
    forest = shipped()
    for shape in runs(traffic.browsing, 5):
        chances = forest.probabilities(features(shape))
        assert sum(chances) == pytest.approx(1)
        assert min(chances) >= 0


def test_the_model_is_small_and_no_pickle() -> None:
    assert MODEL.stat().st_size < 300_000
    with np.load(MODEL, allow_pickle=False) as held:
        assert all(held[name].dtype != object for name in held.files)


def _changed(path: Path, **arrays: np.ndarray) -> Path:
    with np.load(MODEL, allow_pickle=False) as held:
        np.savez(path, **{**{name: held[name] for name in held.files}, **arrays})
    return path


def test_a_model_of_other_features_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="other features"):
        read(_changed(tmp_path / "other.npz", names=np.array(["one"])))


def test_a_model_that_would_never_end_is_refused(tmp_path: Path) -> None:
    with np.load(MODEL, allow_pickle=False) as held:
        left = held["left"].copy()
    left[5] = 0
    with pytest.raises(ValueError, match="damaged"):
        read(_changed(tmp_path / "endless.npz", left=left))


def test_a_copy_is_the_same(tmp_path: Path) -> None:
    copy = tmp_path / "copy.npz"
    shutil.copy(MODEL, copy)
    assert read(copy) == shipped()
