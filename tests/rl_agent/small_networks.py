"""Random small networks and traffic, for tests of everything that routes matrices."""

import numpy as np
from hypothesis import strategies as st

from controller.advice.network import FloatArray, Network
from rl_agent.matrices import Matrices


def network_of_cables(cables: list[tuple[int, int]], rates: list[float]) -> Network:
    """Both ways of each cable, at its rate."""
    ends = [way for a, b in cables for way in ((a, b), (b, a))]
    nodes = max(max(cable) for cable in cables) + 1
    capacity = np.repeat(np.array(rates, float), 2)
    return Network(tuple(f"n{i}" for i in range(nodes)), np.array(ends, np.int32), capacity)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """A connected network of 3 to 6 nodes; capacities lie up to a thousandfold apart."""
    nodes = draw(st.integers(3, 6))
    tree = {(draw(st.integers(0, node - 1)), node) for node in range(1, nodes)}
    anyone = st.integers(0, nodes - 1)
    more = draw(st.sets(st.tuples(anyone, anyone).filter(lambda pair: pair[0] < pair[1])))
    cables = sorted(tree | more)
    unit = draw(st.sampled_from([1.0, 1e9]))
    rates = draw(st.lists(st.sampled_from([1.0, 4.0, 10.0, 1000.0]),
                          min_size=len(cables), max_size=len(cables)))  # fmt: skip
    return network_of_cables(cables, [unit * rate for rate in rates])


def traffic(network: Network, count: int, seed: int) -> FloatArray:
    """float64 (T, N, N): uneven, a third of it 0, in the unit of the capacities."""
    rng = np.random.default_rng(seed)
    nodes = len(network.nodes)
    matrices: FloatArray = rng.pareto(1.5, (count, nodes, nodes)).clip(0, 20)
    matrices *= (rng.random(matrices.shape) > 1 / 3) & ~np.eye(nodes, dtype=bool)
    matrices[:, 0, 1] += 0.1
    return matrices * float(network.capacity.min()) / 5


SQUARE = network_of_cables([(0, 1), (1, 2), (2, 3), (3, 0)], [10.0] * 4)


def square_matrices(count: int = 20, seed: int = 1) -> Matrices:
    """Traffic on four nodes in a ring."""
    return Matrices(SQUARE, traffic(SQUARE, count, seed), 1.0, "bit/s")
