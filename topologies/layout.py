"""Where the switches of a topology go on paper, and the way each link takes between them.

Owns positions only; looks are the business of `picture`. A topology whose switches have tiers is
drawn in rows, one a tier in the order in which the topology names them; any other by stress
majorization (Gansner, Koren, North: Graph Drawing by Stress Majorization, 2004). The same topology
is laid out the same every time. All lengths are pixels.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from topologies.model import Link, Topology

Point = tuple[float, float]
Floats = NDArray[np.float64]

_GAP_X, _GAP_Y = 36.0, 96.0  # between two cards of a row; between two rows
_LANE = 26.0  # what a link takes of a row that it passes through
_SWEEPS = 12
_ITERATIONS = 300
_MOST_STARTS = 8
_MOST_STRETCH = 3.0
_BOWS = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5)
_BOW = 34.0
_STEPS = 24  # straight pieces of a bent link


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its centre."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: "Box", margin: float = 0.0) -> bool:
        """Whether they overlap, or come closer than `margin`."""
        return (
            abs(self.x - other.x) < (self.width + other.width) / 2 + margin
            and abs(self.y - other.y) < (self.height + other.height) / 2 + margin
        )

    def crossed_by(self, way: Sequence[Point]) -> bool:
        """Whether a line of straight pieces passes through it."""
        return any(self._cut(*piece) for piece in pairwise(way))

    def _cut(self, start: Point, end: Point) -> bool:
        """Liang and Barsky's clipping: some part of the piece lies inside."""
        low, high = 0.0, 1.0
        for middle, half, a, b in (
            (self.x, self.width / 2, start[0], end[0]),
            (self.y, self.height / 2, start[1], end[1]),
        ):
            if a == b:
                if abs(a - middle) >= half:
                    return False
                continue
            near, far = sorted(((middle - half - a) / (b - a), (middle + half - a) / (b - a)))
            low, high = max(low, near), min(high, far)
        return low < high


@dataclass(frozen=True, slots=True)
class Layout:
    """Cards of switches by name, and the way of each link, in the topology's order."""

    cards: Mapping[str, Box]
    ways: tuple[tuple[Point, ...], ...]


def lay_out(
    topology: Topology, sizes: Mapping[str, tuple[float, float]], spacing: float = 1.0
) -> Layout:
    """Places cards around (0, 0).

    No two cards overlap, and links keep off cards of other switches where there is a way around.

    Args:
        topology: What to lay out.
        sizes: Width and height of each switch's card.
        spacing: Above 1 for more room between cards.
    """
    tiers = {switch.tier for switch in topology.switches}
    if len(tiers) > 1 and not _mostly_within_tiers(topology):
        return _Rows(topology, sizes, spacing).layout()
    cards = _by_stress(topology, sizes, spacing)
    return Layout(cards, tuple(_way(link, cards) for link in topology.links))


def _mostly_within_tiers(topology: Topology) -> bool:
    tier = {switch.name: switch.tier for switch in topology.switches}
    within = sum(tier[link.a] == tier[link.b] for link in topology.links)
    return within > len(topology.links) / 2


def _way(link: Link, cards: Mapping[str, Box]) -> tuple[Point, ...]:
    """Straight, or bent around what stands between."""
    near, far = cards[link.a], cards[link.b]
    others = [card for name, card in cards.items() if name not in (link.a, link.b)]
    ways = (_bent(near, far, bow * _BOW) for bow in _BOWS)
    return min(ways, key=lambda way: sum(card.crossed_by(way) for card in others))


def _bent(near: Box, far: Box, bow: float) -> tuple[Point, ...]:
    if not bow:
        return (near.x, near.y), (far.x, far.y)
    dx, dy = far.x - near.x, far.y - near.y
    length = math.hypot(dx, dy) or 1.0
    # A quadratic Bezier curve rises half as far as its control point.
    cx = (near.x + far.x) / 2 - dy / length * 2 * bow
    cy = (near.y + far.y) / 2 + dx / length * 2 * bow
    steps = (i / _STEPS for i in range(_STEPS + 1))
    return tuple(
        ((1 - t) ** 2 * near.x + 2 * t * (1 - t) * cx + t * t * far.x,
         (1 - t) ** 2 * near.y + 2 * t * (1 - t) * cy + t * t * far.y)
        for t in steps
    )  # fmt: skip


class _Rows:
    """Tiers as rows (Sugiyama's method): a link that passes a row gets a lane of its own in it."""

    def __init__(
        self, topology: Topology, sizes: Mapping[str, tuple[float, float]], spacing: float
    ) -> None:
        self._topology, self._sizes = topology, dict(sizes)
        self._gap_x, self._gap_y = _GAP_X * spacing**2, _GAP_Y * spacing
        order = list(dict.fromkeys(switch.tier for switch in topology.switches))
        self._row_of = {s.name: order.index(s.tier) for s in topology.switches}
        self._rows: list[list[str]] = [[] for _ in order]
        for switch in topology.switches:
            self._rows[self._row_of[switch.name]].append(switch.name)
        self._beside: dict[str, list[str]] = {name: [] for name in self._row_of}
        self._chains = [self._chain(index, link) for index, link in enumerate(topology.links)]

    def layout(self) -> Layout:
        """Orders rows to cross few links, then places them."""
        self._order()
        x = self._columns()
        tops = np.cumsum([0.0, *(self._height(row) + self._gap_y for row in self._rows)])
        cards = {
            name: Box(x[name], float(top) + self._height(row) / 2, *self._sizes[name])
            for row, top in zip(self._rows, tops[:-1], strict=True)
            for name in row
        }
        real = {switch.name: cards[switch.name] for switch in self._topology.switches}
        return Layout(
            real,
            tuple(
                _way(link, real)
                if self._row_of[link.a] == self._row_of[link.b]
                else self._through(chain, cards)
                for link, chain in zip(self._topology.links, self._chains, strict=True)
            ),
        )

    def _through(self, chain: Sequence[str], cards: Mapping[str, Box]) -> tuple[Point, ...]:
        """From card to card, straight down the lane of each row between."""
        first, *lanes, last = (cards[name] for name in chain)
        way: list[Point] = [(first.x, first.y)]
        for lane in lanes:
            half = max(lane.height, 1.0) / 2 * (1 if lane.y > first.y else -1)
            way += [(lane.x, lane.y - half), (lane.x, lane.y + half)]
        return (*way, (last.x, last.y))

    def _chain(self, index: int, link: Link) -> list[str]:
        """The link's nodes row by row; lanes are named after the link."""
        low, high = self._row_of[link.a], self._row_of[link.b]
        step = 1 if high > low else -1
        chain = [link.a]
        for row in range(low + step, high, step) if low != high else ():
            lane = f"{index}/{row}"  # no switch's name has a slash
            self._rows[row].append(lane)
            self._row_of[lane] = row
            self._beside[lane] = []
            tallest = max(self._sizes[name][1] for name in self._rows[row] if name in self._sizes)
            self._sizes[lane] = _LANE, tallest
            chain.append(lane)
        chain.append(link.b)
        for a, b in pairwise(chain):
            self._beside[a].append(b)
            self._beside[b].append(a)
        return chain

    def _height(self, row: Iterable[str]) -> float:
        return max(self._sizes[name][1] for name in row)

    def _order(self) -> None:
        """Sweeps down and up, each node to the middle of its neighbours; keeps the best."""
        best, fewest = [list(row) for row in self._rows], self._crossings()
        for sweep in range(_SWEEPS):
            order = range(len(self._rows)) if sweep % 2 == 0 else range(len(self._rows))[::-1]
            for index in order:
                self._rows[index] = self._sorted(index)
            if (crossings := self._crossings()) < fewest:
                best, fewest = [list(row) for row in self._rows], crossings
        self._rows = best

    def _sorted(self, index: int) -> list[str]:
        place = {
            name: (at + 0.5) / len(row) for row in self._rows for at, name in enumerate(row)
        }  # relative, because rows differ in length

        def middle(name: str) -> float:
            beside = [place[other] for other in self._beside[name]]
            return sum(beside) / len(beside) if beside else place[name]

        return sorted(self._rows[index], key=lambda name: (round(middle(name), 9), place[name]))

    def _crossings(self) -> int:
        place = {name: at for row in self._rows for at, name in enumerate(row)}
        pieces: dict[int, list[tuple[int, int]]] = {}
        for chain in self._chains:
            for a, b in pairwise(chain):
                upper, lower = sorted((a, b), key=lambda name: self._row_of[name])
                if self._row_of[upper] != self._row_of[lower]:
                    ends = place[upper], place[lower]
                    pieces.setdefault(self._row_of[upper], []).append(ends)
        return sum(
            (one[0] - other[0]) * (one[1] - other[1]) < 0
            for row in pieces.values()
            for one, other in combinations(row, 2)
        )

    def _columns(self) -> dict[str, float]:
        """Each node near the middle of its neighbours, with the row's order and gaps kept."""
        x: dict[str, float] = {}
        for row in self._rows:
            x.update(zip(row, self._spread(row, [0.0] * len(row)), strict=True))
        for _ in range(_SWEEPS):
            for row in self._rows:
                wanted = [
                    sum(x[other] for other in self._beside[name]) / len(self._beside[name])
                    if self._beside[name] else x[name]
                    for name in row
                ]  # fmt: skip
                x.update(zip(row, self._spread(row, wanted), strict=True))
        return {name: round(at, 3) for name, at in x.items()}

    def _spread(self, row: Sequence[str], wanted: Sequence[float]) -> list[float]:
        """The nearest to what is wanted without overlaps: packed from the left and the right."""
        gaps = [(self._sizes[a][0] + self._sizes[b][0]) / 2 + self._gap_x for a, b in pairwise(row)]
        left, right = list(wanted), list(wanted)
        for i, gap in enumerate(gaps, 1):
            left[i] = max(left[i], left[i - 1] + gap)
        for i, gap in reversed(list(enumerate(gaps))):
            right[i] = min(right[i], right[i + 1] - gap)
        return [(a + b) / 2 for a, b in zip(left, right, strict=True)]


def _by_stress(
    topology: Topology, sizes: Mapping[str, tuple[float, float]], spacing: float
) -> dict[str, Box]:
    names = [switch.name for switch in topology.switches]
    hops = _distances(topology, names)
    pairs = np.argwhere(np.triu(hops == 1))
    tries = (_majorize(hops, order) for order in _orders(len(names)))
    at = min(tries, key=lambda at: (_crossed_pairs(at, pairs), round(_stress(at, hops), 3)))
    if len(names) > 1:
        at = _turned(at)
        widths = np.array([sizes[name] for name in names])
        at = _apart(at * _stretch(at, widths) * spacing, widths)
    return {
        name: Box(round(float(x), 1), round(float(y), 1), *sizes[name])
        for name, (x, y) in zip(names, at, strict=True)
    }


def _distances(topology: Topology, names: Sequence[str]) -> Floats:
    """Hops between all pairs (Floyd, Warshall)."""
    index = {name: i for i, name in enumerate(names)}
    hops = np.where(np.eye(len(names), dtype=bool), 0.0, np.inf)
    for link in topology.links:
        hops[index[link.a], index[link.b]] = hops[index[link.b], index[link.a]] = 1.0
    for k in range(len(names)):
        hops = np.minimum(hops, hops[:, k, None] + hops[None, k, :])
    return hops


def _orders(n: int) -> Iterator[Sequence[int]]:
    """Orders around the circle to begin with: every node, every second one, every third, ..."""
    strides = [stride for stride in range(1, n) if math.gcd(stride, n) == 1] or [1]
    for stride in strides[:_MOST_STARTS]:
        yield [(at * stride) % n for at in range(n)]


def _majorize(hops: Floats, order: Sequence[int]) -> Floats:
    """Positions whose distances are near the hops; begins on a circle."""
    n = len(hops)
    turn = 2 * np.pi * np.array(order) / n - np.pi / 2
    # A little out of round, so that what lies opposite doesn't pull into a line.
    radius = hops.max() / 2 * (1 + 0.1 * np.cos(3 * turn + 1))
    at: Floats = np.stack([np.cos(turn), np.sin(turn)], axis=1) * radius[:, None]
    weight = np.where(hops > 0, 1 / np.maximum(hops, 1) ** 2, 0.0)
    for _ in range(_ITERATIONS if n > 1 else 0):
        apart = at[:, None, :] - at[None, :, :]
        length = np.maximum(np.sqrt((apart**2).sum(axis=2)), 1e-9)
        pull = at[None, :, :] + apart * (hops / length)[:, :, None]
        at = (pull * weight[:, :, None]).sum(axis=1) / weight.sum(axis=1)[:, None]
    return np.asarray(at - at.mean(axis=0))


def _stress(at: Floats, hops: Floats) -> float:
    length = np.sqrt(((at[:, None, :] - at[None, :, :]) ** 2).sum(axis=2))
    return float((((length - hops) / np.maximum(hops, 1)) ** 2).sum())


def _crossed_pairs(at: Floats, pairs: NDArray[np.intp]) -> int:
    """How many pairs of links cross."""
    a, b = at[pairs[:, 0]], at[pairs[:, 1]]

    def side(p: Floats, q: Floats, r: Floats) -> Floats:
        return np.asarray(
            (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1])
            - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
        )

    a1, b1, a2, b2 = a[:, None], b[:, None], a[None, :], b[None, :]
    apart = (side(a1, b1, a2) * side(a1, b1, b2) < -1e-9) & (
        side(a2, b2, a1) * side(a2, b2, b1) < -1e-9
    )
    return int(apart.sum()) // 2


def _turned(at: Floats) -> Floats:
    """Its longest side lies flat, if it has one: paper is wide."""
    xx, yy, xy = (at[:, 0] ** 2).sum(), (at[:, 1] ** 2).sum(), (at[:, 0] * at[:, 1]).sum()
    spread = math.hypot((xx - yy) / 2, xy)
    if spread < 0.1 * (xx + yy):  # as good as round: any turn would be noise
        return at
    angle = -math.atan2(2 * xy, xx - yy) / 2
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return np.asarray((at[:, None, :] * turn.T[None, :, :]).sum(axis=2))


def _stretch(at: Floats, sizes: Floats) -> Floats:
    """Pixels to a hop, each way, that keep almost all cards apart."""
    typical = sizes.mean(axis=0) + np.array([_GAP_X, _GAP_Y / 2])
    base = np.maximum(typical, (140.0, 105.0))
    needed = [
        min((sizes[i, axis] + sizes[j, axis] + gap) / 2 / max(abs(at[i, axis] - at[j, axis]), 1e-6)
            / base[axis] for axis, gap in ((0, _GAP_X), (1, _GAP_Y / 2)))
        for i, j in combinations(range(len(at)), 2)
    ]  # fmt: skip
    return np.asarray(base * min(max(1.0, *needed) if needed else 1.0, _MOST_STRETCH))


def _apart(at: Floats, sizes: Floats) -> Floats:
    """Moves what still overlaps, along the axis where that is shorter."""
    at = at.copy()
    gap = np.array([_GAP_X, _GAP_Y / 2])
    for _ in range(_ITERATIONS):
        moved = False
        for i, j in combinations(range(len(at)), 2):
            lack = (sizes[i] + sizes[j]) / 2 + gap - np.abs(at[i] - at[j])
            if (lack > 0.5).all():
                axis = int(lack.argmin())
                sign = 1.0 if at[i, axis] >= at[j, axis] else -1.0
                at[i, axis] += sign * lack[axis] / 2
                at[j, axis] -= sign * lack[axis] / 2
                moved = True
        if not moved:
            break
    return at
