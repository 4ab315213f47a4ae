"""networkx node-link data, as networkx, Teal and topohub write it, turned into a topology.

This module owns the meaning of that form; it takes plain dicts and doesn't need networkx.

* The list of edges is called "links" (networkx before 3.4) or "edges" (since).
* Each node becomes a switch with `hosts` hosts. Switches come sorted by id where all ids are whole
  numbers, so that switch i is row i of a traffic matrix over the same network.
* Everything between two nodes becomes one full-duplex link. Of the two directions of a directed
  graph the slower gives the rate: a full-duplex port can't promise more one way than the other.
  Parallel edges of a multigraph add up.
* An edge's "capacity" times `scale` is its rate in bit/s; "delay_s" or "dist" (km of fibre) give
  its delay. Everything else in the data is ignored.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topologies import errors
from topologies.addressing import Place, number_hosts
from topologies.geography import fibre_delay_s
from topologies.model import INTERFACE_NAME_MAX, Link, Switch, Topology
from topologies.units import read_delay, read_factor

RATE_BPS = 50_000_000
HOST_RATE_BPS = 100_000_000
CAPACITY_MAX_BPS = 1e15  # far above any cable: only a scale applied twice goes past it


@dataclass(slots=True)
class _Cable:
    """What the edges between two nodes come to, in bit/s and seconds."""

    forward_bps: float = 0.0
    backward_bps: float = 0.0
    delay_s: float = 0.0


def from_node_link(
    data: Mapping[str, Any],
    name: str,
    *,
    hosts: int = 1,
    rate_bps: int = RATE_BPS,
    host_rate_bps: int = HOST_RATE_BPS,
    scale: float = 1.0,
) -> Topology:
    """Make a topology of node-link data.

    Args:
        data: the decoded JSON.
        name: of the topology.
        hosts: on each node.
        rate_bps: of links whose edges tell no capacity.
        host_rate_bps: of each host's access link.
        scale: bit/s to one unit of capacity.

    Raises:
        FileFormatError: it is not node-link data.
        TopologyError: the network itself can't be, such as one in two pieces.
    """
    nodes = _nodes(data)
    cables = _cables(data, nodes, rate_bps, scale)
    ports = Counter(end for pair in cables for end in pair)
    names = _switch_names(nodes, {i: ports[i] + hosts for i in range(len(nodes))}, hosts)
    adds_up = bool(data.get("multigraph")) and not data.get("directed")
    return Topology(
        name=name,
        switches=tuple(Switch(switch, dpid) for dpid, switch in enumerate(names, 1)),
        hosts=number_hosts(Place(switch, hosts, host_rate_bps) for switch in names),
        links=tuple(
            Link(names[a], names[b], _rate_bps(cable, adds_up), cable.delay_s)
            for (a, b), cable in cables.items()
        ),
    )


def _nodes(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    nodes = _list(data, "nodes")
    for i, node in enumerate(nodes):
        if not isinstance(node, dict) or not isinstance(node.get("id"), (int, str)):
            raise errors.FileFormatError(f'nodes[{i}] needs an "id" that is a number or a string')
    if all(str(node["id"]).isdecimal() for node in nodes):
        nodes = sorted(nodes, key=lambda node: int(node["id"]))
    return nodes


def _cables(
    data: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]], rate_bps: int, scale: float
) -> dict[tuple[int, int], _Cable]:
    """Gather the edges by the pair of node numbers they join, the lower number first."""
    numbers = _numbers(_list(data, "nodes"), nodes)
    key = "links" if "links" in data else "edges"
    cables: dict[tuple[int, int], _Cable] = {}
    for i, edge in enumerate(_list(data, key)):
        where = f"{key}[{i}]"
        a, b = _end(edge, "source", numbers, where), _end(edge, "target", numbers, where)
        capacity_bps = _capacity_bps(edge, where, rate_bps, scale)
        cable = cables.setdefault((min(a, b), max(a, b)), _Cable())
        cable.delay_s = max(cable.delay_s, _delay_s(edge, where))
        side = "forward_bps" if a <= b else "backward_bps"
        before = getattr(cable, side) if data.get("multigraph") else 0.0
        setattr(cable, side, before + capacity_bps)
    return cables


def _numbers(
    as_listed: Sequence[Mapping[str, Any]], nodes: Sequence[Mapping[str, Any]]
) -> dict[Hashable, int]:
    """Return each node's number by what an edge calls it."""
    numbers: dict[Hashable, int] = {node["id"]: i for i, node in enumerate(nodes)}
    if len(numbers) < len(nodes):
        twice = Counter(node["id"] for node in nodes).most_common(1)[0][0]
        raise errors.DuplicateNameError(f"two nodes have the id {twice!r}: change one")
    if all(isinstance(node["id"], str) for node in nodes):
        # networkx 1 wrote an edge's ends as places in the list of nodes.
        numbers |= {place: numbers[node["id"]] for place, node in enumerate(as_listed)}
    return numbers


def _end(edge: object, end: str, numbers: Mapping[Hashable, int], where: str) -> int:
    if not isinstance(edge, dict) or not isinstance(edge.get(end), (int, str)):
        raise errors.FileFormatError(f'{where} needs "source" and "target", each a node\'s id')
    if edge[end] not in numbers:
        raise errors.UnknownSwitchError(
            f"{where}: no node has the id {edge[end]!r}: add it to the nodes"
        )
    return numbers[edge[end]]


def _capacity_bps(edge: Mapping[str, Any], where: str, rate_bps: int, scale: float) -> float:
    if "capacity" not in edge:
        return rate_bps
    try:
        capacity = read_factor(edge["capacity"])
    except ValueError:
        capacity = 0.0
    if not 1 <= capacity * scale <= CAPACITY_MAX_BPS:
        raise errors.RateError(
            f"{where}: capacity x scale must be 1..{CAPACITY_MAX_BPS:g} bit/s; "
            f"got {edge['capacity']!r} x {scale:g}"
        )
    return capacity * scale


def _delay_s(edge: Mapping[str, Any], where: str) -> float:
    try:
        if "delay_s" in edge:
            return read_delay(edge["delay_s"])
        return fibre_delay_s(read_factor(edge.get("dist", 0)))
    except ValueError:
        raise errors.DelayError(
            f'{where}: "delay_s" must be seconds and "dist" kilometres, both numbers'
        ) from None


def _rate_bps(cable: _Cable, adds_up: bool) -> int:
    sides = [side for side in (cable.forward_bps, cable.backward_bps) if side]
    return round(sum(sides) if adds_up else min(sides))


def _switch_names(
    nodes: Sequence[Mapping[str, Any]], ports: Mapping[int, int], hosts: int
) -> list[str]:
    """Name each switch after its node as far as Mininet and Linux allow, each name once."""
    taken = {f"h{i}" for i in range(1, hosts * len(nodes) + 1)}
    names = []
    for i, node in enumerate(nodes):
        room = INTERFACE_NAME_MAX - len(f"-eth{ports[i]}")
        names.append(_free_name(_word(node), room, taken))
        taken.add(names[-1])
    return names


def _word(node: Mapping[str, Any]) -> str:
    label = str(next(node[key] for key in ("name", "label", "id") if node.get(key) is not None))
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    word = re.sub(r"\W", "", plain, flags=re.ASCII)
    return word if word[:1].isalpha() else f"s{word}"


def _free_name(word: str, room: int, taken: set[str]) -> str:
    name, number = word[:room], 2
    while name in taken:
        tail = f"_{number}"
        name, number = word[: room - len(tail)] + tail, number + 1
    return name


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    if not isinstance(rows := data.get(key), list):
        raise errors.FileFormatError(
            f'node-link data needs a list "{key}": '
            "write it with networkx.node_link_data(graph) and json.dump"
        )
    return rows
