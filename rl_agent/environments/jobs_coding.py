"""What the jobs environments' observations and actions mean, as arrays for a whole batch.

Owns the spaces of `headway/Jobs-v0` and the way from a vector of numbers within [-1, 1] to a
decision. Runs nothing.

An action is one vector: first a number for each path group and candidate path; then, with
`pinning`, one for each flow slot and candidate; then, with `shares`, one for each queue in use.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from controller.advice.network import FloatArray, IntArray
from rl_agent.jobs.core import UNPINNED, Decision, JobsCore, View
from rl_agent.jobs.placement import FEATURES, candidate_features
from rl_agent.jobs.workload import GROUPS

PATH_FEATURES = (
    "length",  # hops / those of the longest candidate
    "capacity",  # of the narrowest link / the widest of all
    "latency_load",  # use of the fullest link in the last interval by classes that want latency
    "throughput_load",  # the same by classes that want throughput
    "load",  # of the fullest link, by all
    "mean_load",  # over its links, by all
    "latency_weight",  # split in use
    "throughput_weight",
)
LIMIT = 10.0  # observations are clipped to it
_SHARE_REACH = 1.0  # in octaves: a queue's guarantee goes from half of the policy's to twice it


@dataclass(frozen=True, slots=True)
class Coding:
    """The form of actions and observations.

    Attributes:
        core: The rules.
        pinning: Whether actions may put single flows on paths, and flows are shown.
        shares: Whether actions may change guarantees.
    """

    core: JobsCore
    pinning: bool = False
    shares: bool = False

    @property
    def observation_space(self) -> spaces.Space[Any]:
        """A row for each candidate path; with pinning also one for each flow and candidate."""
        fabric = self.core.setting.fabric
        paths = spaces.Box(0.0, LIMIT, (len(fabric.paths.pair), len(PATH_FEATURES)), np.float32)
        if not self.pinning:
            return paths
        shape = (self._slots * fabric.most_paths, len(FEATURES))
        return spaces.Dict({"paths": paths, "flows": spaces.Box(0.0, LIMIT, shape, np.float32)})

    @property
    def action_space(self) -> spaces.Box:
        """One vector, all of it from -1 to 1."""
        return spaces.Box(-1.0, 1.0, (sum(self._sizes),), np.float32)

    def decision(self, actions: FloatArray, view: View) -> Decision:
        """What (B, A) actions ask for.

        A path's weight is (a + 1) / 2, so -1 shuts it; where all of a pair are shut, all are
        open. A flow is pinned to the candidate with the highest number if that is above 0. A
        queue's guarantee is the policy's times 2^a, all scaled down where they exceed 1.
        """
        fabric = self.core.setting.fabric
        given = np.clip(actions, -1.0, 1.0)
        weights, pins, shares = np.split(given, np.cumsum(self._sizes)[:-1], axis=1)
        return Decision(
            ((weights + 1.0) / 2.0).reshape(-1, len(GROUPS), len(fabric.paths.pair)),
            self._pin(pins, view) if self.pinning else None,
            self._share(shares) if self.shares else None,
        )

    def observation(self, view: View, weights: FloatArray) -> dict[str, NDArray[np.float32]]:
        """Arrays of the whole batch: "paths" (B, P, F) and, with pinning, "flows"."""
        seen = {"paths": _clipped(self._path_features(view, weights))}
        if self.pinning:
            features = candidate_features(view)
            seen["flows"] = _clipped(features.reshape(len(features), -1, len(FEATURES)))
        return seen

    @property
    def _slots(self) -> int:
        return self.core.setting.mix.most_flows

    @property
    def _sizes(self) -> tuple[int, int, int]:
        fabric = self.core.setting.fabric
        return (
            len(GROUPS) * len(fabric.paths.pair),
            self._slots * fabric.most_paths if self.pinning else 0,
            self.core.queues if self.shares else 0,
        )

    def _pin(self, scores: FloatArray, view: View) -> IntArray:
        table = view.candidates
        own = np.where(table >= 0, scores.reshape(table.shape), -1.0)
        return np.where(own.max(-1) > 0, own.argmax(-1), UNPINNED).astype(np.int32)

    def _share(self, octaves: FloatArray) -> FloatArray:
        share = self.core.simulation.tree.share * 2.0 ** (_SHARE_REACH * octaves)
        scaled: FloatArray = share / share.sum(1, keepdims=True).clip(1.0)
        return scaled

    def _path_features(self, view: View, weights: FloatArray) -> FloatArray:
        paths = view.fabric.paths
        trunks = len(paths.network.ends)
        use = self.core.utilisation()[..., :trunks]
        both = use.sum(1)
        narrowest = -paths.path_max(-view.capacity_bps[:, :trunks])
        split = paths.normalise(weights)
        columns = (
            np.broadcast_to(paths.length / paths.length.max(), narrowest.shape),
            narrowest / view.capacity_bps.max(),
            paths.path_max(use[:, 0]), paths.path_max(use[:, 1]),
            paths.path_max(both), paths.path_sum(both) / paths.length,
            split[:, 0], split[:, 1],
        )  # fmt: skip
        return np.stack(columns, -1)


def _clipped(values: NDArray[np.floating]) -> NDArray[np.float32]:
    clipped: NDArray[np.float32] = np.clip(values, 0.0, LIMIT).astype(np.float32)
    return clipped
