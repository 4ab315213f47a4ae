"""A process that writes every frame of one interface to a pcap file until it gets SIGTERM.

    python -m benchmarks.recordings.capture INTERFACE FILE

Says `ready` once it listens. On SIGTERM it empties its socket, says how many frames the kernel had
to drop, and ends. Owns the packet socket; keeps frames whole and judges none.
"""

import select
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from benchmarks.recordings import pcap

_ALL_PROTOCOLS = 0x0003  # ETH_P_ALL
_RECEIVE_BUFFER = 33  # SO_RCVBUFFORCE
_TIMES = 35  # SO_TIMESTAMPNS
_PACKET_LEVEL, _STATISTICS = 263, 6  # SOL_PACKET, PACKET_STATISTICS
_BUFFER_BYTES = 128 << 20
_LONGEST = 262_144
_TIMESPEC = struct.Struct("@qq")


def main(interface: str, path: Path) -> None:
    """Captures until SIGTERM."""
    told = Signalled()
    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with listening(interface) as wire, path.open("wb", buffering=1 << 20) as file:
        pcap.begin(file)
        print("ready", flush=True)
        while not told.ended:
            if select.select([wire], [], [], 0.1)[0]:
                take(wire, file)
        take(wire, file)
        _, dropped = struct.unpack("II", wire.getsockopt(_PACKET_LEVEL, _STATISTICS, 8))
    print(f"dropped {dropped}", flush=True)


class Signalled:
    """Remembers that a signal came."""

    def __init__(self) -> None:
        self.ended = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.ended = True


def listening(interface: str) -> socket.socket:
    """A packet socket on an interface, with a buffer that outlasts a burst."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    wire.setsockopt(socket.SOL_SOCKET, _RECEIVE_BUFFER, _BUFFER_BYTES)
    wire.setsockopt(socket.SOL_SOCKET, _TIMES, 1)
    wire.bind((interface, _ALL_PROTOCOLS))
    wire.setblocking(False)
    return wire


def take(wire: socket.socket, file: BinaryIO) -> None:
    """Writes what has come so far."""
    with suppress(BlockingIOError):
        while True:
            data, extra, _, _ = wire.recvmsg(_LONGEST, 64)
            seconds, nanoseconds = _TIMESPEC.unpack(extra[0][2])
            pcap.append(file, pcap.Frame(seconds * 1_000_000_000 + nanoseconds, data))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
