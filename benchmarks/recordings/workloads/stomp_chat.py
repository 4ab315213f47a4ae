"""Agents over STOMP 1.2 (stomp.py)."""

import sys
import time

import stomp

_MESSAGES = 120


def _main(server: str, port: int) -> None:
    connection = stomp.Connection12([(server, port)], vhost="/", heartbeats=(2000, 2000))
    connection.connect("guest", "guest", wait=True)
    connection.subscribe("/queue/agents", id="1", ack="auto")
    for step in range(_MESSAGES):
        connection.send("/queue/agents", f'{{"step": {step}}}' + " " * (step % 100))
        time.sleep(0.03)
    connection.disconnect()


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
