"""An HTTP server that takes any body of a PUT or POST, and answers little.

http_sink.py ADDRESS PORT [STATUS]
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    status = 200

    def do_PUT(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        self._swallow()
        self.send_response(self.status)
        self.send_header("Content-Length", "0" if self.status == 204 else "2")
        self.end_headers()
        if self.status != 204:
            self.wfile.write(b"{}")

    do_POST = do_PUT

    def handle_expect_100(self) -> bool:
        return True

    def _swallow(self) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))


if __name__ == "__main__":
    _Sink.status = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), _Sink).serve_forever()
