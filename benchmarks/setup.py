"""Flow set-up: how fast new hosts and new flows come to work, against Ryu's simple_switch_13.

Rivals: `ryu.app.simple_switch_13` on Ryu 4.34 as it comes (where .venv-ryu is there), and a
learning switch of the same messages on os-ken, for os-ken ships none. They run alternating.

Control plane (no root): pretended switches over loopback, a process of their own, each packet-in a
host never seen before; an answer is the packet-out of the same frame. `window` packet-ins a switch
are unanswered at any time. A learning switch answers with one rule on one switch; Headway installs
the host on every edge switch and confirms it by barriers, so that no later flow of that host needs
the controller.

Live (root): two switches in a row under one in the middle, real Open vSwitch. First packets: a
datagram to a host not spoken to before, answer included, ARP included: one pair at a time, then all
remaining pairs at once. Known hosts: one request after another, each a new UDP 5-tuple or a new TCP
connection, four clients at a time; packets sent to the controller are counted by the rules that
send them there.
"""

import contextlib
import itertools
import json
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks import live
from benchmarks.processes import ROOT, ControllerKind, controller, cpu_s, free_port
from benchmarks.result import BenchmarkError, Cell, Options, Part, Result
from emulation import command
from emulation.errors import NotPrivilegedError
from emulation.network import Network, emulate
from policies.load import load_policy

NEEDS_NETWORK = True
_FABRIC = "leafspine,spines=1,leaves=2,hosts=6"
_CLIENTS = 4
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Flood:
    """One setting of the control-plane part."""

    edges: int
    hosts: int
    window: int

    def __str__(self) -> str:
        return f"{self.edges} edge switch(es), {self.hosts} hosts each, window {self.window}"


_FLOODS = (Flood(1, 1000, 1), Flood(1, 3000, 64), Flood(4, 750, 16))
_QUICK_FLOODS = (Flood(1, 300, 64),)


def run(options: Options) -> Result:
    """Measures both parts; the live one only for root."""
    kinds = [kind for kind in ControllerKind if kind.available]
    repeats = 1 if options.quick else 3
    parts = [_flood_part(kinds, repeats, options)]
    notes = [
        f"Medians over {repeats} repeat(s). Controller CPU in the control-plane part includes the "
        "handshake and 4 s of discovery.",
        "A real switch lets no host port send more than 100 packets/s to Headway (a meter); the "
        "pretended switches of the control-plane part have none.",
    ]
    if ControllerKind.RYU not in kinds:
        notes.append("Ryu 4.34 is not installed here: 'make ryu'.")
    try:
        command.require_root()
    except NotPrivilegedError as error:
        notes.append(f"The live part was left out: {error}")
    else:
        parts.append(_live_part(kinds, repeats, options))
    return Result(tuple(parts), tuple(notes))


def _medians(runs: Iterable[Figures]) -> Figures:
    values: dict[str, list[float]] = defaultdict(list)
    for figures in runs:
        for name, value in figures.items():
            values[name].append(value)
    return {name: median(entries) for name, entries in values.items()}


# --- control plane --------------------------------------------------------------------------------


def _flood_part(kinds: list[ControllerKind], repeats: int, options: Options) -> Part:
    floods = _QUICK_FLOODS if options.quick else _FLOODS
    rows: list[tuple[Cell, ...]] = []
    for flood in floods:
        runs: dict[ControllerKind, list[Figures]] = defaultdict(list)
        for repeat in range(repeats):
            for kind in kinds:
                options.progress(f"{flood}: {kind.value}, {repeat + 1}/{repeats}")
                runs[kind].append(_flood(kind, flood))
        rows += _flood_rows(flood, {kind: _medians(found) for kind, found in runs.items()})
    return Part("Control plane: hosts never seen before", (
        "controller", "edge switches", "window", "packet-ins answered/s", "/ Ryu's", "/ os-ken's",
        "changes sent/s", "changes a host", "answer p50 ms", "p99 ms", "controller CPU ms a host",
    ), tuple(rows))  # fmt: skip


def _flood(kind: ControllerKind, flood: Flood) -> Figures:
    port = free_port()
    with controller(kind, port) as process:
        before_s = cpu_s(process.pid)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.fake_switches", str(port), "--edges",
             str(flood.edges), "--hosts", str(flood.hosts), "--window", str(flood.window)],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        used_s = cpu_s(process.pid) - before_s
    figures: Figures = json.loads(done.stdout)
    if "error" in figures:
        raise BenchmarkError(f"{kind.value}, {flood}: {figures['error']}")
    return {
        "rate": figures["answered"] / figures["seconds"],
        "changes": figures["changes"] / figures["seconds"],
        "changes_each": figures["changes"] / figures["answered"],
        "cpu_s": used_s / figures["answered"],
        **{name: figures[name] for name in ("latency_p50_s", "latency_p99_s")},
    }


def _flood_rows(flood: Flood, found: dict[ControllerKind, Figures]) -> Iterator[tuple[Cell, ...]]:
    for kind, figures in found.items():
        ours = kind is ControllerKind.HEADWAY
        yield (
            kind.value,
            flood.edges,
            flood.window,
            figures["rate"],
            *(_ratios(found, "rate") if ours else (None, None)),
            figures["changes"],
            round(figures["changes_each"], 1),
            figures["latency_p50_s"] * 1e3,
            figures["latency_p99_s"] * 1e3,
            figures["cpu_s"] * 1e3,
        )


def _ratios(found: dict[ControllerKind, Figures], name: str) -> tuple[Cell, Cell]:
    """Headway's figure over each rival's; None where that is not installed or measured 0."""
    ours = found[ControllerKind.HEADWAY][name]
    rivals = (found.get(kind, {}).get(name) for kind in (ControllerKind.RYU, ControllerKind.OS_KEN))
    over_ryu, over_os_ken = (ours / theirs if theirs else None for theirs in rivals)
    return over_ryu, over_os_ken


# --- live -----------------------------------------------------------------------------------------


def _live_part(kinds: list[ControllerKind], repeats: int, options: Options) -> Part:
    options.progress("building a network of 3 switches and 12 hosts")
    runs: dict[ControllerKind, list[Figures]] = defaultdict(list)
    seconds = 1.0 if options.quick else 2.0
    with (
        emulate(live.topology_of(_FABRIC), policy=load_policy(), selftest=False) as network,
        _echo_servers(network),
    ):
        for repeat, kind in itertools.product(range(repeats), kinds):
            options.progress(f"live, {kind.value}, {repeat + 1}/{repeats}")
            rng = random.Random(f"{options.seed}/{repeat}")
            runs[kind].append(_live_run(network, kind, seconds, rng))
    found = {kind: _medians(figures) for kind, figures in runs.items()}
    return Part("Live: Open vSwitch, hosts in namespaces", (
        "figure", *(kind.value for kind in found), "Headway / Ryu", "Headway / os-ken",
    ), tuple(_live_rows(found)))  # fmt: skip


_LIVE_FIGURES = (
    ("new host pair, first answer p50, ms", "first_p50_ms"),
    ("new host pair, first answer, worst, ms", "first_worst_ms"),
    ("all other pairs at once, pairs/s", "burst_rate"),
    ("all other pairs at once, worst, ms", "burst_worst_ms"),
    ("all other pairs at once, unanswered", "burst_lost"),
    ("packets to the controller for these pairs", "pair_punts"),
    ("known hosts, new UDP flows/s", "udp_rate"),
    ("known hosts, new TCP connections/s", "tcp_rate"),
    ("packets to the controller for these flows", "flow_punts"),
    ("controller CPU meanwhile, % of a core", "flow_cpu_percent"),
)


def _live_rows(found: dict[ControllerKind, Figures]) -> Iterator[tuple[Cell, ...]]:
    for label, name in _LIVE_FIGURES:
        yield label, *(figures[name] for figures in found.values()), *_ratios(found, name)


@contextlib.contextmanager
def _echo_servers(network: Network) -> Iterator[None]:
    servers = [live.program(network, host.name, "echo") for host in network.topology.hosts]
    for server in servers:
        live.line_of(server)
    yield
    for server in servers:
        live.end(server)


def _live_run(
    network: Network, kind: ControllerKind, seconds: float, rng: random.Random
) -> Figures:
    """One controller from empty tables; every host has spoken once, but to nobody here."""
    port = free_port()
    live.wipe(network)
    with controller(kind, port) as process:
        network.connect(("127.0.0.1", port))
        network.wait_connected()
        time.sleep(2.5)  # Headway has found links and host ports
        _announce(network)
        time.sleep(1.5)
        figures = _pair_figures(network, rng)
        return figures | _flow_figures(network, process.pid, seconds, rng)


def _announce(network: Network) -> None:
    """Every host pings an address that nobody has, so that each controller knows where it is."""
    pings = [
        network.popen(host.name, ["ping", "-q", "-c", "1", "-W", "1", "10.0.200.200"],
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for host in network.topology.hosts
    ]  # fmt: skip
    for ping in pings:
        ping.wait()


def _pair_figures(network: Network, rng: random.Random) -> Figures:
    hosts = network.topology.hosts
    askers = {host.name: live.program(network, host.name, "first-packets") for host in hosts}
    for asker in askers.values():
        live.line_of(asker)
    half = len(hosts) // 2
    alone = [(hosts[i], hosts[half + (i + k) % half]) for k in range(2) for i in range(half)]
    rng.shuffle(alone)
    before = live.punts(network)
    single = [_ask(askers[a.name], [b.address])[0] for a, b in alone]
    asked = {frozenset(pair) for pair in alone}
    rest = {a.name: [b.address for b in hosts if a is not b and frozenset((a, b)) not in asked]
            for a in hosts}  # fmt: skip
    begin = time.perf_counter()
    for name, asker in askers.items():
        live.say(asker, " ".join(rest[name]))
    burst = [value for asker in askers.values() for value in json.loads(live.line_of(asker))]
    took_s = time.perf_counter() - begin
    for asker in askers.values():
        live.end(asker)
    answered = [value for value in burst if value is not None]
    until_s = max(answered) if len(answered) == len(burst) else took_s
    return {
        "first_p50_ms": median(_lost_is_worst(single)) * 1e3,
        "first_worst_ms": max(_lost_is_worst(single)) * 1e3,
        "burst_rate": len(answered) / until_s,
        "burst_worst_ms": max(_lost_is_worst(burst)) * 1e3,
        "burst_lost": len(burst) - len(answered),
        "pair_punts": live.punts(network) - before,
    }  # fmt: skip


def _ask(asker: "subprocess.Popen[str]", addresses: list[str]) -> list[float | None]:
    live.say(asker, " ".join(addresses))
    found: list[float | None] = json.loads(live.line_of(asker))
    return found


def _lost_is_worst(values: Iterable[float | None]) -> list[float]:
    return [2.0 if value is None else value for value in values]


def _flow_figures(
    network: Network, controller_pid: int, seconds: float, rng: random.Random
) -> Figures:
    hosts = network.topology.hosts
    half = len(hosts) // 2
    pairs = list(zip(hosts[:half], rng.sample(hosts[half:], half), strict=True))[:_CLIENTS]
    before, before_s, begin = live.punts(network), cpu_s(controller_pid), time.monotonic()
    rates = {
        f"{name}_rate": _flow_rate(network, f"{name}-flows", pairs, seconds)
        for name in ("udp", "tcp")
    }
    used = (cpu_s(controller_pid) - before_s) / (time.monotonic() - begin)
    return {
        **rates, "flow_punts": live.punts(network) - before, "flow_cpu_percent": 100 * used,
    }  # fmt: skip


def _flow_rate(network: Network, name: str, pairs: list[Any], seconds: float) -> float:
    clients = [live.program(network, a.name, name, b.address, str(seconds)) for a, b in pairs]
    for client in clients:
        live.line_of(client)
    for client in clients:
        live.say(client)
    done = sum(int(live.line_of(client)) for client in clients)
    for client in clients:
        live.end(client)
    return done / seconds
