"""Agents over AMQP 1.0 with SASL (python-qpid-proton)."""

import sys
import time

from proton import Message
from proton.utils import BlockingConnection

_MESSAGES = 100


def _main(server: str, port: str) -> None:
    connection = BlockingConnection(f"amqp://guest:guest@{server}:{port}", allowed_mechs="PLAIN")
    sender = connection.create_sender("/queue/plans10")
    receiver = connection.create_receiver("/queue/plans10", credit=10)
    for step in range(_MESSAGES):
        sender.send(Message(body={"step": step, "thought": "x" * (step % 200)}))
        receiver.receive(timeout=5)
        receiver.accept()
        time.sleep(0.02)
    connection.close()


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
