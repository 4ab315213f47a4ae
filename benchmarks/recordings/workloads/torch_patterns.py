"""One rank with patterns of its own: `torch_patterns.py hooks|exchange|objects`."""

import datetime
import os
import sys

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks, powerSGD_hook
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset


def hooks() -> None:
    """Gradients of half precision, then of low rank; batches from a sampler."""
    data = TensorDataset(torch.randn(96, 100), torch.randn(96, 10))
    sampler = DistributedSampler(data)
    state = powerSGD_hook.PowerSGDState(None, matrix_approximation_rank=4, start_powerSGD_iter=2)
    for argument, hook in (
        (None, default_hooks.fp16_compress_hook),
        (state, powerSGD_hook.powerSGD_hook),
    ):
        net = nn.Sequential(nn.Linear(100, 200), nn.Tanh(), nn.Linear(200, 10))
        model = nn.parallel.DistributedDataParallel(net, bucket_cap_mb=0.1)
        model.register_comm_hook(argument, hook)
        optimizer = torch.optim.Adam(model.parameters())
        for batch, target in DataLoader(data, batch_size=8, sampler=sampler):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(batch), target).backward()
            optimizer.step()


def exchange() -> None:
    """What tensor and expert parallel jobs do."""
    size = dist.get_world_size()
    for _ in range(4):
        mine = torch.randn(9_000)
        dist.all_gather([torch.empty(9_000) for _ in range(size)], mine)
        whole = torch.randn(size * 7_000)
        dist.all_to_all_single(torch.empty_like(whole), whole)
        parts = [torch.empty(5_000) for _ in range(size)] if dist.get_rank() == 0 else None
        dist.gather(torch.randn(5_000), parts)
        dist.reduce(torch.randn(11_000), dst=1)


def objects() -> None:
    """Settings and figures as pickled objects, and barriers that name who is late."""
    size = dist.get_world_size()
    for step in range(12):
        settings = [{"step": step, "rates": [0.1 * step] * 40}]
        dist.broadcast_object_list(settings, src=0)
        dist.all_gather_object([None] * size, {"loss": 0.1, "rank": dist.get_rank()})
        dist.monitored_barrier(timeout=datetime.timedelta(seconds=20))


if __name__ == "__main__":
    dist.init_process_group("gloo")
    {"hooks": hooks, "exchange": exchange, "objects": objects}[sys.argv[1]]()
    dist.barrier()
    # Its threads may outlive Python's objects.
    os._exit(0)
