"""A memcached client: its text protocol, its binary protocol, and datagrams.

memcached_talk.py SERVER PORT
"""

import socket
import struct
import sys
import time

import bmemcached
from pymemcache.client.base import Client


def _main(server: str, port: int) -> None:
    text = Client((server, port))
    binary = bmemcached.Client((f"{server}:{port}",))
    for number in range(100):
        text.set(f"session:{number}", b"v" * (number % 90))
        text.get(f"session:{number // 2}")
        binary.set(f"page:{number}", "v" * number)
        binary.get(f"page:{number // 2}")
        time.sleep(0.02)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.connect((server, port))
        for number in range(20):
            wire.send(struct.pack("!HHHH", number, 0, 1, 0) + b"get session:%d\r\n" % number)
            wire.recv(2000)
            time.sleep(0.05)


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
