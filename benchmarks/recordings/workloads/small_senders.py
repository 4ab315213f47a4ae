"""Small senders of telemetry: `sink ADDRESS NAME=PORT…` or `send ADDRESS NAME=PORT…`."""

import logging
import logging.handlers
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HTTP, UDP = ("influx", "zipkin", "loki"), ("statsd", "jaeger", "syslog")


class Sink(BaseHTTPRequestHandler):
    """Takes all."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(204)
        self.end_headers()

    def do_GET(self):
        self.do_POST()


def swallow(server):
    """Reads every connection to its end."""
    while True:
        connection, _ = server.accept()
        threading.Thread(target=read_all, args=(connection,), daemon=True).start()


def read_all(connection):
    """To the end."""
    while connection.recv(65536):
        pass


def sink(address, ports):
    """One server for each."""
    for name, port in ports.items():
        if name in HTTP:
            web = ThreadingHTTPServer((address, port), Sink)
            threading.Thread(target=web.serve_forever, daemon=True).start()
        elif name in UDP:
            socket_ = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            socket_.bind((address, port))
            threading.Thread(target=read_all, args=(socket_,), daemon=True).start()
        else:
            server = socket.create_server((address, port))
            threading.Thread(target=swallow, args=(server,), daemon=True).start()
    print("ready")
    threading.Event().wait()


def send(address, ports):
    """Some rounds of all."""
    import graphyte
    import httpx
    import statsd
    from fluent.sender import FluentSender
    from influxdb_client import InfluxDBClient, Point
    from influxdb_client.client.write_api import SYNCHRONOUS
    from jaeger_client import Config
    from py_zipkin import Encoding
    from py_zipkin.transport import BaseTransportHandler
    from py_zipkin.zipkin import zipkin_span

    class ToZipkin(BaseTransportHandler):
        def get_max_payload_bytes(self):
            return None

        def send(self, payload):
            httpx.post(f"http://{address}:{ports['zipkin']}/api/v2/spans", content=payload,
                       headers={"Content-Type": "application/json"})  # fmt: skip

    counters = statsd.StatsClient(address, ports["statsd"], prefix="cluster")
    graphite = graphyte.Sender(address, port=ports["graphite"], prefix="cluster")
    fluentd = FluentSender("app", host=address, port=ports["fluentd"])
    influx = InfluxDBClient(f"http://{address}:{ports['influx']}", token="none", org="lab")
    points = influx.write_api(write_options=SYNCHRONOUS)
    syslog = logging.getLogger("syslog")
    syslog.addHandler(logging.handlers.SysLogHandler((address, ports["syslog"])))
    agent = {"reporting_host": address, "reporting_port": ports["jaeger"]}
    sampler = {"type": "const", "param": 1}
    tracer = Config(
        {"sampler": sampler, "local_agent": agent}, service_name="trainer"
    ).initialize_tracer()
    loki = httpx.Client(base_url=f"http://{address}:{ports['loki']}")
    for number in range(20):
        counters.incr("steps")
        counters.gauge("queue.bytes", number * 100)
        counters.timing("step", 12.5)
        graphite.send("queue.bytes", number)
        fluentd.emit("step", {"number": number, "loss": 1 / (number + 1)})
        points.write("bucket", record=Point("queue").tag("host", "h2").field("bytes", number))
        syslog.warning("trainer[12]: step %d took long", number)
        with tracer.start_span("step") as span:
            span.set_tag("number", number)
        with zipkin_span("trainer", span_name="step", transport_handler=ToZipkin(), sample_rate=100,
                         encoding=Encoding.V2_JSON):  # fmt: skip
            time.sleep(0.1)
        stamp = str(time.time_ns())
        stream = {"stream": {"job": "trainer"}, "values": [[stamp, f"step {number}"]]}
        loki.post("/loki/api/v1/push", json={"streams": [stream]})
    time.sleep(1)
    tracer.close()
    fluentd.close()


if __name__ == "__main__":
    role, where, *rest = sys.argv[1:]
    split = {name: int(port) for name, _, port in (word.partition("=") for word in rest)}
    (sink if role == "sink" else send)(where, split)
