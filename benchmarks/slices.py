"""What slices are promised on a full trunk, and what they get. Needs root.

Method: a dumbbell on real Open vSwitch under the controller, every slice one host on either side,
the first a second one for its requests, so that only the network is shared.
Rates are those of the trunk's queues, read from the kernel over the middle of a run, with Ethernet
headers; latency is that of requests over TCP, 200 bytes each way, at random times, beside it.

- within: the first slice sends a steady stream within its guarantee; every other slice sends more
  than it may, by 16 TCP flows and by UDP at 1.5 times the trunk's rate. Its latency is set against
  that of the same requests with nobody else there, and against the target that the policy promises
  one way.
- overload: every slice does.
- idle: the first slice is silent and all others take what they can; then it sends within its
  guarantee, and the time is taken until the trunk carries that.

'shall' is the guarantee, or what the slice asks for if that is less, and the part of what others
leave over by weight, up to its maximum.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import live, slice_changes, slice_isolation
from benchmarks.processes import ROOT, free_port
from benchmarks.result import BenchmarkError, Cell, Options, Part, Result
from benchmarks.slice_traffic import BULK_PORT, STEADY_PORT
from emulation import command
from emulation.controlled import controller_process
from emulation.keeper import figures, socket_path
from emulation.network import Network, emulate
from policies.load import parse_policy

NEEDS_NETWORK = True
_ASKED_PER_S = 100
_TCP_FLOWS = 16
_UDP_SHARE = 1.5
_ASKER = "asker"  # the second pair of hosts of the first slice
_RISE_S = 2.5  # until TCP flows have found their rates
_GLANCE_S, _WINDOW_S = 0.02, 0.1  # between reads of counters; over which a rate is taken
_TARGET_S = 0.010  # of waiting and crossing, one way; a request and its answer go both ways
_TRUNKS_BPS = (20_000_000, 50_000_000)


@dataclass(frozen=True, slots=True)
class Tenant:
    """One slice of the benchmark; rates are parts of the trunk's."""

    name: str
    guarantee: float
    maximum: float | None = None
    weight: float = 1.0


_TENANTS = (
    Tenant("gold", 0.40),
    Tenant("silver", 0.20, maximum=0.25),
    Tenant("bronze", 0.10, weight=3.0),
    Tenant("scavenger", 0.01),
)


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured: bit/s of each slice, and how long requests of the first took."""

    rates_bps: Mapping[str, float]
    took_s: Sequence[float]


def run(options: Options) -> Result:
    """Runs every section.

    Raises:
        BenchmarkError: A program of ours ended early.
        NotPrivilegedError: Not root.
    """
    command.require_root()
    parts = tuple(part for section in _SECTIONS for part in section(options))
    return Result(
        parts,
        (
            f"{_TCP_FLOWS} TCP flows and UDP at {_UDP_SHARE:g} times the trunk's rate from every "
            "slice that overloads; p99 against alone is of the same run.",
        ),
    )


def sharing(options: Options) -> Iterator[Part]:
    """Guarantees, maxima, weights, latency and use of a full trunk."""
    seconds = 4.0 if options.quick else 12.0
    for trunk_bps in _TRUNKS_BPS[-1:] if options.quick else _TRUNKS_BPS:
        options.progress(f"trunk of {trunk_bps / 1e6:g} Mbit/s")
        with _Bench.of(trunk_bps, options) as bench:
            first, *others = _TENANTS
            alone = bench.load({}, seconds=seconds)
            steady = {first.name: 0.9 * first.guarantee}
            within = bench.load(steady, greedy=others, seconds=seconds)
            overload = bench.load({}, greedy=_TENANTS, seconds=seconds)
            backs = [bench.give_back(first, others) for _ in range(2 if options.quick else 6)]
        yield _rates_part("within", trunk_bps, within, steady)
        yield _rates_part("overload", trunk_bps, overload, {})
        yield _latency_part(trunk_bps, alone, within, overload)
        yield _back_part(trunk_bps, first, backs)


# Functions of the options that give parts; another section joins here.
_SECTIONS = (sharing, slice_changes.reload, slice_isolation.isolation)


def expected(tenants: Sequence[Tenant], steady: Mapping[str, float]) -> dict[str, float]:
    """What each slice shall get, as a part of the link.

    Args:
        tenants: All slices.
        steady: What slices ask for that ask for less than they could get; others want all.
    """
    most = {t.name: min(t.maximum or 1.0, steady.get(t.name, 1.0)) for t in tenants}
    shall = {t.name: min(t.guarantee, most[t.name]) for t in tenants}
    while (left := 1.0 - sum(shall.values())) > 1e-6:
        hungry = [t for t in tenants if shall[t.name] < most[t.name] - 1e-9]
        if not hungry:
            break
        weight = sum(t.weight for t in hungry)
        for t in hungry:
            shall[t.name] = min(most[t.name], shall[t.name] + left * t.weight / weight)
    return shall


def _rates_part(what: str, trunk_bps: int, load: Load, steady: Mapping[str, float]) -> Part:
    shall = expected(_TENANTS, steady)
    rows: list[tuple[Cell, ...]] = []
    for t in _TENANTS:
        got = load.rates_bps[t.name]
        most = t.maximum and t.maximum * trunk_bps
        promised = min(t.guarantee, steady.get(t.name, 1.0)) * trunk_bps
        rows.append((
            t.name, t.guarantee * trunk_bps / 1e6, most and most / 1e6, t.weight, got / 1e6,
            got / (shall[t.name] * trunk_bps), got / promised if promised else None,
            got / most if most else None,
        ))  # fmt: skip
    total = sum(load.rates_bps.values())
    rows.append(("all", None, None, None, total / 1e6, None, None, total / trunk_bps))
    return Part(f"{what}, trunk of {trunk_bps / 1e6:g} Mbit/s", (
        "slice", "guarantee Mbit/s", "maximum Mbit/s", "weight", "got Mbit/s", "got / shall",
        "got / promised", "got / maximum (all: / link)",
    ), tuple(rows))  # fmt: skip


def _latency_part(trunk_bps: int, alone: Load, within: Load, overload: Load) -> Part:
    rows = []
    for name, load in (
        ("alone", alone),
        ("others overload", within),
        ("its own slice overloads too", overload),
    ):
        p99 = _quantile(load.took_s, 0.99)
        rows.append((
            name, len(load.took_s), median(load.took_s) * 1e3, p99 * 1e3,
            p99 / _quantile(alone.took_s, 0.99), p99 / 2 / _TARGET_S,
        ))  # fmt: skip
    return Part(f"inference of {_TENANTS[0].name}, trunk of {trunk_bps / 1e6:g} Mbit/s", (
        "with", "requests", "p50 ms", "p99 ms", "p99 / alone", "half of p99 / target",
    ), tuple(rows))  # fmt: skip


def _back_part(trunk_bps: int, first: Tenant, backs: Sequence[tuple[float, float]]) -> Part:
    used = median(part for part, _ in backs)
    took = [seconds for _, seconds in backs]
    return Part(f"what {first.name} leaves idle, trunk of {trunk_bps / 1e6:g} Mbit/s", (
        "times", "others use of the link", "given back after ms, median", "worst",
    ), ((len(backs), used, median(took) * 1e3, max(took) * 1e3),))  # fmt: skip


def _quantile(values: Sequence[float], part: float) -> float:
    if not values:
        raise BenchmarkError("no request was answered")
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def policy_text(left: str, right: str) -> str:
    """The policy file: tenant i has port i of both switches, the first also the next after all."""
    last = len(_TENANTS) + 1
    slices = {
        t.name: {
            "members": [
                {
                    "ports": [
                        f"{side}-eth{n}"
                        for side in (left, right)
                        for n in ((1, last) if i == 1 else (i,))
                    ]
                }
            ],
            "guarantee": f"{t.guarantee * 100:g}%",
            **({"maximum": f"{t.maximum * 100:g}%"} if t.maximum else {}),
            "weight": t.weight,
        }
        for i, t in enumerate(_TENANTS, 1)
    }
    intent = f"inference of {_TENANTS[0].name} under {_TARGET_S * 1e3:g} ms"
    return json.dumps(
        {"version": 1, "name": "slices", "slices": slices, "intents": [intent]}, indent=1
    )


class _Bench:
    """A running dumbbell, its controller, and a server in every slice."""

    def __init__(self, network: Network, trunk_bps: int, seed: int) -> None:
        self._network, self._trunk_bps, self._seed = network, trunk_bps, seed
        left, right = network.topology.switches
        self._trunk = network.port_between(left.name, right.name).interface
        hosts = network.topology.hosts
        half = len(hosts) // 2
        pairs = zip(hosts[:half], hosts[half:], strict=True)
        names = (*(t.name for t in _TENANTS), _ASKER)
        self._pairs = dict(zip(names, pairs, strict=True))

    @classmethod
    @contextlib.contextmanager
    def of(cls, trunk_bps: int, options: Options) -> Iterator["_Bench"]:
        """Builds everything and waits until every slice reaches its other half."""
        count = len(_TENANTS) + 1
        topology = live.topology_of(
            f"dumbbell,left={count},right={count},rate={trunk_bps},host_rate={2 * trunk_bps}"
        )
        text = policy_text(*(switch.name for switch in topology.switches))
        address = ("127.0.0.1", free_port())
        with (
            tempfile.TemporaryDirectory() as folder,
            socket_path() as queues,
            _written(Path(folder, "slices.yaml"), text) as file,
            controller_process(
                address, file, Path(folder, "log"), "--api", "off", topology=topology,
                queues=queues, environment={"HEADWAY_STATE": folder},
            ) as controller,
            emulate(
                topology, policy=parse_policy(text, "slices"), controller=address, queues=queues
            ) as network,
        ):  # fmt: skip
            network.wait_connected()
            controller.await_paths(len(topology.links))
            bench = cls(network, trunk_bps, options.seed)
            live.wait_steady(network, [(a.name, b.name) for a, b in bench._pairs.values()])
            with contextlib.ExitStack() as stack:
                for _, server in bench._pairs.values():
                    live.line_of(stack.enter_context(bench._running(server.name, "serve")))
                yield bench

    def load(
        self, steady: Mapping[str, float], *, seconds: float, greedy: Sequence[Tenant] = ()
    ) -> Load:
        """One run, with requests of the first slice timed.

        Args:
            steady: UDP by slice, as a part of the trunk's rate.
            seconds: How long is measured, after a while for flows to find their rates.
            greedy: Who overloads.
        """
        whole = str(seconds + 2 * _RISE_S)
        with contextlib.ExitStack() as stack:
            for name, part in steady.items():
                self._start(
                    stack, name, "send", str(STEADY_PORT), str(part * self._trunk_bps), whole
                )
            for tenant in greedy:
                rate = str(_UDP_SHARE * self._trunk_bps)
                self._start(stack, tenant.name, "flood", str(_TCP_FLOWS), whole)
                self._start(stack, tenant.name, "send", str(BULK_PORT), rate, whole)
            time.sleep(_RISE_S if greedy else 0.5)
            asker = self._start(
                stack, _ASKER, "ask", str(seconds), str(_ASKED_PER_S), str(self._seed)
            )
            before, began = self._sent(), time.perf_counter()
            took = json.loads(live.line_of(asker))
            after, lasted = self._sent(), time.perf_counter() - began
        time.sleep(1.0)  # queues run empty
        return Load({name: 8 * (after[name] - before[name]) / lasted for name in after}, took)

    def give_back(self, owner: Tenant, others: Sequence[Tenant]) -> tuple[float, float]:
        """Others overload the link; then the owner wants its guarantee.

        Returns:
            What the others used of the link before, and the seconds from the owner's first packets
            on the trunk to the first tenth of a second with 95% of what it sends.
        """
        wanted_bps = 0.9 * owner.guarantee * self._trunk_bps
        with contextlib.ExitStack() as stack:
            for tenant in others:
                self._start(stack, tenant.name, "flood", str(_TCP_FLOWS), "8")
            time.sleep(_RISE_S)
            before, began = self._sent(), time.perf_counter()
            time.sleep(1.0)
            after, lasted = self._sent(), time.perf_counter() - began
            used = sum(after[t.name] - before[t.name] for t in others) * 8 / lasted
            self._start(stack, owner.name, "send", str(STEADY_PORT), str(wanted_bps), "4")
            seen = [(time.perf_counter(), self._sent()[owner.name])]
            while seen[-1][0] - seen[0][0] < 3.0:
                time.sleep(_GLANCE_S)
                seen.append((time.perf_counter(), self._sent()[owner.name]))
        time.sleep(1.0)  # queues run empty
        return used / self._trunk_bps, _given_after(seen, 0.95 * wanted_bps)

    def _start(
        self, stack: contextlib.ExitStack, tenant: str, name: str, *words: str
    ) -> "subprocess.Popen[str]":
        source, sink = self._pairs[tenant]
        process = stack.enter_context(self._running(source.name, name, sink.address, *words))
        live.line_of(process)
        return process

    @contextlib.contextmanager
    def _running(self, host: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
        process: subprocess.Popen[str] = self._network.popen(
            host, [sys.executable, "-u", "-m", "benchmarks.slice_traffic", *words], cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            live.end(process)

    def _sent(self) -> dict[str, int]:
        """Bytes that each slice has sent over the trunk so far."""
        switch = self._network.mininet.switches[0]
        ports = figures([switch.queues])
        return {
            name: sum(node["bytes"] for node in classes.values())
            for name, classes in ports[self._trunk].items()
            if name
        }


def _given_after(seen: Sequence[tuple[float, int]], bps: float) -> float:
    """Seconds from the first bytes of a counter to the end of a window of _WINDOW_S that fast."""
    first = next((at for (at, count) in seen if count > seen[0][1]), seen[-1][0])
    for at, count in seen:
        earlier = [(t, c) for t, c in seen if t <= at - _WINDOW_S]
        if earlier and 8 * (count - earlier[-1][1]) / (at - earlier[-1][0]) >= bps:
            return max(0.0, at - first)
    raise BenchmarkError("a guarantee was not given back within 3 s")


@contextlib.contextmanager
def _written(path: Path, text: str) -> Iterator[Path]:
    path.write_text(text, encoding="utf-8")
    yield path
