"""One rank of a parameter server job over torch RPC; RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT."""

import os

import torch
from torch.distributed import rpc

WEIGHTS = torch.zeros(50_000)


def pull() -> torch.Tensor:
    """The weights of whoever runs this."""
    return WEIGHTS


def push(gradient: torch.Tensor) -> None:
    """Adds to them."""
    WEIGHTS.add_(gradient, alpha=-0.1)


def main() -> None:
    """Rank 0 serves, others train."""
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    # Else ranks of one machine would pass tensors in shared memory.
    options = rpc.TensorPipeRpcBackendOptions(_transports=["uv"], _channels=["basic"])
    rpc.init_rpc(f"worker{rank}", rank=rank, world_size=size, rpc_backend_options=options)
    if rank:
        for _ in range(5):
            weights = rpc.rpc_sync("worker0", pull)
            rpc.rpc_sync("worker0", push, args=(torch.randn_like(weights),))
    rpc.shutdown()


if __name__ == "__main__":
    main()
