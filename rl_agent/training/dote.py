"""Trains the DOTE-style rival: splits from history, by the gradient of the ratio itself.

The maximum of link utilisations has a gradient almost everywhere, so no reinforcement is needed:
the loss is the mean of max utilisation / optimum on the matrix after the history. The network of
the best epoch on the last fifth of the training time is kept.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from controller.advice.network import CandidatePaths, FloatArray
from rl_agent.errors import MethodError
from rl_agent.rivals.dote import HISTORY, Dote, Perceptron


@dataclass(frozen=True, slots=True)
class DoteOptions:
    """Hyperparameters, as small as suits a thousand matrices."""

    hidden: int = 128
    epochs: int = 60
    batch: int = 32
    learning_rate: float = 1e-3
    seed: int = 1


def train_dote(
    paths: CandidatePaths, demands: FloatArray, optima: FloatArray, options: DoteOptions
) -> Dote:
    """Fits the rival.

    Args:
        paths: What it splits over; few enough for dense products.
        demands: float64 (T, K), in order of time.
        optima: float64 (T,).
        options: See there; the seed makes it reproducible on one machine.

    Raises:
        MethodError: Too few matrices, or too large a network.
    """
    if len(demands) < 4 * HISTORY:
        raise MethodError(f"dote needs {4 * HISTORY} training matrices or more; got {len(demands)}")
    if not paths.is_small:
        raise MethodError("dote's training is for networks of up to some thousand candidate paths")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the products are too small to share
    try:
        return _fit(_Samples(paths, demands, optima), paths, options)
    finally:
        torch.set_num_threads(threads)


def _fit(samples: "_Samples", paths: CandidatePaths, options: DoteOptions) -> Dote:
    torch.manual_seed(options.seed)
    network = _network(samples.width, options.hidden, len(paths.pair))
    optimiser = torch.optim.Adam(network.parameters(), lr=options.learning_rate)
    shuffled = torch.Generator().manual_seed(options.seed)
    fit, held = samples.divided()
    best, kept = np.inf, {}
    for _ in range(options.epochs):
        for rows in fit[torch.randperm(len(fit), generator=shuffled)].split(options.batch):
            optimiser.zero_grad()
            samples.loss(network, rows).backward()
            optimiser.step()
        with torch.no_grad():
            score = float(samples.loss(network, held))
        if score < best:
            best, kept = score, {k: v.clone() for k, v in network.state_dict().items()}
    network.load_state_dict(kept)
    return Dote(paths, Perceptron(_layers(network), samples.unit))


class _Samples:
    """History and the matrix after it, as tensors, and the loss on some of them."""

    def __init__(self, paths: CandidatePaths, demands: FloatArray, optima: FloatArray) -> None:
        self.unit = float(demands.mean())
        self.width = HISTORY * demands.shape[1]
        self._pair = torch.as_tensor(paths.pair.astype(np.int64))
        self._softmax = _PairSoftmax(paths)
        # Loads in units of the optimum: demands are divided by it, links by their capacity.
        self._uses = torch.as_tensor(
            (paths.incidence / paths.network.capacity * self.unit).astype(np.float32)
        )
        self._demands = torch.as_tensor((demands / self.unit).astype(np.float32))
        self._optima = torch.as_tensor(optima.astype(np.float32))
        targets = np.flatnonzero(optima > 0)
        self._targets = torch.as_tensor(targets[targets >= HISTORY])
        self._back = torch.arange(-HISTORY, 0)

    def divided(self) -> tuple[Any, Any]:
        """Indices to fit on, and later ones to choose the epoch by."""
        cut = len(self._targets) * 4 // 5
        return self._targets[:cut], self._targets[cut:]

    def loss(self, network: Any, rows: Any) -> Any:
        history = self._demands[rows[:, None] + self._back].flatten(1)
        splits = self._softmax(network(history))
        flows = splits * self._demands[rows][:, self._pair]
        return ((flows @ self._uses).amax(1) / self._optima[rows]).mean()


class _PairSoftmax:
    """Over each pair's paths, with each pair's own maximum, so that none underflows.

    Paths are laid out as pairs x most paths a pair, padded: scattering by pair is 20 times slower.
    """

    def __init__(self, paths: CandidatePaths) -> None:
        most = int(paths.per_pair.max())
        slot = paths.pair * most + np.arange(len(paths.pair)) - paths.start[paths.pair]
        source = np.full(len(paths.pairs) * most, len(paths.pair))
        source[slot] = np.arange(len(paths.pair))
        self._slot = torch.as_tensor(slot.astype(np.int64))
        self._source = torch.as_tensor(source)
        self._shape = (len(paths.pairs), most)

    def __call__(self, logits: Any) -> Any:
        padded = torch.nn.functional.pad(logits, (0, 1), value=-torch.inf)
        table = padded.index_select(1, self._source).unflatten(1, self._shape)
        return table.softmax(2).flatten(1).index_select(1, self._slot)


def _network(width: int, hidden: int, outputs: int) -> Any:
    return torch.nn.Sequential(
        torch.nn.Linear(width, hidden), torch.nn.ReLU(),
        torch.nn.Linear(hidden, hidden), torch.nn.ReLU(),
        torch.nn.Linear(hidden, outputs),
    )  # fmt: skip


def _layers(network: Any) -> tuple[tuple[FloatArray, FloatArray], ...]:
    return tuple(
        (
            layer.weight.detach().numpy().T.astype(np.float64),
            layer.bias.detach().numpy().astype(np.float64),
        )
        for layer in network
        if isinstance(layer, torch.nn.Linear)
    )
