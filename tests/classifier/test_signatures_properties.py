"""The engine on bytes that no table foresaw: unknown stays unknown, nothing raises."""

import array
import base64
import json
import random
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import signatures
from classifier.model import OPENING_BYTES, TCP, UDP
from classifier.table import ENTRIES

_LENGTHS = (12, 20, 28, 36, 48, 60, 64, 92, 100, 148, 200, 500, OPENING_BYTES)
_OF_OURS = frozenset(entry.protocol for entry in ENTRIES)


def _mistaken(make: Callable[[], tuple[bytes, bytes]], times: int, seed: int) -> float:
    """The share of openings that a line of our table claims."""
    ports = random.Random(seed)
    claimed = 0
    for _ in range(times):
        client, server = make()
        for transport in (TCP, UDP):
            found = signatures.identify(transport, ports.randrange(65536), client, server)
            claimed += found is not None and found.protocol in _OF_OURS
    return claimed / (2 * times)


def test_random_bytes_are_unknown() -> None:
    rng = random.Random(1)

    def one() -> tuple[bytes, bytes]:
        return rng.randbytes(rng.choice(_LENGTHS)), b""

    def both() -> tuple[bytes, bytes]:
        return rng.randbytes(rng.choice(_LENGTHS)), rng.randbytes(rng.choice(_LENGTHS))

    assert _mistaken(one, 20_000, 2) < 1e-4
    assert _mistaken(both, 20_000, 3) < 1e-4


def _floats(rng: random.Random) -> bytes:
    return array.array("f", [rng.gauss(0, 0.02) for _ in range(80)]).tobytes()


def _brain_floats(rng: random.Random) -> bytes:
    return b"".join(struct.pack("<f", rng.gauss(0, 0.02))[2:] for _ in range(80))


def _text(rng: random.Random) -> bytes:
    words = [rng.choice(("the", "model", "of", "get", "set", "user", "a")) for _ in range(90)]
    return " ".join(words).encode()


def _json(rng: random.Random) -> bytes:
    return json.dumps(
        [{"id": rng.random(), "name": "x", "tags": ["a"]} for _ in range(20)]
    ).encode()


def _table(rng: random.Random) -> bytes:
    return b"\n".join(b"%d,host%d,%d" % (1700000000 + i, i % 9, i * i) for i in range(60))


def _packed(rng: random.Random) -> bytes:
    return zlib.compress(_text(rng) * 9)


def _encoded(rng: random.Random) -> bytes:
    return base64.b64encode(rng.randbytes(600))


@pytest.mark.parametrize(
    "make",
    [_floats, _brain_floats, _text, _json, _table, _packed, _encoded],
    ids=lambda m: m.__name__,
)
def test_what_is_joined_in_its_middle_is_unknown(make: Callable[[random.Random], bytes]) -> None:
    rng = random.Random(4)

    def middle() -> tuple[bytes, bytes]:
        whole = make(rng)
        return whole[rng.randrange(1, len(whole) // 2) :], b""

    assert _mistaken(middle, 1_000, 5) <= 1e-3


@pytest.mark.parametrize("data", [bytes(OPENING_BYTES), b"\xff" * OPENING_BYTES, b"", b"\0", b"a"])
def test_monotonous_bytes_are_unknown(data: bytes) -> None:
    assert signatures.identify(TCP, 1, data, b"") is None
    assert signatures.identify(UDP, 1, data, data) is None


def test_other_transports_are_not_ours() -> None:
    assert signatures.identify(132, 1, b"SSH-2.0-x\r\n", b"") is None


_LEADS = st.sampled_from(sorted({lead for entry in ENTRIES for lead in entry.lead}))
_SIDE = st.one_of(
    st.binary(max_size=OPENING_BYTES),
    st.builds(
        lambda offset, lead, rest: bytes(offset) + lead + rest,
        st.sampled_from(signatures.OFFSETS),
        _LEADS,
        st.binary(max_size=300),
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from((TCP, UDP)), st.integers(0, 65535), _SIDE, _SIDE)
def test_any_bytes_give_an_answer(transport: int, sport: int, client: bytes, server: bytes) -> None:
    found = signatures.identify(transport, sport, client, server)
    if found is not None:
        assert found.protocol
        assert found.source
        assert 0 < found.confidence <= 1
        assert found.declared >= 0
        assert found == signatures.identify(transport, sport, client, server)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ENTRIES), st.binary(max_size=200), st.binary(max_size=200))
def test_every_check_takes_any_bytes(entry: object, data: bytes, other: bytes) -> None:
    for line in ENTRIES:
        if line is entry and callable(line.test):
            for lead in line.lead:
                whole = (bytes(line.offset) + lead + data)[: len(data) + 1]
                if whole.startswith(lead, line.offset) and whole:
                    line.test(whole, other)


def test_a_stronger_line_wins() -> None:
    memcached_like = b"SSH-2.0-OpenSSH\r\n"
    found = signatures.identify(TCP, 11211, memcached_like, b"END\r\n")
    assert found is not None
    assert found.protocol == "SSH"
