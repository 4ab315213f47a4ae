"""Messaging without a broker: ZeroMQ, Zenoh, DDS; with tensors in it, gradient."""

from pathlib import Path

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.stage import WORKLOADS, Stage

ZMQ = ("pyzmq==27.1.0",)
ZENOH = ("eclipse-zenoh==1.6.2",)


def _zmq(stage: Stage, default: int, pattern: str, size: int, count: int, pause_s: float,
         *how: str) -> None:  # fmt: skip
    port = stage.port(default)
    words = [stage.address(1), port, pattern, size, count, pause_s, *how]
    stage.start(1, [stage.python, WORKLOADS / "zmq_talk.py", "bind", *words])
    stage.listens(1, port)
    stage.start(2, [stage.python, WORKLOADS / "zmq_talk.py", "connect", *words]).finish()


@recording("zmq-agents-reqrep", "ZMTP 3.1 REQ/REP (pyzmq 27)", "messaging", pip=ZMQ)
def zmq_reqrep(stage: Stage) -> None:
    """Small questions."""
    _zmq(stage, 5555, "req", 120, 150, 0.03)


@recording("zmq-agents-sub", "ZMTP 3.1 PUB/SUB (pyzmq 27)", "messaging", pip=ZMQ)
def zmq_sub(stage: Stage) -> None:
    """Small events."""
    _zmq(stage, 5556, "sub", 60, 150, 0.02)


@recording(
    "zmq-tensors-dealer", "ZMTP 3.1 DEALER/ROUTER tensors (pyzmq 27)", "gradient", pip=ZMQ,
    note="300 kB both ways, as parameter servers do",
)  # fmt: skip
def zmq_dealer(stage: Stage) -> None:
    """Gradients up, weights down."""
    _zmq(stage, 8001, "dealer", 300_000, 6, 0.3)


@recording(
    "zmq-curve-agents", "ZMTP 3.1 CURVE REQ/REP (pyzmq 27)", "messaging", pip=ZMQ,
    note="ENCRYPTED, greeting in clear",
)  # fmt: skip
def zmq_curve(stage: Stage) -> None:
    """Small questions, encrypted."""
    _zmq(stage, 5555, "req", 120, 120, 0.03, "curve")


@recording(
    "zmq-curve-tensors", "ZMTP 3.1 CURVE PUSH/PULL tensors (pyzmq 27)", "gradient", pip=ZMQ,
    note="ENCRYPTED, greeting in clear; size tells",
)  # fmt: skip
def zmq_curve_push(stage: Stage) -> None:
    """Tensors, encrypted."""
    _zmq(stage, 7000, "push", 500_000, 4, 0.4, "curve")


@recording("zenoh-tcp", "Zenoh 1.6 over TCP", "messaging", pip=ZENOH)
def zenoh_tcp(stage: Stage) -> None:
    """Two peers."""
    _zenoh(stage, "tcp")


@recording("zenoh-udp", "Zenoh 1.6 over UDP", "messaging", pip=ZENOH)
def zenoh_udp(stage: Stage) -> None:
    """Two peers, datagrams."""
    _zenoh(stage, "udp")


def _zenoh(stage: Stage, transport: str) -> None:
    port = stage.port(7447)
    endpoint = f"{transport}/{stage.address(1)}:{port}"
    stage.start(1, [stage.python, WORKLOADS / "zenoh_talk.py", "listen", endpoint, 10])
    stage.listens(1, port, l4=transport)
    stage.start(2, [stage.python, WORKLOADS / "zenoh_talk.py", "connect", endpoint, 6]).finish()


@recording(
    "cyclonedds-3agents", "RTPS/DDS (CycloneDDS 11, Python)", "messaging", hosts=3,
    pip=("cyclonedds==11.0.1",),
)  # fmt: skip
def cyclone(stage: Stage) -> None:
    """Three agents on one topic; discovery by multicast."""
    agents = [
        stage.start(host, [stage.python, WORKLOADS / "dds_chat.py", f"agent{host}", 6, 17])
        for host in (1, 2, 3)
    ]
    for agent in agents:
        agent.finish()


@recording(
    "ddsperf-1k", "RTPS/DDS (ddsperf, CycloneDDS 0.10 C)", "messaging",
    apt={"ddsperf": "cyclonedds-tools"},
)  # fmt: skip
def ddsperf(stage: Stage) -> None:
    """Ping-pong and a slow publisher."""
    stage.start(1, ["ddsperf", "-D", 8, "pong", "sub"])
    stage.start(2, ["ddsperf", "-D", 6, "ping", "20Hz", "pub", "40Hz", "size", "1k"]).finish()


def _fastdds(stage: Stage) -> Path:
    program = stage.folder / "fastdds_chat"
    source = WORKLOADS / "fastdds_chat.cpp"
    build = ["g++", "-O0", "-std=c++14", "-o", program, source, "-lfastrtps", "-lfastcdr"]
    stage.start(1, build).finish()
    return program


@recording("fastdds-udp", "RTPS/DDS (Fast DDS 2.9 over UDP)", "messaging", hosts=3,
           apt={"g++": "g++"}, note="needs libfastrtps-dev and libasio-dev")  # fmt: skip
def fastdds_udp(stage: Stage) -> None:
    """Three agents on one topic; discovery by multicast."""
    program = _fastdds(stage)
    agents = [stage.start(host, [program, 120, "udp"]) for host in (1, 2, 3)]
    for agent in agents:
        agent.finish()


@recording("fastdds-tcp", "RTPS/DDS (Fast DDS 2.9 over TCP)", "messaging",
           apt={"g++": "g++"}, note="needs libfastrtps-dev and libasio-dev")  # fmt: skip
def fastdds_tcp(stage: Stage) -> None:
    """Two agents on one topic through one connection."""
    program = _fastdds(stage)
    port = stage.port(5100)
    stage.start(1, [program, 300, "tcp", stage.address(1), port])
    stage.listens(1, port)
    words = ["tcp", stage.address(2), port, stage.address(1)]
    stage.start(2, [program, 120, *words]).finish()
