"""The socket between controller and advisor: bounded, and nothing on it is believed."""

import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from agent_fabric import Sane, weak_spine
from hypothesis import given
from hypothesis import strategies as st

from controller.advice.errors import MessageError
from controller.advice.messages import MAX_BODY, MAX_HEADER, Message, encode, read


def parse(data: bytes, most: int = 7) -> Message | None:
    """Reads from a stream that gives a few bytes at a time."""
    stream = io.BytesIO(data)
    return read(lambda size: stream.read(min(size, most)))


def framed(header: Any, body: bytes = b"") -> bytes:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("!4sII", b"HWA1", len(head), len(body)) + head + body


ARRAYS = {
    "splits": np.array([[0.25, 0.75]]), "up": np.array([True, False]),
    "hops": np.array([[1], [2]], np.int32), "none": np.zeros((0, 3)),
}  # fmt: skip


def test_a_message_arrives_as_it_was_sent() -> None:
    got = parse(encode(Message("advice", {"version": 3, "agent": "x"}, ARRAYS)))
    assert got is not None
    assert (got.kind, got.number("version"), got.text("agent")) == ("advice", 3, "x")
    for name, array in ARRAYS.items():
        assert got.arrays[name].tolist() == array.tolist()
        assert got.arrays[name].dtype == array.dtype


def test_the_end_of_the_stream_is_the_end() -> None:
    assert parse(b"") is None


@pytest.mark.parametrize(
    "data",
    [
        b"HWA", b"GET / HTTP/1.1\r\n\r\n", struct.pack("!4sII", b"HWA1", MAX_HEADER + 1, 0),
        struct.pack("!4sII", b"HWA1", 2, MAX_BODY + 1), framed(b"[]"), framed(b"{"), framed({}),
        framed(b'{"kind": "a", "arrays": [], "values": {"x": NaN}}'),
        framed({"kind": "a", "arrays": [], "values": []}),
        framed({"kind": "a", "arrays": [], "values": {}}, b"left"),
        framed({"kind": "a", "arrays": [["x", "f8", [2]]], "values": {}}, bytes(8)),
        framed({"kind": "a", "arrays": [["x", "f8", [-1]]], "values": {}}, bytes(8)),
        framed({"kind": "a", "arrays": [["x", "O", [1]]], "values": {}}, bytes(8)),
        framed({"kind": "a", "arrays": [["x", "f8", [1 << 20, 1 << 20, 1 << 20]]], "values": {}}),
        framed({"kind": "a", "arrays": [["x", "f8", ["1"]]], "values": {}}, bytes(8)),
        framed({"kind": "a", "arrays": [["x", "f8", 1]], "values": {}}, bytes(8)),
        framed({"kind": "a", "arrays": [["x", "f8", [0]]] * 40, "values": {}}),
        framed(b"[" * 100_000), encode(Message("a"))[:-1],
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(MessageError):
        parse(data, 1 << 20)


@given(st.binary(max_size=200), st.integers(0, 150), st.integers(0, 255))
def test_no_bytes_do_anything_else(tail: bytes, place: int, value: int) -> None:
    whole = bytearray(encode(Message("advice", {"version": 1}, ARRAYS)))
    whole[place % len(whole)] = value
    for data in (tail, bytes(whole), framed(tail), framed(b'{"kind":"a"}' + tail, tail)):
        try:
            message = parse(data, 1 << 20)
        except MessageError:
            continue
        assert message is None or isinstance(message, Message)


def test_what_is_too_large_is_not_sent() -> None:
    with pytest.raises(MessageError, match="too large"):
        encode(Message("a", {"text": "x" * (MAX_HEADER + 1)}))


@pytest.mark.parametrize("values", [{}, {"n": "1"}, {"n": True}, {"n": 1.5}])
def test_a_number_is_a_number(values: dict[str, Any]) -> None:
    with pytest.raises(MessageError, match="whole number"):
        Message("a", values).number("n")


def test_times_and_texts_of_somebody_else_are_made_harmless() -> None:
    message = Message("a", {"s": -1, "t": "line\nbreak\x1b[2J" + "x" * 500})
    assert message.seconds("s") == 0.0
    assert message.text("t").startswith("line?break?[2J")
    assert len(message.text("t")) == 200


def test_an_observation_and_an_answer_survive_the_way() -> None:
    advisor = pytest.importorskip("controller.advisor")
    fabric = weak_spine().start()
    fabric.up()
    fabric.run(2.0)
    question = fabric.asked[-1]
    network = parse(encode(advisor.described(question)), 1 << 20)
    seen = parse(encode(advisor.observed(question)), 1 << 20)
    assert network is not None
    assert seen is not None
    assert network.array("hops", "i4", 2).tolist() == question.view.paths.hops.tolist()
    assert seen.array("demands", "f8", 2).tolist() == question.demands.tolist()
    reply = Message(
        "advice",
        {"version": question.view.version, "number": question.number, "agent": "z",
         "notes": ["a", 3, "b" * 1000], "outside": 0.5},
        {"splits": Sane()(question)},
    )  # fmt: skip
    event = advisor.received(reply)
    assert event.number == question.number
    assert [len(note) for note in event.notes] == [1, 0, 300]
    assert event.outside == 0.5


def test_an_answer_without_splits_is_none() -> None:
    advisor = pytest.importorskip("controller.advisor")
    with pytest.raises(MessageError, match="without splits"):
        advisor.received(Message("advice", {"version": 1, "number": 1}))
