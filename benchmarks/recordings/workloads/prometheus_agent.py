"""Prometheus: `exporter PORT`, `receiver PORT`, or `agent ADDRESS EXPORTER RECEIVER`."""

import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cramjam
import httpx
from prometheus_client import Gauge, start_http_server


class Receiver(BaseHTTPRequestHandler):
    """Takes what is written."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()


def field(number, data):
    """A length-delimited protobuf field."""
    size, head = len(data), b""
    while size > 127:
        head += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + head + bytes([size]) + data


def series(name, value, at_ms):
    """A TimeSeries with a label and a sample."""
    label = field(1, b"__name__") + field(2, name.encode())
    stamp, rest = at_ms, b""
    while stamp > 127:
        rest += bytes([stamp & 127 | 128])
        stamp >>= 7
    sample = b"\x09" + struct.pack("<d", value) + b"\x10" + rest + bytes([stamp])
    return field(1, field(1, label) + field(2, sample))


def run(address, exporter, receiver):
    """Scrapes and forwards."""
    headers = {
        "Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
        "User-Agent": "Prometheus/3.5.0", "X-Prometheus-Remote-Write-Version": "0.1.0",
    }  # fmt: skip
    with httpx.Client() as client:
        for _ in range(10):
            scraped = client.get(
                f"http://{address}:{exporter}/metrics",
                headers={"Accept": "application/openmetrics-text;version=1.0.0",
                         "User-Agent": "Prometheus/3.5.0"},
            ).text  # fmt: skip
            now = int(time.time() * 1000)
            pairs = [row.split()[:2] for row in scraped.splitlines() if row and row[0] != "#"]
            body = b"".join(series(name, float(value), now) for name, value in pairs)
            packed = bytes(cramjam.snappy.compress_raw(body))
            client.post(
                f"http://{address}:{receiver}/api/v1/write", content=packed, headers=headers
            )
            time.sleep(0.4)


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    if role == "agent":
        run(*rest)
    elif role == "exporter":
        for number in range(40):
            Gauge(f"queue_{number}_bytes", "Bytes in a queue").set(number)
        start_http_server(int(rest[0]))
        threading.Event().wait()
    else:
        ThreadingHTTPServer(("0.0.0.0", int(rest[0])), Receiver).serve_forever()
