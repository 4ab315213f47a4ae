"""Messages on their way to one switch, so that a switch that doesn't read blocks nobody else.

The framework's own queue holds 16 messages and then blocks whoever sends. This one never blocks,
joins what is waiting into one write, and is bounded: past the bound the switch is disconnected, and
a reconnect brings it up to date.
"""

from typing import Any

from controller import framework

MAX_BYTES = 64 << 20


class Outbox:
    """Serialised messages for one connection, written by a thread of its own."""

    def __init__(self, datapath: Any) -> None:
        self._datapath = datapath
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._wake = framework.hub.Event()
        self._closed = False
        framework.hub.spawn(self._write)

    def put(self, message: Any) -> int:
        """Queues a message and returns its transaction id."""
        xid: int = self._datapath.set_xid(message)
        message.serialize()
        self._waiting.append(bytes(message.buf))
        self._bytes += len(message.buf)
        self._wake.set()
        return xid

    @property
    def overfull(self) -> bool:
        """True when the switch has not been reading for too long."""
        return self._bytes > MAX_BYTES

    def close(self) -> None:
        """Ends the writer."""
        self._closed = True
        self._wake.set()

    def _write(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._closed:
                return
            data, self._waiting, self._bytes = b"".join(self._waiting), [], 0
            if data and not self._datapath.send(data):
                return
