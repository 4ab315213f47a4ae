"""A parameter server over ZMTP: `server|worker ADDRESS PORT`."""

import sys

import numpy as np
import zmq

SIZE = 75_000


def serve(address, port):
    """Adds what is pushed, answers with all."""
    socket = zmq.Context().socket(zmq.ROUTER)
    socket.bind(f"tcp://{address}:{port}")
    weights = np.zeros(SIZE, np.float32)
    while True:
        worker, command, body = socket.recv_multipart()
        if command == b"push":
            weights -= 0.1 * np.frombuffer(body, np.float32)
            socket.send_multipart([worker, b"ok", b""])
        else:
            socket.send_multipart([worker, b"weights", weights.tobytes()])


def work(address, port):
    """Steps."""
    socket = zmq.Context().socket(zmq.DEALER)
    socket.connect(f"tcp://{address}:{port}")
    for _ in range(4):
        socket.send_multipart([b"pull", b""])
        socket.recv_multipart()
        socket.send_multipart([b"push", np.random.random(SIZE).astype(np.float32).tobytes()])
        socket.recv_multipart()


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else work)(*sys.argv[2:])
