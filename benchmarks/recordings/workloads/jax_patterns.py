"""One of three processes that train a small network with sharded batches: COORDINATOR RANK."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec


def loss(weights, batch):
    """Of two layers."""
    hidden = jnp.tanh(batch @ weights["a"])
    return jnp.mean((hidden @ weights["b"]) ** 2)


def main(coordinator: str, rank: int) -> None:
    """Some steps of gradient descent."""
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(coordinator, num_processes=3, process_id=rank)
    mesh = Mesh(np.array(jax.devices()), ("batch",))
    split, same = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("batch",), ()))
    rng = np.random.default_rng(0)
    weights = {
        name: jax.device_put(rng.normal(size=shape).astype(np.float32) * 0.1, same)
        for name, shape in (("a", (80, 160)), ("b", (160, 20)))
    }  # fmt: skip
    step = jax.jit(
        lambda w, x: jax.tree.map(lambda p, g: p - 0.01 * g, w, jax.grad(loss)(w, x)),
        out_shardings=same,
    )
    for number in range(6):
        local = np.random.default_rng(rank + number).normal(size=(12, 80)).astype(np.float32)
        batch = jax.make_array_from_process_local_data(split, local)
        weights = step(weights, batch)
        jax.block_until_ready(weights)
    print("done")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
