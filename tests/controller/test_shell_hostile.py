"""Whoever can reach the OpenFlow port may say anything: an honest switch never notices.

Each case: the peer is closed or ignored, it is counted, the process lives, shows no traceback, and
goes on answering the echo requests of an honest switch.
"""

import random
import struct
import time
from collections.abc import Callable, Iterator

import pytest
from openflow_peer import (
    ECHO_REQUEST,
    ERROR,
    FEATURES_REPLY,
    FLOW_STATS,
    GROUP_DESC,
    HELLO,
    HELLO_1_3,
    MULTIPART_REPLY,
    MULTIPART_REQUEST,
    PACKET_IN,
    PORT_DESC,
    PORT_STATUS,
    Controller,
    Peer,
    Switch,
    features,
    message,
    multipart,
    port,
    wait_for,
)

HONEST = 0xABC
WAYS = ["os-ken", pytest.param("ryu", marks=pytest.mark.ryu)]
MATCH = struct.pack("!HHII4x", 1, 12, 0x80000004, 1)
NO_MATCH = struct.pack("!HH4x", 1, 4)


@pytest.fixture(scope="module", params=WAYS)
def controller(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Controller]:
    started = Controller(request.param, tmp_path_factory.mktemp("controller"))
    try:
        yield started.wait_ready()
    finally:
        started.stop()
        assert "Traceback" not in started.log


@pytest.fixture(scope="module")
def honest(controller: Controller) -> Iterator[Switch]:
    switch = Switch(controller.address, HONEST)
    wait_for(lambda: controller.metrics()["headway_switches_connected"] == 1, "the honest switch")
    yield switch
    switch.ping()
    assert not switch.ended.is_set()
    switch.close()


@pytest.fixture
def calm(controller: Controller, honest: Switch) -> Iterator[Controller]:
    """The controller, checked afterwards."""
    yield controller
    honest.ping()
    controller.assert_well()


def flow_entry(tail: bytes, match: bytes = MATCH) -> bytes:
    size = 48 + len(match) + len(tail)
    return struct.pack("!HBxIIHHHH4xQQQ", size, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + match + tail


def apply_actions(actions: bytes) -> bytes:
    return struct.pack("!HH4x", 4, 8 + len(actions)) + actions


def group_entry(bucket: bytes) -> bytes:
    return struct.pack("!HBxI", 8 + len(bucket), 1, 1) + bucket


BUCKET = struct.pack("!HHII4x", 0, 1, 1, 0xFFFFFFFF)
QUEUE = struct.pack("!IIH6xHH4x", 1, 1, 24, 1, 0)
# What a connected switch sends; each is closed as malformed.
MALFORMED: dict[str, bytes] = {
    "length 0 of a flow": multipart(FLOW_STATS, struct.pack("!H54x", 0)),
    "length 0 of an instruction": multipart(FLOW_STATS, flow_entry(struct.pack("!HH4x", 4, 0))),
    "length 0 of an action": multipart(
        FLOW_STATS, flow_entry(apply_actions(struct.pack("!HH4x", 0, 0)))
    ),
    "length 0 of a match": multipart(FLOW_STATS, flow_entry(b"", struct.pack("!HH4x", 1, 0))),
    "length 0 of a match field": multipart(
        FLOW_STATS, flow_entry(b"", struct.pack("!HHI", 1, 8, 0x80000400))
    ),
    "length 0 of a group": multipart(GROUP_DESC, struct.pack("!HBxI", 0, 1, 1)),
    "length 0 of a bucket": multipart(GROUP_DESC, group_entry(BUCKET)),
    "length 0 of group counters": multipart(6, bytes(40)),
    "length 0 of a meter": multipart(10, bytes(8)),
    "length 0 of a band": multipart(10, struct.pack("!HHI", 24, 0, 1) + bytes(16)),
    "length 0 of meter counters": multipart(9, bytes(40)),
    "length 0 of table features": multipart(12, bytes(64)),
    "length 0 of a table property": multipart(12, struct.pack("!H62x", 72) + bytes(8)),
    "length 0 of a queue property": message(23, struct.pack("!I4x", 1) + QUEUE),
    "length 0 of a packet-in's match": message(PACKET_IN, bytes(34)),
    "a header length of 0": message(ECHO_REQUEST, length=0),
    "a header length of 7": message(ECHO_REQUEST, length=7),
    "an unknown version": message(ECHO_REQUEST, version=99),
    "an unknown type": message(77),
    "a message of controllers": message(14, bytes(48)),
    "an error cut short": message(ERROR, b"\0"),
    "an experimenter cut short": message(4, b"\0"),
    "a port name that is not UTF-8": message(
        PORT_STATUS, struct.pack("!B7x", 0) + port(9, b"\xff\xfe")
    ),
    "a packet-in without in_port": message(
        PACKET_IN, struct.pack("!IHBBQ", 0, 4, 0, 0, 0) + NO_MATCH + b"\0\0data"
    ),
    "an unknown multipart type": multipart(99, bytes(16)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_message_closes_its_sender_alone(calm: Controller, name: str) -> None:
    peer = Peer(calm.address).handshake(0xBAD)
    with calm.counts("malformed-openflow"):
        peer.send(MALFORMED[name])
        peer.wait_closed(honest=True)
    peer.close()
    wait_for(lambda: calm.metrics()["headway_switches_connected"] == 1, "only the honest one left")


# Before anything is known of the peer: (bytes, counted as).
FIRST_WORDS: dict[str, tuple[bytes, str]] = {
    "hello element of length 0": (message(HELLO, bytes(8)), "malformed-openflow"),
    "endless hello": (message(HELLO, struct.pack("!HH", 1, 4) * 2000), "malformed-openflow"),
    "message before hello": (message(FEATURES_REPLY, features(5)), "out-of-turn"),
    "echo before hello": (message(ECHO_REQUEST), "out-of-turn"),
    "not OpenFlow at all": (b"GET / HTTP/1.1\r\nCookie: " + b"x" * 30000, "malformed-openflow"),
    "hello twice": (message(HELLO, HELLO_1_3) * 2, "out-of-turn"),
    "a version of the future": (message(HELLO, version=250), "malformed-openflow"),
}


@pytest.mark.parametrize("name", FIRST_WORDS)
def test_bad_first_words_are_closed(calm: Controller, name: str) -> None:
    data, kind = FIRST_WORDS[name]
    peer = Peer(calm.address)
    with calm.counts(kind):
        peer.send(data)
        peer.wait_closed(2.0)
    peer.close()


def test_hello_of_a_connected_switch_is_closed(calm: Controller) -> None:
    peer = Peer(calm.address).handshake(0xBAD)
    with calm.counts("out-of-turn"):
        peer.send(message(HELLO, HELLO_1_3))
        peer.wait_closed(honest=True)
    peer.close()


def _echo_early(peer: Peer, xid: int) -> None:
    for _ in range(40):
        peer.send(message(ECHO_REQUEST, bytes(60000)))


def _ports_without_end(peer: Peer, xid: int) -> None:
    for first in range(0, 20000, 900):
        described = b"".join(port(first + number) for number in range(900))
        peer.send(multipart(PORT_DESC, described, xid=xid, more=True))


@pytest.mark.parametrize("flood", [_echo_early, _ports_without_end])
def test_handshake_without_end_is_closed(
    calm: Controller, flood: Callable[[Peer, int], None]
) -> None:
    peer = Peer(calm.address)
    peer.hello()
    peer.send(message(FEATURES_REPLY, features(0xBAD), xid=peer._features_xid))
    xid, _ = peer.expect(MULTIPART_REQUEST)
    with calm.counts("endless-handshake"):
        flood(peer, xid)
        peer.wait_closed()
    peer.close()


def test_ports_without_end_are_closed(calm: Controller) -> None:
    peer = Peer(calm.address).handshake(0xBAD)
    with calm.counts("too-many-ports"):
        for number in range(5000):
            peer.send(message(PORT_STATUS, struct.pack("!B7x", 0) + port(number + 1)))
        peer.wait_closed(honest=True)
    peer.close()


UNASKED = {
    "flow statistics": multipart(FLOW_STATS, flow_entry(b""), xid=0xDEAD),
    "group descriptions": multipart(GROUP_DESC, xid=0xDEAD),
    "port counters": multipart(4, bytes(112), xid=0xDEAD),
    "barrier reply": message(21, xid=0xDEAD),
}


@pytest.mark.parametrize("name", UNASKED)
def test_answer_to_nothing_is_dropped(calm: Controller, name: str) -> None:
    switch = Switch(calm.address, 0xBAD)
    with calm.counts("unasked-reply"):
        switch.peer.send(UNASKED[name])
    switch.ping()
    switch.close()


def test_valid_but_odd_messages_are_survived(calm: Controller) -> None:
    """An experimenter's error, an error about nothing, features and ports told again."""
    switch = Switch(calm.address, 0xBAD)
    for odd in (
        message(ERROR, struct.pack("!HHI", 0xFFFF, 1, 0x4F4E4600) + b"x"),
        message(ERROR, struct.pack("!HH", 0xFFFE, 0xFFFE) + b"x"),
        message(FEATURES_REPLY, features(7)),
        multipart(PORT_DESC, port(1)),
        message(PACKET_IN, struct.pack("!IHBBQ", 0, 0, 0, 0, 0) + MATCH + b"\0\0"),
        message(PORT_STATUS, struct.pack("!B7x", 77) + port(9, "ы\n\x1b[2J".encode())),
    ):
        switch.peer.send(odd)
    switch.ping()
    assert "\x1b" not in calm.log
    switch.close()


def test_random_mutants_never_reach_anybody_else(calm: Controller) -> None:
    rng = random.Random(4)
    samples = [*MALFORMED.values(), *UNASKED.values()]
    for _ in range(40):
        data = bytearray(rng.choice(samples))
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(8, len(data)) if len(data) > 8 else 1] = rng.randrange(256)
        peer = Peer(calm.address).handshake(0xBAD)
        peer.send(bytes(data))
        peer.close()


@pytest.mark.slow
def test_reply_without_end_is_closed(calm: Controller) -> None:
    """An honest switch but for its flow statistics, which never end."""
    endless = Switch(calm.address, 0xBAD, mute=[FLOW_STATS])
    wait_for(lambda: endless.asked.get(FLOW_STATS), "asked for flows")
    entries = multipart(FLOW_STATS, flow_entry(b"") * 100, xid=endless.asked[FLOW_STATS], more=True)
    with calm.counts("endless-reply"):
        while not endless.ended.is_set():
            endless.peer.send(entries)
    endless.close()


# --- slow ones ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("connected", [False, True])
def test_half_a_message_then_silence(calm: Controller, honest: Switch, connected: bool) -> None:
    """A header that says 65535, and nothing after it."""
    peer = Peer(calm.address)
    if connected:
        peer.handshake(0xBAD)
    with calm.counts("echo-timeout" if connected else "handshake-timeout"):
        peer.send(message(MULTIPART_REPLY if connected else HELLO, length=65535))
        honest.ping()
        peer.wait_closed(8.0)
    peer.close()


@pytest.mark.slow
def test_one_byte_at_a_time(calm: Controller, honest: Switch) -> None:
    peer = Peer(calm.address)
    with calm.counts("handshake-timeout"):
        for byte in message(HELLO, bytes(1000))[:200]:
            peer.send(bytes([byte]))
            honest.ping()
            time.sleep(0.03)  # the pace is the attack
        peer.wait_closed(8.0)
    peer.close()


@pytest.mark.slow
def test_idle_connections_neither_stop_the_others_nor_stay(
    calm: Controller, honest: Switch
) -> None:
    idle = [Peer(calm.address) for _ in range(300)]
    before = calm.count("handshake-timeout")
    for _ in range(5):
        honest.ping()
    newcomer = Switch(calm.address, 0xD00)
    newcomer.ping()
    wait_for(lambda: calm.count("handshake-timeout") >= before + 300, "all timed out", 20.0)
    for peer in idle:
        peer.wait_closed(2.0)
        peer.close()
    newcomer.close()
    assert calm.log.count("[handshake-timeout]") < 60  # lines are limited, counts are not
