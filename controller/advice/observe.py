"""What the agent sees of each candidate path: one row of numbers, whatever the network's size.

The same functions feed training, in batches, and the live network. Everything is relative to the
largest planned link utilisation, so a policy does not know, and need not know, units or the size of
the network. Links tell paths about each other here: what all paths together put on a link comes
back to each of them as the utilisation along it.
"""

from dataclasses import dataclass

import numpy as np

from controller.advice.network import BoolArray, CandidatePaths, FloatArray, IntArray

RATES = (1.0, 0.5, 0.15, 0.03)  # of the moving averages; 1 is the newest interval alone
FEATURES = (
    *(f"demand of the pair / bottleneck of the path, average {rate:g}" for rate in RATES),
    *(f"largest utilisation along the path, average {rate:g}" for rate in RATES),
    "largest utilisation along the path as planned",
    "logit of the plan",
    "split ratio of the plan",
    "hops more than the pair's shortest path",
    "largest utilisation as planned on the pair's best other path",
    "path is alive",
)
_EXPECTED = 1  # which average the plan is judged with
_FAR = 4.0  # times the largest planned utilisation; what is farther out tells no more


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """Moving averages at each of `RATES`.

    Attributes:
        demands: float64 (..., R, K), of what pairs offered.
        loads: float64 (..., R, E), of what links carried.
    """

    demands: FloatArray
    loads: FloatArray

    def of_pairs(self, pairs: IntArray) -> "Averages":
        """The same for some pairs only."""
        return Averages(self.demands[..., pairs], self.loads)

    @staticmethod
    def begin(demands: FloatArray, loads: FloatArray) -> "Averages":
        """Of one interval, (..., K) and (..., E)."""
        return Averages(*(np.repeat(v[..., None, :], len(RATES), -2) for v in (demands, loads)))

    def after(self, demands: FloatArray, loads: FloatArray) -> "Averages":
        """With one more interval."""
        rates = np.array(RATES)[:, None]
        return Averages(
            self.demands + rates * (demands[..., None, :] - self.demands),
            self.loads + rates * (loads[..., None, :] - self.loads),
        )


def features(
    paths: CandidatePaths,
    averages: Averages,
    logits: FloatArray,
    splits: FloatArray,
    alive: BoolArray | None = None,
    planned: FloatArray | None = None,
) -> FloatArray:
    """One row for each path.

    Args:
        paths: The candidates.
        averages: Of what was seen.
        logits: float64 (..., P), the plan's.
        splits: float64 (..., P), the plan's.
        alive: bool (..., P); None for all.
        planned: float64 (..., E), link utilisations the plan is expected to give; None to work
            them out, which takes that `paths` are all there are.

    Returns:
        float64 (..., P, F), columns as `FEATURES`.
    """
    capacity = paths.network.capacity
    if planned is None:
        planned = paths.utilisation(splits, averages.demands[..., _EXPECTED, :])
    planned = planned[..., None, :]
    scale = planned.max(-1, keepdims=True).clip(1e-300)
    along = paths.path_max(np.concatenate([averages.loads / capacity, planned], -2) / scale)
    along = np.minimum(along, _FAR)
    offered = averages.demands[..., paths.pair] / (paths.bottleneck * scale)
    everywhere = np.ones(logits.shape) if alive is None else alive.astype(float)
    columns = np.concatenate(
        [
            np.log1p(10.0 * offered),
            along,
            np.stack(
                [
                    logits / 4.0,
                    splits,
                    np.broadcast_to(paths.extra_hops / 2.0, logits.shape),
                    _best_other(paths, along[..., -1, :]),
                    everywhere,
                ],
                axis=-2,
            ),
        ],
        axis=-2,
    )
    rows: FloatArray = np.swapaxes(columns, -1, -2)
    return rows


def _best_other(paths: CandidatePaths, along: FloatArray) -> FloatArray:
    """For each path the least value among the other paths of its pair; its own if alone."""
    least = np.minimum.reduceat(along, paths.start, axis=-1)
    at_least = along == least[..., paths.pair]
    rest = np.minimum.reduceat(np.where(at_least, np.inf, along), paths.start, axis=-1)
    shared = (paths.pair_sum(at_least.astype(float)) > 1) | np.isinf(rest)
    other = np.where(shared, least, rest)
    answer: FloatArray = np.where(at_least, other[..., paths.pair], least[..., paths.pair])
    return answer


def critical_pairs(demands: FloatArray, most: int) -> IntArray:
    """The pairs that offer most, int32, ascending: where a correction can matter."""
    if len(demands) <= most:
        return np.arange(len(demands), dtype=np.int32)
    return np.sort(np.argpartition(demands, -most)[-most:]).astype(np.int32)
