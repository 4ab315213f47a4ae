"""Where demands come from: a recording, or a generator for any network. Knows no splits.

A source is a pure function of an environment's key and a position in time, so it has no state to
keep, to copy or to restore.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from controller.advice.network import CandidatePaths, FloatArray, Network
from controller.paths import UNREACHABLE, hop_distances
from rl_agent.environments import chance
from rl_agent.environments.chance import Keys
from rl_agent.errors import TrafficError

Positions = NDArray[np.int64]

_MASS, _PHASE, _NOISE = range(100, 103)  # streams of chance


class Traffic(Protocol):
    """Demands over time."""

    @property
    def length(self) -> int | None:
        """Positions there are, from 0; None for as many as anybody asks for."""
        ...

    def demands(self, key: Keys, at: Positions) -> FloatArray:
        """(B,) keys and positions to (B, K) demands of the pairs, in the unit of the capacities."""
        ...

    def reference(self, key: Keys, at: Positions) -> FloatArray:
        """(B,), a largest link utilisation that no routing of these demands can beat."""
        ...


def lower_bounds(network: Network, pairs: NDArray[np.int32]) -> FloatArray:
    """Rows (R, K); the largest of `rows @ demands` is a bound on every routing's max utilisation.

    Each row is a feasible point of the dual of the minimum-utilisation program: link lengths l
    with sum(capacity * l) = 1 bound it by the sum of demand times shortest distance. The lengths
    taken: all links of a node's way out, of its way in, and all links alike.
    """
    capacity, rows = network.capacity, np.arange(len(pairs))
    bounds = np.zeros((2 * len(network.nodes) + 1, len(pairs)))
    for side in (0, 1):
        total = np.bincount(network.ends[:, side], capacity, len(network.nodes))
        bounds[pairs[:, side] + side * len(network.nodes), rows] = 1.0 / total[pairs[:, side]]
    for target in np.unique(pairs[:, 1]):
        distance = hop_distances(network.graph, int(target))
        here = pairs[:, 1] == target
        hops = distance[pairs[here, 0]]
        bounds[-1, here] = np.where(hops == UNREACHABLE, 0, hops) / capacity.sum()
    return bounds[bounds.any(1)]


@dataclass(frozen=True, eq=False)
class Recording:
    """What was recorded, the same for every key.

    Attributes:
        recorded: float64 (T, K), demands of the pairs, in the unit of the capacities.
        optimum: float64 (T,), the least max utilisation possible for each, over all paths.
    """

    recorded: FloatArray
    optimum: FloatArray

    def __post_init__(self) -> None:
        if self.recorded.ndim != 2 or self.optimum.shape != self.recorded.shape[:1]:
            raise TrafficError(
                f"demands of shape {self.recorded.shape} and optima of shape "
                f"{self.optimum.shape}: give (T, K) and (T,)"
            )
        if not (np.isfinite(self.recorded).all() and (self.recorded >= 0).all()):
            raise TrafficError("demands must be numbers, none below 0: mend the recording")
        if not (self.optimum > 0).all():
            raise TrafficError(
                f"matrix {int(np.argmin(self.optimum))} carries nothing between the pairs: "
                "leave empty matrices out"
            )

    @property
    def length(self) -> int:
        """Matrices recorded."""
        return len(self.recorded)

    def demands(self, key: Keys, at: Positions) -> FloatArray:
        """What was recorded."""
        return self.recorded[at]

    def reference(self, key: Keys, at: Positions) -> FloatArray:
        """The optimum."""
        return self.optimum[at]


@dataclass(frozen=True, eq=False)
class Generated:
    """A gravity model with a daily wave and noise; each key has its own masses and phases.

    Demand of a pair: mass of its source times mass of its target, both lognormal (gravity, as in
    Roughan, "Simplifying the synthesis of Internet traffic matrices", 2005), times a sine wave,
    times lognormal noise that changes smoothly.

    Attributes:
        paths: Between which pairs.
        load: Mean of `reference`: how full the best routing leaves the fullest link, at least.
        skew: Standard deviation of the logarithm of a node's mass; 0 for equal nodes.
        wave: Amplitude of the daily wave, 0 to 1.
        period: Positions in a day.
        noise: Standard deviation of the logarithm of the noise.
        smooth: Positions after which noise is new.
    """

    paths: CandidatePaths
    load: float = 0.5
    skew: float = 0.8
    wave: float = 0.4
    period: int = 288
    noise: float = 0.3
    smooth: int = 6
    length: None = None

    def demands(self, key: Keys, at: Positions) -> FloatArray:
        """The model's demands, scaled so that the bound is `load` in the mean of wave and noise."""
        gravity = self._gravity(key)
        scale = self.load / (gravity @ self._bounds.T).max(1)
        phase = chance.uniform(key, np.zeros_like(at), _PHASE, gravity.shape[1])
        angle = 2.0 * np.pi * (at[:, None] / self.period + 0.2 * phase)
        wave = 1.0 + self.wave * np.sin(angle)
        noise = np.exp(self.noise * self._smooth_noise(key, at) - self.noise**2 / 2.0)
        demands: FloatArray = scale[:, None] * gravity * wave * noise
        return demands

    def reference(self, key: Keys, at: Positions) -> FloatArray:
        """The bound of node cuts and volume: below the optimum, so that ratios to it stay >= 1."""
        bound: FloatArray = (self.demands(key, at) @ self._bounds.T).max(1)
        return bound

    def _gravity(self, key: Keys) -> FloatArray:
        nodes = len(self.paths.network.nodes)
        mass = np.exp(
            self.skew * chance.normal(key, np.zeros(len(key), np.int64), _MASS, 2 * nodes)
        )
        pairs = self.paths.pairs
        gravity: FloatArray = mass[:, pairs[:, 0]] * mass[:, nodes + pairs[:, 1]]
        return gravity

    def _smooth_noise(self, key: Keys, at: Positions) -> FloatArray:
        """Between draws `smooth` positions apart, mixed so that the variance is 1 everywhere."""
        count, turn = len(self.paths.pairs), (at % self.smooth / self.smooth * np.pi / 2)[:, None]
        before, after = (
            chance.normal(key, at // self.smooth + late, _NOISE, count) for late in (0, 1)
        )
        noise: FloatArray = np.cos(turn) * before + np.sin(turn) * after
        return noise

    @cached_property
    def _bounds(self) -> FloatArray:
        return lower_bounds(self.paths.network, self.paths.pairs)
