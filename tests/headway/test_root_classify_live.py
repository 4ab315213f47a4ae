"""`headway classify --live` on loopback; needs root as capturing does."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

pytestmark = pytest.mark.root


@contextmanager
def watching(*words: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "headway", "classify", "--live", "lo", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def speak() -> int:
    """One connection over loopback; the client's port."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        accepted, _ = server.accept()
        with accepted:
            accepted.recv(100)
        port: int = client.getsockname()[1]
        return port


def test_a_line_of_json_for_each_decision() -> None:
    with watching("--json", "--duration", "6") as process:
        assert process.stdout is not None
        end = time.monotonic() + 5
        ports = set()
        while process.poll() is None and time.monotonic() < end:
            ports.add(speak())
            time.sleep(0.5)
        out, err = process.communicate(timeout=30)
        lines = [json.loads(line) for line in out.splitlines()]
        mine = [line for line in lines if line["cport"] in ports]
        assert any(line["protocol"] == "SSH" for line in mine), err
        assert process.returncode == 0 and "flows on lo" in err


def test_interrupt_ends_with_a_summary() -> None:
    with watching() as process:
        time.sleep(4)
        speak()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and "flows on lo" in err and "Traceback" not in err
    assert "127.0.0.1" in out
