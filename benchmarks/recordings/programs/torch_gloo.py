"""PyTorch collectives over Gloo: the store is control, tensors are gradient."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.stage import WORKLOADS, Stage

TORCH = ("torch==2.13.0", "numpy")


def _ranks(stage: Stage, job: str) -> None:
    """One rank a host, each with the script of collectives."""
    store = stage.port(29500, "control")
    started = [
        stage.start(
            rank + 1,
            [stage.python, WORKLOADS / "torch_collectives.py", job],
            env={
                "MASTER_ADDR": stage.address(1),
                "MASTER_PORT": store,
                "RANK": rank,
                "WORLD_SIZE": stage.hosts,
                "GLOO_SOCKET_IFNAME": "eth0",
                "OMP_NUM_THREADS": 1,
            },
        )
        for rank in range(stage.hosts)
    ]
    for rank in started:
        rank.finish()


@recording("gloo-ddp-3rank", "PyTorch 2.13 DDP/Gloo 3 ranks", "gradient", hosts=3, pip=TORCH)
def ddp(stage: Stage) -> None:
    """DistributedDataParallel."""
    _ranks(stage, "ddp")


@recording("gloo-fsdp-2rank", "PyTorch 2.13 FSDP/Gloo 2 ranks", "gradient", hosts=2, pip=TORCH)
def fsdp(stage: Stage) -> None:
    """Fully sharded: all-gather and reduce-scatter."""
    _ranks(stage, "fsdp")


@recording("gloo-broadcast-3rank", "PyTorch 2.13 broadcast/Gloo", "gradient", hosts=3, pip=TORCH)
def broadcast(stage: Stage) -> None:
    """Rank 0 to all."""
    _ranks(stage, "broadcast")


@recording("gloo-p2p-2rank", "PyTorch 2.13 send/recv/Gloo", "gradient", hosts=2, pip=TORCH)
def pipeline(stage: Stage) -> None:
    """Point to point, as pipeline parallel training has it."""
    _ranks(stage, "pipeline")
