"""The Kubernetes API: a stand-in `server ADDRESS PORT`, its real Python `client URL`."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def pod(number: int) -> dict[str, object]:
    """One that trains."""
    return {"metadata": {"name": f"trainer-{number}", "namespace": "lab", "uid": f"u{number}",
                         "resourceVersion": str(100 + number), "labels": {"job": "llm"}},
            "spec": {"containers": [{"name": "torch", "image": "lab/torch:2"}], "nodeName": "h3"},
            "status": {"phase": "Running", "podIP": f"10.9.0.{number}"}}  # fmt: skip


class Server(BaseHTTPRequestHandler):
    """Lists, watches and a lease."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A list, or a stream of events."""
        if "watch=" in self.path:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number in range(20):
                line = json.dumps({"type": "MODIFIED", "object": pod(number)}).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                time.sleep(0.25)
            self.wfile.write(b"0\r\n\r\n")
            return
        found = [pod(number) for number in range(12)]
        self.answer(
            {
                "kind": "PodList",
                "apiVersion": "v1",
                "metadata": {"resourceVersion": "7"},
                "items": found,
            }
        )

    def do_PATCH(self) -> None:
        """Renews the lease."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(
            {"kind": "Lease", "metadata": {"name": "leader"}, "spec": {"holderIdentity": "h2"}}
        )

    def answer(self, said: object) -> None:
        """JSON."""
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def ask(url: str) -> None:
    """Lists, a watch, and a lease that is renewed."""
    from kubernetes import client, watch

    settings = client.Configuration(host=url)
    with client.ApiClient(settings) as api:
        core, leases = client.CoreV1Api(api), client.CoordinationV1Api(api)
        core.list_namespaced_pod("lab")
        for number, _ in enumerate(
            watch.Watch().stream(core.list_namespaced_pod, "lab", timeout_seconds=6)
        ):
            if number % 4 == 0:
                leases.patch_namespaced_lease("leader", "lab", {"spec": {"holderIdentity": "h2"}})
            if number == 19:
                return


if __name__ == "__main__":
    if sys.argv[1] == "server":
        ThreadingHTTPServer((sys.argv[2], int(sys.argv[3])), Server).serve_forever()
    else:
        ask(sys.argv[2])
