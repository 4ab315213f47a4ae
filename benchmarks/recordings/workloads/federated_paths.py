"""Stand-ins for FedML and OpenFL over gRPC: `server ADDRESS PORT` or `fedml|openfl ADDRESS PORT`.

The services, methods and message fields are those of their stubs; what is learned is noise.
"""

import pickle
import random
import sys
from concurrent import futures

import grpc

MODEL = random.Random(0).randbytes(400_000)
FEDML, OPENFL = "gRPCCommManager", "openfl.aggregator.Aggregator"


def varint(value):
    """A protobuf number."""
    head = b""
    while value > 127:
        head += bytes([value & 127 | 128])
        value >>= 7
    return head + bytes([value])


def field(number, data):
    """A length-delimited protobuf field."""
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def serve(address, port):
    """All methods of both; tensors for who asks for one."""
    header = field(1, field(1, b"aggregator") + field(2, b"collaborator") + field(3, b"uuid"))
    tensor = field(1, b"weights") + field(7, MODEL)
    answers = {
        FEDML: {"sendMessage": b"", "handleReceiveMessage": b""},
        OPENFL: {
            "Ping": header,
            "GetTasks": header + b"\x10\x01" + field(3, field(1, b"train")),
            "GetAggregatedTensor": header + field(3, tensor),
            "SendLocalTaskResults": header,
        },
    }
    server = grpc.server(futures.ThreadPoolExecutor(4))
    for service, methods in answers.items():
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(lambda _request, _context, said=said: said)
            for name, said in methods.items()
        }
        handler = grpc.method_handlers_generic_handler(service, handlers)
        server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(f"{address}:{port}")
    server.start()
    server.wait_for_termination()


def fedml(address, port):
    """Two rounds: a pickled message each, on a channel of its own as FedML has it."""
    for number in range(2):
        with grpc.insecure_channel(f"{address}:{port}") as channel:
            message = pickle.dumps({"msg_type": 3, "sender": 1, "round": number, "model": MODEL})
            channel.unary_unary(f"/{FEDML}/sendMessage")(b"\x08\x01" + field(2, message))


def openfl(address, port):
    """Two rounds on one channel."""
    header = field(1, field(1, b"collaborator") + field(2, b"aggregator") + field(3, b"uuid"))
    with grpc.insecure_channel(f"{address}:{port}") as channel:
        ask = {
            name: channel.unary_unary(f"/{OPENFL}/{name}")
            for name in ("Ping", "GetTasks", "GetAggregatedTensor", "SendLocalTaskResults")
        }
        for _ in range(2):
            ask["Ping"](header)
            ask["GetTasks"](header)
            ask["GetAggregatedTensor"](header + field(2, b"weights"))
            ask["SendLocalTaskResults"](header + field(5, field(1, b"weights") + field(7, MODEL)))


if __name__ == "__main__":
    role, *where = sys.argv[1:]
    {"server": serve, "fedml": fedml, "openfl": openfl}[role](*where)
