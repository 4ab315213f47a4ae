"""A checkpoint upload: HTTP PUTs of shards over several TCP connections, as much as they can get.

    python -m demo.jobs.bulk receive --address 10.0.0.4
    python -m demo.jobs.bulk send --server 10.0.0.4 --connections 16

Owns the bulk traffic. Goodput is measured where it counts, at the receiver, as body bytes taken
in; each shard is answered with its CRC-32 as the ETag, which the sender compares. It must not
hold back: the network alone decides its rate.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
import zlib
from functools import partial
from http import HTTPStatus
from typing import Any

from demo.errors import DemoError
from demo.jobs.channel import Channel
from demo.jobs.connections import ConnectionPool
from demo.jobs.web import Handler, Server
from demo.records import Transfer

_PIECE_BYTES = 64 * 1024
_SAMPLE_PERIOD_S = 0.1


class Intake:
    """Counts the body bytes of all connections."""

    def __init__(self) -> None:
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, amount: int) -> None:
        """Count some bytes."""
        with self._lock:
            self._bytes += amount

    @property
    def bytes_total(self) -> int:
        """All bytes so far."""
        with self._lock:
            return self._bytes


class UploadHandler(Handler):
    """Takes in shards and forgets them, all but their checksum."""

    def __init__(self, intake: Intake, *args: Any, **kwargs: Any) -> None:
        self._intake = intake
        super().__init__(*args, **kwargs)

    def do_PUT(self) -> None:
        """Take in one shard of a length told in advance."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.close_connection = True
            self.answer(HTTPStatus.LENGTH_REQUIRED, b"", "text/plain")
            return
        left, checksum = int(length), 0
        buffer = memoryview(bytearray(_PIECE_BYTES))
        while left:
            got = self.rfile.readinto1(buffer[: min(left, _PIECE_BYTES)])
            if not got:
                self.close_connection = True  # the sender went away in the middle
                return
            checksum = zlib.crc32(buffer[:got], checksum)
            left -= got
            self._intake.add(got)
        self.answer(HTTPStatus.OK, b"", "text/plain", ETag=f'"{checksum:08x}"')


def build_server(address: str, port: int, intake: Intake) -> Server:
    """A receiver bound to an address (port 0 takes a free one), not yet serving."""
    return Server((address, port), partial(UploadHandler, intake))


def report_intake(intake: Intake, channel: Channel, until_s: float) -> None:
    """Write the counter down ten times a second until an instant."""
    while (now_s := time.monotonic()) < until_s:
        channel.emit(Transfer(now_s, intake.bytes_total))
        time.sleep(_SAMPLE_PERIOD_S)


def upload(pool: ConnectionPool, shard: bytes, name: str, until_s: float) -> None:
    """PUT a shard again and again over one connection until an instant.

    Raises:
        DemoError: the receiver refused the shard or its checksum differs.
        OSError: the connection broke.
    """
    etag = f'"{zlib.crc32(shard):08x}"'
    connection = pool.take()
    step = 0
    while time.monotonic() < until_s:
        connection.request("PUT", f"/checkpoints/step-{step}/{name}", shard)
        response = connection.getresponse()
        response.read()
        if response.status != HTTPStatus.OK or response.headers.get("ETag") != etag:
            raise DemoError(f"shard {name} arrived damaged: status {response.status}")
        step += 1
    pool.give_back(connection)


def _receive(args: argparse.Namespace) -> None:
    intake = Intake()
    build_server(args.address, args.port, intake).start()
    channel = Channel("bulk-receiver")
    window = channel.await_window()
    report_intake(intake, channel, window.end_s + 1.0)  # a little past the end, to interpolate
    threading.Event().wait()


def _send(args: argparse.Namespace) -> None:
    shard = random.Random(args.seed).randbytes(args.shard_bytes)
    pool = ConnectionPool((args.server, args.port), args.first_source_port, timeout_s=120.0)
    Channel("bulk-sender").await_window()
    failures: list[BaseException] = []
    threading.excepthook = lambda caught: failures.append(caught.exc_value or SystemExit())
    senders = [
        threading.Thread(target=upload, args=(pool, shard, f"shard-{index}", float("inf")))
        for index in range(args.connections)
    ]
    for sender in senders:
        sender.daemon = True
        sender.start()
    while not failures:  # the runner ends this job; until then the load stays
        time.sleep(0.1)
    raise failures[0]


def main() -> None:
    """Send or receive until the runner ends the job."""
    parser = argparse.ArgumentParser(description=__doc__)
    sides = parser.add_subparsers(required=True)
    receive = sides.add_parser("receive")
    receive.add_argument("--address", required=True)
    receive.add_argument("--port", type=int, default=9000)
    receive.set_defaults(run=_receive)
    send = sides.add_parser("send")
    send.add_argument("--server", required=True)
    send.add_argument("--port", type=int, default=9000)
    send.add_argument("--connections", type=int, default=16)
    send.add_argument("--shard-bytes", type=int, default=4 * 1024 * 1024)
    send.add_argument("--seed", type=int, default=1)
    send.add_argument("--first-source-port", type=int)
    send.set_defaults(run=_send)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
