"""The jobs agent: places heavy flows by a small learned score of each candidate path.

Owns the features of a candidate, its score and how scores become moves; no training (that is
`rl_agent.training.jobs`). Everything is per flow and candidate path, so one agent fits any
fabric and any number of jobs.

What it knows that least-loaded does not: which flows tend to send at the same time (two jobs out of
phase may share a link at no cost), and which are served before which.

A decision is a few moves. Each is the one change, of all flows and candidates, whose score rises
most, and the next move sees it done: so flows don't all run to the same empty link, and churn has a
bound.
"""

import numpy as np
from numpy.typing import NDArray

from controller.advice.network import BoolArray, FloatArray, IntArray
from rl_agent.jobs.core import UNPINNED, Decision, View
from rl_agent.jobs.rivals import current_choice

Float32Array = NDArray[np.float32]
Indices = NDArray[np.intp]

FEATURES = (
    "overload",  # of the fullest link, by flows that tend to send at the same time: past 1
    "load",  # the same, from 0
    "overload_now",  # by flows that send at this moment
    "load_now",
    "harm",  # of the fullest link by flows that would have to stand back
    "mean_load",  # over the path's links
    "detour",  # hops past the shortest
    "stay",  # 1 where the flow is now
    "critical",  # overload, if no flow that goes with this one takes longer anyway
)
PARAMETERS = len(FEATURES) + 1  # a weight for each, and what a move has to gain
_DOUBT = 0.02  # part of the time for which independence is believed over what was seen
_GOES_WITH = 0.9  # part of a flow's time that another is there too
_SELDOM = 0.02  # a flow that sends less often than this is left to its hash


# Where training begins: shun overload, then load; move for a little gain.
FIRST_GUESS = np.array([-1.0, -0.1, -0.1, 0.0, -0.1, -0.05, -0.05, 0.0, 0.0, 0.02])
FIRST_GUESS.setflags(write=False)


class Placer:
    """The agent: the same score for every flow and candidate.

    Args:
        parameters: float64 (PARAMETERS,), or (B, PARAMETERS) to give each environment its own, as
            evolution strategies do.
        moves: Most flows that change path at one decision.
    """

    def __init__(self, even: FloatArray, parameters: FloatArray, moves: int = 8) -> None:
        self._even, self._moves = even, moves
        self._parameters = parameters

    def reset(self) -> None:
        """Nothing to forget: what it goes by is in the view."""

    def decide(self, view: View) -> Decision:
        """Pins every flow that sends often enough; the rest is hashed."""
        often = np.diagonal(view.together, axis1=1, axis2=2) > _SELDOM
        heavy = often | view.sending
        # Flows that matter first, and the rest of the slots left out: most are idle or unused.
        slots = np.argsort(~heavy, axis=1, kind="stable")[:, : max(int(heavy.sum(1).max()), 1)]
        own = view.only(slots)
        board = _Board(own, current_choice(own))
        movable = (board.choice >= 0) & np.take_along_axis(heavy, slots, 1)
        self._improve(board, movable)
        pin = np.full(heavy.shape, UNPINNED, np.int32)
        np.put_along_axis(pin, slots, np.where(movable, board.choice, UNPINNED), 1)
        return Decision(np.tile(self._even, (len(pin), 1, 1)), pin)

    def _improve(self, board: "_Board", movable: BoolArray) -> None:
        """The moves of one decision."""
        for _ in range(self._moves):
            score = np.where(board.allowed, self._score(board.features()), -np.inf)
            stay = np.take_along_axis(score, board.choice.clip(0)[..., None], 2)[..., 0]
            gain = np.where(movable, score.max(-1) - np.where(movable, stay, 0.0), -np.inf)
            slot = gain.argmax(1)
            batch = np.arange(len(slot))
            worth = gain[batch, slot] > self._threshold
            if not worth.any():
                break
            board.move(np.flatnonzero(worth), slot[worth], score[batch, slot].argmax(1)[worth])

    @property
    def _threshold(self) -> FloatArray:
        last: FloatArray = np.abs(self._parameters[..., -1])
        return last

    def _score(self, features: Float32Array) -> Float32Array:
        """(B, F, M, D) to (B, F, M)."""
        weights = self._parameters[..., :-1].astype(np.float32)
        if weights.ndim == 2:
            weights = weights[:, None, None]
        score: Float32Array = (features * weights).sum(-1)
        return score


def candidate_features(view: View) -> Float32Array:
    """float32 (B, F, M, D), what the agent sees; 0 in unused slots and for paths that aren't."""
    board = _Board(view, current_choice(view))
    return np.where(board.allowed[..., None], board.features(), np.float32(0.0))


class _Board:
    """Flows on their paths, and what each would meet on every candidate; `move` keeps it right."""

    def __init__(self, view: View, choice: IntArray) -> None:
        fabric = view.fabric
        self.choice = choice
        self._table = view.candidates
        self.allowed = self._table >= 0
        self._hops = fabric.path_links[self._table]  # (B, F, M, H)
        capacity = np.hstack([view.capacity_bps, np.full((len(choice), 1), np.inf)])
        self._row = np.arange(len(choice))[:, None, None, None]
        self._hop_capacity = capacity[self._row, self._hops].astype(np.float32)
        overlap = _overlap(view)
        rate, matrix = _influence(view, overlap)
        self._critical = _critical(view, overlap)[..., None]
        self._rate = rate[..., None, None]
        self._matrix = matrix
        self._on = np.zeros((*choice.shape, fabric.links + 1), np.float32)
        np.put_along_axis(self._on, fabric.path_links[view.path], np.float32(1.0), 2)
        self._on[..., -1] = 0.0
        self._load = matrix @ self._on[:, None]  # (B, 3, F, L + 1)
        length = np.append(fabric.paths.length, 0)[self._table]
        shortest = np.where(self.allowed, length, 99).min(-1, keepdims=True)
        self._detour = (length - shortest).astype(np.float32)
        self._used = (self._hops < fabric.links).sum(-1).clip(1)

    def features(self) -> Float32Array:
        """float32 (B, F, M, D), in the order of FEATURES; loads are parts of link rates."""
        row, flow = self._row, np.arange(self.choice.shape[1])[None, :, None, None]
        part = [self._load[row, kind, flow, self._hops] / self._hop_capacity for kind in range(3)]
        mine = self._rate / self._hop_capacity
        usual, now = (mine + part[0]).max(-1), (mine + part[1]).max(-1)
        stay = self.choice[..., None] == np.arange(self._table.shape[2])
        columns = (
            (usual - 1.0).clip(0.0), usual, (now - 1.0).clip(0.0), now,
            (mine + part[2]).max(-1), part[0].sum(-1) / self._used, self._detour, stay,
            (usual - 1.0).clip(0.0) * self._critical,
        )  # fmt: skip
        return np.stack(columns, -1).astype(np.float32)

    def move(self, rows: Indices, slots: Indices, choices: Indices) -> None:
        """Puts one flow of each of some environments on another of its candidates."""
        before = self._on[rows, slots].copy()
        self.choice[rows, slots] = choices
        after = np.zeros_like(before)
        np.put_along_axis(after, self._hops[rows, slots, choices], np.float32(1.0), 1)
        after[:, -1] = 0.0
        self._on[rows, slots] = after
        self._load[rows] += (
            self._matrix[rows, :, :, slots][..., None] * (after - before)[:, None, None]
        )


def _overlap(view: View) -> Float32Array:
    """float32 (B, F, F), how often the second sends while the first does."""
    often = np.diagonal(view.together, axis1=1, axis2=2)
    # Of a pair seen too little, assume that one says nothing of the other.
    doubt = np.float32(_DOUBT)
    overlap: Float32Array = (view.together + doubt * often[:, None]) / (often[..., None] + doubt)
    slots = np.arange(often.shape[1])
    overlap[:, slots, slots] = 1.0
    return overlap


def _critical(view: View, overlap: Float32Array) -> Float32Array:
    """float32 (B, F), a flow's time to send, relative to the longest of those that go with it.

    Flows of one collective start together, and only the last to finish decides. Which they are is
    not known, but that some flow is there whenever this one is, and longer, can be seen.
    """
    often = np.diagonal(view.together, axis1=1, axis2=2)
    longest = np.where(overlap > _GOES_WITH, often[:, None, :], 0.0).max(-1)
    critical: Float32Array = (often / longest.clip(1e-3)).astype(np.float32)
    return critical


def _influence(view: View, overlap: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Each flow's expected rate (B, F), and what of the others' it meets (B, 3, F, F).

    The three: by how often they send together, those served no later; of those sending now, the
    same; by how often together, those served later, which it harms.
    """
    rate = _expected_rate(view, overlap)
    alone = ~np.eye(overlap.shape[1], dtype=bool)
    ahead = (view.level[:, None, :] <= view.level[..., None]) & alone
    behind = ~ahead & alone
    usual = overlap * rate[:, None, :]
    now = np.broadcast_to((view.sending * rate)[:, None, :], usual.shape)
    return rate, np.stack([usual * ahead, now * ahead, usual * behind], 1).astype(np.float32)


def _expected_rate(view: View, overlap: Float32Array) -> Float32Array:
    """A flow's share of its access links among those that send while it does."""
    rate = np.full(view.pair.shape, np.inf, np.float32)
    for end in range(2):
        link = view.access[..., end]
        shared = (link[..., None] == link[:, None, :]) & view.exists[:, None, :]
        crowd = (overlap * shared).sum(-1).clip(1.0)
        speed = np.take_along_axis(view.capacity_bps, link, 1)
        rate = np.minimum(rate, (speed / crowd).astype(np.float32))
    return np.where(view.exists, rate, 0.0).astype(np.float32)
