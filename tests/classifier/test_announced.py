"""Data connections are known before they begin, from what FTP and TFTP say."""

import pytest
from crafted import A6, ACK, PSH, SYN, A, B, raw
from hypothesis import given
from hypothesis import strategies as st

from classifier.announced import announced
from classifier.flows import Classifier
from classifier.frames import Packet
from classifier.hints import Hints
from classifier.model import TCP, UDP, FlowKey, Reason, Side
from policies.classes import TrafficClass
from policies.load import load_policy

CONTROL = FlowKey(0, TCP, raw(A), 40000, raw(B), 21)


def places(payload: bytes, side: Side = Side.SERVER, key: FlowKey = CONTROL) -> set[object]:
    return {place for place, _, _ in announced(key, side, payload)}


@pytest.mark.parametrize(("side", "payload", "expected"), [
    (Side.SERVER, b"227 Entering Passive Mode (10,0,0,2,187,53).\r\n", {(TCP, raw(B), 47925)}),
    (Side.SERVER, b"227 =192,168,0,9,0,21\r\n",
     {(TCP, raw(B), 21), (TCP, raw("192.168.0.9"), 21)}),
    (Side.SERVER, b"229 Entering Extended Passive Mode (|||48797|)\r\n", {(TCP, raw(B), 48797)}),
    (Side.CLIENT, b"PORT 10,0,0,1,1,0\r\n", {(TCP, raw(A), 256)}),
    (Side.CLIENT, f"EPRT |2|{A6}|5282|\r\n".encode(), {(TCP, raw(A), 5282), (TCP, raw(A6), 5282)}),
    (Side.SERVER, b"229-Entering Striped Passive Mode\r\n 10,0,0,2,0,1\r\n 10,0,0,2,0,2\r\n229 End",
     {(TCP, raw(B), 1), (TCP, raw(B), 2)}),
    (Side.SERVER, b"227 (300,0,0,2,187,53)", set()),
    (Side.SERVER, b"229 (|1|999.1.1.1|5|)", set()),
    (Side.SERVER, b"150 Opening 10,0,0,2,187,53\r\n", set()),
])  # fmt: skip
def test_announcements(side: Side, payload: bytes, expected: set[object]) -> None:
    assert places(payload, side) == expected


def test_tftp_answers_the_clients_port() -> None:
    key = CONTROL._replace(transport=UDP, sport=69)
    assert places(b"\0\1boot\0octet\0", Side.CLIENT, key) == {(UDP, raw(A), 40000)}
    assert places(b"\0\5", Side.SERVER, key) == set()


@given(st.sampled_from([b"", b"227 ", b"229 ", b"PORT "]), st.binary(max_size=1200))
def test_any_bytes(start: bytes, rest: bytes) -> None:
    assert len(places(start + rest)) <= 32


def test_announced_connection_is_known_at_its_syn() -> None:
    classifier = Classifier(Hints.of(load_policy()))
    forth = Packet(TCP, raw(A), 40000, raw(B), 2121, b"", 0, SYN, 9)
    back = Packet(TCP, raw(B), 2121, raw(A), 40000, b"", 0, PSH | ACK, 99)
    for one in (forth, back._replace(payload=b"220 FTP server ready\r\n", payload_bytes=22),
                forth._replace(seq=10, flags=ACK, payload=b"USER me\r\n", payload_bytes=9),
                back._replace(seq=121, payload=b"227 Go (10,0,0,2,187,53)\r\n",
                              payload_bytes=26)):  # fmt: skip
        classifier.take(0, one)
    data = classifier.take(1, Packet(TCP, raw(A), 40001, raw(B), 47925, b"", 0, SYN, 1))
    assert data is not None and data.verdict.traffic_class is TrafficClass.BULK
    assert data.verdict.reason is Reason.SIGNATURE and "announced" in data.verdict.why
    assert data.verdict.protocol == "FTP data" and data.verdict.confidence > 0.9
