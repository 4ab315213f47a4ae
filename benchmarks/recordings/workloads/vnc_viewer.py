"""A viewer of a VNC screen (RFC 6143, without security): ADDRESS PORT."""

import socket
import struct
import sys
import time


def main(address: str, port: str) -> None:
    """Asks for what changed, types, moves the pointer."""
    with socket.create_connection((address, int(port))) as there:
        file = there.makefile("rwb")

        def send(data: bytes) -> None:
            file.write(data)
            file.flush()

        send(b"RFB 003.008\n") if file.read(12) else None
        file.read(file.read(1)[0])
        send(b"\x01")
        file.read(4)
        send(b"\x01")
        width, height = struct.unpack(">HH", file.read(4))
        file.read(16)
        file.read(struct.unpack(">I", file.read(4))[0])
        send(struct.pack(">BxHi", 2, 1, 0))
        end = time.monotonic() + 8
        send(struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
        there.settimeout(1)
        while time.monotonic() < end:
            update(file)
            send(struct.pack(">BBxxI", 4, 1, 0x61) + struct.pack(">BBxxI", 4, 0, 0x61))
            send(struct.pack(">BBHH", 5, 0, int(end) % 100, 50))
            send(struct.pack(">BBHHHH", 3, 1, 0, 0, width, height))
            time.sleep(0.1)


def update(file) -> None:
    """One message of the server's."""
    kind = file.read(1)
    if kind == b"\x00":
        for _ in range(struct.unpack(">xH", file.read(3))[0]):
            _, _, width, height, _ = struct.unpack(">HHHHi", file.read(12))
            file.read(width * height * 4)


if __name__ == "__main__":
    main(*sys.argv[1:])
