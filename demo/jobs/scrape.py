"""A metrics scrape: an exporter with a few hundred series, read every second as Prometheus does.

    python -m demo.jobs.scrape export --address 10.0.0.3
    python -m demo.jobs.scrape collect --server 10.0.0.3

Owns both sides of the telemetry traffic; the text format is `prometheus_client`'s. It must not
serve the controller's own metrics.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from demo.errors import DemoError
from demo.jobs.channel import Channel
from demo.jobs.connections import ConnectionPool
from demo.jobs.web import Handler, Server
from demo.records import Scrape

_ACCELERATORS = 8
_GAUGES_EACH = 32


class Exporter:
    """A registry like an accelerator node's: gauges per device and a counter of reads."""

    def __init__(self, seed: int = 0) -> None:
        self._source = random.Random(seed)
        self._registry = CollectorRegistry()
        labels = ("accelerator", "field")
        self._gauge = Gauge(
            "node_accelerator", "State of a device.", labels, registry=self._registry
        )
        self._reads = Counter("node_scrapes", "Times this page was read.", registry=self._registry)

    def page(self) -> bytes:
        """The metrics page, text format."""
        self._reads.inc()
        for device in range(_ACCELERATORS):
            for field in range(_GAUGES_EACH):
                self._gauge.labels(str(device), str(field)).set(self._source.random())
        return generate_latest(self._registry)


class ExporterHandler(Handler):
    """`GET /metrics`."""

    def __init__(self, exporter: Exporter, *args: Any, **kwargs: Any) -> None:
        self._exporter = exporter
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """The metrics page; anything else is not found."""
        if self.path == "/metrics":
            self.answer(HTTPStatus.OK, self._exporter.page(), CONTENT_TYPE_LATEST)
        else:
            self.answer(HTTPStatus.NOT_FOUND, b"", "text/plain")


def build_server(address: str, port: int, exporter: Exporter) -> Server:
    """An exporter bound to an address (port 0 takes a free one), not yet serving."""
    return Server((address, port), partial(ExporterHandler, exporter))


def scrape(pool: ConnectionPool) -> int:
    """Read the page once and return how many samples it held.

    Raises:
        OSError, HTTPException: the connection broke.
        DemoError: the page is not there.
    """
    connection = pool.take()
    connection.request("GET", "/metrics", headers={"Accept": CONTENT_TYPE_LATEST})
    response = connection.getresponse()
    text = response.read().decode()
    if response.status != HTTPStatus.OK:
        raise DemoError(f"the exporter answered {response.status}")
    pool.give_back(connection)
    return sum(len(family.samples) for family in text_string_to_metric_families(text))


def collect(pool: ConnectionPool, channel: Channel, period_s: float, until_s: float) -> None:
    """Scrape once a period until an instant; a broken connection counts as zero samples."""
    intended_s = time.monotonic()
    while intended_s < until_s:
        time.sleep(max(0.0, intended_s - time.monotonic()))
        try:
            series = scrape(pool)
        except (OSError, HTTPException):
            series = 0
        channel.emit(Scrape(intended_s, time.monotonic() - intended_s, series))
        intended_s += period_s


def _export(args: argparse.Namespace) -> None:
    build_server(args.address, args.port, Exporter()).start()
    Channel("exporter").await_window()
    threading.Event().wait()


def _collect(args: argparse.Namespace) -> None:
    channel = Channel("scraper")
    pool = ConnectionPool((args.server, args.port), args.first_source_port)
    collect(pool, channel, args.period, channel.await_window().end_s)


def main() -> None:
    """Export or collect."""
    parser = argparse.ArgumentParser(description=__doc__)
    sides = parser.add_subparsers(required=True)
    export = sides.add_parser("export")
    export.add_argument("--address", required=True)
    export.add_argument("--port", type=int, default=9100)
    export.set_defaults(run=_export)
    reader = sides.add_parser("collect")
    reader.add_argument("--server", required=True)
    reader.add_argument("--port", type=int, default=9100)
    reader.add_argument("--period", type=float, default=1.0, help="seconds between two reads")
    reader.add_argument("--first-source-port", type=int)
    reader.set_defaults(run=_collect)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
