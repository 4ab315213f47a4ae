"""Weights to all by PUB/SUB, gradients back by PUSH/PULL: `hub|worker ADDRESS PUB PULL`."""

import sys
import time

import numpy as np
import zmq

WORKERS, STEPS = 2, 4


def hub(address: str, out: str, back: str) -> None:
    """Adds what comes."""
    context = zmq.Context()
    publish, pull = context.socket(zmq.XPUB), context.socket(zmq.PULL)
    publish.setsockopt(zmq.XPUB_VERBOSE, 1)
    publish.bind(f"tcp://{address}:{out}")
    pull.bind(f"tcp://{address}:{back}")
    for _ in range(WORKERS):
        publish.recv()
    weights = np.zeros(40_000, np.float32)
    for step in range(STEPS):
        publish.send_multipart([b"weights", str(step).encode(), weights.tobytes()])
        for _ in range(WORKERS):
            weights -= np.frombuffer(pull.recv_multipart()[1], np.float32)
    time.sleep(0.3)


def worker(address: str, out: str, back: str) -> None:
    """Answers each weights with a gradient."""
    context = zmq.Context()
    subscribe, push = context.socket(zmq.SUB), context.socket(zmq.PUSH)
    push.connect(f"tcp://{address}:{back}")
    subscribe.subscribe(b"weights")
    subscribe.connect(f"tcp://{address}:{out}")
    for _ in range(STEPS):
        subscribe.recv_multipart()
        push.send_multipart([b"g", np.random.random(40_000).astype(np.float32).tobytes()])
    push.close(linger=2000)


if __name__ == "__main__":
    (hub if sys.argv[1] == "hub" else worker)(*sys.argv[2:])
