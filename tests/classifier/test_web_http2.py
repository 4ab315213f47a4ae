"""HTTP/2 and gRPC openings: the path, wherever it stands and however it is coded."""

import pytest
from hpack import Encoder
from web_openings import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    frame,
    grpc_call,
    grpc_opening,
    settings,
)

from classifier import web
from classifier.http2 import PREFACE, FieldTable, frames
from classifier.model import OPENING_BYTES, TCP, Identity
from policies.classes import TrafficClass

INFER = "/inference.GRPCInferenceService/ModelInfer"


def identify(client: bytes, server: bytes = b"") -> Identity:
    found = web.identify(TCP, 8001, client, server)
    assert found is not None
    return found


@pytest.mark.parametrize("huffman", [True, False])
@pytest.mark.parametrize(
    ("path", "protocol", "kind"),
    [
        (INFER, "KServe v2 gRPC", "inference"),
        ("/tensorflow.serving.PredictionService/Predict", "TensorFlow Serving gRPC", "inference"),
        ("/flwr.proto.FlowerService/Join", "Flower", "federated"),
        ("/streamer.Streamer/Stream", "NVFlare", "federated"),
        ("/gRPCCommManager/sendMessage", "FedML gRPC", "federated"),
        ("/ray.rpc.NodeInfoGcsService/GetClusterId", "Ray", "control"),
        ("/ray.rpc.ObjectManagerService/Push", "Ray", "bulk"),
        ("/etcdserverpb.KV/Put", "etcd", "control"),
        ("/tensorflow.WorkerService/RecvTensor", "TensorFlow distributed", "gradient"),
        ("/opentelemetry.proto.collector.trace.v1.TraceService/Export", "OTLP gRPC", "telemetry"),
        ("/qdrant.Points/Search", "Qdrant", "background"),
        ("/my.Own/Predict", "gRPC inference API", "inference"),
    ],
)
def test_the_service_names_the_protocol(path: str, protocol: str, kind: str, huffman: bool) -> None:
    found = identify(grpc_opening(path, huffman))
    assert (found.protocol, found.traffic_class) == (protocol, TrafficClass(kind))
    assert found.final or found.protocol == "gRPC inference API"


def test_an_unknown_service_is_grpc_of_no_class() -> None:
    message = b"\0" + (70_000).to_bytes(4, "big") + b"x"
    opening = grpc_opening("/my.own.Service/Do") + frame(DATA, 0, 1, message)
    found = identify(opening)
    assert (found.protocol, found.traffic_class, found.declared) == ("gRPC", None, 70_000)


def test_health_checks_leave_the_question_open() -> None:
    encoder = Encoder()
    checks = grpc_call("/grpc.health.v1.Health/Check", encoder=encoder)
    opening = PREFACE + settings((4, 65535)) + checks
    found = identify(opening)
    assert (found.protocol, found.final) == ("gRPC", False)
    assert identify(opening + grpc_call(INFER, encoder=encoder, stream=3)).final


def test_the_server_speaks_first() -> None:
    found = identify(b"", settings((3, 100), (5, 16384)))
    assert (found.protocol, found.traffic_class, found.final) == ("HTTP/2", None, False)
    assert identify(PREFACE + settings(), b"").final is False
    assert identify(grpc_opening(INFER), settings((3, 100))).protocol == "KServe v2 gRPC"


def test_dynamic_table_is_kept_within_the_opening() -> None:
    encoder = Encoder()
    first = grpc_call("/grpc.health.v1.Health/Check", encoder=encoder, extra=[("x-a", "b" * 40)])
    again = grpc_call(INFER, encoder=encoder, stream=3)
    third = grpc_call(INFER, encoder=encoder, stream=5)
    assert len(third) < len(again)  # refers to what the second put into the table
    table = FieldTable()
    paths = [table.read(next(frames(call)).payload).get(b":path") for call in (first, again)]
    assert paths == [b"/grpc.health.v1.Health/Check", INFER.encode()]


def test_header_blocks_in_several_frames() -> None:
    block = next(frames(grpc_call(INFER))).payload
    for at in range(1, len(block)):
        pieces = frame(HEADERS, 0, 1, block[:at])
        pieces += frame(CONTINUATION, END_HEADERS, 1, block[at:])
        assert identify(PREFACE + settings() + pieces).protocol == "KServe v2 gRPC"


def test_padding_and_priority() -> None:
    block = next(frames(grpc_call(INFER))).payload
    padded = b"\x03" + b"\0\0\0\0\x10" + block + b"\0\0\0"
    opening = PREFACE + frame(HEADERS, END_HEADERS | PADDED | PRIORITY, 1, padded)
    assert identify(opening).protocol == "KServe v2 gRPC"


def test_a_block_cut_after_the_path_suffices() -> None:
    opening = grpc_opening(INFER)
    told = [identify(opening[:end]).protocol for end in range(4, len(opening) + 1)]
    assert set(told) <= {"HTTP/2", "KServe v2 gRPC"} and told[-20] == "KServe v2 gRPC"


def test_joined_midway() -> None:
    data = frame(DATA, 0, 7, b"\0\0\0\0\x05hello")
    assert identify(data + frame(PING, 0, 0, bytes(8)), b"").protocol == "gRPC"
    page = frame(DATA, 0, 7, b"<html>") + frame(DATA, 1, 7, b"</html>")
    assert identify(page, b"").protocol == "HTTP/2"
    assert identify(grpc_call(INFER, stream=9), b"").protocol == "KServe v2 gRPC"
    assert identify(b"", grpc_call(INFER, stream=9)).protocol == "KServe v2 gRPC"


def test_plain_requests_over_http2() -> None:
    fields = [(":method", "POST"), (":path", "/v1/chat/completions"), (":scheme", "http")]
    block = Encoder().encode(fields)
    opening = PREFACE + settings() + frame(HEADERS, END_HEADERS, 1, block)
    assert identify(opening).protocol == "OpenAI HTTP"


def test_ray_serve_asks_for_an_application() -> None:
    call = grpc_call("/my.Own/Do", extra=[("application", "app1")])
    assert identify(PREFACE + settings() + call).protocol == "Ray Serve gRPC"


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x08\x04\xd2\x16\x2f",  # PostgreSQL: SSLRequest
        b"\0\0\0\x10\0\x12\0\x03\0\0\0\x01\0\x04test",  # Kafka: ApiVersions
        b"\x0a\0\0\0\x0a8.0.36\0",  # MySQL: greeting
        b"\0\0\0\x17\x53\x01\0\0\0\0\0\x17\x53",  # Open MPI: out of band
        bytes(40),
    ],
)
def test_others_that_begin_with_zeros(data: bytes) -> None:
    assert web.identify(TCP, 80, data, b"") is None


def test_bombs_are_bounded() -> None:
    table = FieldTable()
    value = b"x" * 100
    entry = b"\x40\x01a" + bytes([len(value)]) + value
    for _ in range(500):
        table.read(entry)
    assert table.size <= 4096
    table.read(b"\xbe" * 1100)  # many references to one large entry
    endless = b"\x7f" + b"\xff" * 1000
    assert table.read(endless) == {}
    flood = PREFACE + (frame(CONTINUATION, END_HEADERS, 1, b"\x82") * 200)
    assert identify(flood[:OPENING_BYTES]).protocol == "HTTP/2"
    bad = b"\x44\x84" + b"\xff" * 4  # a Huffman code that is only padding
    assert table.read(bad) == {b":path": b""}


def plain(method: str, path: str, encoder: Encoder, stream: int) -> bytes:
    fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a:1")]
    return frame(HEADERS, END_HEADERS, stream, encoder.encode(fields))


def test_what_is_not_grpc_is_read_as_http() -> None:
    encoder = Encoder()
    opening = PREFACE + settings((4, 65535)) + plain("GET", "/ping", encoder, 1)
    assert not identify(opening).final
    found = identify(opening + plain("POST", "/v1/chat/completions", encoder, 3))
    assert (found.protocol, found.traffic_class) == ("OpenAI HTTP", TrafficClass.INFERENCE)
    own = opening + plain("POST", "/own", encoder, 3) + frame(DATA, 0, 3, b'{"instances":[[1.0]]}')
    assert identify(own).traffic_class is TrafficClass.INFERENCE
