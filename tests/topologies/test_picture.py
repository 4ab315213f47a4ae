"""Pictures: complete, deterministic, valid, and nothing on top of anything else."""

import re
from collections import Counter
from itertools import combinations
from xml.etree import ElementTree

import pytest

from topologies.layout import Box, lay_out
from topologies.model import Host, Link, Switch, Topology
from topologies.picture import Group, Overlay, draw
from topologies.registry import build

SPECS = (
    "leafspine,spines=2,leaves=4,hosts=3",
    "leafspine,spines=4,leaves=8,hosts=9",
    "fattree",
    "abilene",
    "edgecloud",
    "dumbbell,left=7,right=1",
    "ring,n=3",
    "ring,n=7,hosts=0",
)
_SVG = "{http://www.w3.org/2000/svg}"


def _elements(svg: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter())


def _marked(svg: str, kind: str) -> Counter[str]:
    return Counter(e.attrib[f"data-{kind}"] for e in _elements(svg) if f"data-{kind}" in e.attrib)


def _boxes(svg: str, kind: str) -> list[Box]:
    found = [e.attrib for e in _elements(svg) if kind in e.attrib.get("class", "").split()]
    sizes = [[float(a[k]) for k in ("x", "y", "width", "height")] for a in found]
    return [Box(x + w / 2, y + h / 2, w, h) for x, y, w, h in sizes]


@pytest.mark.parametrize("spec", SPECS)
def test_every_node_and_link_is_drawn_once(spec: str) -> None:
    topology = build(spec)
    svg = draw(topology)
    assert _marked(svg, "switch") == Counter(switch.name for switch in topology.switches)
    assert _marked(svg, "host") == Counter(host.name for host in topology.hosts)
    assert _marked(svg, "link") == Counter(f"{link.a} {link.b}" for link in topology.links)


@pytest.mark.parametrize("spec", SPECS)
def test_nothing_lies_on_anything_else(spec: str) -> None:
    svg = draw(build(spec))
    things = [*_boxes(svg, "card"), *_boxes(svg, "plate")]
    assert not [pair for pair in combinations(things, 2) if pair[0].meets(pair[1])]
    chips = _boxes(svg, "chip")
    assert not [pair for pair in combinations(chips, 2) if pair[0].meets(pair[1])]


@pytest.mark.parametrize("spec", SPECS)
def test_it_is_the_same_every_time_and_fits_its_frame(spec: str) -> None:
    svg = draw(build(spec))
    assert svg == draw(build(spec))
    root = ElementTree.fromstring(svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    group = next(e for e in root if "transform" in e.attrib)
    match = re.fullmatch(r"translate\((\S+) (\S+)\)", group.attrib["transform"])
    assert match is not None
    dx, dy = map(float, match.groups())
    for box in (*_boxes(svg, "card"), *_boxes(svg, "plate")):
        assert box.x + dx - box.width / 2 >= 0
        assert box.x + dx + box.width / 2 <= width
        assert box.y + dy - box.height / 2 >= 0
        assert box.y + dy + box.height / 2 <= height


def test_links_keep_off_switches_that_are_not_theirs() -> None:
    for spec in ("leafspine,spines=2,leaves=4", "abilene", "edgecloud"):
        topology = build(spec)
        layout = lay_out(topology, {switch.name: (90.0, 50.0) for switch in topology.switches})
        for link, way in zip(topology.links, layout.ways, strict=True):
            others = (card for name, card in layout.cards.items() if name not in (link.a, link.b))
            assert not any(card.crossed_by(way) for card in others), f"{spec}: {link}"


def test_a_link_that_passes_a_tier_has_a_lane_there() -> None:
    tiers = (Switch("top", 1, "t"), Switch("mid", 2, "m"), Switch("low", 3, "l"))
    links = (Link("top", "mid", 1_000_000), Link("mid", "low", 1_000_000), Link("top", "low", 1))
    topology = Topology("three", tiers, (), links)
    layout = lay_out(topology, dict.fromkeys(("top", "mid", "low"), (80.0, 30.0)))
    assert not layout.cards["mid"].crossed_by(layout.ways[2])


def test_words_from_outside_are_escaped() -> None:
    host = Host("h1", "00:00:00:00:00:01", "10.0.0.1/24", "s1", 1_000_000)
    nasty = "<script>\"&'</script>"
    topology = Topology(nasty, (Switch("s1", 1, nasty),), (host,), ())
    overlay = Overlay(
        title=nasty,
        groups=(Group(nasty, nasty, frozenset({"h1"})),),
        closed={"s1": nasty},
        notes=(nasty,),
    )
    for svg in (draw(topology), draw(topology, overlay)):
        assert not [e for e in _elements(svg) if "script" in e.tag]
        assert any(nasty in (e.text or "") for e in _elements(svg))


def test_rates_are_labels_and_wider_lines() -> None:
    switches = tuple(Switch(f"s{n}", n) for n in (1, 2, 3))
    links = (Link("s1", "s2", 10_000_000, 0.002), Link("s2", "s3", 100_000_000))
    svg = draw(Topology("rates", switches, (), links))
    labels = [e.text for e in _elements(svg) if e.attrib.get("class") == "rate"]
    assert labels == ["10M", "2ms", "100M"]
    widths = [float(e.attrib["stroke-width"]) for e in _elements(svg) if "data-link" in e.attrib]
    assert widths[0] < widths[1]


def test_many_equal_links_are_told_in_words() -> None:
    svg = draw(build("fattree"))
    assert not _boxes(svg, "plate")
    assert "links without a label 50M" in svg


def test_hosts_carry_the_colours_of_their_groups() -> None:
    topology = build("dumbbell")
    groups = (Group("one", "", frozenset({"h1", "h2"})), Group("two", "", frozenset({"h2"})))
    root = ElementTree.fromstring(draw(topology, Overlay(groups=groups)))
    colours = {}
    for group in root.iter(f"{_SVG}g"):
        if "data-host" in group.attrib:
            fills = [rect.attrib.get("style") for rect in group.iter(f"{_SVG}rect")]
            colours[group.attrib["data-host"]] = [fill for fill in fills if fill]
    assert len(colours["h1"]) == 1
    assert len(set(colours["h2"])) == 2
    assert colours["h1"][0] in colours["h2"]
    assert colours["h3"] == []


def test_a_hundred_groups_have_colours_of_their_own() -> None:
    groups = tuple(Group(f"g{n}", "", frozenset()) for n in range(100))
    rects = _elements(draw(build("dumbbell"), Overlay(groups=groups)))
    fills = [e.attrib["style"] for e in rects if "style" in e.attrib]
    assert len(fills) == 100
    assert len(set(fills)) > 90
