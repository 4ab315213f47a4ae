"""A service nobody knows: `server|client ADDRESS PORT`."""

import sys
import time
from concurrent import futures

import grpc

SERVICE = "helloworld.Greeter"


def serve(address, port):
    """Unary and streaming, without protobuf's help."""

    def hello(request, _context):
        return b"\n\x05hello" + request

    def many(request, _context):
        for _ in range(20):
            yield request
            time.sleep(0.05)

    server = grpc.server(futures.ThreadPoolExecutor(4))
    methods = {
        "SayHello": grpc.unary_unary_rpc_method_handler(hello),
        "SayHelloStreamReply": grpc.unary_stream_rpc_method_handler(many),
    }
    handler = grpc.method_handlers_generic_handler(SERVICE, methods)
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(f"{address}:{port}")
    server.start()
    server.wait_for_termination()


def ask(address, port):
    """Both."""
    with grpc.insecure_channel(f"{address}:{port}") as channel:
        for _ in range(10):
            channel.unary_unary(f"/{SERVICE}/SayHello")(b"\n\x05world")
        for _ in channel.unary_stream(f"/{SERVICE}/SayHelloStreamReply")(b"\n\x05world"):
            pass


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else ask)(*sys.argv[2:])
