"""The API as it is served: eventlet, TLS, tokens' files, and clients that cost too much."""

import dataclasses
import http.client
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_site import OPERATOR, READER, MemoryManager, Server, free_port, tokens

from controller.api import server as module
from controller.errors import SettingsError
from controller.notes import NoteLog
from controller.settings import Settings
from controller.state import State
from policies.load import DEFAULT_POLICY, load_policy

pytestmark = pytest.mark.slow  # processes, and waiting for deadlines
DEFAULT = DEFAULT_POLICY.read_text()
LIMITS = {"HEADERS_S": 0.5, "BODY_S": 0.8, "SILENT_S": 1.0}


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("api")
    started = Server(folder, port, takes_s=0.3, MAX_CONNECTIONS=8, **LIMITS)
    yield started
    started.stop()


def ask(
    port: int, method: str, path: str, body: Any = None, token: str = OPERATOR,
    context: ssl.SSLContext | None = None,
) -> tuple[int, Any]:  # fmt: skip
    """One request; the status and the JSON of its answer."""
    line = (
        http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        if context
        else http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    )
    try:
        content = None if body is None else json.dumps(body)
        line.request(method, path, content, {"Authorization": f"Bearer {token}"})
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        line.close()


def said(port: int, text: bytes, *, wait_s: float = 5.0) -> bytes:
    """What the server answers to these bytes, until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as line:
        line.sendall(text)
        return _rest(line)


def _rest(line: socket.socket) -> bytes:
    parts = []
    try:
        while part := line.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.mark.usefixtures("server")
def test_it_answers_and_closes(port: int) -> None:
    status, told = ask(port, "GET", "/v1/policy", token=READER)
    assert (status, told["name"]) == (200, "default")
    answer = said(port, b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200 OK" in answer
    assert b"Connection: close" in answer


@pytest.mark.usefixtures("server")
def test_a_long_answer_is_streamed(port: int) -> None:
    status, told = ask(port, "GET", "/stats/flow/1", token=READER)
    assert status == 200
    assert len(told["1"]) > 100


@pytest.mark.usefixtures("server")
def test_applies_at_once_are_one_and_conflicts(port: int) -> None:
    answers: list[int] = []

    def apply() -> None:
        answers.append(ask(port, "POST", "/v1/policy/apply", {"policy": DEFAULT})[0])

    threads = [threading.Thread(target=apply) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    began = time.monotonic()
    assert ask(port, "GET", "/v1/health")[0] == 200  # nobody else waits
    assert time.monotonic() - began < 0.25
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409, 409, 409, 409]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("text", "status"),
    [(b"GET /v1/health HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n", b"400"),
     (b"GET /v1/health HTTP/1.1\r\n" + b"X: a\r\n" * 20_000 + b"\r\n", b"431"),
     (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", b"414"),
     (b"POST /v1/policy/plan HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"400"),
     (b"POST /v1/policy/plan HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      b"400"),
     (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
     (b"nonsense\r\n\r\n", b"400"),
     (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", b"401"), (b"GET /%ff%fe HTTP/1.1\r\n\r\n", b"401"),
     (b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", b"401"), (b"BREW / HTTP/1.1\r\n\r\n", b"40")],
    ids=lambda v: repr(v[:30]) if isinstance(v, bytes) else None,
)  # fmt: skip
def test_what_is_no_request_is_refused(port: int, text: bytes, status: bytes) -> None:
    answer = said(port, text)
    assert status in answer.partition(b"\r\n")[0] + answer[:30]
    assert b"Traceback" not in answer


@pytest.mark.usefixtures("server")
def test_a_body_too_long_is_told_even_to_who_sends_it_at_once(port: int) -> None:
    head = b"POST /v1/policy/apply HTTP/1.1\r\nAuthorization: Bearer " + OPERATOR.encode()
    answer = said(port, head + b"\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000)
    assert b" 413 " in answer.partition(b"\r\n")[0]


@pytest.mark.usefixtures("server")
def test_a_huge_body_announced_is_not_waited_for_without_a_token(port: int) -> None:
    began = time.monotonic()
    answer = said(port, b"POST /v1/policy/apply HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n")
    assert b" 401 " in answer.partition(b"\r\n")[0]
    assert time.monotonic() - began < 0.4


def _drip(port: int, text: bytes, every_s: float = 0.05) -> float:
    """Sends a byte at a time; seconds until the server has had enough."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for i in range(len(text)):
                line.sendall(text[i : i + 1])
                time.sleep(every_s)
                line.settimeout(0.001)
                try:
                    if not line.recv(1000):
                        break
                except TimeoutError:
                    continue
                finally:
                    line.settimeout(5)
        except (BrokenPipeError, ConnectionResetError):
            pass
    return time.monotonic() - began


@pytest.mark.usefixtures("server")
def test_slow_clients_are_dropped_and_others_don_t_notice(port: int) -> None:
    head = b"POST /v1/policy/plan HTTP/1.1\r\nAuthorization: Bearer %s\r\n" % OPERATOR.encode()
    took: list[float] = []
    texts = [b"GET /" + b"a" * 1000, head + b"X: y\r\n" * 1000, b"\r\n" * 1000]
    threads = [
        threading.Thread(target=lambda text=text: took.append(_drip(port, text))) for text in texts
    ]
    for thread in threads:
        thread.start()
    worst = 0.0
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        assert ask(port, "GET", "/v1/health")[0] == 200
        worst = max(worst, time.monotonic() - began)
    assert max(took) < 3.0
    assert worst < 0.5


@pytest.mark.usefixtures("server")
def test_a_body_that_drips_is_told_so(port: int) -> None:
    head = b"POST /v1/policy/plan HTTP/1.1\r\nAuthorization: Bearer %s\r\n" % OPERATOR.encode()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(head + b"Content-Length: 1000\r\n\r\n")
        for _ in range(30):
            try:
                line.sendall(b" ")
            except OSError:
                break
            time.sleep(0.05)
        assert b" 408 " in _rest(line)[:30]


@pytest.mark.usefixtures("server")
def test_idle_connections_wait_their_turn_and_go(port: int) -> None:
    idle = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(20)]
    began = time.monotonic()
    assert ask(port, "GET", "/v1/health")[0] == 200
    assert time.monotonic() - began < 4.0
    for line in idle:
        line.close()


@pytest.mark.usefixtures("server")
def test_it_survives_connections_reset_before_they_are_taken(port: int) -> None:
    for _ in range(50):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        line.connect(("127.0.0.1", port))
        line.close()
    assert ask(port, "GET", "/v1/health")[0] == 200


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


@pytest.fixture(scope="module")
def secure(
    certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    port, (cert, key) = free_port(), certificate
    started = Server(tmp_path_factory.mktemp("tls"), port, api_cert=str(cert), api_key=str(key),
                     **LIMITS)  # fmt: skip
    yield port
    started.stop()


def test_tls_is_spoken_and_nothing_else(secure: int, certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(cafile=str(certificate[0]))
    assert ask(secure, "GET", "/v1/policy", context=context)[0] == 200
    assert said(secure, b"GET /v1/health HTTP/1.1\r\n\r\n").partition(b" ")[0] != b"HTTP/1.1"
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(secure, "GET", "/v1/policy", context=ssl.create_default_context())


def test_the_commands_speak_tls(
    secure: int, certificate: tuple[Path, Path], tmp_path: Path, capsys: Any
) -> None:
    from headway.cli import main

    words = ["history", "--api", f"https://127.0.0.1:{secure}", "--token-file",
             str(tokens(tmp_path))]  # fmt: skip
    assert main([*words, "--ca", str(certificate[0])]) == 0
    assert "start" in capsys.readouterr().out
    assert main(words) == 2
    assert "--ca FILE" in capsys.readouterr().err
    assert main([*words, "--api", f"http://127.0.0.1:{secure}"]) == 2
    assert "no controller answers" in capsys.readouterr().err


def test_old_tls_is_refused(secure: int) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(secure, "GET", "/v1/health", context=context)


def test_a_handshake_that_never_comes_holds_nobody_up(
    secure: int, certificate: tuple[Path, Path]
) -> None:
    idle = [socket.create_connection(("127.0.0.1", secure), timeout=5) for _ in range(5)]
    idle[0].sendall(b"\x16\x03\x01\x02\x00")  # and no more
    context = ssl.create_default_context(cafile=str(certificate[0]))
    began = time.monotonic()
    assert ask(secure, "GET", "/v1/health", context=context)[0] == 200
    assert time.monotonic() - began < 1
    assert _rest(idle[0]) == b""  # dropped
    for line in idle:
        line.close()


# --- settings -------------------------------------------------------------------------------------


def start(tmp_path: Path, **settings: Any) -> None:
    """Starts it in this process as far as a mistake lets it."""
    state = State(load_policy(), dataclasses.replace(Settings(), state=str(tmp_path), **settings))
    module.serve(state.settings, state, MemoryManager(tmp_path, state), NoteLog())


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"api": "8080"}, "HOST:PORT"), ({"api": "127.0.0.1:http"}, "HOST:PORT"),
     ({"api": "127.0.0.1:99999"}, "HOST:PORT"), ({"api": "0.0.0.0:1234"}, "HEADWAY_API_CERT"),
     ({"api": "[::]:1234"}, "HEADWAY_API_INSECURE"), ({"api": "example.org:1"}, "other machines"),
     ({"api": "127.0.0.1:1234", "api_tokens": "/nowhere"}, "/nowhere: can't be read"),
     ({"api": "0.0.0.0:1", "api_cert": "/nowhere"}, "certificate '/nowhere'"),
     ({"api": "127.0.0.1:1", "api_key": "/nowhere"}, "give both")],
)  # fmt: skip
def test_a_wrong_setting_is_told(tmp_path: Path, settings: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told.replace("[", r"\[")):
        start(tmp_path, **settings)


def test_no_address_is_no_api(tmp_path: Path) -> None:
    start(tmp_path)
    assert not list(tmp_path.glob("*.token"))


def test_a_taken_address_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SettingsError, match=f"{address}.*in use"):
            start(tmp_path, api=address, api_tokens=str(tokens(tmp_path)))


def test_without_a_token_file_one_is_made(tmp_path: Path) -> None:
    port = free_port()
    started = Server(tmp_path, port, api_tokens="")
    try:
        (path,) = (tmp_path / "state").glob("*.token")
        assert path.name == f"api-{port}.token"
        role, token, name = path.read_text().split()
        assert (role, name, path.stat().st_mode & 0o777) == ("operator", "local", 0o600)
        status, told = ask(port, "POST", "/v1/policy/apply", {"policy": DEFAULT}, token=token)
        assert (status, told["who"]) == (200, "local")
    finally:
        started.stop()
