"""Online gradient: a few warm-started Adam steps a matrix on what the last W would have cost.

The objective is the mean over those matrices of a soft maximum of link utilisations, each in units
of a bound that every routing has to respect; the logits of the splits are kept from one decision to
the next, so a handful of steps follows the traffic.
"""

import numpy as np

from controller.advice.advisor import Observation, on_live_paths
from controller.advice.network import CandidatePaths, FloatArray
from rl_agent.rivals.window import Window

_LEARNING_RATE = 0.1
_SHARPNESS = 30.0  # of the soft maximum, per unit of ratio
_DECAY = (0.9, 0.999)  # of Adam's two moments (Kingma and Ba, 2015)
_FIRST_STEPS = 60  # with the first matrix, as nothing is warm yet


class OnlineGradient:
    """Splits are a softmax over each pair's paths; the state is their logits."""

    def __init__(self, paths: CandidatePaths, width: int, steps: int = 5) -> None:
        """Looks back `width` matrices and takes `steps` steps a decision."""
        self.paths = paths
        self._steps = steps
        self._scaled = Window(width, len(paths.pairs))
        self._logits, self._mean, self._square = np.zeros((3, len(paths.pair)))
        self._taken = 0

    def watch(self, seen: Observation) -> None:
        """Takes a matrix in; the logits follow."""
        reach = self.paths.max_utilisation(self._splits, seen.demands)
        if reach > 0:
            # In units of what the present splits make of it: ratios without solving anything.
            self._scaled.push(seen.demands / reach)
        for _ in range(self._steps if self._taken else _FIRST_STEPS):
            if len(self._scaled):
                self._step(seen)

    def advise(self, seen: Observation) -> FloatArray:
        """The splits after the steps, moved off dead paths."""
        self.watch(seen)
        return on_live_paths(self.paths, self._splits, seen.link_up)

    @property
    def _splits(self) -> FloatArray:
        return self.paths.softmax(self._logits)

    def _step(self, seen: Observation) -> None:
        """Adam on the mean of soft maxima; the gradient is written out, as it is short."""
        paths, scaled = self.paths, self._scaled.rows
        splits = self._splits
        demands = scaled[:, paths.pair]
        use = paths.link_loads(splits * demands) / paths.network.capacity
        share = np.exp(_SHARPNESS * (use - use.max(1, keepdims=True)))
        share /= share.sum(1, keepdims=True)
        by_path = (paths.path_sum(share / paths.network.capacity) * demands).mean(0)
        gradient = splits * (by_path - paths.pair_sum(splits * by_path)[paths.pair])
        self._taken += 1
        slow, slower = _DECAY
        self._mean += (1 - slow) * (gradient - self._mean)
        self._square += (1 - slower) * (gradient**2 - self._square)
        mean = self._mean / (1 - slow**self._taken)
        spread = np.sqrt(self._square / (1 - slower**self._taken))
        self._logits -= _LEARNING_RATE * mean / (spread + 1e-8)
