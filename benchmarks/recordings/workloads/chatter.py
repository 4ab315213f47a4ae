"""Small exchanges of random bytes at random times, of no protocol (seeded).

chatter.py serve|talk ADDRESS PORT
"""

import os
import random
import socket
import sys
import threading
import time

_ROUNDS = 60


def _echo(connection: socket.socket) -> None:
    with connection:
        while data := connection.recv(4096):
            connection.sendall(os.urandom(len(data) // 2 + 1))


def _serve(where: tuple[str, int]) -> None:
    with socket.create_server(where) as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(where)

        def answer() -> None:
            while True:
                data, who = datagrams.recvfrom(4096)
                datagrams.sendto(os.urandom(len(data) // 2 + 1), who)

        threading.Thread(target=answer, daemon=True).start()
        while True:
            threading.Thread(target=_echo, args=(stream.accept()[0],), daemon=True).start()


def _talk(where: tuple[str, int]) -> None:
    dice = random.Random(11)
    with (
        socket.create_connection(where) as stream,
        socket.create_connection(where) as other,
        socket.socket(type=socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.connect(where)
        datagrams.settimeout(1)
        for _ in range(_ROUNDS):
            wire = dice.choice((stream, other, datagrams))
            wire.send(os.urandom(dice.randint(1, 400)))
            try:
                wire.recv(4096)
            except TimeoutError:
                continue
            time.sleep(dice.expovariate(8))


if __name__ == "__main__":
    {"serve": _serve, "talk": _talk}[sys.argv[1]]((sys.argv[2], int(sys.argv[3])))
