"""A DOTE-style network at work: a perceptron from the last matrices straight to splits.

After Perry et al., "DOTE: Rethinking (Predictive) WAN Traffic Engineering" (NSDI 2023), written
anew. Owns inference, in NumPy; training is `rl_agent.training.dote`.
"""

from dataclasses import dataclass

import numpy as np

from controller.advice.advisor import Observation, on_live_paths
from controller.advice.network import CandidatePaths, FloatArray
from rl_agent.rivals.window import Window

HISTORY = 12  # matrices it looks at


@dataclass(frozen=True, eq=False)
class Perceptron:
    """Weights.

    Attributes:
        layers: (in, out) weights and (out,) biases, ReLU between them.
        demand_unit: What demands are divided by before the first layer.
    """

    layers: tuple[tuple[FloatArray, FloatArray], ...]
    demand_unit: float

    def logits(self, demands: FloatArray) -> FloatArray:
        """(HISTORY, K) demands, oldest first, to (P,) logits."""
        signal = demands.ravel() / self.demand_unit
        for weights, bias in self.layers[:-1]:
            signal = np.maximum(signal @ weights + bias, 0.0)
        weights, bias = self.layers[-1]
        answer: FloatArray = signal @ weights + bias
        return answer


class Dote:
    """Decides by one pass of the perceptron; traffic of dead paths moves to live ones."""

    def __init__(self, paths: CandidatePaths, perceptron: Perceptron) -> None:
        self.paths = paths
        self._perceptron = perceptron
        self._demands = Window(HISTORY, len(paths.pairs))

    def watch(self, seen: Observation) -> None:
        """Takes a matrix in without deciding."""
        self._demands.push(seen.demands)

    def advise(self, seen: Observation) -> FloatArray:
        """Splits for the next matrix; while history is short, the oldest row stands in."""
        self.watch(seen)
        window = self._demands.rows
        missing = HISTORY - len(window)
        full = np.vstack([np.repeat(window[:1], missing, axis=0), window]) if missing else window
        splits = self.paths.softmax(self._perceptron.logits(full))
        return on_live_paths(self.paths, splits, seen.link_up)
