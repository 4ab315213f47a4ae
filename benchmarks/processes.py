"""Child processes of the benchmarks: controllers and helpers, each ended by its own process id.

Owns how each controller under test is started. Reads nothing of what they print but their logs.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path

from benchmarks.result import BenchmarkError

ROOT = Path(__file__).resolve().parent.parent
_OWN = {"HEADWAY_EMULATED": "1"}  # networks made anew
_RYU_MANAGER = ROOT / ".venv-ryu" / "bin" / "ryu-manager"
_START_TIMEOUT_S = 20.0
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class ControllerKind(Enum):
    """The controllers compared; the values are their names in the tables."""

    HEADWAY = "Headway"
    RYU = "simple_switch_13, Ryu 4.34"
    OS_KEN = "the same, os-ken 4.2.2"

    @property
    def available(self) -> bool:
        """Whether it is installed here."""
        return self is not ControllerKind.RYU or _RYU_MANAGER.exists()

    def argv(self, port: int) -> list[str]:
        """The command that makes it listen on a port of the loopback interface."""
        match self:
            case ControllerKind.HEADWAY:
                listen = ["--listen", f"127.0.0.1:{port}", "--api", "off"]
                return [sys.executable, "-m", "headway", "run", *listen]
            case ControllerKind.OS_KEN:
                return [sys.executable, "-m", "benchmarks.learning_switch", str(port)]
            case ControllerKind.RYU:
                address = ["--ofp-listen-host", "127.0.0.1", "--ofp-tcp-listen-port", str(port)]
                return [str(_RYU_MANAGER), *address, "ryu.app.simple_switch_13"]


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def child(
    argv: Sequence[str], *, settings: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A process, for as long as a `with` lasts; `settings` are added to its environment."""
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("a")) if log else subprocess.DEVNULL
        process = subprocess.Popen(
            argv, cwd=ROOT, env={**os.environ, **(settings or {})}, text=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        stack.callback(stop, process)
        yield process


@contextlib.contextmanager
def controller(
    kind: ControllerKind,
    port: int,
    *,
    settings: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator["subprocess.Popen[str]"]:
    """A controller that listens on a port of the loopback interface.

    Raises:
        BenchmarkError: It ended, or does not listen in time.
    """
    with (
        tempfile.TemporaryDirectory() as state,
        child(
            kind.argv(port), settings={**_OWN, "HEADWAY_STATE": state, **(settings or {})}, log=log
        ) as process,
    ):  # fmt: skip
        wait_listening(process, port)
        yield process


def wait_listening(process: "subprocess.Popen[str]", port: int) -> None:
    """Returns when somebody accepts connections on the port.

    Raises:
        BenchmarkError: The process ended, or nobody listens in time.
    """
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if _listens(port):
            return
        time.sleep(0.05)
    raise BenchmarkError(f"{command_of(process)}: does not listen on port {port}")


def command_of(process: "subprocess.Popen[str]") -> str:
    """The command a process was started with, for a message."""
    return process.args if isinstance(process.args, str) else " ".join(map(str, process.args))  # type: ignore[arg-type]


def _listens(port: int) -> bool:
    """Asks the kernel, for a connection of ours would be a peer that never says hello."""
    wanted = f"0100007F:{port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(line.split()[1] == wanted and line.split()[3] == "0A" for line in table)


def stop(process: "subprocess.Popen[str]") -> None:
    """Ends a process, whatever state it is in."""
    if process.poll() is None:
        process.terminate()
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def cpu_s(pid: int) -> float:
    """Processor time that a process has used, seconds (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND
