"""Moves objects between Ray nodes: ADDRESS of the GCS."""

import sys

import numpy as np
import ray


@ray.remote(num_cpus=1, scheduling_strategy="SPREAD")
def grow(array):
    """Another array."""
    return array + 1


@ray.remote(num_cpus=1, scheduling_strategy="SPREAD")
class Counter:
    """An actor."""

    def __init__(self):
        self.count = 0

    def add(self, array):
        """Looks at an array."""
        self.count += array.size
        return self.count


if __name__ == "__main__":
    ray.init(address=sys.argv[1])
    start = ray.put(np.zeros(60_000))
    actors = [Counter.remote() for _ in range(3)]
    for _ in range(2):
        results = [grow.remote(start) for _ in range(4)]
        print(ray.get([a.add.remote(r) for a, r in zip(actors, results, strict=False)]))
    ray.shutdown()
