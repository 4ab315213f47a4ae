"""The outbox and the note log alone, on a fake connection; the guards: `test_shell_*`."""

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from openflow_peer import wait_for

from controller import framework
from controller.events import Barrier, Command, Level, Note, ReadCounters, SendFrame
from controller.notes import NoteLog
from controller.outbox import MAX_BYTES, MAX_QUESTIONS, Outbox

ofp, p = framework.ofp, framework.ofp_parser
FRAME = SendFrame(1, (1,), b"")


class FakeDatapath:
    """Takes writes, once it reads."""

    ofproto, ofproto_parser = ofp, p

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.reads = threading.Event()
        self._xid = 0

    def set_xid(self, message: Any) -> int:
        self._xid += 1
        message.set_xid(self._xid)
        return self._xid

    def send(self, data: bytes) -> bool:
        self.reads.wait()
        self.written.append(data)
        return True


@pytest.fixture
def datapath() -> FakeDatapath:
    return FakeDatapath()


@pytest.fixture
def outbox(datapath: FakeDatapath) -> Iterator[Outbox]:
    made = Outbox(datapath)
    yield made
    made.close()
    datapath.reads.set()


def put_frame(outbox: Outbox, datapath: FakeDatapath, size: int) -> None:
    outbox.put(p.OFPPacketOut(datapath, ofp.OFP_NO_BUFFER, 1, [], b"x" * size), FRAME)


def ask(outbox: Outbox, datapath: FakeDatapath, command: Command) -> int:
    message = p.OFPBarrierRequest(datapath)
    outbox.put(message, command)
    return int(message.xid)


def test_messages_are_joined_and_keep_their_order(outbox: Outbox, datapath: FakeDatapath) -> None:
    for size in range(1000):
        put_frame(outbox, datapath, size % 7)
    datapath.reads.set()
    wait_for(lambda: b"".join(datapath.written).count(b"\x04\x0d") == 1000, "all written")
    xids, data = [], b"".join(datapath.written)
    while data:
        xids.append(int.from_bytes(data[4:8], "big"))
        data = data[int.from_bytes(data[2:4], "big") :]
    assert xids == list(range(1, 1001))
    assert len(datapath.written) < 20


def test_a_switch_that_does_not_read_fills_its_outbox_and_blocks_nobody(
    outbox: Outbox, datapath: FakeDatapath
) -> None:
    for _ in range(MAX_BYTES // 60_000 + 3):
        assert not outbox.overfull
        put_frame(outbox, datapath, 60_000)
    assert outbox.overfull
    datapath.reads.set()
    wait_for(lambda: not outbox.overfull, "it reads again")


def test_only_what_was_asked_is_answered(outbox: Outbox, datapath: FakeDatapath) -> None:
    barrier, counters = Barrier(1, 5), ReadCounters(1)
    first, second = ask(outbox, datapath, barrier), ask(outbox, datapath, counters)
    put_frame(outbox, datapath, 1)
    assert outbox.answered(second, more=True) is counters
    assert outbox.answered(second) is counters
    assert outbox.answered(second) is None
    assert outbox.answered(first) is barrier
    assert outbox.answered(first + 2) is None


def test_questions_never_answered_do_not_pile_up(outbox: Outbox, datapath: FakeDatapath) -> None:
    xids = [ask(outbox, datapath, Barrier(1, n)) for n in range(MAX_QUESTIONS + 10)]
    answers = [outbox.answered(xid) for xid in xids]
    assert [answer is None for answer in answers] == [True] * 10 + [False] * MAX_QUESTIONS


def test_notes_are_counted_all_and_shown_a_few(caplog: pytest.LogCaptureFixture) -> None:
    notes = NoteLog()
    with caplog.at_level(logging.INFO, "headway"):
        for i in range(1000):
            notes.take(Note("loud", "!", Level.WARNING), now=i / 1000)
        notes.take(Note("quiet", "?"), now=1.0)
        shown = [record.getMessage() for record in caplog.records]
        notes.take(Note("loud", "again"), now=20.0)
    assert notes.counts == {"loud": 1001, "quiet": 1}
    assert shown == ["! [loud]"] * 10 + ["more of loud: counted, not shown", "? [quiet]"]
    assert caplog.records[-1].getMessage() == "again [loud]"
