"""One rank: all-reduce, all-to-all and broadcast of arrays."""

import numpy as np
from mpi4py import MPI

if __name__ == "__main__":
    world = MPI.COMM_WORLD
    gradient, total = np.ones(40_000), np.empty(40_000)
    for _ in range(3):
        world.Allreduce(gradient, total)
    parts, got = np.ones((world.size, 5000)), np.empty((world.size, 5000))
    world.Alltoall(parts, got)
    world.Bcast(gradient, 0)
    world.Barrier()
    print(world.rank, total[0])
