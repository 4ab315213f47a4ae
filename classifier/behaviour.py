"""What a flow is from its shape alone, where its bytes tell nothing.

Owns the shipped model, what it costs to be wrong, and the answer "unknown". Never reads payload or
ports. The model is a few hundred kB of plain arrays: loading runs no code. It is made by
`benchmarks/behaviour_model.py`, which also tells how well it does on programs it never saw.
"""

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from classifier.features import NAMES, features
from classifier.shape import Shape
from policies.classes import TrafficClass

FEWEST_PACKETS = 8  # with fewer, nobody can know
MODEL = Path(__file__).with_name("model.npz")
KINDS: dict[str, tuple[TrafficClass, str]] = {
    "stream": (TrafficClass.INFERENCE, "token stream"),
    "gradient": (TrafficClass.GRADIENT, "collective"),
    "bulk": (TrafficClass.BULK, "transfer"),
    "control": (TrafficClass.CONTROL, "coordination"),
    "interactive": (TrafficClass.BACKGROUND, "interactive"),
    "other": (TrafficClass.BACKGROUND, "other"),
}
# What nobody does over a protocol; by its first word.
_NEVER = {
    "QUIC": ("gradient", "control"),
    "DTLS": ("gradient",),
    "SSH": ("gradient", "stream", "control"),
    "HTTP": ("gradient",),
}


class Guess(NamedTuple):
    """A class that the shape suggests.

    Attributes:
        traffic_class: One of the nine.
        role: In a few words, such as "token stream".
        confidence: 0..1, calibrated on programs that the model never saw.
    """

    traffic_class: TrafficClass
    role: str
    confidence: float


class Forest(NamedTuple):
    """Decision trees in flat lists.

    Attributes:
        roots: Where each tree begins.
        feature, threshold: Of each node: `feature <= threshold` goes left.
        left, right: The next node, or the complement of a leaf.
        votes: Of each leaf, for each kind.
        sharpness: The exponent that makes the mean vote a probability.
        least: The probability from which on each kind is answered.
    """

    roots: list[int]
    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    votes: list[tuple[float, ...]]
    sharpness: float
    least: dict[str, float]

    def probabilities(self, row: list[float]) -> list[float]:
        """One for each of `KINDS`, of the features `NAMES`."""
        feature, threshold, left, right = self.feature, self.threshold, self.left, self.right
        found = []
        for root in self.roots:
            node = root
            while node >= 0:
                node = left[node] if row[feature[node]] <= threshold[node] else right[node]
            found.append(self.votes[~node])
        powers = [sum(votes) ** self.sharpness for votes in zip(*found, strict=True)]
        total = sum(powers)
        return [power / total for power in powers]


def guess(shape: Shape, protocol: str = "") -> Guess | None:
    """The most likely class, or None when none is likely enough.

    What counts as enough is each kind's own: called gradient, other traffic would take its queue.

    Args:
        shape: Of the flow so far.
        protocol: If it is known, such as "TLS"; it only rules kinds out.
    """
    if sum(shape.packets) < FEWEST_PACKETS:
        return None
    forest = shipped()
    likely = dict(zip(KINDS, forest.probabilities(features(shape)), strict=True))
    for kind in _NEVER.get(protocol.partition(" ")[0], ()):
        del likely[kind]
    kind = max(likely, key=likely.__getitem__)
    if likely[kind] < forest.least[kind]:
        return None
    return Guess(*KINDS[kind], min(likely[kind], 0.99))


@cache
def shipped() -> Forest:
    """The model that comes with this package.

    Raises:
        ValueError: It is of another list of features or kinds.
    """
    return read(MODEL)


def read(path: Path) -> Forest:
    """A model file: arrays only, no pickles.

    Raises:
        ValueError: It is of another list of features or kinds, or damaged.
    """
    with np.load(path, allow_pickle=False) as held:
        if tuple(held["names"]) != NAMES or tuple(held["kinds"]) != tuple(KINDS):
            raise ValueError(f"{path} is of other features; run `make behaviour-model`")
        roots = held["roots"].tolist()
        forest = Forest(
            roots,
            held["feature"].tolist(),
            held["threshold"].tolist(),
            held["left"].tolist(),
            held["right"].tolist(),
            [tuple(row) for row in (held["votes"] / 255).tolist()],
            float(held["sharpness"]),
            dict(zip(KINDS, held["least"].tolist(), strict=True)),
        )
    _check(path, forest)
    return forest


def _check(path: Path, forest: Forest) -> None:
    """Children come after their parents, so that no walk is endless; every index is one."""
    nodes, leaves = len(forest.feature), len(forest.votes)
    following = all(
        at < child < nodes or -leaves <= child < 0
        for children in (forest.left, forest.right)
        for at, child in enumerate(children)
    )
    sizes = {len(part) for part in (forest.threshold, forest.left, forest.right)} == {nodes}
    begins = bool(forest.roots) and all(0 <= root < nodes for root in forest.roots)
    known = all(0 <= place < len(NAMES) for place in forest.feature)
    rising = all(one < other for one, other in pairwise(forest.roots))
    if not (following and sizes and begins and known and rising):
        raise ValueError(f"{path} is damaged; restore it from the package")
