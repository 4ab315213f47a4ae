"""A conversation in one gRPC stream of a service of its own: `server|client ADDRESS PORT`."""

import itertools
import json
import random
import sys
import time
from concurrent import futures

import grpc

METHOD = "/lab.agents.Dialogue/Converse"


def serve(address: str, port: str) -> None:
    """Answers each turn with several thoughts."""

    def converse(turns, _context):
        for turn in turns:
            for number in range(random.randint(1, 4)):
                time.sleep(0.03)
                yield json.dumps({"about": turn[:20].decode(), "n": number, "t": "a" * 70}).encode()

    handler = grpc.stream_stream_rpc_method_handler(converse)
    service = grpc.method_handlers_generic_handler("lab.agents.Dialogue", {"Converse": handler})
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((service,))
    server.add_insecure_port(f"{address}:{port}")
    server.start()
    server.wait_for_termination()


def talk(address: str, port: str) -> None:
    """Thirty turns, some of them after a pause."""
    with grpc.insecure_channel(f"{address}:{port}") as channel:
        call = channel.stream_stream(METHOD)
        turns = (f"turn {n} {'word ' * (n % 9)}".encode() for n in itertools.count())

        def paced():
            for turn in itertools.islice(turns, 30):
                time.sleep(random.expovariate(6))
                yield turn

        print(sum(1 for _ in call(paced())))


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else talk)(*sys.argv[2:])
