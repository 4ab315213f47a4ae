"""An inference client: open-loop Poisson requests over kept connections.

    python -m demo.jobs.inference_client --server 10.0.0.4 --rate 40 --seed 1

Owns the measuring of inference latency. A request's latency counts from the instant it was
*meant* to be sent: a client that waits for slow answers before sending the next request would
measure only the good moments (coordinated omission). Requests still unanswered when the job stops
waiting are written down as unfinished, never left out.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

import numpy as np

from demo.jobs import open_inference as protocol
from demo.jobs.arrivals import poisson_arrivals
from demo.jobs.channel import Channel
from demo.jobs.connections import ConnectionPool
from demo.records import Request
from demo.window import Window

_MOST_CONNECTIONS = 64
DRAIN_S = 5.0


class InferenceClient:
    """Sends requests at given instants and writes down each one's latency."""

    def __init__(self, pool: ConnectionPool, model: str, features: int, channel: Channel) -> None:
        tensor = np.random.default_rng(0).standard_normal((1, features)).astype(np.float32)
        self._message = protocol.encode_request(tensor)
        self._path = f"/v2/models/{model}/infer"
        self._pool = pool
        self._channel = channel
        self._outstanding: set[float] = set()
        self._refusal: protocol.ProtocolError | None = None
        self._lock = threading.Lock()

    def run(self, rate_per_s: float, seed: int, window: Window, drain_s: float = DRAIN_S) -> None:
        """Send from now to the window's end, then wait up to `drain_s` for late answers.

        Raises:
            ProtocolError: the service refused a request or answered nonsense.
        """
        start_s = time.monotonic()
        workers = ThreadPoolExecutor(_MOST_CONNECTIONS)
        for offset_s in poisson_arrivals(rate_per_s, seed):
            intended_s = start_s + offset_s
            if intended_s >= window.end_s or self._refusal:
                break
            time.sleep(max(0.0, intended_s - time.monotonic()))
            with self._lock:
                self._outstanding.add(intended_s)
            workers.submit(self._request, intended_s)
        self._drain(time.monotonic() + drain_s)
        workers.shutdown(wait=False, cancel_futures=True)  # a thread may hang on a lost answer
        if self._refusal:
            raise self._refusal

    def _request(self, intended_s: float) -> None:
        """One request and its record; a broken connection makes it unfinished."""
        try:
            connection = self._pool.take()
            response_bytes = self._exchange(connection)
        except (OSError, HTTPException):
            self._record(intended_s, finished=False, response_bytes=0)
        except protocol.ProtocolError as error:
            self._refusal = error
            self._record(intended_s, finished=False, response_bytes=0)
        else:
            self._record(intended_s, finished=True, response_bytes=response_bytes)
            self._pool.give_back(connection)

    def _exchange(self, connection: HTTPConnection) -> int:
        """Send the request, check the answer, return its length."""
        headers = {
            "Content-Type": self._message.content_type,
            protocol.HEADER_LENGTH: str(self._message.head_bytes),
        }
        connection.request("POST", self._path, self._message.body, headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != HTTPStatus.OK:
            raise protocol.ProtocolError(f"status {response.status}: {body[:200]!r}")
        head_bytes = response.headers.get(protocol.HEADER_LENGTH)
        protocol.decode_answer(body, None if head_bytes is None else int(head_bytes))
        return len(body)

    def _record(self, intended_s: float, *, finished: bool, response_bytes: int) -> None:
        """Write a request down once: whoever comes first, its answer or the end of the drain."""
        now_s = time.monotonic()
        with self._lock:
            if intended_s not in self._outstanding:
                return
            self._outstanding.remove(intended_s)
        self._channel.emit(
            Request(
                intended_s, now_s - intended_s, finished, len(self._message.body), response_bytes
            )
        )

    def _drain(self, until_s: float) -> None:
        """Wait for late answers; what is still out then is unfinished."""
        while self._outstanding and time.monotonic() < until_s:
            time.sleep(0.01)
        for intended_s in sorted(self._outstanding.copy()):
            self._record(intended_s, finished=False, response_bytes=0)


def main() -> None:
    """Send until the window's end, drain, and leave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--model", default="ranker")
    parser.add_argument("--features", type=int, default=4096)
    parser.add_argument("--rate", type=float, default=40.0, help="requests per second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first-source-port", type=int)
    args = parser.parse_args()
    channel = Channel("inference-client")
    pool = ConnectionPool((args.server, args.port), args.first_source_port)
    client = InferenceClient(pool, args.model, args.features, channel)
    client.run(args.rate, args.seed, channel.await_window())
    os._exit(0)  # threads may still hang on a connection that never answers


if __name__ == "__main__":
    main()
