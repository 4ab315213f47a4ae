"""A distributed data-parallel training job: PyTorch, gloo, all-reduce of the gradients each step.

    python -m demo.jobs.training --rank 0 --world 4 --master 10.0.0.1 --interface h1-eth0

Owns the training traffic, and is the only job that imports torch. It learns a fixed random
function; the model is sized by the bytes of its gradients, so that the network and not the
processor decides how long a step takes. It must not touch kernel settings: that gloo's
connections use the ports of the class `gradient` is arranged outside (see `demo.programs`).
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from demo.jobs.channel import Channel
from demo.records import Iteration

_WIDTH = 256
_BATCH = 16
_JOIN_TIMEOUT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Membership:
    """A rank's place in the job; the interface is where gloo listens."""

    rank: int
    world: int
    master: str
    port: int
    interface: str


def join(membership: Membership) -> None:
    """Meet the other ranks; returns when all are there.

    GLOO_SOCKET_IFNAME makes gloo take its address from the interface: by default it resolves the
    machine's own name, which in a namespace without DNS fails or gives an address of another
    network.
    """
    os.environ["GLOO_SOCKET_IFNAME"] = membership.interface
    dist.init_process_group(
        "gloo",
        init_method=f"tcp://{membership.master}:{membership.port}",
        rank=membership.rank,
        world_size=membership.world,
        timeout=_JOIN_TIMEOUT,
    )


def build_model(gradient_bytes: int, seed: int) -> torch.nn.Module:
    """A perceptron whose FP32 gradients have about that many bytes."""
    torch.manual_seed(seed)
    hidden = max(1, gradient_bytes // 4 // (2 * _WIDTH + 1))
    return torch.nn.Sequential(
        torch.nn.Linear(_WIDTH, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, _WIDTH)
    )


def train(model: torch.nn.Module, seed: int, rank: int) -> Iterator[Iteration]:
    """Endless steps of data-parallel training, one record each; needs a joined process group."""
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(parallel.parameters(), lr=0.01)
    gradient_bytes = sum(4 * weight.numel() for weight in model.parameters())
    source = torch.Generator().manual_seed(seed * 1000 + rank)  # each rank draws its own data
    teacher = torch.randn(_WIDTH, _WIDTH, generator=torch.Generator().manual_seed(seed)) / 16
    for index in count():
        begin_s = time.monotonic()
        inputs = torch.randn(_BATCH, _WIDTH, generator=source)
        loss = torch.nn.functional.mse_loss(parallel(inputs), torch.tanh(inputs @ teacher))
        optimizer.zero_grad()
        loss.backward()  # DDP all-reduces each bucket of gradients while this runs
        optimizer.step()
        yield Iteration(index, begin_s, time.monotonic(), loss.item(), gradient_bytes)


def main() -> None:
    """Train until the runner ends the job, or for a number of iterations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rank", type=int, required=True)
    parser.add_argument("--world", type=int, default=4)
    parser.add_argument("--master", required=True, help="IP address of rank 0")
    parser.add_argument("--port", type=int, default=29500)
    parser.add_argument("--interface", required=True)
    parser.add_argument("--gradient-bytes", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--iterations", type=int, default=0, help="0 trains on and on")
    args = parser.parse_args()
    torch.set_num_threads(1)
    join(Membership(args.rank, args.world, args.master, args.port, args.interface))
    steps = train(build_model(args.gradient_bytes, args.seed), args.seed, args.rank)
    next(steps)  # opens all of gloo's connections before anyone measures
    channel = Channel(f"training-{args.rank}")
    channel.await_window()
    for done, iteration in enumerate(steps, start=1):
        channel.emit(iteration)
        if done == args.iterations:
            break
    threading.Event().wait()


if __name__ == "__main__":
    main()
