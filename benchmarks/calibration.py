"""How far the fluid model that agents train in is from Open vSwitch: seeded workloads on both.

Method: leaf-spine with 20 Mbit/s links under the controller; half the workloads are bulk copies and
background transfers between random hosts, half a mix with training, inference and a federated job.
Each runs for 6 s on real TCP connections and in the model, with every pair's flows pinned to one
path (`rl_agent.calibration` says why). Needs root.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from benchmarks.result import Cell, Options, Part, Result
from emulation import command
from rl_agent.calibration import PAYLOAD_SHARE, Comparison, Outcome, compare
from rl_agent.jobs.core import Setting
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.workload import Kind, Mix
from rl_agent.live.core import LiveCore
from topologies.registry import build

NEEDS_NETWORK = True
TOPOLOGY = "leafspine,spines=2,leaves=3,hosts=2,rate=20M,host_rate=20M"
_DURATION_S = 6.0
_MIXES = {
    "bulk": Mix(training=0, inference=0, federated=0, checkpoints=5, background=4),
    "mixed": Mix(training=1, inference=2, federated=1, checkpoints=1, background=1),
}
_EACH, _EACH_QUICK = 10, 2
_COLUMNS = (
    "figure", "samples", "live, median", "model, median", "error, median (signed)",
    "error, median", "p90", "worst", "with headers: error, median", "p90", "worst",
)  # fmt: skip

Pairs = Sequence[tuple[float, float]]  # (live, model)


def run(options: Options) -> Result:
    """Runs all workloads and compares.

    Raises:
        NotPrivilegedError: Not root.
        AgentError, EmulationError: The network did not do what was asked.
    """
    command.require_root()
    found = list(_comparisons(options))
    parts = (
        Part("Job times: completion, iteration, request, round (relative)", _COLUMNS,
             tuple(_rows(found, _times, "s", relative=True))),
        Part("Goodput of all flows of a kind in a workload (relative)", _COLUMNS,
             tuple(_rows(found, _goodputs, "Mbit/s", relative=True, scale=1e-6))),
        Part("Utilisation of links between switches, headers included (absolute)", _COLUMNS,
             (_row("every link and workload", _uses(found, False), _uses(found, True),
                   relative=False),)),
    )  # fmt: skip
    return Result(parts, _notes(found))


def _comparisons(options: Options) -> Iterator[Comparison]:
    """Network by network; the workloads of one follow each other on it."""
    place = build(TOPOLOGY)
    each = _EACH_QUICK if options.quick else _EACH
    for name, mix in _MIXES.items():
        core = LiveCore(place, Setting(Fabric.of(place), mix, interval_s=_DURATION_S, steps=1))
        try:
            for number in range(each):
                options.progress(f"{name} workload {number + 1} of {each}")
                yield compare(core, 1000 * options.seed + number)
        finally:
            core.close()


Take = Callable[[Comparison, Kind, Outcome], Iterator[tuple[float, float]]]


def _times(one: Comparison, kind: Kind, of: Outcome) -> Iterator[tuple[float, float]]:
    yield from one.times(kind, of)


def _goodputs(one: Comparison, kind: Kind, of: Outcome) -> Iterator[tuple[float, float]]:
    if (both := one.goodput_bps(kind, of)) is not None:
        yield both


def _uses(found: Sequence[Comparison], narrow: bool) -> Pairs:
    return [
        (float(live), float(model))
        for one in found
        for live, model in zip(*one.utilisation(one.narrow if narrow else one.model), strict=True)
    ]


def _rows(
    found: Sequence[Comparison], take: Take, unit: str, *, relative: bool, scale: float = 1.0
) -> Iterator[tuple[Cell, ...]]:
    for kind in Kind:
        plain = [pair for one in found for pair in take(one, kind, one.model)]
        narrow = [pair for one in found for pair in take(one, kind, one.narrow)]
        if plain and narrow:
            name = f"{kind.name.lower()}, {unit}"
            yield _row(name, plain, narrow, relative=relative, scale=scale)


def _row(
    name: str, plain: Pairs, narrow: Pairs, *, relative: bool, scale: float = 1.0
) -> tuple[Cell, ...]:
    both = np.array(plain)
    live, model = (float(v) * scale for v in np.median(both, axis=0))
    error, apart = _errors(plain, relative), np.abs(_errors(narrow, relative))
    return (name, len(plain), live, model, float(np.median(error)),
            *_spread(np.abs(error)), *_spread(apart))  # fmt: skip


def _errors(pairs: Pairs, relative: bool) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    live, model = np.array(pairs).T
    return live / model - 1.0 if relative else live - model


def _spread(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[float, float, float]:
    return float(np.median(values)), float(np.percentile(values, 90)), float(values.max())


def _notes(found: Sequence[Comparison]) -> tuple[str, ...]:
    return (
        f"{len(found)} workloads of {_DURATION_S:g} s on {TOPOLOGY}; error is live / model - 1.",
        "Times are each job's mean over the cycles that both finished.",
        "The model counts payload on links of the full rate, as in training; 'with headers' runs "
        f"it on links of {PAYLOAD_SHARE:.3f} of their rate.",
        "The network sends what hosts do through one plain FIFO at their interface; the model has "
        "queues by class there too.",
    )
