"""ZMTP with CURVE: `server|client ADDRESS PORT`."""

import sys
import time

import zmq

# Keys for both ends of a recording, made once: nothing is kept secret by them.
PUBLIC, SECRET = (zmq.curve_public(b"0" * 40), b"0" * 40)


def serve(address, port):
    """Publishes for ever."""
    publisher = zmq.Context().socket(zmq.PUB)
    publisher.curve_server = True
    publisher.curve_publickey, publisher.curve_secretkey = PUBLIC, SECRET
    publisher.bind(f"tcp://{address}:{port}")
    while True:
        publisher.send_string("agent.state {'load': 0.5}")
        time.sleep(0.05)


def listen(address, port):
    """Some of it."""
    subscriber = zmq.Context().socket(zmq.SUB)
    subscriber.curve_publickey, subscriber.curve_secretkey = zmq.curve_keypair()
    subscriber.curve_serverkey = PUBLIC
    subscriber.subscribe("agent")
    subscriber.connect(f"tcp://{address}:{port}")
    for _ in range(60):
        subscriber.recv()


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else listen)(*sys.argv[2:])
