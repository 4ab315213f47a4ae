"""TensorFlow Serving's API: `server GRPC HTTP` or `client ADDRESS GRPC HTTP`."""

import json
import struct
import sys
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import httpx

PREDICTION, MODEL = "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"


def field(number, data):
    """A length-delimited protobuf field."""
    size, head = len(data), b""
    while size > 127:
        head += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + head + bytes([size]) + data


def tensor(name, count):
    """An entry of `map<string, TensorProto>`: floats of one dimension."""
    shape = field(2, field(2, b"\x08\x01"))
    content = field(4, struct.pack(f"<{count}f", *range(count)))
    return field(1, name) + field(2, b"\x08\x01" + shape + content)


SPEC = field(1, b"double") + field(3, b"serving_default")
ANSWERS = {
    PREDICTION: {
        "Predict": field(1, tensor(b"y", 4000)) + field(2, SPEC),
        "GetModelMetadata": field(1, SPEC),
    },
    MODEL: {"GetModelStatus": field(1, b"\x08\x01\x10\x1e")},
}


class Rest(BaseHTTPRequestHandler):
    """The REST API of the same."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer({"model_version_status": [{"version": "1", "state": "AVAILABLE"}]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        rows = json.loads(body)["instances"]
        self.answer({"predictions": [[2 * x for x in row] for row in rows]})

    def answer(self, what):
        """JSON."""
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(rpc, http):
    """Both."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    for service, methods in ANSWERS.items():
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(lambda _request, _context, said=said: said)
            for name, said in methods.items()
        }
        handler = grpc.method_handlers_generic_handler(service, handlers)
        server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(f"0.0.0.0:{rpc}")
    rest = ThreadingHTTPServer(("0.0.0.0", int(http)), Rest)
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    server.start()
    server.wait_for_termination()


def ask(address, rpc, http):
    """Both."""
    with grpc.insecure_channel(f"{address}:{rpc}") as channel:
        channel.unary_unary(f"/{MODEL}/GetModelStatus")(field(1, SPEC))
        channel.unary_unary(f"/{PREDICTION}/GetModelMetadata")(field(1, SPEC))
        predict = channel.unary_unary(f"/{PREDICTION}/Predict")
        for _ in range(10):
            predict(field(1, SPEC) + field(2, tensor(b"x", 4000)))
    with httpx.Client(base_url=f"http://{address}:{http}") as client:
        client.get("/v1/models/double")
        for _ in range(10):
            rows = [[1.0] * 20] * 5
            client.post("/v1/models/double:predict", json={"instances": rows}).raise_for_status()


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    (serve if role == "server" else ask)(*rest)
