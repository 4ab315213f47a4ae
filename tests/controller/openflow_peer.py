"""A peer on the OpenFlow port, honest or not, and the real controller in a process of its own.

The peer speaks raw OpenFlow 1.3 over TCP, with `struct` and no framework, so that it can say what
no framework would. Nothing here sleeps for luck: everything waits for a condition with a deadline.
"""

import re
import select
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RYU = ROOT / ".venv-ryu" / "bin" / "ryu-manager"
WAIT_S = 10.0

HELLO, ERROR, ECHO_REQUEST, ECHO_REPLY, EXPERIMENTER = range(5)
FEATURES_REQUEST, FEATURES_REPLY, PACKET_IN, PORT_STATUS = 5, 6, 10, 12
MULTIPART_REQUEST, MULTIPART_REPLY, BARRIER_REQUEST, BARRIER_REPLY = 18, 19, 20, 21
FLOW_STATS, GROUP_DESC, PORT_DESC = 1, 7, 13
HELLO_1_3 = struct.pack("!HHI", 1, 8, 1 << 4)


def wait_for(condition: Callable[[], object], what: str, within_s: float = WAIT_S) -> None:
    """Returns when `condition` holds.

    Raises:
        AssertionError: It did not, for so long.
    """
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"not within {within_s:g} s: {what}"
        time.sleep(0.01)


def message(
    kind: int, body: bytes = b"", *, xid: int = 0, version: int = 4, length: int | None = None
) -> bytes:
    """One message; `length` overrules the true one."""
    return (
        struct.pack("!BBHI", version, kind, 8 + len(body) if length is None else length, xid) + body
    )


def multipart(kind: int, body: bytes = b"", *, xid: int = 0, more: bool = False) -> bytes:
    """One multipart reply."""
    return message(MULTIPART_REPLY, struct.pack("!HH4x", kind, more) + body, xid=xid)


def port(number: int, name: bytes = b"", *, up: bool = True) -> bytes:
    """A port description (7.2.1)."""
    mac = b"\x02" + number.to_bytes(5, "big")
    return struct.pack("!I4x6s2x16sII24x", number, mac, name or b"p%d" % number, 0, not up)


def features(dpid: int) -> bytes:
    """The body of a features reply (7.3.1)."""
    return struct.pack("!QIBB2xII", dpid, 0, 254, 0, 0x4F, 0)


class Peer:
    """One connection to the controller."""

    def __init__(self, address: tuple[str, int], *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(WAIT_S)
        self.socket.connect(address)
        self._buffer = b""

    def send(self, data: bytes) -> None:
        """Sends bytes; a controller that has hung up is no error."""
        with suppress(OSError):
            self.socket.sendall(data)

    def receive(self, timeout_s: float = WAIT_S) -> tuple[int, int, bytes] | None:
        """The next message as (type, xid, body), None at the end of the connection.

        Raises:
            TimeoutError: Nothing came.
        """
        while len(self._buffer) < 8 or len(self._buffer) < self._length():
            self.socket.settimeout(timeout_s)
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._buffer += data
        whole = self._buffer[: self._length()]
        self._buffer = self._buffer[len(whole) :]
        _, kind, _, xid = struct.unpack_from("!BBHI", whole)
        return kind, xid, whole[8:]

    def _length(self) -> int:
        return int.from_bytes(self._buffer[2:4], "big")

    def expect(self, kind: int) -> tuple[int, bytes]:
        """Skips to the next message of a type; (xid, body)."""
        while True:
            got = self.receive()
            assert got is not None, "the controller closed the connection"
            if got[0] == kind:
                return got[1], got[2]

    def hello(self) -> None:
        """Says hello and waits to be asked for features."""
        self.send(message(HELLO, HELLO_1_3))
        self._features_xid, _ = self.expect(FEATURES_REQUEST)

    def handshake(self, dpid: int, ports: int = 2) -> "Peer":
        """Introduces itself whole, up to the answer that makes it a switch."""
        self.hello()
        self.send(message(FEATURES_REPLY, features(dpid), xid=self._features_xid))
        xid, _ = self.expect(MULTIPART_REQUEST)
        described = b"".join(port(number + 1) for number in range(ports))
        self.send(multipart(PORT_DESC, described, xid=xid))
        return self

    def answer(self, kind: int, xid: int, body: bytes) -> None:
        """What an honest, empty switch answers."""
        if kind == ECHO_REQUEST:
            self.send(message(ECHO_REPLY, body, xid=xid))
        elif kind == BARRIER_REQUEST:
            self.send(message(BARRIER_REPLY, xid=xid))
        elif kind == MULTIPART_REQUEST:
            self.send(multipart(int.from_bytes(body[:2], "big"), xid=xid))

    def wait_closed(self, within_s: float = WAIT_S, *, honest: bool = False) -> float:
        """Seconds until the controller closes; meanwhile answers (if honest) or ignores it."""
        start = time.monotonic()
        while (left := start + within_s - time.monotonic()) > 0:
            try:
                got = self.receive(left)
            except TimeoutError:
                break
            if got is None:
                self.close()
                return time.monotonic() - start
            if honest:
                self.answer(*got)
        raise AssertionError(f"the controller did not close within {within_s:g} s")

    def close(self) -> None:
        """Leaves."""
        self.socket.close()


class Switch:
    """An honest switch in a thread, that can be asked whether its echo requests are answered."""

    def __init__(self, address: tuple[str, int], dpid: int, *, mute: Iterable[int] = ()) -> None:
        self.peer = Peer(address).handshake(dpid)
        self.mute = set(mute)  # kinds of multipart request that it leaves to the test
        self.asked: dict[int, int] = {}  # kind of multipart request -> xid of the first
        self.ended = threading.Event()
        self._answered: dict[int, threading.Event] = {}
        self._stop = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop:
            if not select.select([self.peer.socket], [], [], 0.05)[0]:
                continue
            got = self.peer.receive()
            if got is None:
                break
            if got[0] == ECHO_REPLY and got[1] in self._answered:
                self._answered[got[1]].set()
            kind = int.from_bytes(got[2][:2], "big") if got[0] == MULTIPART_REQUEST else -1
            self.asked.setdefault(kind, got[1])
            if kind not in self.mute:
                self.peer.answer(*got)
        self.ended.set()

    def ping(self, within_s: float = WAIT_S) -> None:
        """One echo request.

        Raises:
            AssertionError: No answer in time.
        """
        xid = 0x4000_0000 + len(self._answered)
        self._answered[xid] = threading.Event()
        self.peer.send(message(ECHO_REQUEST, b"ping", xid=xid))
        assert self._answered[xid].wait(within_s), f"no echo within {within_s:g} s"

    def close(self) -> None:
        """Leaves."""
        self._stop = True
        self._thread.join()
        self.peer.close()


class Controller:
    """The real controller as a process, on os-ken or on Ryu."""

    def __init__(
        self, way: str, folder: Path, *options: str, env: dict[str, str] | None = None
    ) -> None:
        self.address = ("127.0.0.1", free_port())
        self.metrics_address = f"127.0.0.1:{free_port()}"
        self.log_path = folder / "controller.log"
        settings = {"HEADWAY_METRICS": self.metrics_address, "EVENTLET_NO_GREENDNS": "yes",
                    "HEADWAY_STATE": str(folder / "state")}  # fmt: skip
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*self._command(way), *options], stdout=log, stderr=log, cwd=ROOT,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **settings, **(env or {})},
            )  # fmt: skip

    def _command(self, way: str) -> list[str]:
        host, number = self.address
        if way == "ryu":
            return [str(RYU), "controller/app.py", "--ofp-listen-host", host,
                    "--ofp-tcp-listen-port", str(number)]  # fmt: skip
        return [sys.executable, "-m", "headway", "run", "--listen", f"{host}:{number}",
                "--metrics", self.metrics_address, "--api", "off"]  # fmt: skip

    def wait_ready(self) -> "Controller":
        """Until the port answers."""
        wait_for(self._listens, "the controller listens; " + self.log_path.name, 30.0)
        return self

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.log
        with socket.socket() as probe:
            return probe.connect_ex(self.address) == 0

    @property
    def log(self) -> str:
        """All it has said."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def metrics(self) -> dict[str, float]:
        """Sample lines of the metrics endpoint."""
        with urllib.request.urlopen(
            f"http://{self.metrics_address}/metrics", timeout=WAIT_S
        ) as page:
            text = page.read().decode()
        return {k: float(v) for k, v in re.findall(r"^([^#\s].*) (\S+)$", text, re.MULTILINE)}

    def count(self, kind: str) -> float:
        """How often an event of this kind was counted."""
        return self.metrics().get(f'headway_events_total{{kind="{kind}"}}', 0.0)

    @contextmanager
    def counts(self, kind: str) -> Iterator[None]:
        """Asserts that what happens inside is counted under `kind`."""
        before = self.count(kind)
        yield
        wait_for(lambda: self.count(kind) > before, f"{kind} counted")

    def assert_well(self) -> None:
        """It runs, and has shown no traceback."""
        assert self.process.poll() is None, self.log
        assert "Traceback" not in self.log, self.log

    def stop(self) -> int:
        """Ends it and returns its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(WAIT_S)
        finally:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    """A TCP port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
