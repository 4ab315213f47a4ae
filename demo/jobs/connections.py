"""Client connections of the jobs.

Owns how a job opens HTTP connections: over which source ports, and how idle ones are reused. The
source ports are chosen by the job and not by the kernel, because the same ports in each arm give
ECMP the same flows to place. It must know nothing of any job.
"""

from __future__ import annotations

import errno
import socket
import struct
import threading
from http.client import HTTPConnection
from itertools import count

# Closing with a reset leaves no TIME_WAIT behind, so the next arm can have the same ports at once.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_TAKEN = (errno.EADDRINUSE, errno.EADDRNOTAVAIL)


class ConnectionPool:
    """Idle connections, the last one used first; opens a new one when none is idle.

    Args:
        address: the server's IP address and TCP port.
        first_source_port: where to start counting source ports; None leaves them to the kernel.
        timeout_s: for connecting and for each read or write.
    """

    def __init__(
        self,
        address: tuple[str, int],
        first_source_port: int | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._ports = None if first_source_port is None else count(first_source_port)
        self._idle: list[HTTPConnection] = []
        self._opened: list[HTTPConnection] = []
        self._lock = threading.Lock()

    def take(self) -> HTTPConnection:
        """An open connection for the caller alone.

        Raises:
            OSError: the server cannot be reached.
        """
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._open()

    def give_back(self, connection: HTTPConnection) -> None:
        """Return a connection whose last answer was read to its end."""
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        """Close every connection, those in use as well."""
        with self._lock:
            for connection in self._opened:
                connection.close()

    def _open(self) -> HTTPConnection:
        """Connect, skipping source ports still held by a connection that is closing."""
        while True:
            connection = HTTPConnection(
                *self._address, timeout=self._timeout_s, source_address=self._next_source()
            )
            try:
                connection.connect()
            except OSError as error:
                connection.close()
                if self._ports is None or error.errno not in _TAKEN:
                    raise
            else:
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                with self._lock:
                    self._opened.append(connection)
                return connection

    def _next_source(self) -> tuple[str, int] | None:
        if self._ports is None:
            return None
        with self._lock:
            return ("", next(self._ports))
