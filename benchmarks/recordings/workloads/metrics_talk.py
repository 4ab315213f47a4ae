"""Programs that report metrics, spans or log lines through the usual libraries.

metrics_talk.py statsd|pushgateway|zipkin|loki|jaeger|fluentd SERVER PORT
"""

import importlib
import logging
import sys
import time

_STEPS = 30


def _statsd(server: str, port: int) -> None:
    client = importlib.import_module("statsd").StatsClient(server, port, prefix="train.h2")
    for step in range(100):
        client.incr("steps")
        client.gauge("loss", 1 / (step + 1))
        client.timing("step_time", 30 + step % 5)
        time.sleep(0.03)


def _pushgateway(server: str, port: int) -> None:
    library = importlib.import_module("prometheus_client")
    registry = library.CollectorRegistry()
    loss = library.Gauge("loss", "Of the job.", registry=registry)
    for step in range(_STEPS):
        loss.set(1 / (step + 1))
        library.push_to_gateway(f"{server}:{port}", job="train", registry=registry)
        time.sleep(0.1)


def _spans(exporter: object) -> None:
    sdk = importlib.import_module("opentelemetry.sdk.trace")
    export = importlib.import_module("opentelemetry.sdk.trace.export")
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.BatchSpanProcessor(exporter, schedule_delay_millis=300))
    tracer = provider.get_tracer("agent")
    for step in range(_STEPS):
        with tracer.start_as_current_span("plan") as span:
            span.set_attribute("step", step)
            time.sleep(0.1)
    provider.shutdown()


def _zipkin(server: str, port: int) -> None:
    library = importlib.import_module("opentelemetry.exporter.zipkin.json")
    _spans(library.ZipkinExporter(endpoint=f"http://{server}:{port}/api/v2/spans"))


def _jaeger(server: str, port: int) -> None:
    library = importlib.import_module("opentelemetry.exporter.jaeger.thrift")
    _spans(library.JaegerExporter(agent_host_name=server, agent_port=port))


def _loki(server: str, port: int) -> None:
    library = importlib.import_module("logging_loki")
    url = f"http://{server}:{port}/loki/api/v1/push"
    log = logging.getLogger("train")
    log.addHandler(library.LokiHandler(url=url, tags={"app": "train"}, version="1"))
    for step in range(_STEPS):
        log.error("step %d is slow", step)
        time.sleep(0.1)


def _fluentd(server: str, port: int) -> None:
    sender = importlib.import_module("fluent.sender").FluentSender("train", host=server, port=port)
    for step in range(_STEPS):
        sender.emit("step", {"number": step, "loss": 1 / (step + 1)})
        time.sleep(0.1)
    sender.close()


_KINDS = {
    "statsd": _statsd,
    "pushgateway": _pushgateway,
    "zipkin": _zipkin,
    "loki": _loki,
    "jaeger": _jaeger,
    "fluentd": _fluentd,
}

if __name__ == "__main__":
    _KINDS[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
