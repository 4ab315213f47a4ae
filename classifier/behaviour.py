"""What a flow is from its shape alone, where its bytes tell nothing.

Owns the shipped model, what it costs to be wrong, and the answer "unknown". Never reads payload or
ports. The model is a few hundred kB of plain arrays: loading runs no code. It is made by
`benchmarks/behaviour_model.py`, which also tells how well it does on programs it never saw.
"""

import math
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
OTHER = "other"  # the role of what is none of the rest
KINDS: dict[str, tuple[TrafficClass, str]] = {
    "stream": (TrafficClass.INFERENCE, "token stream"),
    "gradient": (TrafficClass.GRADIENT, "collective"),
    "bulk": (TrafficClass.BULK, "transfer"),
    "control": (TrafficClass.CONTROL, "coordination"),
    "interactive": (TrafficClass.BACKGROUND, "interactive"),
    "other": (TrafficClass.BACKGROUND, OTHER),
}
# How much less likely a kind is over a protocol, by its first word: nobody does these.
_ODDS: dict[str, dict[str, float]] = {
    "QUIC": {"gradient": 0.0, "control": 0.2},
    "DTLS": {"gradient": 0.0},
    "SSH": {"gradient": 0.0, "stream": 0.0, "control": 0.0},
    "HTTP": {"gradient": 0.0},
    "UDP": {"stream": 0.0, "control": 0.5},  # of datagrams whose protocol is not known
}


# Features of an iteration, and from where to where: logarithms to base 2 of bytes and of shares.
_ITERATIONS = tuple(
    (NAMES.index(name), low, high)
    for name, low, high in (
        ("bursts", 8, math.inf),
        ("volume", 16, math.inf),
        ("volume spread", 0, 0.03),
        ("interval spread", 0, 0.15),
        ("silence share", 0, 1.7),
    )
)
_ITERATIONS_SURE = 0.8


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
        protocol: If it is known, such as "TLS"; it makes some kinds less likely.
    """
    if sum(shape.packets) < FEWEST_PACKETS or not shape.open_bytes:  # none with a time
        return None
    forest, carrier = shipped(), protocol.partition(" ")[0]
    row = features(shape)
    likely = _with_odds(forest.probabilities(row), _ODDS.get(carrier, {}))
    kind = max(likely, key=likely.__getitem__)
    enough = likely[kind] >= forest.least[kind]
    if (kind == "bulk" or not enough) and carrier not in _ODDS and _iterates(row):
        return Guess(TrafficClass.GRADIENT, "iterations", _ITERATIONS_SURE)
    return Guess(*KINDS[kind], min(likely[kind], 0.99)) if enough else None


def _iterates(row: list[float]) -> bool:
    """Whether as much comes again and again after as long a silence, as training in steps does.

    A camera's pictures differ in length, and parts of a file follow one another without a silence.
    """
    return all(low <= row[place] <= high for place, low, high in _ITERATIONS)


def _with_odds(chances: list[float], odds: dict[str, float]) -> dict[str, float]:
    likely = {
        kind: chance * odds.get(kind, 1.0) for kind, chance in zip(KINDS, chances, strict=True)
    }
    total = sum(likely.values())
    return {kind: chance / total for kind, chance in likely.items()}


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
            raise ValueError(f"{path} is of other features: make it anew, or restore it")
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
