"""Federated learning that no classifier was built with: other versions, transports, drivers."""

import shutil

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.stage import WORKLOADS, Program, Stage


def _app(stage: Stage, address: str) -> str:
    app = stage.folder / "app"
    shutil.copytree(WORKLOADS / "flower_app", app)
    project = app / "pyproject.toml"
    text = project.read_text(encoding="utf-8").replace("ADDRESS", address)
    server = app / "recording_app" / "server.py"
    smaller = server.read_text(encoding="utf-8").replace("50_000", "9_000")
    server.write_text(smaller, encoding="utf-8")
    project.write_text(text, encoding="utf-8")
    return str(app)


def _environment(stage: Stage) -> dict[str, object]:
    tools = stage.python.parent
    return {"PATH": f"{tools}:/usr/bin:/bin:/usr/sbin:/sbin", "FLWR_TELEMETRY_ENABLED": 0}


def _done(program: Program) -> None:
    program.says(r"(?i)run finished|\[SUMMARY\]|finished running", 90)


@recording("flower-grpc-adapter", "Flower 1.15 SuperLink, gRPC adapter (GrpcAdapter/SendReceive)",
           "federated", hosts=3, pip=("flwr==1.15.2", "numpy", "click<8.2"),
           note="the exec API is federated as well")  # fmt: skip
def adapter(stage: Stage) -> None:
    """Two supernodes and an app."""
    tools, env = stage.python.parent, _environment(stage)
    fleet, control = stage.port(9092), stage.port(9093)
    link = stage.start(
        1,
        [tools / "flower-superlink", "--insecure", "--fleet-api-type", "grpc-adapter",
         "--fleet-api-address", f"0.0.0.0:{fleet}", "--exec-api-address", f"0.0.0.0:{control}"],
        env=env,
    )  # fmt: skip
    stage.listens(1, fleet)
    stage.listens(1, control)
    for host in (2, 3):
        where = ["--superlink", f"{stage.address(1)}:{fleet}"]
        stage.start(
            host, [tools / "flower-supernode", "--insecure", "--grpc-adapter", *where], env=env
        )
    app = _app(stage, f"{stage.address(1)}:{control}")
    stage.start(2, [tools / "flwr", "run", app, "stage"], env=env).finish()
    _done(link)


@recording("flower-rest-1-11", "Flower 1.11 SuperLink, REST fleet API and driver API", "federated",
           hosts=4, pip=("flwr[rest]==1.11.1", "numpy<2", "setuptools<80"))  # fmt: skip
def rest(stage: Stage) -> None:
    """Two supernodes by HTTP, the server app by gRPC from a host of its own."""
    tools, env = stage.python.parent, _environment(stage)
    fleet, driver = stage.port(9093), stage.port(9091)
    stage.start(
        1,
        [tools / "flower-superlink", "--insecure", "--fleet-api-type", "rest",
         "--fleet-api-address", f"{stage.address(1)}:{fleet}",
         "--driver-api-address", f"0.0.0.0:{driver}"],
        env=env,
    )  # fmt: skip
    stage.listens(1, fleet)
    stage.listens(1, driver)
    app = _app(stage, "none")
    for host in (2, 3):
        where = ["--superlink", f"http://{stage.address(1)}:{fleet}"]
        words = [tools / "flower-supernode", app, "--insecure", "--rest", *where]
        stage.start(host, words, env=env)
    where = ["--superlink", f"{stage.address(1)}:{driver}"]
    stage.start(4, [tools / "flower-server-app", app, "--insecure", *where], env=env).finish(90)


@recording("flower-start-server-1-15", "Flower 1.15 start_server (gRPC bidirectional)", "federated",
           hosts=4, pip=("flwr==1.15.2", "numpy", "click<8.2"))  # fmt: skip
def start_server(stage: Stage) -> None:
    """The old way in a newer version, with three clients."""
    port = stage.port(8080)
    script = [stage.python, WORKLOADS / "flower_legacy.py"]
    env = {**_environment(stage), "NUMBERS": 20_000}
    server = stage.start(1, [*script, "server", port], env=env)
    stage.listens(1, port)
    for host in (2, 3, 4):
        where = f"{stage.address(1)}:{port}"
        stage.start(host, [*script, "client", where], env=env)
    server.finish(60)


def _nvflare(stage: Stage, scheme: str) -> None:
    port = stage.port(8002)
    tools = stage.python.parent
    env = {
        "NUMBERS": 18_000,
        "PATH": f"{tools}:/usr/bin:/bin:/usr/sbin:/sbin",
        "PYTHON_EXECUTABLE": stage.python,
    }
    make = [stage.python, WORKLOADS / "nvflare_clear.py", stage.folder / "work", port, scheme]
    stage.start(1, make, env=env).finish()
    kits = next((stage.folder / "work").glob("*/prod_00"))
    for host, name in ((1, "h1"), (2, "site-2"), (3, "site-3")):
        stage.start(host, ["bash", kits / name / "startup" / "sub_start.sh"], env=env)
        if host == 1:
            stage.listens(1, port, 60)
    script = [stage.python, WORKLOADS / "nvflare_project.py"]
    submit = [*script, "submit", kits / "admin@lab.org", stage.folder / "job"]
    stage.start(1, submit, env=env).finish(100)


@recording("nvflare-tcp-clear", "NVIDIA FLARE 2.9 over its TCP driver, without TLS", "federated",
           hosts=3, pip=("nvflare", "numpy"))  # fmt: skip
def nvflare_tcp(stage: Stage) -> None:
    """Its own framing on plain sockets."""
    _nvflare(stage, "tcp")


@recording("nvflare-http-clear", "NVIDIA FLARE 2.9 over its HTTP (WebSocket) driver, without TLS",
           "federated", hosts=3, pip=("nvflare", "numpy"))  # fmt: skip
def nvflare_http(stage: Stage) -> None:
    """Its frames in WebSocket messages."""
    _nvflare(stage, "http")


@recording("openfl-1-9-grpc", "OpenFL 1.9 Aggregator service (its server and client classes)",
           "federated", hosts=3, pip=("openfl", "grpcio", "numpy"),
           note="both ends are OpenFL's transport; the aggregator behind it is ours")  # fmt: skip
def openfl(stage: Stage) -> None:
    """Two collaborators, four rounds."""
    port = stage.port(50049)
    script = [stage.python, WORKLOADS / "openfl_parties.py"]
    stage.start(1, [*script, "server", port])
    stage.listens(1, port)
    parties = [
        stage.start(host, [*script, "client", stage.address(1), port, name])
        for host, name in ((2, "one"), (3, "two"))
    ]
    for party in parties:
        party.finish()
