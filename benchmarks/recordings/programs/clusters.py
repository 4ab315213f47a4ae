"""Cluster frameworks: Dask, Ray and Spark. Coordination is control, moved data is bulk."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.labels import Flow
from benchmarks.recordings.stage import WORKLOADS, Stage


@recording(
    "dask-cluster", "Dask distributed (scheduler, workers)", "control", hosts=3,
    pip=("distributed", "dask[array]", "numpy"),
    note="what workers and the client fetch from workers is bulk, by the port of the worker",
)  # fmt: skip
def dask(stage: Stage) -> None:
    """A shuffle between two workers, asked for from the scheduler's host."""
    scheduler, data = stage.port(8786), stage.port(40331)
    quiet = {"DASK_DISTRIBUTED__DASHBOARD__LINK": "", "OMP_NUM_THREADS": 1}
    tools = stage.python.parent
    stage.start(
        1,
        [tools / "dask", "scheduler", "--host", stage.address(1), "--port", scheduler,
         "--no-dashboard"],
        env=quiet,
    )  # fmt: skip
    stage.listens(1, scheduler)
    for host in (2, 3):
        stage.start(
            host,
            [tools / "dask", "worker", f"tcp://{stage.address(1)}:{scheduler}", "--no-nanny",
             "--worker-port", data, "--no-dashboard", "--nthreads", 1],
            env=quiet,
        )  # fmt: skip
        stage.listens(host, data)
    stage.label(lambda flow: _dask_class(flow, data))
    client = [stage.python, WORKLOADS / "dask_client.py", f"tcp://{stage.address(1)}:{scheduler}"]
    stage.start(1, client).finish()


def _dask_class(flow: Flow, data: int) -> str | None:
    """Transfers fetch from a worker's port; the scheduler's own calls to it are small."""
    if flow.sport != data:
        return None
    return "bulk" if flow.up + flow.down > 50_000 else "control"


_RAY = ("ray[serve]",)


@recording(
    "ray-object-transfer", "Ray GCS, raylets and object transfer", "control", hosts=3, pip=_RAY,
    note="the object managers' port carries objects: bulk",
)  # fmt: skip
def ray_objects(stage: Stage) -> None:
    """Tasks with large arguments and results on other nodes."""
    gcs = _ray_cluster(stage)
    script = [stage.python, WORKLOADS / "ray_objects.py", f"{stage.address(1)}:{gcs}"]
    stage.start(1, script, env=_RAY_QUIET).finish(90)


@recording(
    "ray-serve-grpc-http", "Ray Serve (HTTP and gRPC ingress)", "inference", hosts=2,
    pip=(*_RAY, "grpcio", "httpx"), note="GCS and raylets are control",
)  # fmt: skip
def ray_serve(stage: Stage) -> None:
    """One node that serves, one host that asks."""
    gcs = _ray_cluster(stage, nodes=1)
    http, rpc = stage.port(8000), stage.port(9000)
    script = [stage.python, WORKLOADS / "ray_serve_app.py"]
    server = [*script, "server", f"{stage.address(1)}:{gcs}", http, rpc]
    stage.start(1, server, env={**_RAY_QUIET, "PYTHONPATH": WORKLOADS}).says("serving", 90)
    stage.start(2, [*script, "client", stage.address(1), http, rpc]).finish()


_RAY_QUIET = {"RAY_USAGE_STATS_ENABLED": 0, "RAY_ENABLE_UV_RUN_RUNTIME_ENV": 0}


def _ray_cluster(stage: Stage, nodes: int | None = None) -> int:
    gcs, objects = stage.port(6379), stage.port(8076, "bulk")
    common = [
        stage.python.parent / "ray", "start", "--block", "--num-cpus=2", "--disable-usage-stats",
        "--object-store-memory=100000000", f"--object-manager-port={objects}",
    ]  # fmt: skip
    for host in range(1, (nodes or stage.hosts) + 1):
        role = (
            ["--head", f"--port={gcs}", "--include-dashboard=false",
             f"--temp-dir={stage.folder / 'r'}"]
            if host == 1
            else [f"--address={stage.address(1)}:{gcs}"]
        )  # fmt: skip
        program = stage.start(
            host, [*common, *role, f"--node-ip-address={stage.address(host)}"], env=_RAY_QUIET
        )
        program.says("Ray runtime started", 60)
    return gcs


@recording(
    "spark-standalone", "Spark 3.5 standalone (RPC, shuffle)", "control", hosts=3,
    pip=("pyspark==3.5.6",), apt={"java": "default-jre-headless"},
    note="ports of block managers carry shuffle blocks and broadcasts: bulk",
)  # fmt: skip
def spark(stage: Stage) -> None:
    """A shuffle and a broadcast between two workers."""
    master, driver, blocks = stage.port(7077), stage.port(35001), stage.port(35002, "bulk")
    home = next((stage.python.parent.parent / "lib").glob("python*/site-packages/pyspark"))
    run = [home / "bin" / "spark-class"]
    env = {"SPARK_HOME": home, "SPARK_LOCAL_DIRS": stage.folder, "PYSPARK_PYTHON": stage.python,
           "SPARK_NO_DAEMONIZE": 1, "SPARK_DAEMON_MEMORY": "512m"}  # fmt: skip
    package = "org.apache.spark.deploy"
    stage.start(
        1,
        [*run, f"{package}.master.Master", "--host", stage.address(1), "--port", master,
         "--webui-port", 0],
        env={**env, "SPARK_LOCAL_IP": stage.address(1)},
    )  # fmt: skip
    stage.listens(1, master)
    for host in (2, 3):
        worker = stage.start(
            host,
            [*run, f"{package}.worker.Worker", "--host", stage.address(host), "--cores", 1,
             "--memory", "700m", "--webui-port", 0, f"spark://{stage.address(1)}:{master}"],
            env={**env, "SPARK_LOCAL_IP": stage.address(host)},
        )  # fmt: skip
        worker.says("Successfully registered")
    job = [stage.python, WORKLOADS / "spark_job.py", stage.address(1), master, driver, blocks]
    stage.start(1, job, env={**env, "SPARK_LOCAL_IP": stage.address(1)}).finish(100)
