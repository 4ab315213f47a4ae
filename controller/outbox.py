"""Messages on their way to one switch, so that a switch that doesn't read blocks nobody else.

The framework's own queue holds 16 messages and then blocks whoever sends. This one never blocks,
joins what is waiting into larger writes, and is bounded: past the bound the switch is disconnected,
and a reconnect brings it up to date. It also remembers what was asked, so that an answer to nothing
is told from a true one.
"""

from collections import deque
from typing import Any

from controller import framework
from controller.events import Barrier, Command, ReadCounters, ReadTables

MAX_BYTES = 64 << 20
MAX_QUESTIONS = 4096  # a switch that never answers makes us forget the oldest
_WRITE_BYTES = 64 << 10


class Outbox:
    """Serialised messages for one connection, written by a thread of its own."""

    def __init__(self, datapath: Any) -> None:
        self._datapath = datapath
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._questions: dict[int, Command] = {}
        self._wake = framework.hub.Event()
        self._closed = False
        framework.hub.spawn(self._write)

    def put(self, message: Any, command: Command) -> None:
        """Queues one of the messages that carry out a command."""
        xid: int = self._datapath.set_xid(message)
        message.serialize()
        if isinstance(command, Barrier | ReadCounters | ReadTables):
            self._questions[xid] = command
            if len(self._questions) > MAX_QUESTIONS:
                del self._questions[next(iter(self._questions))]
        self._waiting.append(bytes(message.buf))
        self._bytes += len(message.buf)
        self._wake.set()

    def answered(self, xid: int, *, more: bool = False) -> Command | None:
        """The command that asked what transaction `xid` answers; `more` if that isn't all of it."""
        return self._questions.get(xid) if more else self._questions.pop(xid, None)

    @property
    def overfull(self) -> bool:
        """True when the switch has not been reading for too long."""
        return self._bytes > MAX_BYTES

    def close(self) -> None:
        """Ends the writer."""
        self._closed = True
        self._wake.set()

    def _write(self) -> None:
        while not self._closed:
            if not self._waiting:
                self._wake.clear()
                self._wake.wait()
            elif not self._datapath.send(self._next_write()):
                return

    def _next_write(self) -> bytes:
        size, parts = 0, []
        while self._waiting and size < _WRITE_BYTES:
            parts.append(self._waiting.popleft())
            size += len(parts[-1])
        self._bytes -= size
        return b"".join(parts)
