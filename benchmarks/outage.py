"""How long traffic is out when a link, or the controller, goes. Needs root.

Method: an even stream of 1,000 numbered UDP packets a second over one flow, on real Open vSwitch;
while it runs, one fault. Counted: packets that never arrive, and the largest gap between two that
do (1 ms is no gap). Which trunks carry the stream is read from their counters just before.

- own trunk: the trunk by which the stream leaves its first switch loses its carrier;
- remote trunk: one further on does, with the controller there, or stopped (SIGSTOP) before;
- controller killed: kill -9, and started anew 1 s later, while the stream runs; no link is cut;
- silent loss: a trunk further on drops everything both ways but keeps its carrier (a BPF filter on
  clsact), so only missing discovery probes tell.

A relay between switches and controller notes when messages pass; 'reaction' is from a switch's
port-status to the last barrier reply after the last group change it caused, on any switch.
"""

import contextlib
import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import live, wiretap
from benchmarks.processes import ControllerKind, child, controller, free_port, wait_listening
from benchmarks.result import BenchmarkError, Cell, Options, Part, Result
from emulation import command
from emulation.network import Network, emulate
from policies.load import load_policy

NEEDS_NETWORK = True
_PACKETS_PER_SECOND = 1000
_WATCHED_S = 0.25  # of the counters, to see where the stream goes
_HEALED_S = 1.8  # a mended link has been heard again and paths computed anew
_REACTION_WINDOW_S = 0.4
_DROP_ALL = "1,6 0 0 2"  # one BPF instruction: return TC_ACT_SHOT
_FABRICS = ("leafspine,spines=2,leaves=3,hosts=1", "ring,n=5,hosts=1")

Trunk = tuple[str, str]


class Fault(Enum):
    """What goes wrong; the values are the words of the table."""

    OWN_TRUNK = "own trunk cut"
    REMOTE_TRUNK = "remote trunk cut"
    REMOTE_STOPPED = "remote trunk cut, controller stopped"
    KILLED = "controller killed and restarted"
    SILENT = "silent loss on a remote trunk"


# How long the stream runs on after the fault, seconds.
_AFTER_S = {Fault.OWN_TRUNK: 0.7, Fault.REMOTE_TRUNK: 0.7, Fault.REMOTE_STOPPED: 1.0,
            Fault.KILLED: 3.5, Fault.SILENT: 5.0}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outage:
    """What one stream went through; `reaction` only where the controller had one to make."""

    sent: int
    received: int
    copies: int
    gap_s: float
    reaction: wiretap.Reaction | None = None

    @property
    def lost(self) -> int:
        """Packets that never arrived."""
        return self.sent - self.received


def run(options: Options) -> Result:
    """Runs every fault on every fabric.

    Raises:
        NotPrivilegedError: Not root.
    """
    command.require_root()
    fabrics = _FABRICS[:1] if options.quick else _FABRICS
    faults = tuple(Fault)[:3] if options.quick else tuple(Fault)
    repeats = 2 if options.quick else 5
    parts = tuple(_fabric_part(fabric, faults, repeats, options) for fabric in fabrics)
    few = _repeats(Fault.SILENT, repeats)
    return Result(
        parts,
        (
            f"{repeats} repeats each (controller killed, silent loss: {few}); a stream loses as "
            "many packets as milliseconds it is out.",
            "'reaction' and 'groups changed' are for the remote cut with the controller there; "
            "what the switches mend by themselves is mended before.",
        ),
    )


def _repeats(fault: Fault, repeats: int) -> int:
    return min(repeats, 3) if fault in (Fault.KILLED, Fault.SILENT) else repeats


def _fabric_part(fabric: str, faults: tuple[Fault, ...], repeats: int, options: Options) -> Part:
    rows = []
    with _Bench.of(fabric) as bench:
        for fault in faults:
            options.progress(f"{fabric}: {fault.value}")
            rows.append(
                _row(fault, [bench.measure(fault) for _ in range(_repeats(fault, repeats))])
            )
    return Part(fabric, (
        "fault", "lost, median", "lost, worst", "gap ms, median", "gap ms, worst", "copies",
        "reaction ms, median", "reaction ms, worst", "groups changed",
    ), tuple(rows))  # fmt: skip


def _row(fault: Fault, outages: list[Outage]) -> tuple[Cell, ...]:
    lost = [outage.lost for outage in outages]
    gaps_ms = [outage.gap_s * 1e3 for outage in outages]
    reactions = [outage.reaction for outage in outages if outage.reaction]
    times_ms = [reaction.confirmed_s * 1e3 for reaction in reactions]
    return (
        fault.value, int(median(lost)), max(lost), median(gaps_ms), max(gaps_ms),
        sum(outage.copies for outage in outages),
        median(times_ms) if times_ms else None, max(times_ms, default=None),
        int(median(reaction.groups for reaction in reactions)) if reactions else None,
    )  # fmt: skip


class _Bench:
    """A running fabric with its controller behind a relay, and one stream at a time."""

    def __init__(self, network: Network, ports: tuple[int, int], folder: Path) -> None:
        self._network = network
        self._tap_port, self._port = ports
        self._notes = folder / "passed"
        self._stack = contextlib.ExitStack()
        self._controller: subprocess.Popen[str] | None = None
        hosts = network.topology.hosts
        self._source, self._sink = hosts[0], hosts[len(hosts) // 2]

    @classmethod
    @contextlib.contextmanager
    def of(cls, fabric: str) -> Iterator["_Bench"]:
        """Builds the fabric and waits until the stream's path works."""
        topology, ports = live.topology_of(fabric), (free_port(), free_port())
        with (
            tempfile.TemporaryDirectory() as folder,
            emulate(
                topology, policy=load_policy(), controller=("127.0.0.1", ports[0]), selftest=False
            ) as network,
        ):
            bench = cls(network, ports, Path(folder))
            with bench._stack:
                bench._start()
                yield bench

    def _start(self) -> None:
        argv = [str(self._tap_port), str(self._port), str(self._notes)]
        self._start_controller()
        tap = self._stack.enter_context(child([_python(), "-m", "benchmarks.wiretap", *argv]))
        wait_listening(tap, self._tap_port)
        self._network.wait_connected()
        live.wait_steady(self._network, [(self._source.name, self._sink.name)])

    def _start_controller(self) -> None:
        self._controller = self._stack.enter_context(controller(ControllerKind.HEADWAY, self._port))

    def measure(self, fault: Fault) -> Outage:
        """One stream with one fault in it, everything mended afterwards."""
        mend = contextlib.ExitStack()
        packets = int((0.2 + 2 * _WATCHED_S + _AFTER_S[fault]) * _PACKETS_PER_SECOND)
        sink = live.program(self._network, self._sink.name, "stream-in")
        live.line_of(sink)
        source = live.program(
            self._network, self._source.name, "stream-out", self._sink.address, str(packets),
            str(_PACKETS_PER_SECOND),
        )  # fmt: skip
        live.line_of(source)
        try:
            time.sleep(0.2)
            own, remote = self._trunks()
            begin = time.monotonic()
            self._faults()[fault](own, remote, mend)
            sent, found = int(live.line_of(source)), json.loads(live.line_of(sink))
            reaction = None
            if fault is Fault.REMOTE_TRUNK:
                reaction = wiretap.reaction(wiretap.read(self._notes), begin, _REACTION_WINDOW_S)
        finally:
            mend.close()
            for process in (source, sink):
                live.end(process)
        time.sleep(_HEALED_S)
        return Outage(sent, found["received"], found["copies"], found["gap_s"], reaction)

    def _trunks(self) -> tuple[Trunk, Trunk]:
        """(own, remote): trunks that carry the stream, in its direction."""
        before = self._network.link_counters()
        time.sleep(_WATCHED_S)
        after = self._network.link_counters()
        grown = {trunk: after[trunk] - before[trunk] for trunk in after}
        path, here = [], self._source.switch
        while here != self._sink.switch:
            trunk = max((t for t in grown if t[0] == here), key=lambda t: grown[t])
            if grown[trunk] < 20 * _WATCHED_S * _PACKETS_PER_SECOND or trunk in path:
                raise BenchmarkError(f"the stream is not seen leaving {here}")
            path.append(trunk)
            here = trunk[1]
        return path[0], path[-1]

    # --- faults -------------------------------------------------------------------------------

    def _faults(self) -> dict[Fault, Callable[[Trunk, Trunk, contextlib.ExitStack], None]]:
        return {
            Fault.OWN_TRUNK: lambda own, _remote, mend: self._cut(own, mend),
            Fault.REMOTE_TRUNK: lambda _own, remote, mend: self._cut(remote, mend),
            Fault.REMOTE_STOPPED: lambda _own, remote, mend: self._cut_stopped(remote, mend),
            Fault.KILLED: lambda _own, _remote, _mend: self._kill(),
            Fault.SILENT: lambda _own, remote, mend: self._silence(remote, mend),
        }

    def _cut(self, trunk: Trunk, mend: contextlib.ExitStack) -> None:
        self._network.cut(*trunk)
        mend.callback(self._network.mend, *trunk)

    def _cut_stopped(self, trunk: Trunk, mend: contextlib.ExitStack) -> None:
        assert self._controller is not None
        self._controller.send_signal(signal.SIGSTOP)
        mend.callback(self._controller.send_signal, signal.SIGCONT)
        self._cut(trunk, mend)

    def _kill(self) -> None:
        assert self._controller is not None
        self._controller.kill()
        self._controller.wait()
        time.sleep(1.0)
        self._start_controller()

    def _silence(self, trunk: Trunk, mend: contextlib.ExitStack) -> None:
        for switch, peer in (trunk, trunk[::-1]):
            interface = self._network.port_between(switch, peer).interface
            command.run(["tc", "qdisc", "add", "dev", interface, "clsact"])
            mend.callback(command.run, ["tc", "qdisc", "del", "dev", interface, "clsact"])
            command.run(["tc", "filter", "add", "dev", interface, "egress", "bpf", "da",
                         "bytecode", _DROP_ALL])  # fmt: skip


def _python() -> Any:
    return ControllerKind.HEADWAY.argv(0)[0]
