"""Makes traffic matrices for any network: gravity with a day's cycle, hotspots, bursts, noise.

Owns the model and its text form, `gravity,matrices=500,load=0.3`. Whole time axes are drawn at
once; the same seed gives the same matrices.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from controller.advice.network import FloatArray, Network
from controller.paths import hop_distances
from rl_agent.errors import TrafficSpecError
from rl_agent.matrices import SAME_UNIT, Matrices
from topologies.errors import did_you_mean

_MATRICES_MAX = 100_000
_CELLS_MAX = 200_000_000  # of all matrices together, 1.6 GB


@dataclass(frozen=True, slots=True)
class TrafficModel:
    """What is drawn. Factors multiply; each is harmless at 0.

    Attributes:
        matrices: How many.
        load: Mean utilisation of links over time, if all went the fewest hops.
        interval_s: Between two matrices.
        day: Depth of the day's cycle, 0 to 1; nodes have phases of their own.
        noise: Standard deviation of the logarithm of each demand's noise, from matrix to matrix.
        memory: How much of the noise stays to the next matrix, 0 to 1.
        hotspots: Destinations at a time that draw eight times their traffic.
        bursts: Chance that a pair starts a burst at a matrix; its factor is Pareto (1.5).
        tail: Further heavy-tailed noise: 1 / Pareto index of an independent factor, 0 to 0.9.
    """

    matrices: int = 500
    load: float = 0.2
    interval_s: float = 300.0
    day: float = 0.5
    noise: float = 0.2
    memory: float = 0.8
    hotspots: int = 0
    bursts: float = 0.0
    tail: float = 0.0


PRESETS = {
    "gravity": TrafficModel(),
    "hotspots": TrafficModel(hotspots=2),
    "bursts": TrafficModel(bursts=0.01),
    "heavy": TrafficModel(tail=0.5),
}
_BOUNDS = {
    "matrices": (1, _MATRICES_MAX), "load": (1e-4, 10), "interval_s": (0, 1e6), "day": (0, 1),
    "noise": (0, 3), "memory": (0, 0.999), "hotspots": (0, 1000), "bursts": (0, 1),
    "tail": (0, 0.9),
}  # fmt: skip
_DAY_S, _HOTSPOT_FACTOR, _HOTSPOT_MATRICES, _BURST_MATRICES = 86_400.0, 8.0, 24, 4
_FACTOR_MAX = 50.0  # of bursts and tails: a link's rate bounds what one matrix can hold


def parse_model(spec: str) -> TrafficModel:
    """Reads `NAME,key=value,...`, as topology specs are written.

    Raises:
        TrafficSpecError: Unknown name or key, or a value out of its bounds.
    """
    name, *settings = spec.split(",")
    if name not in PRESETS:
        hint = did_you_mean(name, PRESETS) or f": there are {', '.join(PRESETS)}"
        raise TrafficSpecError(f"no traffic model {name!r}{hint}")
    kinds: dict[str, Callable[[str], float]] = {
        field.name: int if isinstance(field.default, int) else float
        for field in fields(TrafficModel)
    }
    values: dict[str, float] = {}
    for setting in settings:
        key, _, text = setting.partition("=")
        if key not in kinds:
            hint = did_you_mean(key, kinds) or f": there are {', '.join(kinds)}"
            raise TrafficSpecError(f"traffic model {name} has no {key!r}{hint}")
        low, high = _BOUNDS[key]
        try:
            values[key] = kinds[key](text)
        except ValueError:
            values[key] = np.nan
        if not low <= values[key] <= high:
            raise TrafficSpecError(f"{key} must be {low:g} to {high:g}; got {text!r}")
    return replace(PRESETS[name], **values)  # type: ignore[arg-type]


def generate(
    network: Network, model: TrafficModel, seed: int, sources: Sequence[int] | None = None
) -> Matrices:
    """Draws matrices between `sources` (all nodes if None), in the unit of the capacities.

    Raises:
        TrafficSpecError: Fewer than two nodes with traffic, or more matrices than memory holds.
    """
    nodes, count = len(network.nodes), model.matrices
    busy = np.arange(nodes) if sources is None else np.array(sorted(sources))
    if len(busy) < 2:
        raise TrafficSpecError("traffic needs two nodes or more: give the topology more hosts")
    if count * nodes * nodes > _CELLS_MAX:
        most = _CELLS_MAX // (nodes * nodes)
        raise TrafficSpecError(f"{count} matrices of {nodes} nodes are too many: at most {most}")
    rng = np.random.default_rng(seed)
    among = _gravity(rng, model, len(busy))
    among *= _noise(rng, model, len(busy))
    among *= _hotspots(rng, model, len(busy))[:, None, :]
    among *= _bursts(rng, model, len(busy))
    among *= np.minimum(rng.uniform(size=among.shape) ** -model.tail, _FACTOR_MAX)
    among[:, np.arange(len(busy)), np.arange(len(busy))] = 0.0
    matrices = np.zeros((count, nodes, nodes))
    matrices[np.ix_(np.arange(count), busy, busy)] = among
    matrices *= model.load / _mean_utilisation(network, matrices.mean(0))
    return Matrices(network, matrices, model.interval_s, SAME_UNIT)


def _gravity(rng: np.random.Generator, model: TrafficModel, nodes: int) -> FloatArray:
    """(T, n, n): product of what nodes send and draw, both on a day's cycle of their own phase."""
    mass = rng.lognormal(0.0, 0.8, (2, nodes))
    phase = rng.uniform(0.0, 0.25, nodes)  # of a day: a continent's time zones
    days = np.arange(model.matrices)[:, None] * model.interval_s / _DAY_S
    cycle = 1.0 + model.day * np.sin(2 * np.pi * (days + phase))
    sent, drawn = mass[0] * cycle, mass[1] * cycle
    answer: FloatArray = sent[:, :, None] * drawn[:, None, :]
    return answer


def _noise(rng: np.random.Generator, model: TrafficModel, nodes: int) -> FloatArray:
    """(T, n, n): lognormal, an autoregressive process of first order for each pair."""
    steps = rng.standard_normal((model.matrices, nodes, nodes))
    steps[1:] *= np.sqrt(1 - model.memory**2)
    for t in range(1, model.matrices):
        steps[t] += model.memory * steps[t - 1]
    answer: FloatArray = np.exp(model.noise * steps)
    return answer


def _hotspots(rng: np.random.Generator, model: TrafficModel, nodes: int) -> FloatArray:
    """(T, n): factors of what destinations draw; others are hot after a while."""
    spells = -(-model.matrices // _HOTSPOT_MATRICES)
    order = rng.random((spells, nodes)).argsort(1)
    factor = np.where(order < min(model.hotspots, nodes), _HOTSPOT_FACTOR, 1.0)
    return np.repeat(factor, _HOTSPOT_MATRICES, axis=0)[: model.matrices]


def _bursts(rng: np.random.Generator, model: TrafficModel, nodes: int) -> FloatArray:
    """(T, n, n): factors of bursts, each for some matrices."""
    shape = (model.matrices, nodes, nodes)
    size = np.minimum(1.0 + rng.pareto(1.5, shape), _FACTOR_MAX)
    starts = np.where(rng.random(shape) < model.bursts, size, 1.0)
    factor = starts.copy()
    for late in range(1, min(_BURST_MATRICES, model.matrices)):
        np.maximum(factor[late:], starts[:-late], out=factor[late:])
    return factor


def _mean_utilisation(network: Network, matrix: FloatArray) -> float:
    """Traffic times hops to all capacity: what shortest paths would make of it on average."""
    busy = np.flatnonzero(matrix.any(0))
    work = sum(
        float(matrix[:, target] @ hop_distances(network.graph, int(target))) for target in busy
    )
    return work / float(network.capacity.sum())
