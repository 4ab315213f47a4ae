"""Application monitoring: a stand-in for intakes, and real agents.

trace_agents.py server ADDRESS PORT… | datadog URL | elastic URL | sentry URL
"""

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Intake(BaseHTTPRequestHandler):
    """Takes all, as Datadog's agent, Elastic's APM server or Sentry do."""

    protocol_version = "HTTP/1.1"

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self) -> None:
        self._body()
        kind = {"/info": b'{"endpoints": ["/v0.5/traces", "/v0.4/traces"], "version": "7.50.0"}',
                "/": b'{"version": "8.11.0"}'}  # fmt: skip
        body = kind.get(self.path, b"{}")
        self.send_response(202 if "intake" in self.path else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _answer


def serve(address: str, *ports: str) -> None:
    """One intake a port."""
    for port in ports:
        server = ThreadingHTTPServer((address, int(port)), Intake)
        threading.Thread(target=server.serve_forever).start()


def datadog(_url: str) -> None:
    """DD_TRACE_AGENT_URL says where."""
    from ddtrace.trace import tracer

    for number in range(40):
        with tracer.trace("train.step", service="trainer", resource=f"step {number}") as span:
            span.set_tag("loss", 1 / (number + 1))
            with tracer.trace("forward"):
                time.sleep(0.1)
    tracer.flush()


def elastic(url: str) -> None:
    """Transactions and metrics."""
    import elasticapm

    client = elasticapm.Client(service_name="trainer", server_url=url, api_request_time="1s",
                               metrics_interval="1s", cloud_provider="none")  # fmt: skip
    for number in range(40):
        client.begin_transaction("step")
        with elasticapm.capture_span("forward"):
            time.sleep(0.12)
        client.end_transaction(f"step {number % 4}", "ok")
    client.close()


def sentry(url: str) -> None:
    """Errors and traces as envelopes."""
    import sentry_sdk

    sentry_sdk.init(dsn=url.replace("http://", "http://key@") + "/7", traces_sample_rate=1.0,
                    auto_session_tracking=False, default_integrations=False)  # fmt: skip
    for number in range(15):
        with sentry_sdk.start_transaction(op="step", name=f"step {number}"):
            time.sleep(0.1)
            sentry_sdk.capture_message(f"loss is large in step {number}")
    sentry_sdk.flush(5)


if __name__ == "__main__":
    globals()[{"server": "serve"}.get(sys.argv[1], sys.argv[1])](*sys.argv[2:])
