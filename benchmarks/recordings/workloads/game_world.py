"""A game by UDP: `server ADDRESS PORT` or `player ADDRESS PORT`."""

import os
import random
import socket
import sys
import threading
import time


def serve(address: str, port: str) -> None:
    """Twenty states of the world a second, to whoever plays."""
    world = socket.socket(type=socket.SOCK_DGRAM)
    world.bind((address, int(port)))
    players: set[tuple[str, int]] = set()

    def tick() -> None:
        for number in range(10_000):
            for player in list(players):
                size = 60 + 30 * len(players) + random.randint(0, 40)
                world.sendto(b"W" + number.to_bytes(4, "big") + os.urandom(size), player)
            time.sleep(0.05)

    threading.Thread(target=tick, daemon=True).start()
    while True:
        players.add(world.recvfrom(2048)[1])


def play(address: str, port: str) -> None:
    """Thirty inputs a second for some time."""
    with socket.socket(type=socket.SOCK_DGRAM) as mine:
        mine.connect((address, int(port)))
        mine.setblocking(False)
        for number in range(240):
            mine.send(b"I" + number.to_bytes(4, "big") + os.urandom(random.randint(12, 40)))
            time.sleep(0.033)


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else play)(*sys.argv[2:])
