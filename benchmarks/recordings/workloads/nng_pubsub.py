"""NNG: `server|client ADDRESS PORT`."""

import sys
import time

import pynng


def serve(address, port):
    """Publishes for ever."""
    with pynng.Pub0(listen=f"tcp://{address}:{port}") as publisher:
        while True:
            publisher.send(b"agent.state {'load': 0.5}")
            time.sleep(0.05)


def listen(address, port):
    """Some of it."""
    with pynng.Sub0(dial=f"tcp://{address}:{port}", topics=["agent"]) as subscriber:
        for _ in range(60):
            subscriber.recv()


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else listen)(*sys.argv[2:])
