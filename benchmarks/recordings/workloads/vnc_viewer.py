"""A viewer of a VNC screen (RFC 6143, without security): ADDRESS PORT."""

import select
import socket
import struct
import sys


def take(there: socket.socket, size: int) -> bytes:
    """Exactly so much."""
    return there.recv(size, socket.MSG_WAITALL) if size else b""


def greet(there: socket.socket) -> tuple[int, int]:
    """Version, security, initialisation; returns the screen's size."""
    take(there, 12)
    there.sendall(b"RFB 003.008\n")
    take(there, take(there, 1)[0])
    there.sendall(b"\x01")
    take(there, 4)
    there.sendall(b"\x01")
    width, height = struct.unpack(">HH", take(there, 4))
    take(there, 16)
    take(there, struct.unpack(">I", take(there, 4))[0])
    there.sendall(struct.pack(">BxHi", 2, 1, 0))
    return width, height


def update(there: socket.socket) -> None:
    """One message of the server's: raw rectangles, or nothing of interest."""
    if take(there, 1) == b"\x00":
        for _ in range(struct.unpack(">xH", take(there, 3))[0]):
            _, _, width, height, _ = struct.unpack(">HHHHi", take(there, 12))
            take(there, width * height * 4)


def main(address: str, port: str) -> None:
    """Asks for what changed, types, moves the pointer."""
    with socket.create_connection((address, int(port))) as there:
        width, height = greet(there)
        there.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
        for number in range(70):
            while select.select([there], [], [], 0.1)[0]:
                update(there)
            there.sendall(struct.pack(">BBxxIBBxxI", 4, 1, 0x61, 4, 0, 0x61))
            there.sendall(struct.pack(">BBHH", 5, 0, number, 50))
            there.sendall(struct.pack(">BBHHHH", 3, 1, 0, 0, width, height))


if __name__ == "__main__":
    main(*sys.argv[1:])
