"""A stand-in for a Git LFS server: batch API and the basic transfer. ADDRESS PORT."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEPT: dict[str, bytes] = {}


class Server(BaseHTTPRequestHandler):
    """https://github.com/git-lfs/git-lfs/tree/main/docs/api"""

    protocol_version = "HTTP/1.1"

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, body: bytes, kind: str, code: int = 200) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Batches; locks are not had."""
        asked = json.loads(self._body() or b"{}")
        if not self.path.endswith("/objects/batch"):
            return self._answer(b"{}", "application/vnd.git-lfs+json", 404)
        what = asked["operation"]
        where = f"http://{self.headers['Host']}/lfs/objects"
        objects = [
            {**o, "authenticated": True}
            | ({} if what == "upload" and o["oid"] in KEPT else
               {"actions": {what: {"href": f"{where}/{o['oid']}", "expires_in": 3600}}})
            for o in asked["objects"]
        ]  # fmt: skip
        body = json.dumps({"transfer": "basic", "objects": objects}).encode()
        return self._answer(body, "application/vnd.git-lfs+json")

    def do_PUT(self) -> None:
        """An upload."""
        KEPT[self.path.rpartition("/")[2]] = self._body()
        self._answer(b"", "application/octet-stream")

    def do_GET(self) -> None:
        """A download."""
        self._answer(KEPT[self.path.rpartition("/")[2]], "application/octet-stream")


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Server).serve_forever()
