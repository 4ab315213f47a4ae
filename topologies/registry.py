"""Every topology by name: what there is, and one function that builds any of them.

A spec is `name,key=value,...`. Rates and delays carry units (`rate=50M,delay=10ms`). A network
from elsewhere takes its place after a colon: `file:PATH.json,hosts=1`, `topohub:sndlib/polska`.
No value holds a comma.

To add a family: write a function like `ring.ring` in a file of its own and name it in `_ALL`.
"""

from topologies.abilene import abilene
from topologies.dumbbell import dumbbell
from topologies.edgecloud import edgecloud
from topologies.errors import SpecSyntaxError, UnknownFamilyError, did_you_mean
from topologies.family import Family, describe
from topologies.fattree import fattree
from topologies.leafspine import leafspine
from topologies.model import Topology
from topologies.ring import ring
from topologies.sources import from_file, from_topohub

_ALL = {
    family.name: family
    for family in (
        describe(leafspine),
        describe(fattree),
        describe(abilene),
        describe(edgecloud),
        describe(dumbbell),
        describe(ring),
        describe(from_file, "file"),
        describe(from_topohub, "topohub"),
    )
}
_ALIASES = {"wan": "abilene"}


def families() -> tuple[Family, ...]:
    """Every family there is; those with a `source` need it, all others build as they are."""
    return tuple(_ALL.values())


def family(name: str) -> Family:
    """Find a family by name; "Leaf-Spine" finds leafspine, "wan" the built-in one.

    Raises:
        UnknownFamilyError: there is none.
    """
    key = name.strip().lower().replace("-", "")
    key = _ALIASES.get(key, key)
    if key not in _ALL:
        hint = did_you_mean(key, (*_ALL, *_ALIASES)) or f"; there are: {', '.join(_ALL)}"
        raise UnknownFamilyError(f"no topology is called {name!r}{hint}")
    return _ALL[key]


def build(spec: str, /, **overrides: object) -> Topology:
    """Build the topology a spec describes; `overrides` win over what the spec says.

    Raises:
        TopologyError: a subclass for each mistake, with the remedy in its message.
    """
    head, *pairs = spec.split(",")
    name, colon, source = head.partition(":")
    chosen = family(name)
    values: dict[str, object] = {}
    if colon:
        if chosen.source is None:
            raise SpecSyntaxError(f"{name} takes no ':': write {name},key=value,...")
        values[chosen.source.name] = source
    for pair in pairs:
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not (key and equals and value):
            raise SpecSyntaxError(f"{pair!r} in {spec!r}: write name,key=value,...")
        if key in values:
            raise SpecSyntaxError(f"{key!r} comes twice in {spec!r}: leave one out")
        values[key] = value
    return chosen.build({**values, **overrides})
