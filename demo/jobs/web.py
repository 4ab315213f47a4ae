"""A small HTTP/1.1 server for jobs in namespaces.

Owns what the jobs' servers share: keep-alive, no Nagle delay, one write per answer, and no name
look-ups. `http.server.HTTPServer` asks the resolver for its own name when it binds, which can
hang in a namespace without DNS; this server never does. It must know nothing of any job.
"""

from __future__ import annotations

import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

_WRITE_BUFFER_BYTES = 256 * 1024
_POLL_S = 0.05  # how soon a stop is noticed


class Server(socketserver.ThreadingTCPServer):
    """One thread per connection; connections are kept open."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve_forever, args=(_POLL_S,), daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away: the end of each arm looks like that."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop accepting and close the listening socket."""
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers with whole bodies of known length over kept connections."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = _WRITE_BUFFER_BYTES  # headers and body leave in one write

    def answer(self, status: int, body: bytes, content_type: str, **headers: str) -> None:
        """Send one whole answer; a header's name is given with _ for -."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: one line per request would cost more than the request."""
