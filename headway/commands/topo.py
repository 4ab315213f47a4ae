"""`headway topo`: what topologies there are, and what one looks like, without building it."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topologies.document import to_document
from topologies.errors import SpecSyntaxError
from topologies.family import Family
from topologies.model import Topology
from topologies.picture import draw
from topologies.registry import build, families
from topologies.units import delay_text, rate_text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

# Slower than this, queues hold seconds of traffic: surely a capacity in Mbit/s read as bit/s.
_SUSPICIOUS_RATE_BPS = 100_000

_EPILOG = """\
A SPEC is a name, then key=value pairs; what you leave out has a default:

  headway topo                                    every topology and its parameters
  headway topo leafspine                          2 spines, 3 leaves, 2 hosts on each leaf
  headway topo fattree,k=8,hosts=1                a fat-tree of 8 pods
  headway topo ring,n=6,rate=20M,delay=5ms        rates and delays carry their units
  headway topo file:B4.json,scale=10k             a networkx node-link file with capacities
  headway topo topohub:sndlib/polska              any network of the topohub package
  headway topo abilene --svg abilene.svg          a picture of it

Save one, change it by hand, use it anywhere a SPEC goes:

  headway topo leafspine --json > mine.json
  headway topo file:mine.json
"""


def register(subparsers: Subparsers) -> None:
    """Add `topo` to the command line."""
    parser = subparsers.add_parser(
        "topo",
        help="list topologies, or show one",
        description="List the topologies there are, or show what a SPEC describes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("spec", nargs="?", metavar="SPEC", help="the topology to show")
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw it, as an SVG picture")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List or show.

    Raises:
        TopologyError: the spec is wrong; the message says how to mend it.
    """
    if args.spec is None and args.svg:
        raise SpecSyntaxError("--svg needs a SPEC: say what to draw")
    if args.spec is None:
        print(
            _as_json([_family_document(family) for family in families()])
            if args.json
            else _listing()
        )
    else:
        topology = build(args.spec)
        if args.svg:
            args.svg.write_text(draw(topology), encoding="utf-8")
        print(_as_json(to_document(topology)) if args.json else _summary(topology))
    return 0


def _as_json(data: object) -> str:
    return json.dumps(data, indent=2)


def _family_document(family: Family) -> dict[str, Any]:
    parameters = [
        {
            "name": parameter.name,
            "default": parameter.default_text,
            "help": parameter.kind.help,
            "must_be": parameter.kind.requirement,
        }
        for parameter in family.parameters
    ]
    return {"name": family.name, "help": family.help, "parameters": parameters}


def _listing() -> str:
    closing = "Show one: headway topo NAME,key=value,...  (headway topo --help has examples)"
    return "\n\n".join([*map(_family_text, families()), closing])


def _family_text(family: Family) -> str:
    source = f":{family.source.name.upper()}" if family.source else ""
    lines = [f"{family.name}{source} - {family.help}"]
    for parameter in family.parameters:
        kind, default = parameter.kind, parameter.default_text or "-"
        bounds = f" ({kind.bounds})" if kind.bounds else ""
        lines.append(f"  {parameter.name:<12} {default:<5} {kind.help}{bounds}")
    return "\n".join(lines)


def _summary(topology: Topology) -> str:
    switches, hosts, links = topology.switches, topology.hosts, topology.links
    lines = [f"{topology.name}: {len(switches)} switches, {len(hosts)} hosts, {len(links)} links"]
    if any(switch.tier for switch in switches):
        lines.append(f"  switches  {_tally(switch.tier or 'other' for switch in switches)}")
    if hosts:
        lines.append(f"  hosts     {_tally(_rate(host.rate_bps) for host in hosts)}")
        lines.append(f"  addresses {hosts[0].ip} to {hosts[-1].ip}")
    if links:
        lines.append(f"  links     {_tally(_rate(link.rate_bps) for link in links)}")
        delays_s = [link.delay_s for link in links]
        lines.append(f"  delays    {delay_text(min(delays_s))} to {delay_text(max(delays_s))}")
        if min(link.rate_bps for link in links) < _SUSPICIOUS_RATE_BPS:
            lines.append("  note      very slow links: if capacities aren't in bit/s, give scale=")
    return "\n".join(lines)


def _rate(rate_bps: int) -> str:
    return f"{rate_text(rate_bps)}bit/s"


def _tally(words: Iterable[str]) -> str:
    """Count equal words; past six kinds say only the two ends and how many kinds."""
    counts = list(Counter(words).items())
    if len(counts) > 6:
        (first, _), (last, _) = counts[0], counts[-1]
        return f"{len(counts)} kinds, such as {first} and {last}"
    return ", ".join(f"{number} x {word}" for word, number in counts)
