"""Federated learning: Flower old and new, and NVIDIA FLARE."""

import shutil

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.stage import WORKLOADS, Stage


@recording(
    "flower-superlink", "Flower SuperLink/SuperNode (Fleet API over gRPC)", "federated",
    hosts=3, pip=("flwr==1.22.0", "numpy"), note="the control API is federated as well",
)  # fmt: skip
def superlink(stage: Stage) -> None:
    """Two supernodes and an app."""
    _superlink(stage, "grpc-rere")


def _superlink(stage: Stage, fleet_api: str) -> None:
    tools = stage.python.parent
    fleet, control = stage.port(9092), stage.port(9093)
    path = {"PATH": f"{tools}:/usr/bin:/bin:/usr/sbin:/sbin", "FLWR_TELEMETRY_ENABLED": 0}
    link = stage.start(
        1,
        [
            tools / "flower-superlink", "--insecure",
            "--fleet-api-type", fleet_api, "--fleet-api-address", f"0.0.0.0:{fleet}",
            "--control-api-address", f"0.0.0.0:{control}",
        ],
        env=path,
    )  # fmt: skip
    stage.listens(1, fleet)
    stage.listens(1, control)
    for host in (2, 3):
        stage.start(
            host,
            [
                tools / "flower-supernode", "--insecure",
                "--superlink", f"{stage.address(1)}:{fleet}",
                *(["--rest"] if fleet_api == "rest" else []),
            ],
            env=path,
        )  # fmt: skip
    app = stage.folder / "app"
    shutil.copytree(WORKLOADS / "flower_app", app)
    project = app / "pyproject.toml"
    text = project.read_text(encoding="utf-8").replace("ADDRESS", f"{stage.address(1)}:{control}")
    project.write_text(text, encoding="utf-8")
    stage.start(2, [tools / "flwr", "run", app, "stage"], env=path).finish()
    link.says(r"(?i)run finished|\[SUMMARY\]|finished running", 90)


@recording(
    "flower-start-server", "Flower 1.8 start_server (FlowerService/Join over gRPC)", "federated",
    hosts=3, pip=("flwr==1.8.0", "numpy<2", "setuptools<80"),
)  # fmt: skip
def start_server(stage: Stage) -> None:
    """As it was before SuperLink."""
    port = stage.port(8080)
    script = [stage.python, WORKLOADS / "flower_legacy.py"]
    quiet = {"FLWR_TELEMETRY_ENABLED": 0}
    server = stage.start(1, [*script, "server", port], env=quiet)
    stage.listens(1, port)
    for host in (2, 3):
        stage.start(host, [*script, "client", f"{stage.address(1)}:{port}"], env=quiet)
    server.finish(60)


@recording(
    "nvflare-provisioned", "NVIDIA FLARE server and clients (gRPC in mutual TLS)", "federated",
    hosts=3, pip=("nvflare", "numpy"), note="ENCRYPTED, handshake present",
)  # fmt: skip
def nvflare(stage: Stage) -> None:
    """A provisioned project with two sites."""
    train, admin = stage.port(8002), stage.port(8003)
    tools = stage.python.parent
    env = {"PATH": f"{tools}:/usr/bin:/bin:/usr/sbin:/sbin", "PYTHON_EXECUTABLE": stage.python}
    script = [stage.python, WORKLOADS / "nvflare_project.py"]
    stage.start(1, [*script, "provision", stage.folder / "work", train, admin], env=env).finish()
    kits = next((stage.folder / "work").glob("*/prod_00"))
    for host, name in ((1, "h1"), (2, "site-2"), (3, "site-3")):
        stage.start(host, ["bash", kits / name / "startup" / "sub_start.sh"], env=env)
        if host == 1:
            stage.listens(1, train, 60)
    submit = [*script, "submit", kits / "admin@lab.org", stage.folder / "job"]
    stage.start(1, submit, env=env).finish(100)


def _stand_in(stage: Stage, client: str, port: int) -> None:
    run = [stage.python, WORKLOADS / "federated_paths.py"]
    stage.start(1, [*run, "server", stage.address(1), port])
    stage.listens(1, port)
    clients = [stage.start(host, [*run, client, stage.address(1), port]) for host in (2, 3)]
    for started in clients:
        started.finish()


_BOTH = "both ends are stand-ins of ours with its services, methods and fields"


@recording(
    "fedml-grpc", "FedML 0.9 (gRPCCommManager over gRPC; stand-in)", "federated", hosts=3,
    pip=("grpcio",), note=_BOTH,
)  # fmt: skip
def fedml(stage: Stage) -> None:
    """Messages with models."""
    _stand_in(stage, "fedml", stage.port(8890))


@recording(
    "openfl-grpc", "OpenFL 1.9 (Aggregator over gRPC; stand-in)", "federated", hosts=3,
    pip=("grpcio",), note=_BOTH,
)  # fmt: skip
def openfl(stage: Stage) -> None:
    """Tasks, tensors, results."""
    _stand_in(stage, "openfl", stage.port(50049))
