"""Messages that are nobody's tensors: generic gRPC, Zenoh, nanomsg, ZMTP, WebSocket, HTTP/3."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs.certificates import certificate
from benchmarks.recordings.stage import WORKLOADS, Stage


def _pair(stage: Stage, script: str, port: int, *, wait: bool = True, l4: str = "tcp") -> None:
    """A server on one host, which listens, and a client on the other."""
    run = [stage.python, WORKLOADS / script]
    stage.start(1, [*run, "server", stage.address(1), port])
    if wait:
        stage.listens(1, port, l4=l4)
    stage.start(2, [*run, "client", stage.address(1), port]).finish()


@recording(
    "grpc-helloworld", "gRPC of an unknown service (helloworld.Greeter)", "messaging",
    pip=("grpcio",),
)  # fmt: skip
def grpc(stage: Stage) -> None:
    """Unary calls and a stream of small messages."""
    _pair(stage, "grpc_greeter.py", stage.port(50051))


@recording("zenoh-peers", "Zenoh 1 (peers over TCP)", "messaging", pip=("eclipse-zenoh",))
def zenoh(stage: Stage) -> None:
    """Publications and a query."""
    _pair(stage, "zenoh_peers.py", stage.port(7447))


@recording("nng-pubsub", "nanomsg/NNG scalability protocols (pynng)", "messaging", pip=("pynng",))
def nng(stage: Stage) -> None:
    """Publish and subscribe."""
    _pair(stage, "nng_pubsub.py", stage.port(5555))


@recording(
    "zmq-curve-pubsub", "ZMTP 3.1 CURVE publish/subscribe (pyzmq)", "messaging", pip=("pyzmq",),
    note="ENCRYPTED by CURVE, greeting present",
)  # fmt: skip
def zmq(stage: Stage) -> None:
    """Small messages, encrypted."""
    _pair(stage, "zmq_curve.py", stage.port(5556))


@recording(
    "zmq-parameter-server", "ZMTP 3.1 parameter server (pyzmq, ROUTER/DEALER)", "gradient",
    hosts=3, pip=("pyzmq", "numpy"), note="300 kB tensors over ZMTP: role gradient",
)  # fmt: skip
def parameter_server(stage: Stage) -> None:
    """Two workers push gradients and pull weights."""
    port = stage.port(8000)
    run = [stage.python, WORKLOADS / "zmq_parameters.py"]
    stage.start(1, [*run, "server", stage.address(1), port])
    stage.listens(1, port)
    workers = [stage.start(h, [*run, "worker", stage.address(1), port]) for h in (2, 3)]
    for worker in workers:
        worker.finish()


@recording(
    "http3-quic", "HTTP/3 over QUIC v1 (aioquic)", "background", pip=("aioquic",),
    apt={"openssl": "openssl"}, note="ENCRYPTED, small pages",
)  # fmt: skip
def http3(stage: Stage) -> None:
    """Small pages."""
    key, chain = certificate(stage, 1)
    port = stage.port(4433)
    run = [stage.python, WORKLOADS / "http3.py"]
    stage.start(1, [*run, "server", stage.address(1), port, key, chain])
    stage.listens(1, port, l4="udp")
    stage.start(2, [*run, "client", "h1", port, chain]).finish()
