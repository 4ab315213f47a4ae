"""TLS, DTLS and QUIC openings: names and protocols of the client hello."""

import hmac
from collections.abc import Callable

import pytest
from web_openings import client_hello, records

from classifier import quic, tls, web
from classifier.model import OPENING_BYTES, TCP, UDP, Identity
from policies.classes import TrafficClass

HUB = "cdn-lfs-us-1.hf.co"


def identify(client: bytes, server: bytes = b"", transport: int = TCP) -> Identity:
    found = web.identify(transport, 443, client, server)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (HUB, "model-distribution"),
        ("registry-1.docker.io", "model-distribution"),
        ("7.dkr.ecr.eu-west-1.amazonaws.com", "model-distribution"),
        ("bucket.s3.eu-west-1.amazonaws.com", "bulk"),
        ("api.openai.com", "inference"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "inference"),
        ("api.wandb.ai", "telemetry"),
        ("kubernetes.default.svc", "control"),
        ("pypi.org", "background"),
        ("minio-2.storage.local", "bulk"),
    ],
)
def test_names(name: str, kind: str) -> None:
    found = identify(records(client_hello(name)))
    assert (found.protocol, found.traffic_class) == ("TLS", TrafficClass(kind))


@pytest.mark.parametrize("name", ["example.org", "nothuggingface.co", "cohf.co", ""])
def test_other_names_leave_it_to_behaviour(name: str) -> None:
    found = identify(records(client_hello(name, [b"h2", b"http/1.1"])))
    assert (found.protocol, found.traffic_class, found.final) == ("TLS", None, True)


def test_protocols_offered() -> None:
    assert identify(records(client_hello("", [b"mqtt"]))).traffic_class is TrafficClass.MESSAGING
    database = identify(records(client_hello("db.example.org", [b"postgresql"])))
    assert database.traffic_class is TrafficClass.BACKGROUND


def test_hello_in_many_records() -> None:
    hello = client_hello(HUB)
    for piece in (1, 3, 50, len(hello) - 1):
        assert identify(records(hello, piece)[:OPENING_BYTES]).protocol == "TLS"
    assert identify(records(hello, 40)).traffic_class is TrafficClass.MODEL_DISTRIBUTION


def test_cut_anywhere() -> None:
    whole = records(client_hello(HUB, [b"h2"]))
    for end in range(3, len(whole)):
        found = identify(whole[:end])
        assert found.protocol == "TLS"
        assert found.traffic_class in (None, TrafficClass.MODEL_DISTRIBUTION)
        assert found.final == (found.traffic_class is not None)


def test_without_the_clients_hello() -> None:
    server = records(b"\x02\0\0\x26\x03\x03" + bytes(36))
    assert identify(b"", server).confidence >= 0.9
    midway = records(bytes(100), kind=23) + records(bytes(20), kind=23)
    assert identify(midway).confidence >= 0.9
    assert web.identify(TCP, 443, records(bytes(100), kind=23) + b"plain text", b"") is None
    assert identify(records(bytes(100), kind=23)[:60]).confidence < 0.8


def test_directions_swapped() -> None:
    server = records(b"\x02\0\0\x26\x03\x03" + bytes(36))
    found = identify(server, records(client_hello(HUB)))
    assert found.traffic_class is TrafficClass.MODEL_DISTRIBUTION


def test_dtls() -> None:
    message = client_hello("", [b"webrtc"], cookie=True)
    body = message[:4] + b"\0\0\0\0\0" + message[1:4] + message[4:]
    record = b"\x16\xfe\xfd" + bytes(8) + len(body).to_bytes(2, "big") + body
    found = identify(record, transport=UDP)
    assert (found.protocol, found.traffic_class) == ("DTLS", TrafficClass.BACKGROUND)
    data = b"\x17\xfe\xfd" + bytes(8) + b"\0\x20" + bytes(32)
    assert identify(data, transport=UDP).protocol == "DTLS"


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    full = b"tls13 " + label
    info = size.to_bytes(2, "big") + bytes([len(full)]) + full + b"\0\x01"
    return hmac.new(secret, info, "sha256").digest()[:size]


def initial(hello: bytes, version: bytes, offsets: list[int], size: int = 1200) -> bytes:
    """A client's first datagram, encrypted as RFC 9001, 5 has it."""
    aead = pytest.importorskip("cryptography.hazmat.primitives.ciphers.aead")
    ciphers = pytest.importorskip("cryptography.hazmat.primitives.ciphers")
    words = {
        b"\0\0\0\x01": (0xC3, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", b"quic "),
        b"\x6b\x33\x43\xcf": (0xD3, "0dede3def700a6db819381be6e269dcbf9bd2ed9", b"quicv2 "),
    }
    first, salt, label = words[version]
    destination, number = bytes(range(8)), b"\0\0\0\x02"
    initial_secret = hmac.new(bytes.fromhex(salt), destination, "sha256").digest()
    secret = _expand(initial_secret, b"client in", 32)
    plain = b""
    ends = [*offsets[1:], len(hello)]
    for start, end in reversed(list(zip(offsets, ends, strict=True))):  # in any order
        length = (end - start) | 0x4000
        plain += b"\x06" + (start | 0x4000).to_bytes(2, "big") + length.to_bytes(2, "big")
        plain += hello[start:end] + b"\x01\0\0"
    head = bytes([first]) + version + b"\x08" + destination + b"\0\0"
    rest = size - len(head) - 2
    plain += bytes(rest - len(number) - 16 - len(plain))
    head += (rest | 0x4000).to_bytes(2, "big") + number
    vector = int.from_bytes(_expand(secret, label + b"iv", 12), "big") ^ 2
    key = _expand(secret, label + b"key", 16)
    sealed = aead.AESGCM(key).encrypt(vector.to_bytes(12, "big"), plain, head)
    hp = _expand(secret, label + b"hp", 16)
    modes = ciphers.modes.ECB()
    encryptor = ciphers.Cipher(ciphers.algorithms.AES(hp), modes).encryptor()
    mask = encryptor.update(sealed[:16])
    opened = bytes([head[0] ^ (mask[0] & 0xF)]) + head[1:-4]
    return opened + bytes(a ^ b for a, b in zip(number, mask[1:], strict=False)) + sealed


@pytest.mark.parametrize("version", [b"\0\0\0\x01", b"\x6b\x33\x43\xcf"])
@pytest.mark.parametrize("offsets", [[0], [0, 40], [0, 10, 100]])
def test_quic_initial(version: bytes, offsets: list[int]) -> None:
    datagram = initial(client_hello(HUB, [b"h3"]), version, offsets)
    found = identify(datagram, transport=UDP)
    assert (found.protocol, found.traffic_class) == ("QUIC", TrafficClass.MODEL_DISTRIBUTION)


def test_quic_cut_by_the_opening() -> None:
    datagram = initial(client_hello(HUB, [b"h3"]), b"\0\0\0\x01", [0], size=1350)
    found = identify(datagram[:OPENING_BYTES], transport=UDP)
    assert found.traffic_class is TrafficClass.MODEL_DISTRIBUTION
    for end in range(0, OPENING_BYTES, 7):
        web.identify(UDP, 443, datagram[:end], b"")


def test_quic_without_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    datagram = initial(client_hello(HUB), b"\0\0\0\x01", [0])
    monkeypatch.setattr(quic, "_CAN_OPEN", False)
    found = identify(datagram, transport=UDP)
    assert (found.protocol, found.traffic_class) == ("QUIC", None)


_ID = bytes(range(1, 9))


@pytest.mark.parametrize(
    ("datagram", "known"),
    [
        (b"\xc0\0\0\0\x01\x08" + _ID + b"\0\0\x18" + bytes(24), True),
        (b"\x80\0\0\0\0\x08" + _ID + b"\x08" + _ID + b"\0\0\0\1\x0a\x1a\x2a\x3a", True),
        (b"\xc0\xff\0\0\x1d\x08" + _ID + b"\0\0\x18" + bytes(24), True),  # a draft
        (b"\xc0\0\0\0\x01\x08" + _ID + b"\0\0\x19" + bytes(24), False),  # longer than it is
        (b"\xc0\0\0\0\x01\x08" + bytes(8) + b"\0\0\x18" + bytes(24), False),
        (b"\x80\0\0\0\0\x08" + _ID + b"\x08" + _ID + b"\0\0\0\7", False),
        (b"\xc0\0\0\0\x01\x20" + bytes(40), False),  # a connection ID too long
        (b"\x40" + bytes(40), False),
        (b"\xc0\0\0\0\x09" + bytes(40), False),
        (b"", False),
    ],
)
def test_quic_long_headers(datagram: bytes, known: bool) -> None:
    assert (web.identify(UDP, 443, datagram, b"") is not None) is known


@pytest.mark.parametrize("looks", [tls.looks_like, tls.looks_like_datagram, quic.looks_like])
def test_short_bytes(looks: Callable[[bytes], bool]) -> None:
    assert not any(looks(b"\x16\x03"[:end]) for end in range(3))
