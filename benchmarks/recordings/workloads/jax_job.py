"""One process of a JAX job: COORDINATOR RANK."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

if __name__ == "__main__":
    coordinator, rank = sys.argv[1:]
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(coordinator, num_processes=2, process_id=int(rank))
    mesh = Mesh(np.array(jax.devices()), ("data",))
    local = np.ones((1, 100_000), np.float32) * int(rank)
    sharding = NamedSharding(mesh, PartitionSpec("data"))
    array = jax.make_array_from_process_local_data(sharding, local)
    whole = NamedSharding(mesh, PartitionSpec())
    total = jax.jit(lambda a: jnp.sum(a, axis=0), out_shardings=whole)
    for _ in range(4):
        total(array).block_until_ready()
    multihost_utils.sync_global_devices("end")
    print("done")
