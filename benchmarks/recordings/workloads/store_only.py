"""Processes that only meet at a TCPStore: RANK SIZE ADDRESS PORT."""

import datetime
import sys
import time

from torch.distributed import PrefixStore, TCPStore

if __name__ == "__main__":
    rank, size = int(sys.argv[1]), int(sys.argv[2])
    wait = datetime.timedelta(seconds=30)
    store = TCPStore(sys.argv[3], int(sys.argv[4]), size, rank == 0, timeout=wait)
    for step in range(15):
        barrier = PrefixStore(f"step{step}", store)
        barrier.set(f"state{rank}", f"epoch {step} of worker {rank}")
        if barrier.add("here", 1) == size:
            barrier.set("all", "yes")
        barrier.wait(["all"], wait)
        barrier.multi_get([f"state{other}" for other in range(size)])
        time.sleep(0.2)
    time.sleep(1 if rank == 0 else 0)
