"""A stage: hosts in namespaces around a bridge, programs in them, and a capture of every frame.

To add a program, put a function into a module of `programs/`:

    @recording(
        "ping-pong", "Ping Pong 1.2", "messaging",   # files, program, class of its flows
        hosts=2,                                      # namespaces h1, h2, … (10.78.0.1, .2, …)
        pip=("pingpong==1.2",),                       # gets a virtual environment: stage.python
        apt={"pongd": "pong-server"},                 # executables, and the Debian package of each
        note="the admin port is control",
    )
    def ping_pong(stage: Stage) -> None:
        port = stage.port(7000)                       # a server port; another one with --ports
        admin = stage.port(7001, "control")           # flows to it have another class
        server = stage.start(1, ["pongd", "--port", port, "--admin", admin])
        stage.listens(1, port)                        # waits until it does
        stage.start(2, [stage.python, WORKLOADS / "ping.py", stage.address(1), port]).finish()

All that the function starts is ended after it. Say `stage.label(rule)` where ports don't tell the
classes of flows apart; the rule gets a `labels.Flow` and returns a class or None. Wait for
conditions (`listens`, `Program.says`, `Program.finish`), never for a time. Workloads that run in a
virtual environment are scripts in `workloads/`. Default ports go through `stage.port`, all of them.

Everything happens in new PID, mount and network namespaces (`inside.py`), so the end of the
recorder, however it comes, is the end of all it made. Owns namespaces, links and processes.
"""

import ctypes
import fcntl
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from benchmarks.recordings import catalogue, loss
from benchmarks.recordings.labels import Flow, Labeller

WORKLOADS = Path(__file__).with_name("workloads")
NETWORK = "10.78.0"
BRIDGE = "switch"
# Ports at which other services are expected: whoever goes by the port is wrong with these.
FOREIGN_PORTS = (
    22, 53, 80, 111, 179, 443, 445, 873, 1883, 2049, 2181, 2379, 3306, 4222, 4317, 4420, 5000,
    5060, 5432, 5672, 6379, 6443, 6653, 7077, 8000, 8001, 8080, 8786, 9000, 9090, 9092, 9100, 11211,
    12355, 18515, 29400, 29500, 50051,
)  # fmt: skip
_ETHTOOL = 0x8946  # SIOCETHTOOL
# linux/ethtool.h: ETHTOOL_STXCSUM, STSO, SGSO, SGRO. Off, frames are as on a wire.
_OFFLOADS = (0x17, 0x1F, 0x24, 0x2C)
_PATIENCE_S = 60.0
T = TypeVar("T")


class StageError(Exception):
    """A program did not do what its recording waits for; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs from the plain recording.

    Attributes:
        ports: `default`, `random`, or `foreign` for ports of other services.
        seed: Of the random choices.
        mtu: Of every link, bytes.
        loss: Share of frames that are lost.
        join: Share of the bytes that had passed before the capture began.
    """

    ports: str = "default"
    seed: int = 0
    mtu: int = 1500
    loss: float = 0.0
    join: float = 0.0

    @property
    def suffix(self) -> str:
        """What the files' names have behind the recording's."""
        parts = (
            (self.ports != "default", f"{self.ports}-ports{self.seed}"),
            (self.mtu != 1500, f"mtu{self.mtu}"),
            (self.loss > 0, f"loss{self.loss:g}"),
            (self.join > 0, f"join{self.join:g}"),
        )
        return "".join(f"-{word}" for there, word in parts if there)


class Program:
    """A running program; its output goes to a file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, what: str) -> None:
        self.process = process
        self.log = log
        self._what = what

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def says(self, pattern: str, patience_s: float = _PATIENCE_S) -> re.Match[str]:
        """Waits until its output matches."""

        def said() -> re.Match[str] | None:
            found = re.search(pattern, self.output)
            if found is None and self.process.poll() is not None:
                raise StageError(f"{self._what} ended before it said '{pattern}': {self.tail()}")
            return found

        return until(
            said, patience_s, lambda: f"{self._what} never said '{pattern}': {self.tail()}"
        )

    def finish(self, patience_s: float = _PATIENCE_S) -> None:
        """Waits until it has ended by itself, without an error."""
        try:
            code = self.process.wait(patience_s)
        except subprocess.TimeoutExpired as error:
            raise StageError(f"{self._what} does not end: {self.tail()}") from error
        if code:
            raise StageError(f"{self._what} ended with {code}: {self.tail()}")

    def stop(self, patience_s: float = 5.0) -> None:
        """Ends it and what it started: asks first."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience_s)
                return

    def tail(self) -> str:
        """Its last words."""
        return "\n" + "\n".join(self.output.splitlines()[-25:])


class Stage:
    """Hosts h1 … hN; a context that ends what was started in it."""

    def __init__(
        self, hosts: int, folder: Path, python: Path, variant: Variant, traffic_class: str
    ) -> None:
        self.hosts = hosts
        self.folder = folder
        self.python = python
        self.variant = variant
        self._class = traffic_class
        self._classes: dict[int, str] = {}
        self._rules: list[Labeller] = []
        self._programs: list[Program] = []
        self._chosen: dict[int, int] = {}
        self._random = random.Random(variant.seed)

    def __enter__(self) -> "Stage":
        self._build()
        self._capture = self._spawn(
            [sys.executable, "-m", "benchmarks.recordings.capture", BRIDGE, self.raw], "capture", {}
        )
        self._capture.says("ready")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for program in reversed(self._programs):
            program.stop()
        self._capture.stop()

    @property
    def raw(self) -> Path:
        """The capture of everything."""
        return self.folder / "raw.pcap"

    @property
    def dropped(self) -> int:
        """Frames that the capture missed."""
        return int(self._capture.says(r"dropped (\d+)").group(1))

    def address(self, host: int) -> str:
        """The IPv4 address of a host."""
        return f"{NETWORK}.{host}"

    def name(self, name: str, host: int) -> None:
        """Gives a host one more name, such as that of a service in the world."""
        with Path("/etc/hosts").open("a", encoding="ascii") as file:
            file.write(f"{self.address(host)} {name}\n")

    def port(self, default: int, traffic_class: str | None = None) -> int:
        """A server port to use: the default one, or what the variant puts in its place.

        Args:
            default: What the program takes by itself.
            traffic_class: The class of flows to it, where it isn't that of the recording.
        """
        port = self._chosen.get(default) or self._choose(default)
        self._chosen[default] = port
        if traffic_class is not None:
            self._classes[port] = traffic_class
        return port

    def role(self, port: int, traffic_class: str) -> None:
        """Says the class of flows to a port that the program chose by itself."""
        self._classes[port] = traffic_class

    def label(self, rule: Labeller) -> None:
        """Adds a rule that says the class of a flow, or None; goes before the ports."""
        self._rules.append(rule)

    def class_of(self, flow: Flow) -> str:
        """The class of a flow, by all that was arranged."""
        answers = (rule(flow) for rule in self._rules)
        said = next((answer for answer in answers if answer), None)
        by_port = self._classes.get(flow.sport) or self._classes.get(flow.cport)
        return said or by_port or self._class

    @property
    def overrides(self) -> str:
        """The column `port_overrides`."""
        others = {p: c for p, c in self._classes.items() if c != self._class}
        return ";".join(f"tcp/{port}={name}" for port, name in sorted(others.items()))

    def start(
        self,
        host: int,
        argv: Sequence[object],
        *,
        env: Mapping[str, object] | None = None,
        cwd: Path | None = None,
    ) -> Program:
        """Starts a program on a host, whose name (h1, …) is also its hostname."""
        inside = [
            "nsenter", f"--net=/run/netns/h{host}", "unshare", "--uts",
            "sh", "-c", 'hostname "$0"; exec "$@"', f"h{host}",
        ]  # fmt: skip
        what = f"{Path(str(argv[0])).name}-{len(self._programs)}"
        program = self._spawn([*inside, *argv], what, env or {}, cwd)
        self._programs.append(program)
        return program

    def listens(
        self, host: int, port: int, patience_s: float = _PATIENCE_S, l4: str = "tcp"
    ) -> None:
        """Waits until a host has a server at a port."""

        def open_ports() -> bool:
            for program in self._programs:
                if program.process.poll():
                    raise StageError(f"{program.log.stem} ended: {program.tail()}")
            return port in listening(self._namespace_pid(host), l4)

        last = self._programs[-1]
        until(open_ports, patience_s, lambda: f"nobody listens at {l4} {port}: {last.tail()}")

    def listening(self, host: int) -> set[int]:
        """The TCP ports with a server on a host."""
        return listening(self._namespace_pid(host), "tcp")

    def _namespace_pid(self, host: int) -> int:
        return self._keepers[host].pid

    def _choose(self, default: int) -> int:
        if self.variant.ports == "default":
            return default
        taken = set(self._chosen.values())
        pool = FOREIGN_PORTS if self.variant.ports == "foreign" else range(10_000, 32_000)
        return self._random.choice([p for p in pool if p not in taken and p != default])

    def _spawn(
        self,
        argv: Sequence[object],
        what: str,
        env: Mapping[str, object],
        cwd: Path | None = None,
    ) -> Program:
        log = self.folder / f"{what}.log"
        settings = {**os.environ, "PYTHONUNBUFFERED": "1"}
        settings |= {"HOME": str(self.folder), "TMPDIR": str(self.folder)}
        settings.update({key: str(value) for key, value in env.items()})
        words = [str(word) for word in argv]
        with log.open("wb") as output:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=settings,
                cwd=cwd or (self.folder if what != "capture" else None),
                start_new_session=True,
            )
        return Program(process, log, what)

    def _build(self) -> None:
        mtu = str(self.variant.mtu)
        ip("link", "set", "lo", "up")
        ip("link", "add", BRIDGE, "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
        Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1", encoding="ascii")
        self._keepers: dict[int, subprocess.Popen[bytes]] = {}
        for host in range(1, self.hosts + 1):
            self._add_host(host, mtu)
        ip("link", "set", BRIDGE, "mtu", mtu, "promisc", "on", "up")

    def _add_host(self, host: int, mtu: str) -> None:
        name, port = f"h{host}", f"port{host}"
        ip("netns", "add", name)
        ip("link", "add", port, "mtu", mtu, "type", "veth", "peer", "name", "eth0", "mtu", mtu)
        for interface in (port, "eth0"):
            without_offloads(interface)
        ip("link", "set", "eth0", "netns", name)
        ip("link", "set", port, "master", BRIDGE, "up")
        within = ("-n", name)
        ip(*within, "link", "set", "lo", "up")
        ip(*within, "address", "add", f"{self.address(host)}/24", "dev", "eth0")
        ip(*within, "link", "set", "eth0", "up")
        ip(*within, "route", "add", "default", "dev", "eth0")
        self._keepers[host] = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{name}", "sleep", "infinity"]
        )
        if self.variant.loss:
            # Half before the capture and half behind it, as on a path with a tap in its middle.
            loss.lose(port, self.variant.loss / 2)
            loss.lose("eth0", self.variant.loss / 2, namespace=name)


def until(condition: Callable[[], T | None], patience_s: float, complaint: Callable[[], str]) -> T:
    """Waits for a condition to be true, and returns what it says."""
    deadline = time.monotonic() + patience_s
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise StageError(complaint())
        time.sleep(0.05)
    return answer


def ip(*words: str) -> None:
    """Runs ip(8).

    Raises:
        StageError: It refused.
    """
    done = subprocess.run(
        [catalogue.find("ip"), *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StageError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def listening(pid: int, l4: str) -> set[int]:
    """The ports with a server (UDP: with a socket) in the network namespace of a process."""
    found: set[int] = set()
    for family in (l4, f"{l4}6"):
        with suppress(FileNotFoundError):
            lines = Path(f"/proc/{pid}/net/{family}").read_text(encoding="ascii").splitlines()[1:]
            fields = (line.split() for line in lines)
            found |= {
                int(f[1].rpartition(":")[2], 16) for f in fields if l4 == "udp" or f[3] == "0A"
            }
    return found


def without_offloads(interface: str) -> None:
    """Turns segmentation and checksum offloads off; must run before the interface moves."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for command in _OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP16x", interface.encode(), ctypes.addressof(value))
            fcntl.ioctl(any_socket, _ETHTOOL, request)
