"""The controller process: starting, refusing to start, ending, and who it takes as a switch."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from openflow_peer import (
    FEATURES_REQUEST,
    HELLO,
    MULTIPART_REQUEST,
    ROOT,
    Controller,
    Peer,
    Switch,
    message,
    wait_for,
)

WAYS = ["os-ken", pytest.param("ryu", marks=pytest.mark.ryu)]


@pytest.fixture(scope="module", params=WAYS)
def controller(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Controller]:
    started = Controller(request.param, tmp_path_factory.mktemp("controller"))
    try:
        yield started.wait_ready()
        started.assert_well()
    finally:
        started.stop()


def switches(controller: Controller) -> float:
    return controller.metrics()["headway_switches_connected"]


# --- who is a switch ------------------------------------------------------------------------------


def test_switch_is_counted_while_it_is_there(controller: Controller) -> None:
    switch = Switch(controller.address, 1)
    wait_for(lambda: switches(controller) == 1, "connected")
    switch.ping()
    switch.close()
    wait_for(lambda: switches(controller) == 0, "gone")


def test_first_of_two_with_one_datapath_id_stays(controller: Controller) -> None:
    first = Switch(controller.address, 5)
    wait_for(lambda: switches(controller) == 1, "connected")
    with controller.counts("switch-refused"):
        Peer(controller.address).handshake(5).wait_closed(2.0, honest=True)
    first.ping()
    assert switches(controller) == 1
    assert "datapath-id=" in controller.log
    first.close()
    wait_for(lambda: switches(controller) == 0, "gone")


def test_datapath_id_comes_back_after_its_owner_left(controller: Controller) -> None:
    for _ in range(3):
        switch = Switch(controller.address, 6)
        wait_for(lambda: switches(controller) == 1, "connected")
        switch.close()
        wait_for(lambda: switches(controller) == 0, "gone")


def test_datapath_id_zero_is_refused(controller: Controller) -> None:
    with controller.counts("switch-refused"):
        Peer(controller.address).handshake(0).wait_closed(2.0, honest=True)
    assert switches(controller) == 0


@pytest.mark.parametrize(
    "hello", [message(HELLO, version=1), message(HELLO, b"\0\1\0\10\0\0\0\2", version=4)],
    ids=["1.0 only", "1.0 in the bitmap"],
)  # fmt: skip
def test_switch_without_openflow_1_3_is_told(controller: Controller, hello: bytes) -> None:
    peer = Peer(controller.address)
    with controller.counts("wrong-version"):
        peer.send(hello)
    assert b"1.3" in peer.expect(1)[1]
    peer.close()
    lines = [line for line in controller.log.splitlines() if "[wrong-version]" in line]
    assert lines and all("protocols=OpenFlow13" in line for line in lines)


def test_switch_of_later_versions_with_1_3_too_is_taken(controller: Controller) -> None:
    peer = Peer(controller.address)
    peer.send(message(HELLO, b"\0\1\0\10\0\0\0\x52", version=6))
    peer.expect(FEATURES_REQUEST)
    peer.close()


def test_log_lines_of_one_kind_are_limited(controller: Controller) -> None:
    before = controller.count("wrong-version")
    for _ in range(60):
        peer = Peer(controller.address)
        peer.send(message(HELLO, version=1))
        peer.expect(1)
        peer.close()
    wait_for(lambda: controller.count("wrong-version") >= before + 60, "all counted")
    assert controller.log.count("[wrong-version]") <= 20


# --- slow ones ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_half_open_connection_is_noticed_within_5_s(controller: Controller) -> None:
    peer = Peer(controller.address).handshake(9)
    wait_for(lambda: switches(controller) == 1, "connected")
    with controller.counts("echo-timeout"), controller.counts("switch-down"):
        wait_for(lambda: switches(controller) == 0, "its death noticed", 5.0)
    peer.close()


@pytest.mark.slow
def test_switch_that_does_not_read_blocks_nobody(controller: Controller) -> None:
    before = controller.count("echo-timeout")
    deaf = Peer(controller.address, receive_buffer=2048)
    deaf.handshake(10, ports=200)  # many ports: many probes for it
    other = Switch(controller.address, 11)
    for _ in range(50):
        other.ping()
    wait_for(lambda: controller.count("echo-timeout") > before, "the deaf one dropped")
    other.ping()
    deaf.close()
    other.close()


@pytest.mark.slow
def test_memory_stays_through_many_connections(controller: Controller) -> None:
    def memory_kib() -> int:
        status = Path(f"/proc/{controller.process.pid}/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if "VmRSS" in line).split()[1])

    def storm(count: int) -> None:
        for number in range(count):
            peer = Peer(controller.address).handshake(20 + number % 5)
            peer.send(message(99))
            peer.close()
        wait_for(lambda: switches(controller) == 0, "all gone")

    storm(1000)
    before = memory_kib()
    storm(2000)
    assert memory_kib() - before < 6000  # connections kept would make 18,000


# --- starting and ending (os-ken only: Ryu's manager ends as it likes) ----------------------------


def run(*options: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headway", "run", *options], cwd=ROOT, capture_output=True,
        text=True, timeout=30, env={**os.environ, **env}, check=False,
    )  # fmt: skip


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code 2 and an error that says what to do."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert all(word in done.stderr for word in words), done.stderr


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_signal_ends_it_quickly_and_well(tmp_path: Path, number: int) -> None:
    controller = Controller("os-ken", tmp_path).wait_ready()
    switch = Switch(controller.address, 1)
    wait_for(lambda: switches(controller) == 1, "connected")
    controller.process.send_signal(number)
    assert controller.process.wait(3.0) == 0
    assert "Traceback" not in controller.log
    switch.close()


def test_port_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert_refused(run("--listen", address), "can't listen", "--listen", "ss -ltnp")


@pytest.mark.slow
def test_metrics_port_taken() -> None:
    with socket.socket() as taken, socket.socket() as free:
        for one in (taken, free):
            one.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        metrics = f"127.0.0.1:{taken.getsockname()[1]}"
        assert_refused(run("--listen", listen, "--metrics", metrics), "metrics", "HOST:PORT")


@pytest.mark.parametrize(
    "address", ["nowhere", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", ":"]
)
def test_bad_listen_address(address: str) -> None:
    from headway.cli import main

    with pytest.raises(SystemExit) as error:
        main(["run", "--listen", address])
    assert error.value.code == 2


def test_bad_policy_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from headway.cli import main

    path = tmp_path / "mine.yaml"
    path.write_text("version: 1\nqueus: {}\n", encoding="utf-8")
    assert main(["run", "--policy", str(path)]) == 2
    assert "did you mean 'queues'" in capsys.readouterr().err


def test_bad_telemetry_interval() -> None:
    from headway.cli import main

    assert main(["run", "--telemetry-interval", "0.01"]) == 2


@pytest.mark.ryu
def test_ryu_with_a_bad_policy_says_so_in_a_line(tmp_path: Path) -> None:
    controller = Controller("ryu", tmp_path, env={"HEADWAY_POLICY": str(tmp_path / "none.yaml")})
    assert controller.process.wait(30.0) != 0
    assert "none.yaml: can't be read" in controller.log
    assert "Traceback" not in controller.log


def test_first_thing_asked_of_a_switch_is_its_tables(controller: Controller) -> None:
    peer = Peer(controller.address).handshake(77)
    kinds = {int.from_bytes(peer.expect(MULTIPART_REQUEST)[1][:2], "big") for _ in range(3)}
    assert kinds == {1, 7, 10}  # flows, groups, meters
    peer.close()
