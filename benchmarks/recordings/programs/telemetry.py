"""Telemetry: OTLP, Prometheus in both directions, and the small senders."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.stage import WORKLOADS, Stage

_OTEL = ("opentelemetry-exporter-otlp", "opentelemetry-sdk")


@recording(
    "otlp-exporters", "OpenTelemetry Python exporters (OTLP gRPC and HTTP)", "telemetry",
    hosts=2, pip=_OTEL, note="the collector is a stand-in of ours over OTLP's stubs",
)  # fmt: skip
def otlp(stage: Stage) -> None:
    """Traces, metrics and logs."""
    rpc, http = stage.port(4317), stage.port(4318)
    script = [stage.python, WORKLOADS / "otlp.py"]
    stage.start(1, [*script, "collector", rpc, http])
    stage.listens(1, rpc)
    stage.listens(1, http)
    stage.start(2, [*script, "exporter", stage.address(1), rpc, http]).finish()


@recording(
    "prometheus-remote-write", "Prometheus scrape and remote write (HTTP, snappy protobuf)",
    "telemetry", pip=("prometheus_client", "cramjam", "httpx"),
    note="the writer is ours, with remote write's wire format; the scraped client is real",
)  # fmt: skip
def remote_write(stage: Stage) -> None:
    """Scrapes one host and writes to the other, as an agent does."""
    exporter, receiver = stage.port(9100), stage.port(9090)
    script = [stage.python, WORKLOADS / "prometheus_agent.py"]
    stage.start(2, [*script, "exporter", exporter])
    stage.start(2, [*script, "receiver", receiver])
    stage.listens(2, exporter)
    stage.listens(2, receiver)
    stage.start(1, [*script, "agent", stage.address(2), exporter, receiver]).finish()


@recording(
    "small-senders", "StatsD, Graphite, Influx line, Fluentd forward, Zipkin, Jaeger, syslog, Loki",
    "telemetry",
    pip=("statsd", "graphyte", "influxdb-client", "fluent-logger", "py_zipkin", "httpx",
         "jaeger-client", "six", "setuptools<80"),
    note="clients are real, one sink takes all",
)  # fmt: skip
def senders(stage: Stage) -> None:
    """Each at its own port."""
    names = ("statsd", "graphite", "influx", "fluentd", "zipkin", "jaeger", "syslog", "loki")
    defaults = (8125, 2003, 8086, 24224, 9411, 6831, 514, 3100)
    ports = [f"{name}={stage.port(default)}" for name, default in zip(names, defaults, strict=True)]
    script = [stage.python, WORKLOADS / "small_senders.py"]
    stage.start(1, [*script, "sink", stage.address(1), *ports]).says("ready")
    stage.start(2, [*script, "send", stage.address(1), *ports]).finish()
