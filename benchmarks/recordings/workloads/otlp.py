"""OTLP: `collector GRPC HTTP` or `exporter ADDRESS GRPC HTTP`; [KEY CHAIN] or [CHAIN]."""

import logging
import ssl
import sys
import threading
import time
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import (
    OTLPMetricExporter as HttpMetrics,
)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_SERVICE = "opentelemetry.proto.collector"


class Sink(BaseHTTPRequestHandler):
    """Takes all."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()


def collect(rpc, http, key=None, chain=None):
    """Answers each export with an empty message."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    for kind, name in (("trace", "Trace"), ("metrics", "Metrics"), ("logs", "Logs")):
        method = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")
        service = f"{_SERVICE}.{kind}.v1.{name}Service"
        handler = grpc.method_handlers_generic_handler(service, {"Export": method})
        server.add_generic_rpc_handlers((handler,))
    sink = ThreadingHTTPServer(("0.0.0.0", int(http)), Sink)
    if key and chain:
        pair = (Path(key).read_bytes(), Path(chain).read_bytes())
        server.add_secure_port(f"0.0.0.0:{rpc}", grpc.ssl_server_credentials([pair]))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain, key)
        sink.socket = context.wrap_socket(sink.socket, server_side=True)
    else:
        server.add_insecure_port(f"0.0.0.0:{rpc}")
    server.start()
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    server.wait_for_termination()


def export(address, rpc, http, chain=None):
    """A few seconds of work, told twice."""
    scheme, plain = ("https", False) if chain else ("http", True)
    grpc_base, base = f"{scheme}://{address}:{rpc}", f"{scheme}://{address}:{http}/v1"
    tracers = TracerProvider()
    for exporter in (
        OTLPSpanExporter(grpc_base, insecure=plain),
        HttpSpans(f"{base}/traces", certificate_file=chain),
    ):
        tracers.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    metrics = (
        OTLPMetricExporter(grpc_base, insecure=plain),
        HttpMetrics(f"{base}/metrics", certificate_file=chain),
    )
    readers = [PeriodicExportingMetricReader(e, export_interval_millis=700) for e in metrics]
    meters = MeterProvider(metric_readers=readers)
    logs = LoggerProvider()
    logs.add_log_record_processor(
        BatchLogRecordProcessor(OTLPLogExporter(grpc_base, insecure=plain))
    )
    logger = logging.getLogger("recording")
    logger.addHandler(LoggingHandler(logger_provider=logs))
    counter = meters.get_meter("recording").create_counter("steps")
    tracer = tracers.get_tracer("recording")
    for number in range(40):
        with tracer.start_as_current_span("step", attributes={"number": number}):
            counter.add(1, {"rank": number % 4})
            logger.warning("step %d took long", number)
            time.sleep(0.1)
    for provider in (tracers, meters, logs):
        provider.shutdown()


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    (collect if role == "collector" else export)(*rest)
