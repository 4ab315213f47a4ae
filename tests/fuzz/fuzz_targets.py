"""What is fuzzed: for each parser a function of any bytes, and how much work it may do.

Each returns what came of it, in words that are the same whenever the bytes are. The errors that a
parser documents are an answer; anything else it raises, and a promise that doesn't hold
(`AssertionError`), is a find.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from packet_script import MOST_UNCAPTURED, steps

from classifier import http1, http2, quic, tls, web
from classifier.capture import Frame, read_capture
from classifier.errors import CaptureError, FrameError, LabelsError
from classifier.flows import Classifier, Flow
from classifier.frames import LINK_TYPES, Packet, parse
from classifier.hints import Hints
from classifier.job_form import JobForm, from_told, job_of, told
from classifier.jobs import Job
from classifier.model import OPENING_BYTES, SCTP, TCP, UDP, Identity, Side, Verdict
from classifier.opening import Opening
from classifier.roles import resolve
from classifier.score import read_labels
from classifier.shape import Shape
from classifier.signatures import identify
from controller import headers, lldp
from policies.classes import TrafficClass
from policies.load import load_policy

MOST_FRAMES = 2000  # of a capture are asked for: a small file may hold millions, zipped
_KINDS = (*LINK_TYPES, 147)  # the last is of nobody
_FEW_FLOWS, _FEW_UNDECIDED = 6, 3  # so that some are evicted


class Target(NamedTuple):
    """One parser under test.

    Attributes:
        run: Gives bytes to it, and says what came of them.
        most_bytes: Of an input.
        steps: Lines of our code that it may take: for any input, and for each byte of one.
        most_memory: Bytes that it may hold at a time.
        also: Whose corpora do for it as well.
    """

    run: Callable[[bytes], object]
    most_bytes: int
    steps: tuple[int, int]
    most_memory: int
    also: tuple[str, ...] = ()


# --- Captures and frames ------------------------------------------------------------------------


@contextmanager
def _as_stdin(data: bytes) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data))
    try:
        yield
    finally:
        sys.stdin = before


def _frames(data: bytes) -> tuple[list[Frame], CaptureError | None]:
    frames: list[Frame] = []
    with _as_stdin(data):
        try:
            frames.extend(islice(read_capture("-"), MOST_FRAMES))
        except CaptureError as error:
            return frames, error
    return frames, None


def capture(data: bytes) -> object:
    """pcap, pcapng, gzip: frames in turn, then an error that names a place in the file."""
    frames, error = _frames(data)
    for frame in frames:
        assert frame.length >= len(frame.data) and frame.length >> 32 == 0, frame
        assert 0 <= frame.link_type < 1 << 16 and math.isfinite(frame.time), frame
    if error is not None:
        zipped = data[:2] == b"\x1f\x8b"
        assert error.offset >= 0 and (zipped or error.offset <= len(data)), error
        assert error.file == "stdin" and "\n" not in str(error)
    return frames, str(error)


def _checked(packet: Packet | None) -> Packet | None:
    if packet is not None:
        assert len(packet.src) == len(packet.dst) and len(packet.src) in (4, 16), packet
        assert 0 <= packet.sport < 1 << 16 and 0 <= packet.dport < 1 << 16, packet
        assert 0 <= len(packet.payload) <= packet.payload_bytes, packet
        assert 0 <= packet.seq < 1 << 32 and 0 <= packet.flags < 256 and 0 <= packet.dscp < 64
    return packet


def frames(data: bytes) -> object:
    """A frame of any link type, whole or cut: first a byte for each of these two."""
    if len(data) < 2:
        return None
    link_type, frame = _KINDS[data[0] % len(_KINDS)], data[2:]
    length = len(frame) + data[1] * 16 if data[1] else 0
    try:
        return _checked(parse(frame, link_type, length))
    except FrameError as error:
        return str(error)


# --- Flows --------------------------------------------------------------------------------------


@cache
def _hints() -> Hints:
    job = JobForm.model_validate({"id": "fuzzed", "class": "gradient", "hosts": ["7.7.7.7"],
                                  "peers": "any"})  # fmt: skip
    return Hints.of(load_policy(None), [job_of(job, lambda word: (), math.inf, "")])


def _verdict(verdict: Verdict) -> Verdict:
    assert isinstance(verdict.traffic_class, TrafficClass) and 0 <= verdict.confidence <= 1
    assert verdict.known or verdict.traffic_class is TrafficClass.BACKGROUND, verdict
    assert verdict.packets_needed >= 0
    return verdict


def _flow(flow: Flow) -> object:
    assert flow.verdict.packets_needed <= flow.seen
    for opening in (flow._client, flow._server):
        if opening is not None:
            assert not flow.settled and len(opening.data) <= OPENING_BYTES
            assert opening._ahead is None or len(opening._ahead) == OPENING_BYTES
    return flow.key, _verdict(flow.verdict), flow.seen, flow.shape.packets[Side.CLIENT]


def flows(data: bytes) -> object:
    """Packets in any order, of few flows; see packet_script."""
    changes: list[object] = []
    gone: list[Flow] = []
    classifier = Classifier(_hints(), _FEW_FLOWS, _FEW_UNDECIDED, gone.append)
    for now, packet, trusted in steps(data):
        changed = classifier.take(now, packet, trusted=trusted)
        if changed is not None:
            changes.append(_flow(changed))
        if not packet.payload and packet.payload_bytes == MOST_UNCAPTURED:
            counted = classifier.flow_of(packet)
            if counted is not None:  # by a switch that lies
                classifier.counted(now, counted.key, Side.SERVER, 1 << 40, (1 << 64) - 1)
        assert len(classifier) <= _FEW_FLOWS and len(classifier._undecided) <= _FEW_UNDECIDED
    open_ones = {flow.key for flow in classifier.flows if not flow.settled}
    assert open_ones == set(classifier._undecided)
    changes.extend(_flow(flow) for flow in classifier.conclude())
    return changes, [_flow(flow) for flow in classifier.flows], [_flow(flow) for flow in gone]


def opening(data: bytes) -> object:
    """Segments of one direction: two bytes of place and one of length each."""
    if not data:
        return None
    base = 0xFFFFFF00 if data[0] & 1 else -1
    made = Opening(base)
    told: dict[int, set[int]] = {}
    at, count, before = 1, 0, b""
    while at + 3 <= len(data) and count < 2000:
        place = int.from_bytes(data[at : at + 2], "big", signed=True)
        payload = data[at + 3 : at + 3 + data[at + 2]]
        at += 3 + data[at + 2]
        for number, byte in enumerate(payload):
            told.setdefault(place + number, set()).add(byte)
        grew = made.add((0xFFFFFF00 + place) % (1 << 32), payload)
        assert len(made.data) <= OPENING_BYTES
        if base >= 0:  # nothing that was told is taken back, and every byte was sent
            assert made.data.startswith(before)
            assert not payload or grew == (len(made.data) > len(before))
            assert all(byte in told[at_] for at_, byte in enumerate(made.data))
        before, count = made.data, count + 1
    return made.data, made.holed


# --- What bytes say -----------------------------------------------------------------------------


def two_sides(data: bytes) -> tuple[bytes, bytes, bytes]:
    """A head of three bytes; of the rest what the client said first, then the server.

    The second and third of them say how long the client's part is.
    """
    head, rest = data[:3].ljust(3, b"\0"), data[3:]
    size = int.from_bytes(head[1:], "big")
    return head, rest[:size][:OPENING_BYTES], rest[size:][:OPENING_BYTES]


def from_sides(client: bytes, server: bytes, transport: int = TCP) -> bytes:
    """The reverse of `two_sides`."""
    number = {TCP: 0, UDP: 1, SCTP: 2}[transport]
    return bytes([number]) + len(client).to_bytes(2, "big") + client + server


_PORTS = (0, 80, 4791, 53, 443, 29500, 1883, 65535)


def _identity(identity: Identity | None) -> Identity | None:
    if identity is not None:
        assert identity.protocol and identity.source and 0 < identity.confidence <= 1, identity
        assert isinstance(identity.declared, int) and identity.declared >= 0, identity
        assert identity.declared < 1 << 64 and len(identity.role) < 200, identity
        assert isinstance(identity.final, bool) and isinstance(identity.from_server, bool)
        kind = identity.traffic_class
        assert kind is None or isinstance(kind, TrafficClass)
        shape = Shape()
        shape.add(0.0, Side.CLIENT, 100)
        resolve(identity, shape)
    return identity


def signatures(data: bytes) -> object:
    """The openings of a flow of any transport; what one side said, and it the other way round."""
    head, client, server = two_sides(data)
    transport, port = (TCP, UDP, SCTP)[head[0] % 3], _PORTS[head[0] >> 4 & 7]
    found = _identity(identify(transport, port, client, server))
    assert found is None or client or server
    return found, _identity(identify(transport, port, server, client))


def http_1(data: bytes) -> object:
    """HTTP/1: what both sides are; over UDP where the head's number is odd."""
    head, client, server = two_sides(data)
    return _identity(http1.identify(UDP if head[0] & 1 else TCP, client, server))


def http_2(data: bytes) -> object:
    """HTTP/2: frames, header blocks and their table."""
    _, client, server = two_sides(data)
    return _identity(http2.identify(client, server))


def tls_records(data: bytes) -> object:
    """TLS over TCP, and DTLS: records, a hello, names."""
    _, client, server = two_sides(data)
    found = _identity(tls.identify(client, server))
    return found, _identity(tls.identify_datagram(client))


# The client's keys of RFC 9001, appendix A.1, for the connection id given there.
_QUIC_ID = bytes.fromhex("8394c8f03e515708")
_QUIC_KEY = bytes.fromhex("1f369613dd76d5467730efcbe3b1a22d")
_QUIC_VECTOR = bytes.fromhex("fa044b2f42a3fd3b46fb255c")
_QUIC_MASK_KEY = bytes.fromhex("9f50449e04a0e810283a1e9933adedd2")


def sealed(plain: bytes) -> bytes:
    """A client's first QUIC packet around these frames, but for the tag at its end."""
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    except ImportError:  # the extra `quic` isn't installed
        return plain
    head = b"\0\0\0\1\x08" + _QUIC_ID + b"\0\0"
    frames_ = plain.ljust(1162, b"\0")[:1162]
    counter = modes.CTR(_QUIC_VECTOR + b"\0\0\0\2")  # packet number 0
    body = Cipher(algorithms.AES(_QUIC_KEY), counter).encryptor().update(frames_) + bytes(16)
    length = (0x4000 | 4 + len(body)).to_bytes(2, "big")
    sampler = Cipher(algorithms.AES(_QUIC_MASK_KEY), modes.ECB()).encryptor()
    mask = sampler.update(body[:16])
    return bytes([0xC3 ^ mask[0] & 15]) + head + length + mask[1:5] + body


def quic_packets(data: bytes) -> object:
    """QUIC: a datagram as it is, or what a packet has inside, by the first byte."""
    first = sealed(data[1:]) if data[:1] == b"\1" else data[1:].ljust(OPENING_BYTES, b"\0")
    first = first[:OPENING_BYTES]
    return _identity(quic.identify(first)), _identity(quic.identify(data))


def any_web(data: bytes) -> object:
    """The choice among the web's protocols."""
    head, client, server = two_sides(data)
    transport = (TCP, UDP, SCTP)[head[0] % 3]
    return _identity(web.identify(transport, 80, client, server))


# --- Files that people write --------------------------------------------------------------------


@cache
def _labels_file() -> Path:
    number, name = tempfile.mkstemp(prefix="headway-labels-")
    os.close(number)
    import atexit

    atexit.register(Path(name).unlink, missing_ok=True)
    return Path(name)


def labels(data: bytes) -> object:
    """A table of labels."""
    file = _labels_file()
    file.write_bytes(data)
    try:
        return [(*key, value.value) for key, value in read_labels(file).items()]
    except LabelsError as error:
        return str(error).replace(str(file), "labels")


def jobs(data: bytes) -> object:
    """A job in JSON; one that is taken is written and read back as it was."""
    try:
        job = job_of(JobForm.model_validate(json.loads(data)), lambda word: (), 1e9, "who")
    except (ValueError, RecursionError) as error:  # RecursionError is json's own
        return type(error).__name__
    if job.prefixes:
        again: Job = from_told(json.loads(json.dumps(told(job))))
        assert again == job, (again, job)
    return job


# --- In the controller --------------------------------------------------------------------------


def packet_in(data: bytes) -> object:
    """The headers of a frame that a switch sent up."""
    try:
        return headers.parse(data[1:], len(data) + data[0] if data else None)
    except headers.HeaderError as error:
        return error.reason


KEY = bytes(range(16))


def discovery(data: bytes) -> object:
    """An LLDP frame."""
    try:
        return lldp.decode(data, KEY)
    except lldp.LldpError as error:
        return error.reason


@cache
def _openflow() -> tuple[Any, Any, Any, Any]:
    import logging

    import controller.nicira as _  # noqa: F401  (its action is read by the library)
    from controller.framework import ofp_parser
    from controller.nicira import CopyAction
    from controller.wire import WireError, check

    logging.disable(logging.WARNING)  # the library's, of kinds it doesn't know
    return check, WireError, ofp_parser, CopyAction


def wire(data: bytes) -> object:
    """A message of a switch: what passes the check, the OpenFlow library parses."""
    check, refused, parser, copy = _openflow()
    if data[:1] == b"\xff":  # the body of our own Nicira action, by itself
        action = copy.parser(data[1:])
        return action.meter_id, action.most_bytes, action.plain
    try:
        check(data)
    except refused as error:
        return str(error)
    if data[0] != 4:
        return "of another version"
    length, number = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big")
    return type(parser.msg_parser(None, 4, data[1], length, number, data)).__name__


# --- All of it ----------------------------------------------------------------------------------


def classify(data: bytes) -> object:
    """A whole capture: its frames, its flows, and what they are."""
    read, error = _frames(data)
    classifier = Classifier(_hints(), 64, 16)
    outcome: list[object] = []
    for time, link_type, frame, length in read:
        try:
            packet = _checked(parse(frame, link_type, length))
        except FrameError as contradiction:
            outcome.append(str(contradiction))
            continue
        if packet is not None and (flow := classifier.take(time, packet)) is not None:
            outcome.append(_flow(flow))
    outcome.extend(_flow(flow) for flow in classifier.conclude())
    return outcome, str(error)


def zipped(data: bytes) -> object:
    """The same of a capture in gzip, which no fuzzer finds by itself."""
    return capture(gzip.compress(data, 1, mtime=0))


_KB, _MB = 1 << 10, 1 << 20
_SIDES = 3 + 2 * OPENING_BYTES
_OPENINGS = ("http1", "http2", "tls", "quic")
TARGETS: dict[str, Target] = {
    "capture": Target(capture, 8 * _KB, (2000, 40), 4 * _MB),
    "zipped": Target(zipped, 2 * _KB, (2000, 40), 4 * _MB),
    "frames": Target(frames, 512, (400, 8), 256 * _KB),
    "flows": Target(flows, 4 * _KB, (60000, 600), 4 * _MB),
    "opening": Target(opening, 4 * _KB, (2000, 60), 4 * _MB),
    "signatures": Target(signatures, _SIDES, (4000, 30), _MB, _OPENINGS),
    "http1": Target(http_1, _SIDES, (1500, 10), _MB),
    "http2": Target(http_2, _SIDES, (4000, 30), 2 * _MB),
    "tls": Target(tls_records, _SIDES, (1000, 6), _MB),
    "quic": Target(quic_packets, 1500, (10000, 20), _MB),
    "web": Target(any_web, _SIDES, (4000, 30), 2 * _MB, _OPENINGS),
    "labels": Target(labels, _KB, (500, 10), _MB),
    "jobs": Target(jobs, _KB, (1000, 20), 2 * _MB),
    "headers": Target(packet_in, 512, (400, 4), 256 * _KB),
    "lldp": Target(discovery, 512, (400, 10), 256 * _KB),
    "wire": Target(wire, 2 * _KB, (1000, 10), 4 * _MB),
    "classify": Target(classify, 8 * _KB, (20000, 200), 8 * _MB),
}  # fmt: skip
