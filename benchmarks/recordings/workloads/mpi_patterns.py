"""One rank: pickled objects, ping-pong of growing size, uneven all-to-all, windows."""

import numpy as np
from mpi4py import MPI


def main() -> None:
    """All of them."""
    world = MPI.COMM_WORLD
    right, left = (world.rank + 1) % world.size, (world.rank - 1) % world.size
    for step in range(5):
        world.bcast({"step": step, "layers": list(range(200))} if world.rank == 0 else None)
        world.gather({"rank": world.rank, "losses": [0.5] * 300})
    for power in range(2, 16, 2):
        sent, got = np.ones(1 << power, np.uint8), np.empty(1 << power, np.uint8)
        for _ in range(3):
            world.Sendrecv(sent, right, recvbuf=got, source=left)
    world.alltoall([np.ones(2000 * (other + 1)) for other in range(world.size)])
    total = np.empty(8_000, np.float32)
    for _ in range(3):
        world.Iallreduce(np.ones(8_000, np.float32), total).Wait()
        world.Reduce_scatter_block(np.ones(3000 * world.size), np.empty(3000))
    world.Barrier()
    print(world.rank, total[0])


if __name__ == "__main__":
    main()
