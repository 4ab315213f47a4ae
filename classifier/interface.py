"""Frames from a live interface. Owns the package's one socket and its one look at the clock.

Listens to all that an interface sends and receives (Linux packet(7)). Knows nothing of what frames
carry.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Iterator
from struct import Struct
from types import TracebackType
from typing import Final

from classifier.capture import Frame
from classifier.errors import InterfaceError

QUIET_S: Final = 0.2
_ALL_PROTOCOLS = 3  # ETH_P_ALL of linux/if_ether.h
_OUTGOING = 4  # PACKET_OUTGOING of linux/if_packet.h
_LOOPBACK = 772  # ARPHRD_LOOPBACK of linux/if_arp.h: shows each frame twice
_LINK_TYPES = {1: 1, _LOOPBACK: 1, 519: 101, 512: 9, 768: 228, 769: 229, 65534: 101}
_PACKET_OPTIONS, _STATISTICS = 263, 6  # SOL_PACKET, PACKET_STATISTICS
_COUNTS = Struct("=II")
_BUFFER_BYTES = 16 << 20
_FRAME_BYTES = 1 << 17


class Interface:
    """An interface that is being listened to; a context manager.

    Attributes:
        dropped: Frames that came faster than they were read, so far.
    """

    def __init__(self, name: str) -> None:
        """Listen.

        Raises:
            InterfaceError: There is no such interface, or it needs root.
        """
        self.name = name
        self.dropped = 0
        if not hasattr(socket, "AF_PACKET"):
            raise InterfaceError(f"{name}: listening to interfaces needs Linux")
        try:
            socket.if_nametoindex(name)
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except OSError as error:
            raise _refused(name, error) from error
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            self._socket.settimeout(QUIET_S)
            self._socket.bind((name, _ALL_PROTOCOLS))
        except OSError as error:
            self._socket.close()
            raise _refused(name, error) from error

    def __enter__(self) -> Interface:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self._socket.close()

    def frames(self) -> Iterator[Frame | None]:
        """Frames as they come, for ever; None whenever `QUIET_S` pass without one.

        Raises:
            InterfaceError: It went away, or is of a kind that isn't read.
        """
        while True:
            try:
                data, (_, _, direction, kind, _) = self._socket.recvfrom(_FRAME_BYTES)
            except TimeoutError:
                yield None
                continue
            except OSError as error:
                raise _refused(self.name, error) from error
            if kind == _LOOPBACK and direction == _OUTGOING:
                continue
            if kind not in _LINK_TYPES:
                raise InterfaceError(f"{self.name}: interfaces of kind {kind} aren't read")
            yield Frame(time.time(), _LINK_TYPES[kind], data, len(data))

    def count_dropped(self) -> int:
        """Ask the kernel what was lost, and return all that was lost so far."""
        answer = self._socket.getsockopt(_PACKET_OPTIONS, _STATISTICS, _COUNTS.size)
        self.dropped += _COUNTS.unpack(answer)[1]
        return self.dropped


def _refused(name: str, error: OSError) -> InterfaceError:
    if isinstance(error, PermissionError):
        return InterfaceError(f"{name}: listening needs root, or the capability CAP_NET_RAW")
    if error.errno in (errno.ENODEV, errno.ENXIO, None):
        there = ", ".join(word for _, word in socket.if_nameindex())
        return InterfaceError(f"{name}: no such interface; there are {there}")
    if error.errno == errno.ENETDOWN:
        return InterfaceError(f"{name}: the interface is down; ip link set {name} up")
    return InterfaceError(f"{name}: {os.strerror(error.errno or 0)}")
