"""What hosts run to probe slices, inside their namespaces. Standard library only.

    python -m benchmarks.slice_wire NAME [WORDS ...]

The kernel takes VLAN tags off what a packet socket hears; they come beside it (packet(7),
PACKET_AUXDATA).
"""

import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import sys
import threading
import time

TOKEN = b"PROBE"  # with six digits after it, the probe's number
INTERVAL_S = 0.012  # a port may send 100 packets a second to the controller
_ALL, _AUXDATA = socket.htons(3), 8
_SOL_PACKET, _OUTGOING, _VLAN_VALID = 263, 4, 16
_DOT1Q = 0x8100
_NEW_NETWORK = 0x40000000
_SET_TAP, _TAP_WITHOUT_HEADER = 0x400454CA, 0x1002


def watch(interface: str) -> None:
    """Until a line comes: prints [number, VLAN] of every probe that arrived."""
    wire = _listen(interface)
    wire.settimeout(0.2)
    done = threading.Event()

    def wait() -> None:
        sys.stdin.readline()
        done.set()

    threading.Thread(target=wait, daemon=True).start()
    print("ready", flush=True)
    seen = set()
    while not done.is_set():
        try:
            frame, vlan, outgoing = _heard(wire)
        except TimeoutError:
            continue
        start = frame.find(TOKEN) + len(TOKEN)
        if start >= len(TOKEN) and not outgoing:
            seen.add((int(frame[start : start + 6]), vlan or 0))
    print(json.dumps(sorted(seen)))


def send(interface: str) -> None:
    """Sends the frames of its input, a line of hexadecimal digits each, evenly."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((interface, 0))
    for line in sys.stdin.read().split():
        wire.send(bytes.fromhex(line))
        time.sleep(INTERVAL_S)


def relay(interface: str, name: str, vlan: str) -> None:
    """A machine of its own behind the same port, for ever: its frames are tagged on the wire.

    It is a namespace with a TAP, since not every kernel has VLAN interfaces.
    """
    wire = _listen(interface)
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NETWORK):
        sys.exit("no namespace")
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, _SET_TAP, struct.pack("16sH", name.encode(), _TAP_WITHOUT_HEADER))
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([tap, wire.fileno()], [], [])
        if tap in ready:
            frame = os.read(tap, 2048)
            wire.send(frame[:12] + struct.pack("!HH", _DOT1Q, int(vlan)) + frame[12:])
        if wire.fileno() in ready:
            frame, tag, outgoing = _heard(wire)
            if not outgoing and tag == int(vlan):
                os.write(tap, frame)


def _listen(interface: str) -> socket.socket:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, _ALL)
    wire.setsockopt(_SOL_PACKET, _AUXDATA, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    wire.bind((interface, 0))
    return wire


def _heard(wire: socket.socket) -> tuple[bytes, int | None, bool]:
    """A frame, the VLAN id of its tag if it has one, and whether this machine sent it."""
    frame, extra, _, place = wire.recvmsg(2048, 64)
    status, _, _, _, _, tag, _ = struct.unpack("IIIHHHH", extra[0][2][:20])
    return frame, tag & 0xFFF if status & _VLAN_VALID else None, place[2] == _OUTGOING


_PROGRAMS = {function.__name__: function for function in (watch, send, relay)}

if __name__ == "__main__":
    _PROGRAMS[sys.argv[1]](*sys.argv[2:])
