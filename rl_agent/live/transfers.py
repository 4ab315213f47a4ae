"""Real bytes for flow slots: one TCP connection for each, all in this process, on one clock.

Owns the sockets and what they carry. Connections stay open, so each slot keeps its place in the
hash of select groups. Knows no job and no path.
"""

import contextlib
import selectors
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from controller.advice.network import FloatArray
from rl_agent.errors import LiveError

# Source ports, one for each slot, so that hashes are the same every time; past the kernel's own.
_FIRST_PORT = 61000
_CHUNK = memoryview(bytes(1 << 16))
_READ = 1 << 17
_CONNECT_TIMEOUT_S = 10.0
_WAITING = 128  # connections not taken yet
_SO_MAX_PACING_RATE = 47  # asm-generic/socket.h; Python has no name for it
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # no TIME_WAIT: the next episode uses the same ports

Inside = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a slot's bytes go.

    Attributes:
        source, target: Hosts.
        address: The target's.
        port: The target's; it tells the class.
        pace_bps: Most it sends; inf for as much as goes.
    """

    source: str
    target: str
    address: str
    port: int
    pace_bps: float


class Transfers:
    """Connections of all slots; `start` some bytes, `run` until one has arrived.

    Attributes:
        arrived_bits: float64 (F,), what each slot has brought to its target so far.
    """

    def __init__(self, lanes: Sequence[Lane | None], inside: Inside) -> None:
        """Connects every slot that has a lane.

        Args:
            lanes: One for each slot, None for unused ones.
            inside: Makes sockets in a host's namespace while inside.

        Raises:
            LiveError: Some host can't be reached.
        """
        self.arrived_bits: FloatArray = np.zeros(len(lanes))
        self._due_bits: FloatArray = np.zeros(len(lanes))
        self._unsent = [0] * len(lanes)
        self._selector = selectors.DefaultSelector()
        self._out: dict[int, socket.socket] = {}
        self._stack = contextlib.ExitStack()
        self._buffer = bytearray(_READ)
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            servers: dict[tuple[str, int], socket.socket] = {}
            for slot, lane in enumerate(lanes):
                if lane is not None:
                    self._connect(slot, lane, servers, inside)
            for server in servers.values():
                server.close()
            undo.pop_all()

    def _connect(
        self,
        slot: int,
        lane: Lane,
        servers: dict[tuple[str, int], socket.socket],
        inside: Inside,
    ) -> None:
        place = (lane.target, lane.port)
        try:
            if place not in servers:
                with inside(lane.target):
                    servers[place] = self._bound(lane.port)
                servers[place].listen(_WAITING)
            with inside(lane.source):
                out = self._bound(_FIRST_PORT + slot)
            out.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if np.isfinite(lane.pace_bps):
                pace = struct.pack("I", round(lane.pace_bps / 8))
                out.setsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, pace)
            out.connect((lane.address, lane.port))
            into = self._own(servers[place].accept()[0])
        except OSError as error:
            raise LiveError(
                f"{lane.source} can't reach {lane.target} on port {lane.port} ({error}); "
                "'headway doctor' says what the machine lacks"
            ) from error
        out.setblocking(False)
        into.setblocking(False)
        self._out[slot] = out
        self._selector.register(into, selectors.EVENT_READ, slot)

    def _bound(self, port: int) -> socket.socket:
        made = self._own(socket.socket())
        made.settimeout(_CONNECT_TIMEOUT_S)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("", port))
        return made

    def _own(self, made: socket.socket) -> socket.socket:
        self._stack.callback(made.close)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        return made

    def start(self, slot: int, bits: float) -> None:
        """Puts bytes on a slot's way."""
        size = max(1, round(bits / 8))
        self._due_bits[slot] += 8.0 * size
        if not self._unsent[slot]:
            self._selector.register(self._out[slot], selectors.EVENT_WRITE, slot)
        self._unsent[slot] += size

    def left_bits(self) -> FloatArray:
        """float64 (F,), what has been started and not arrived."""
        left: FloatArray = self._due_bits - self.arrived_bits
        return left

    def run(self, until: float) -> list[tuple[int, float]]:
        """Carries bytes until a slot has all that was started, or until a time.

        Args:
            until: On the clock of `time.monotonic`.

        Returns:
            (slot, when) of those that have just finished.

        Raises:
            LiveError: A connection broke.
        """
        while True:
            # A turn even when it is late already: sockets must not starve.
            ready = self._selector.select(max(0.0, until - time.monotonic()))
            finished = [end for key, _ in ready if (end := self._serve(key)) is not None]
            if finished or time.monotonic() >= until:
                return finished

    def _serve(self, key: selectors.SelectorKey) -> tuple[int, float] | None:
        end, slot = key.fileobj, int(key.data)
        assert isinstance(end, socket.socket)
        try:
            if end is self._out[slot]:
                self._send(end, slot)
                return None
            got = end.recv_into(self._buffer)
        except OSError as error:
            raise LiveError(f"a connection of the workload broke: {error}") from error
        if not got:
            raise LiveError("a connection of the workload was closed by somebody else")
        self.arrived_bits[slot] += 8.0 * got
        done = self.arrived_bits[slot] >= self._due_bits[slot]
        return (slot, time.monotonic()) if done else None

    def _send(self, out: socket.socket, slot: int) -> None:
        self._unsent[slot] -= out.send(_CHUNK[: self._unsent[slot]])
        if not self._unsent[slot]:
            self._selector.unregister(out)

    def close(self) -> None:
        """Ends every connection."""
        self._selector.close()
        self._stack.close()
