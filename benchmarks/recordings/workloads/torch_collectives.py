"""One rank of a small job, `torch_collectives.py ddp|fsdp|broadcast|pipeline`; prints its store."""

import os
import sys

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

STEPS = 3


def model() -> nn.Module:
    """About 100,000 parameters."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 256), nn.Linear(256, 8))


def train(wrapped: nn.Module) -> None:
    """A few steps on noise."""
    optimizer = torch.optim.SGD(wrapped.parameters(), lr=0.01)
    for _ in range(STEPS):
        optimizer.zero_grad()
        wrapped(torch.randn(16, 128)).pow(2).mean().backward()
        optimizer.step()


def ddp() -> None:
    """Data parallel."""
    train(nn.parallel.DistributedDataParallel(model()))


def fsdp() -> None:
    """Fully sharded data parallel."""
    sharded = model()
    fully_shard(sharded, mesh=init_device_mesh("cpu", (dist.get_world_size(),)))
    train(sharded)


def broadcast() -> None:
    """Weights from rank 0."""
    for _ in range(STEPS):
        dist.broadcast(torch.ones(80_000), src=0)


def pipeline() -> None:
    """Activations forward, gradients back."""
    activations = torch.ones(60_000)
    for _ in range(2 * STEPS):
        if dist.get_rank() == 0:
            dist.send(activations, 1)
            dist.recv(activations, 1)
        else:
            dist.recv(activations, 0)
            dist.send(activations, 0)


if __name__ == "__main__":
    print("store", os.environ["MASTER_PORT"])
    dist.init_process_group("gloo")
    {"ddp": ddp, "fsdp": fsdp, "broadcast": broadcast, "pipeline": pipeline}[sys.argv[1]]()
    dist.barrier()
    dist.destroy_process_group()
