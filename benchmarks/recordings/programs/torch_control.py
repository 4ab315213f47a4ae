"""PyTorch beyond collectives: elastic rendezvous, RPC, and checkpoints over the store."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs.torch_gloo import TORCH
from benchmarks.recordings.stage import WORKLOADS, Stage

_NICE = {"GLOO_SOCKET_IFNAME": "eth0", "TP_SOCKET_IFNAME": "eth0", "OMP_NUM_THREADS": 1}


@recording(
    "torchrun-elastic",
    "PyTorch 2.13 torchrun c10d rendezvous, DDP/Gloo",
    "gradient",
    hosts=2,
    pip=TORCH,
    note="the rendezvous port and the agents' store are control",
)
def elastic(stage: Stage) -> None:
    """Two agents with two workers each."""
    meeting = stage.port(29400, "control")
    stage.port(29500, "control")
    agents = [
        stage.start(
            host,
            [
                stage.python, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=2",
                "--rdzv-backend=c10d", f"--rdzv-endpoint={stage.address(1)}:{meeting}",
                f"--local-addr={stage.address(host)}", "--rdzv-id=recording",
                WORKLOADS / "torch_collectives.py", "ddp",
            ],
            env=_NICE,
        )
        for host in (1, 2)
    ]  # fmt: skip
    for agent in agents:
        agent.finish(90)
    # The first worker's store is at a port of the agents' choice, which the workers print.
    for found in {agent.says(r"store (\d+)").group(1) for agent in agents}:
        stage.role(int(found), "control")


@recording(
    "torch-rpc-3workers",
    "PyTorch 2.13 RPC/TensorPipe",
    "gradient",
    hosts=3,
    pip=TORCH,
)
def rpc(stage: Stage) -> None:
    """Workers push gradients to a server and pull weights."""
    store = stage.port(29500, "control")
    ranks = [
        stage.start(
            rank + 1,
            [stage.python, WORKLOADS / "torch_rpc.py"],
            env={
                **_NICE,
                "MASTER_ADDR": stage.address(1),
                "MASTER_PORT": store,
                "RANK": rank,
                "WORLD_SIZE": 3,
            },
        )
        for rank in range(3)
    ]
    for rank in ranks:
        rank.finish()
