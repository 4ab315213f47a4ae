import pytest

from demo.errors import RecordError
from demo.records import (
    Iteration,
    ProbeStream,
    Ready,
    Request,
    Scrape,
    Transfer,
    from_line,
    read_records,
    to_line,
)
from demo.window import Window

RECORDS = [
    Ready("bulk-sender"),
    Request(1.0, 0.25, True, 100, 200),
    Iteration(3, 1.0, 2.0, 0.5, 4000),
    Transfer(1.5, 10),
    Scrape(1.0, 0.1, 257),
    ProbeStream(0, 10, 2, 0.5, 1.0),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_survives_the_wire(record):
    assert from_line(to_line(record)) == record


@pytest.mark.parametrize(
    "line", ["", "nonsense", "[]", "{}", '{"kind": "no-such"}', '{"kind": "ready"}', "3"]
)
def test_a_line_that_is_no_record_is_refused(line):
    with pytest.raises(RecordError):
        from_line(line)


def test_a_last_line_cut_off_is_left_out(tmp_path):
    path = tmp_path / "job.jsonl"
    path.write_text(to_line(Ready("a")) + to_line(Transfer(1.0, 5))[:-8])
    assert list(read_records(path)) == [Ready("a")]


def test_a_window_survives_the_wire_and_is_half_open():
    window = Window(2.0, 3.5)
    assert Window.from_line(window.to_line()) == window
    assert window.length_s == 1.5
    assert [instant in window for instant in (1.9, 2.0, 3.4, 3.5)] == [False, True, True, False]


@pytest.mark.parametrize(
    "line", ["", "{}", '{"begin_s": 2, "end_s": 1}', "null", '{"begin_s": []}']
)
def test_a_line_that_is_no_window_is_refused(line):
    with pytest.raises(RecordError):
        Window.from_line(line)
