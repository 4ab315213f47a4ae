import contextlib
import json
import time
from http.client import HTTPConnection
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording import window_from_now

from demo.jobs import open_inference as protocol
from demo.jobs.arrivals import poisson_arrivals
from demo.jobs.connections import ConnectionPool
from demo.jobs.inference_client import InferenceClient
from demo.jobs.inference_server import Model, build_server

FEATURES = 64


@pytest.fixture
def service():
    server = build_server("127.0.0.1", 0, Model("ranker", FEATURES))
    server.start()
    yield server.server_address
    server.stop()


@pytest.fixture
def pool(service):
    pool = ConnectionPool(service, timeout_s=5)
    yield pool
    pool.close()


@pytest.fixture
def connection(service):
    connection = HTTPConnection(*service, timeout=5)
    yield connection
    connection.close()


def ask(connection, method, path, body=None, headers=()):
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    return response, response.read()


@pytest.mark.parametrize(
    "path",
    ["/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/ranker", "/v2/models/ranker/ready"],
)
def test_health_and_metadata_are_there(connection, path):
    response, body = ask(connection, "GET", path)
    assert response.status == 200
    assert isinstance(json.loads(body), dict)


def test_metadata_tells_the_tensors(connection):
    _, body = ask(connection, "GET", "/v2/models/ranker")
    assert json.loads(body)["inputs"][0] == {
        "name": "input", "datatype": "FP32", "shape": [-1, FEATURES]
    }  # fmt: skip


@pytest.mark.parametrize("binary", [True, False])
def test_inference_computes_the_models_answer(connection, binary):
    tensor = np.random.default_rng(1).standard_normal((2, FEATURES)).astype(np.float32)
    message = protocol.encode_request(tensor, binary=binary)
    headers = {"Content-Type": message.content_type}
    if message.head_bytes is not None:
        headers[protocol.HEADER_LENGTH] = str(message.head_bytes)
    response, body = ask(connection, "POST", "/v2/models/ranker/infer", message.body, headers)
    length = response.headers.get(protocol.HEADER_LENGTH)
    answer = protocol.decode_answer(body, None if length is None else int(length))
    assert (length is not None) == binary
    np.testing.assert_allclose(answer, Model("ranker", FEATURES).infer(tensor), rtol=1e-5)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"{}", b'{"inputs": []}', b'{"inputs": [3]}',
        b'{"inputs": [{"datatype": "INT8"}]}',
        b'{"inputs": [{"datatype": "FP32", "shape": [1, 3], "data": [1, 2]}]}',
        b'{"inputs": [{"datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}',
        b'{"inputs": [{"datatype": "FP32", "shape": [1, 2]}], "outputs": 3}',
    ],
)  # fmt: skip
def test_a_bad_request_is_told_why_over_a_connection_that_lives_on(connection, body):
    response, answer = ask(connection, "POST", "/v2/models/ranker/infer", body)
    assert response.status == 400
    assert json.loads(answer)["error"]
    assert ask(connection, "GET", "/v2/health/live")[0].status == 200


def test_an_unknown_model_and_page_are_not_found(connection):
    assert ask(connection, "POST", "/v2/models/other/infer", b"{}")[0].status == 404
    assert ask(connection, "GET", "/v3")[0].status == 404


@given(st.binary(max_size=200), st.one_of(st.none(), st.integers(-5, 300)))
def test_no_bytes_make_the_decoder_fail_otherwise(body, head_bytes):
    with contextlib.suppress(protocol.ProtocolError):
        protocol.decode_request(body, head_bytes)


def test_the_client_measures_every_request_of_its_window(pool, recorder):
    window = window_from_now(0.5)
    InferenceClient(pool, "ranker", FEATURES, recorder.channel).run(200, 1, window)
    requests = recorder.records
    expected = sum(1 for offset in islice(poisson_arrivals(200, 1), 500) if offset < 0.5)
    assert abs(len(requests) - expected) <= 2
    assert all(request.finished and 0 < request.latency_s < 1 for request in requests)


def test_latency_counts_from_the_intended_instant(pool, recorder, monkeypatch):
    client = InferenceClient(pool, "ranker", FEATURES, recorder.channel)
    monkeypatch.setattr("demo.jobs.inference_client._MOST_CONNECTIONS", 1)
    monkeypatch.setattr(Model, "infer", _slow_infer)
    client.run(100, 1, window_from_now(0.2))
    # one connection at 50 requests/s and 100 arrivals/s: the queue must show in the latencies
    latencies = [request.latency_s for request in recorder.records]
    assert max(latencies) > 0.1


def _slow_infer(self, tensor):
    time.sleep(0.02)
    return tensor


def test_what_is_never_answered_is_written_down_as_unfinished(pool, recorder, monkeypatch):
    def hang(self, tensor):
        time.sleep(1.0)
        return tensor

    monkeypatch.setattr(Model, "infer", hang)
    client = InferenceClient(pool, "ranker", FEATURES, recorder.channel)
    client.run(50, 1, window_from_now(0.1), drain_s=0.1)
    assert recorder.records
    assert all(not request.finished for request in recorder.records)
    assert all(request.latency_s >= 0.1 for request in recorder.records)


def test_a_service_that_refuses_ends_the_client(pool, recorder):
    client = InferenceClient(pool, "other", FEATURES, recorder.channel)
    with pytest.raises(protocol.ProtocolError, match="404"):
        client.run(50, 1, window_from_now(0.2))


def test_arrivals_are_seeded_and_have_the_rate_asked_for():
    first = list(islice(poisson_arrivals(50, 7), 5000))
    assert first == list(islice(poisson_arrivals(50, 7), 5000))
    assert first != list(islice(poisson_arrivals(50, 8), 5000))
    assert first == sorted(first)
    assert 5000 / first[-1] == pytest.approx(50, rel=0.05)
    with pytest.raises(ValueError, match="positive"):
        poisson_arrivals(0, 1)
