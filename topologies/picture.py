"""A topology as an SVG picture, readable on light and on dark paper.

Owns looks: cards for switches with their hosts inside, links with their rates, and what an overlay
adds, such as the slices of a policy. Knows no policy: whoever has one says which hosts belong
together and what is closed to whom. The same input gives the same bytes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from math import hypot

from topologies.layout import Box, Layout, Point, lay_out
from topologies.model import Host, Link, Topology
from topologies.units import delay_text, rate_text

# Light, so that dark letters are readable on each; neighbours differ in brightness too.
_COLOURS = ("#9ecae9", "#ffbf79", "#8cd17d", "#ff9d9a", "#d4b5e0", "#f6e27f", "#86d3cd", "#fabfd2",
            "#c9b79c", "#b8c4d9")  # fmt: skip
_MARGIN, _PAD = 28.0, 9.0
_LETTER, _CHIP_LETTER = 8.1, 6.7  # widths of a letter, generous, of a switch's and a host's name
_NAME_HEIGHT, _CHIP_HEIGHT, _CHIP_GAP = 22.0, 20.0, 5.0
_CHIPS_IN_ROW = 3
_LABEL_HEIGHT, _LABEL_LINE = 3.0, 13.0
_SPACINGS = (1.0, 1.15, 1.3, 1.5, 1.75, 2.0)  # tried until each label has a place
_MOST_LABELS = 24  # past this, only links unlike most have one
_LEGEND_ROW = 22.0
# Where a label may sit along its link: the middle first.
_PLACES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.19, 0.81, 0.12, 0.88)

_STYLE = """\
text { font-family: "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; fill: #1f2933 }
.paper { fill: #fbfcfd; stroke: #d5dce4 }
.link { fill: none; stroke: #8796a8; stroke-linejoin: round }
.plate { fill: #fbfcfd }
.rate { font-size: 10.5px; fill: #47566a; text-anchor: middle }
.card { fill: #eef2f6; stroke: #52657b; stroke-width: 1.4 }
.closed .card { fill: #d3d7dc; stroke: #878f99; stroke-dasharray: 5 4 }
.closed .name { fill: #5c6670 }
.name { font-size: 13px; font-weight: bold; text-anchor: middle }
.chip { stroke: #52657b; stroke-width: 0.8 }
.nobody { fill: #ffffff }
.host { font-size: 10.5px; fill: #1f2933; text-anchor: middle }
.title { font-size: 17px; font-weight: bold }
.small { font-size: 11.5px; fill: #47566a }
.key { font-size: 12px; font-weight: bold }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .paper { fill: #12181f; stroke: #2f3b48 }
  .link { stroke: #74869a }
  .plate { fill: #12181f }
  .rate, .small { fill: #a9b7c6 }
  .card { fill: #222d39; stroke: #93a5b8 }
  .closed .card { fill: #3a4048; stroke: #7d8791 }
  .closed .name { fill: #a2abb5 }
  .chip { stroke: #0c1116 }
  .nobody { fill: #dfe6ee }
}
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts that belong together and share a colour, such as a slice.

    Attributes:
        name: Word for the legend.
        note: What is said beside it, such as what it is promised.
        hosts: Names; a host may be in several groups.
    """

    name: str
    note: str
    hosts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a picture shows beside the topology.

    Attributes:
        title: Heading; the topology's name without one.
        groups: In the order of the legend.
        closed: Switches that somebody may not cross, and who: "clinic-1, clinic-2".
        notes: Lines below the legend.
    """

    title: str = ""
    groups: tuple[Group, ...] = ()
    closed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def draw(topology: Topology, overlay: Overlay | None = None) -> str:
    """The picture, as the text of an SVG file."""
    return _Picture(topology, overlay or Overlay()).text()


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the legend; without a colour it is about closed switches, without a name a note."""

    colour: str
    name: str
    note: str


class _Picture:
    def __init__(self, topology: Topology, overlay: Overlay) -> None:
        self._topology, self._overlay = topology, overlay
        self._hosts: dict[str, list[Host]] = {switch.name: [] for switch in topology.switches}
        for host in topology.hosts:
            self._hosts[host.switch].append(host)
        sizes = {name: _card_size(name, hosts) for name, hosts in self._hosts.items()}
        for spacing in _SPACINGS:
            self._layout = lay_out(topology, sizes, spacing)
            self._labels, disturbed = _place_labels(topology.links, self._layout)
            if not disturbed:
                break
        self._colours = {g.name: _colour(i) for i, g in enumerate(overlay.groups)}

    def text(self) -> str:
        """The whole file."""
        heading = [self._overlay.title or self._topology.name, _summary(self._topology)]
        below = [*self._legend()]
        left, top, right, bottom = self._bounds()
        lengths = [12 + 10.5 * len(heading[0]), 7 * len(heading[1]), _legend_width(below)]
        width = max(right - left, *lengths) + 2 * _MARGIN
        drawing_top = _MARGIN + 52
        height = drawing_top + bottom - top + _MARGIN + _LEGEND_ROW * len(below) + (
            10 if below else 0)  # fmt: skip
        dx, dy = (width - right - left) / 2, drawing_top - top
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" '
                f'height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}" role="img">',
                f"<title>{escape(heading[0])}</title>",
                f"<style>\n{_STYLE}</style>",
                f'<rect class="paper" x="0.5" y="0.5" width="{_n(width - 1)}" '
                f'height="{_n(height - 1)}" rx="10"/>',
                _text("title", _MARGIN, _MARGIN + 15, heading[0]),
                _text("small", _MARGIN, _MARGIN + 36, heading[1]),
                f'<g transform="translate({_n(dx)} {_n(dy)})">',
                *self._links(),
                *self._cards(),
                "</g>",
                *_legend_rows(below, drawing_top + bottom - top + _MARGIN + 4),
                "</svg>",
                "",
            ]
        )

    def _bounds(self) -> tuple[float, float, float, float]:
        boxes = [*self._layout.cards.values(), *(box for box in self._labels if box)]
        points = [point for way in self._layout.ways for point in way]
        return (
            min([box.x - box.width / 2 for box in boxes] + [x for x, _ in points]),
            min([box.y - box.height / 2 for box in boxes] + [y for _, y in points]),
            max([box.x + box.width / 2 for box in boxes] + [x for x, _ in points]),
            max([box.y + box.height / 2 for box in boxes] + [y for _, y in points]),
        )

    def _links(self) -> Iterator[str]:
        """Lines first, then their labels, so that no line runs over a label."""
        for link, way in zip(self._topology.links, self._layout.ways, strict=True):
            yield (
                f'<path class="link" data-link="{link.a} {link.b}" d="{_path(way)}" '
                f'stroke-width="{_stroke(link, self._topology.links)}">'
                f"<title>{link.a} - {link.b}: {', '.join(_label(link))}</title></path>"
            )
        for link, box in zip(self._topology.links, self._labels, strict=True):
            if box:
                yield _rect("plate", box, 3)
                yield from _label_lines(link, box)

    def _cards(self) -> Iterator[str]:
        for switch in self._topology.switches:
            box, why = self._layout.cards[switch.name], self._overlay.closed.get(switch.name)
            style = ' class="closed"' if why else ""
            yield f'<g data-switch="{switch.name}"{style}>'
            tier = f", {switch.tier}" if switch.tier else ""
            closed = f"; closed to {why}" if why else ""
            yield f"<title>{escape(f'{switch.name}{tier}{closed}')}</title>"
            yield _rect("card", box, 7)
            yield _text("name", box.x, box.y - box.height / 2 + 17, switch.name)
            yield from self._chips(self._hosts[switch.name], box)
            yield "</g>"

    def _chips(self, hosts: Sequence[Host], card: Box) -> Iterator[str]:
        y = card.y - card.height / 2 + _NAME_HEIGHT + 4 + _CHIP_HEIGHT / 2
        for row in _rows_of(hosts):
            x = card.x - _row_width(row) / 2
            for host in row:
                width = _chip_width(host)
                yield from self._chip(host, Box(x + width / 2, y, width, _CHIP_HEIGHT))
                x += width + _CHIP_GAP
            y += _CHIP_HEIGHT + _CHIP_GAP

    def _chip(self, host: Host, box: Box) -> Iterator[str]:
        mine = [group.name for group in self._overlay.groups if host.name in group.hosts]
        whose = f"; {', '.join(mine)}" if mine else ""
        yield f'<g data-host="{host.name}">'
        yield f"<title>{escape(f'{host.name}, {host.ip}, {rate_text(host.rate_bps)}bit/s{whose}')}"
        yield "</title>"
        yield _rect("chip nobody", box, 6)
        part = box.width / max(1, len(mine))
        for at, name in enumerate(mine):
            piece = Box(box.x - box.width / 2 + part * (at + 0.5), box.y, part, box.height)
            yield _rect("chip", piece, 6 if len(mine) == 1 else 2, self._colours[name])
        yield _text("host", box.x, box.y + 4, host.name)
        yield "</g>"

    def _legend(self) -> Iterator[_Row]:
        for group in self._overlay.groups:
            yield _Row(self._colours[group.name], group.name, group.note)
        by_whom: dict[str, list[str]] = {}
        for switch, who in self._overlay.closed.items():
            by_whom.setdefault(who, []).append(switch)
        for who, switches in by_whom.items():
            yield _Row("", ", ".join(switches), f"closed to {who}")
        for note in self._overlay.notes:
            yield _Row("", "", note)


def _note_column(rows: Sequence[_Row]) -> float:
    """How far right the notes of named rows begin."""
    return 28 + 14 + 8.2 * max((len(row.name) for row in rows), default=0)


def _legend_width(rows: Sequence[_Row]) -> float:
    column = _note_column(rows)
    return max((7.1 * len(row.note) + (column if row.name else 0) for row in rows), default=0.0)


def _legend_rows(rows: Sequence[_Row], top: float) -> Iterator[str]:
    column = _note_column(rows)
    for at, row in enumerate(rows):
        y = top + _LEGEND_ROW * at + 10
        if row.name:
            swatch = Box(_MARGIN + 9, y - 4, 18, 12)
            yield (
                _rect("chip", swatch, 3, row.colour)
                if row.colour
                else f'<g class="closed">{_rect("card", swatch, 3)}</g>'
            )
            yield _text("key", _MARGIN + 28, y, row.name)
        yield _text("small", _MARGIN + (column if row.name else 0), y, row.note)


def _summary(topology: Topology) -> str:
    """What there is, and the rates that no label tells."""
    words = ", ".join(
        f"{len(things)} {kind if len(things) == 1 else kinds}"
        for things, kind, kinds in (
            (topology.switches, "switch", "switches"),
            (topology.hosts, "host", "hosts"),
            (topology.links, "link", "links"),
        )
    )
    if rates := sorted({host.rate_bps for host in topology.hosts}):
        ends = rates if len(rates) < 3 else (rates[0], rates[-1])
        words += f"; hosts {' to '.join(map(_rate, ends))}"
    if usual := _unlabelled(topology.links):
        words += f"; links without a label {usual}"
    return words


def _unlabelled(links: Sequence[Link]) -> str:
    """What the most links have, where there are too many to label each."""
    if len(links) <= _MOST_LABELS:
        return ""
    return ", ".join(Counter(map(_label, links)).most_common(1)[0][0])


def _place_labels(links: Sequence[Link], layout: Layout) -> tuple[list[Box | None], int]:
    """A place for each label: on its link, off cards, other labels and, if it can be, other links.

    Returns:
        A box a link, None for one without a label, and how many labels lie on something.
    """
    usual = _unlabelled(links)
    cards = list(layout.cards.values())
    taken: list[Box] = []
    placed: list[Box | None] = []
    disturbed = 0
    for index, (link, way) in enumerate(zip(links, layout.ways, strict=True)):
        label = _label(link)
        if ", ".join(label) == usual:
            placed.append(None)
            continue
        seen = _visible(way, layout.cards[link.a], layout.cards[link.b])
        others = [other for at, other in enumerate(layout.ways) if at != index]
        width, height = 8 + 6.6 * max(map(len, label)), _LABEL_HEIGHT + _LABEL_LINE * len(label)
        boxes = (Box(*_along(seen, t), width, height) for t in _PLACES)
        (on_things, _), best = min(
            ((_disturbance(box, cards, taken, others), box) for box in boxes),
            key=lambda found: found[0],
        )
        disturbed += on_things > 0
        taken.append(best)
        placed.append(best)
    return placed, disturbed


def _label_lines(link: Link, box: Box) -> Iterator[str]:
    top = box.y - box.height / 2
    for at, line in enumerate(_label(link)):
        yield _text("rate", box.x, top + 12 + _LABEL_LINE * at, line)


def _disturbance(
    box: Box, cards: Iterable[Box], taken: Iterable[Box], ways: Iterable[Sequence[Point]]
) -> tuple[int, int]:
    on_things = sum(box.meets(card, 3) for card in cards) + sum(box.meets(t, 2) for t in taken)
    return on_things, sum(box.crossed_by(way) for way in ways)


def _visible(way: Sequence[Point], near: Box, far: Box) -> list[Point]:
    """The way without what lies under its two cards."""
    fine = [_between(a, b, i / 20) for a, b in pairwise(way) for i in range(20)] + [way[-1]]
    outside = [p for p in fine if not any(Box(*p, 0, 0).meets(card) for card in (near, far))]
    return outside if len(outside) > 1 else [way[0], way[-1]]


def _along(way: Sequence[Point], part: float) -> Point:
    """The point after this part (0..1) of the way's length."""
    lengths = [hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(way)]
    left = part * sum(lengths)
    for (a, b), length in zip(pairwise(way), lengths, strict=True):
        if left <= length:
            return _between(a, b, left / length if length else 0.0)
        left -= length
    return way[-1]


def _between(a: Point, b: Point, t: float) -> Point:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t


def _card_size(name: str, hosts: Sequence[Host]) -> tuple[float, float]:
    rows = _rows_of(hosts)
    width = max([_LETTER * len(name), 46.0, *map(_row_width, rows)]) + 2 * _PAD
    chips = len(rows) * (_CHIP_HEIGHT + _CHIP_GAP)
    return width, _NAME_HEIGHT + 4 + (chips + 4 if rows else 2)


def _rows_of(hosts: Sequence[Host]) -> list[Sequence[Host]]:
    """Rows of chips; a large switch gets wider rows, so that its card isn't a tower."""
    per_row = max(_CHIPS_IN_ROW, round((2 * len(hosts)) ** 0.5))
    if len(hosts) == per_row + 1:
        per_row = (per_row + 2) // 2  # no chip alone in its row
    return [hosts[at : at + per_row] for at in range(0, len(hosts), per_row)]


def _row_width(row: Sequence[Host]) -> float:
    return sum(map(_chip_width, row)) + _CHIP_GAP * (len(row) - 1)


def _chip_width(host: Host) -> float:
    return 12 + _CHIP_LETTER * max(2, len(host.name))


def _label(link: Link) -> tuple[str, ...]:
    """Its lines: the rate, and the delay if there is one."""
    rate = rate_text(link.rate_bps)
    return (rate, delay_text(link.delay_s)) if link.delay_s else (rate,)


def _rate(rate_bps: int) -> str:
    return f"{rate_text(rate_bps)}bit/s"


def _stroke(link: Link, links: Sequence[Link]) -> str:
    """Wider for more: the fastest 4 px, a hundredth of it 1.5 px at least."""
    part = link.rate_bps / max(other.rate_bps for other in links)
    return _n(max(1.5, 4 * part**0.5))


def _colour(index: int) -> str:
    if index < len(_COLOURS):
        return _COLOURS[index]
    # Past the list by the golden angle: no two neighbours alike, however many.
    return f"hsl({round(index * 137.508) % 360}, 62%, {70 + 9 * (index % 2)}%)"


def _path(way: Sequence[Point]) -> str:
    return "M" + " L".join(f"{_n(x)} {_n(y)}" for x, y in way)


def _rect(kind: str, box: Box, radius: float, fill: str = "") -> str:
    colour = f' style="fill: {fill}"' if fill else ""
    return (
        f'<rect class="{kind}" x="{_n(box.x - box.width / 2)}" y="{_n(box.y - box.height / 2)}" '
        f'width="{_n(box.width)}" height="{_n(box.height)}" rx="{_n(radius)}"{colour}/>'
    )


def _text(kind: str, x: float, y: float, words: str) -> str:
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}">{escape(words)}</text>'


def _n(value: float) -> str:
    """Short numbers: a tenth of a pixel is enough, and -0 is 0."""
    return f"{round(value, 1) + 0.0:g}"
