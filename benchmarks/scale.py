"""How path computation and rule compilation grow with the network. Needs no root.

Method: each size runs in a process of its own (`scale_worker`), which drives the product's own
functions: `paths.in_trees` towards every edge switch, then `core.decide` from a network just
discovered to the last rule on the last switch, with switches that confirm every barrier at once,
then the news of one cut link. Sockets and OpenFlow encoding are left out. Memory is the peak of
the process's resident set, the interpreter and NumPy (about 50 MiB) included.

Rival, same run and sizes: networkx `all_shortest_paths` between every two edge switches and one
rule per (source, destination) host pair at each switch on the way, what reactive per-pair
forwarding fills its tables with; where it ends within its time limit.
"""

import json
import math
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.processes import ROOT
from benchmarks.result import Cell, Options, Part, Result

NEEDS_NETWORK = False
_MEMORY_BYTES = 12 << 30
_LIMIT_S = {"paths": 60.0, "decide": 60.0, "per-pair": 20.0}
_STEPS = tuple(_LIMIT_S)

_LEAF_SPINE = tuple(f"leafspine,spines={s},leaves={n},hosts=2"
                    for s, n in ((2, 8), (8, 32), (16, 64), (32, 128)))  # fmt: skip
# With all its 8192 hosts a k = 32 fat-tree needs 12 million host rules; one host an edge switch
# tells what its paths need.
_FAT_TREE = ("fattree,k=4", "fattree,k=8", "fattree,k=16", "fattree,k=32,hosts=1")
_QUICK = ("leafspine,spines=2,leaves=8,hosts=2", "leafspine,spines=4,leaves=16,hosts=2",
          "fattree,k=4", "fattree,k=8")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """One size and the figures of each step; a step that did not end has a reason instead."""

    spec: str
    steps: dict[str, dict[str, float] | str]

    def get(self, step: str, name: str) -> float | None:
        """A figure, or None if its step did not end."""
        figures = self.steps[step]
        return None if isinstance(figures, str) else figures.get(name)

    def time(self, step: str) -> Cell:
        """Seconds of a step, or why there are none."""
        figures = self.steps[step]
        return figures if isinstance(figures, str) else figures["seconds"]

    @property
    def family(self) -> str:
        """leafspine or fattree."""
        return self.spec.partition(",")[0]


def run(options: Options) -> Result:
    """Measures every size."""
    specs = _QUICK if options.quick else _LEAF_SPINE + _FAT_TREE
    sizes = [_measure(spec, options) for spec in specs]
    return Result(
        (_time_part(sizes), _table_part(sizes), _rival_part(sizes), _growth_part(sizes)),
        (
            f"Limits: {_LIMIT_S['decide']:g} s a step ({_LIMIT_S['per-pair']:g} s for the rival) "
            f"and {_MEMORY_BYTES >> 30} GiB; '> limit' did not end in time, 'memory' went past it.",
            "Headway's entries include what the policy puts on every switch, large or small: some "
            "180 rules; the rival's include nothing of the kind.",
            "Every host more costs one ARP rule and one route rule per path group at every other "
            "edge switch, and no rule in the core.",
            "'rules' is the wall time from a discovered network to the last confirmed rule, paths "
            "included; 'cut' is the time `decide` takes for both ends' news of one lost link and "
            "its barriers.",
        ),
    )


def _measure(spec: str, options: Options) -> Size:
    steps: dict[str, dict[str, float] | str] = {}
    for step in _STEPS:
        options.progress(f"{spec}: {step}")
        steps[step] = _run_step(spec, step)
    return Size(spec, steps)


def _run_step(spec: str, step: str) -> dict[str, float] | str:
    argv = [sys.executable, "-m", "benchmarks.scale_worker", spec, step]
    limit_s = _LIMIT_S[step]
    try:
        done = subprocess.run(
            argv, cwd=ROOT, capture_output=True, text=True, timeout=limit_s, check=False,
            preexec_fn=_limit_memory,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"> {limit_s:g} s"
    if done.returncode:
        return "memory" if "MemoryError" in done.stderr else done.stderr.strip().splitlines()[-1]
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


# --- tables ---------------------------------------------------------------------------------------


def _count(value: float | None) -> int | None:
    return None if value is None else round(value)


def _time_part(sizes: Iterable[Size]) -> Part:
    rows = tuple(
        (
            s.spec, _count(s.get("paths", "switches")), _count(s.get("paths", "edges")),
            _count(s.get("paths", "trees")), s.time("paths"), s.get("paths", "peak_mib"),
            s.time("decide"), s.get("decide", "peak_mib"), _count(s.get("decide", "changes")),
            _milliseconds(s.get("decide", "reroute_s")),
            _count(s.get("decide", "reroute_changes")),
        )
        for s in sizes
    )  # fmt: skip
    return Part("Time and memory", (
        "topology", "switches", "edges", "trees", "paths s", "paths MiB", "rules s", "rules MiB",
        "changes sent", "cut ms", "changes after cut",
    ), rows)  # fmt: skip


def _milliseconds(value_s: float | None) -> float | None:
    return None if value_s is None else value_s * 1e3


def _table_part(sizes: Iterable[Size]) -> Part:
    names = ("edge_rules_max", "edge_rules_mean", "edge_groups_max", "core_rules_max",
             "core_rules_mean", "core_groups_max")  # fmt: skip
    rows = tuple((s.spec, *(_count(s.get("decide", name)) for name in names)) for s in sizes)
    return Part("Entries a switch", (
        "topology", "edge rules, most", "mean", "edge groups, most", "core rules, most", "mean",
        "core groups, most",
    ), rows)  # fmt: skip


def _rival_part(sizes: Iterable[Size]) -> Part:
    rows = tuple(
        (
            s.spec, s.time("per-pair"), s.get("per-pair", "peak_mib"),
            _count(s.get("per-pair", "edge_rules_max")),
            _ratio(s, "edge_rules_max"), _count(s.get("per-pair", "core_rules_max")),
            _ratio(s, "core_rules_max"),
        )
        for s in sizes
    )  # fmt: skip
    return Part("Rival: networkx and a rule per host pair", (
        "topology", "paths and rules s", "MiB", "edge rules, most", "Headway's / these",
        "core rules, most", "Headway's / these",
    ), rows)  # fmt: skip


def _ratio(size: Size, name: str) -> float | None:
    ours, theirs = size.get("decide", name), size.get("per-pair", name)
    return ours / theirs if ours and theirs else None


def _growth_part(sizes: Sequence[Size]) -> Part:
    measures = (("paths", "seconds"), ("decide", "seconds"), ("decide", "peak_mib"),
                ("decide", "edge_rules_max"), ("decide", "core_rules_max"),
                ("per-pair", "seconds"), ("per-pair", "core_rules_max"))  # fmt: skip
    families = list(dict.fromkeys(size.family for size in sizes))
    rows = tuple(
        (family, *(_exponent([s for s in sizes if s.family == family], *m) for m in measures))
        for family in families
    )
    return Part("Growth: x in (number of edges)^x, between the two largest sizes that ended", (
        "family", "paths s", "rules s", "rules MiB", "edge rules", "core rules", "rival s",
        "rival core rules",
    ), rows)  # fmt: skip


def _exponent(sizes: Iterable[Size], step: str, name: str) -> float | None:
    points = [
        (edges, value)
        for size in sizes
        if (edges := size.get("paths", "edges")) and (value := size.get(step, name))
    ]
    if len(points) < 2:
        return None
    (edges_a, a), (edges_b, b) = points[-2:]
    return math.log(b / a) / math.log(edges_b / edges_a)
