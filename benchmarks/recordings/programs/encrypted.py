"""The same programs in TLS: what is left is the handshake, sizes and rhythm."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs.certificates import certificate
from benchmarks.recordings.stage import WORKLOADS, Stage

_OPENSSL = {"openssl": "openssl"}
_NOTE = "ENCRYPTED, handshake present"


@recording(
    "flower-tls", "Flower 1.13 start_server over TLS", "federated", hosts=3,
    pip=("flwr==1.13.1", "numpy"), apt=_OPENSSL, note=_NOTE,
)  # fmt: skip
def flower(stage: Stage) -> None:
    """gRPC in TLS."""
    key, chain = certificate(stage, 1)
    port = stage.port(8080)
    script = [stage.python, WORKLOADS / "flower_legacy.py"]
    quiet = {"FLWR_TELEMETRY_ENABLED": 0}
    server = stage.start(1, [*script, "server", port, key, chain], env=quiet)
    stage.listens(1, port)
    for host in (2, 3):
        stage.start(host, [*script, "client", f"h1:{port}", chain], env=quiet)
    server.finish(60)


@recording(
    "dask-tls", "Dask distributed over TLS", "control", hosts=3,
    pip=("distributed", "dask[array]", "numpy", "cryptography"), apt=_OPENSSL,
    note=f"{_NOTE}; large flows to workers' port are bulk",
)  # fmt: skip
def dask(stage: Stage) -> None:
    """A shuffle in TLS."""
    key, chain = certificate(stage, 1)
    scheduler, data = stage.port(8786), stage.port(40331)
    tls = ["--tls-ca-file", chain, "--tls-cert", chain, "--tls-key", key]
    tool, address = stage.python.parent / "dask", f"tls://{stage.address(1)}:{scheduler}"
    stage.start(
        1, [tool, "scheduler", "--protocol", "tls", "--host", stage.address(1), "--port", scheduler,
            "--no-dashboard", *tls],
    )  # fmt: skip
    stage.listens(1, scheduler)
    for host in (2, 3):
        stage.start(
            host,
            [tool, "worker", address, "--protocol", "tls", "--no-nanny", "--worker-port", data,
             "--no-dashboard", "--nthreads", 1, *tls],
        )  # fmt: skip
        stage.listens(host, data)
    stage.label(lambda f: "bulk" if f.sport == data and f.up + f.down > 50_000 else "control")
    client = [stage.python, WORKLOADS / "dask_client.py", address, chain, key]
    stage.start(1, client).finish()


@recording(
    "otlp-http-tls", "OpenTelemetry exporter over TLS (OTLP HTTP and gRPC)", "telemetry",
    pip=("opentelemetry-exporter-otlp", "opentelemetry-sdk"), apt=_OPENSSL, note=_NOTE,
)  # fmt: skip
def otlp(stage: Stage) -> None:
    """Small and periodic, in TLS."""
    key, chain = certificate(stage, 1)
    rpc, http = stage.port(4317), stage.port(4318)
    script = [stage.python, WORKLOADS / "otlp.py"]
    stage.start(1, [*script, "collector", rpc, http, key, chain])
    stage.listens(1, rpc)
    stage.listens(1, http)
    env = {"OTEL_EXPORTER_OTLP_CERTIFICATE": chain, "REQUESTS_CA_BUNDLE": chain}
    stage.start(2, [*script, "exporter", "h1", rpc, http, chain], env=env).finish()


@recording(
    "ray-tls", "Ray GCS, raylets and object transfer over TLS", "control", hosts=2,
    pip=("ray[serve]",), apt=_OPENSSL, note=f"{_NOTE}; the object managers' port is bulk",
)  # fmt: skip
def ray(stage: Stage) -> None:
    """RAY_USE_TLS."""
    key, chain = certificate(stage, 1, "h2", ip="10.78.0.2")
    gcs, objects = stage.port(6379), stage.port(8076, "bulk")
    env = {"RAY_USE_TLS": 1, "RAY_TLS_SERVER_CERT": chain, "RAY_TLS_SERVER_KEY": key,
           "RAY_TLS_CA_CERT": chain, "RAY_USAGE_STATS_ENABLED": 0}  # fmt: skip
    common = [stage.python.parent / "ray", "start", "--block", "--num-cpus=2",
              "--object-store-memory=100000000", f"--object-manager-port={objects}"]  # fmt: skip
    head = [f"--port={gcs}", "--head", "--include-dashboard=false",
            f"--temp-dir={stage.folder / 'r'}"]  # fmt: skip
    for host, role in ((1, head), (2, [f"--address={stage.address(1)}:{gcs}"])):
        command = [*common, *role, f"--node-ip-address={stage.address(host)}"]
        stage.start(host, command, env=env).says("Ray runtime started")
    script = [stage.python, WORKLOADS / "ray_objects.py", f"{stage.address(1)}:{gcs}"]
    stage.start(1, script, env=env).finish(90)


@recording(
    "parameter-server-in-tls", "Parameter server over ZMTP in TLS tunnels (as a mesh has)",
    "gradient", hosts=3, pip=("pyzmq", "numpy"), apt=_OPENSSL,
    note=f"{_NOTE}; only the rhythm of 300 kB pushes and pulls tells",
)  # fmt: skip
def parameter_server(stage: Stage) -> None:
    """Gradients that nobody can read."""
    key, chain = certificate(stage, 1)
    port, inner = stage.port(8443), 15000
    run = [stage.python, WORKLOADS / "zmq_parameters.py"]
    tunnel = [stage.python, WORKLOADS / "tls_tunnel.py"]
    stage.start(1, [*run, "server", "127.0.0.1", inner])
    stage.start(1, [*tunnel, "accept", stage.address(1), port, inner, key, chain])
    stage.listens(1, inner)
    stage.listens(1, port)
    workers = []
    for host in (2, 3):
        stage.start(host, [*tunnel, "dial", inner, "h1", port, chain])
        stage.listens(host, inner)
        workers.append(stage.start(host, [*run, "worker", "127.0.0.1", inner]))
    for worker in workers:
        worker.finish()
