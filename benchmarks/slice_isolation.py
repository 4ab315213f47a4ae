"""Whether anything crosses from one slice to another, whatever its hosts send.

Method: two switches on real Open vSwitch with the controller, four slices with two hosts each (see
`slice_probes`): two of them with the same addresses, two behind the same ports, one that may talk
to another. Every host asks every other for an answer (ping), and then sends every other all kinds
of frames, honest and forged, with a number in each. Packet sockets at all hosts tell which numbers
arrived, under which VLAN tag.

'reached' arrived at a host that the sender's port and tag may reach; who has a port may be
anybody there, so an untagged host behind a trunk that takes the tag of the other slice on that
trunk is of that slice. 'crossed' arrived anywhere else, and shall be 0.
"""

import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import live
from benchmarks.processes import ROOT, free_port
from benchmarks.result import BenchmarkError, Cell, Options, Part
from benchmarks.slice_probes import (
    SLICES,
    End,
    Kind,
    Probe,
    ends_of,
    may_talk,
    policy_text,
    probes,
    questions,
)
from benchmarks.slice_wire import INTERVAL_S
from emulation.controlled import controller_process
from emulation.keeper import socket_path
from emulation.network import Network, emulate
from policies.load import parse_policy

_FABRIC = "dumbbell,left=3,right=3,rate=50M,host_rate=50M"
_QUICK_PART = 0.1  # of all probes
_ARRIVAL_S = 1.0


@dataclass(frozen=True, slots=True)
class Ping:
    """A question of one host to another, over IPv4 or IPv6."""

    sender: End
    target: End
    version: int
    answered: bool


class Tenants:
    """The hosts of all slices on a running network."""

    def __init__(self, network: Network) -> None:
        """Gives every host its addresses.

        Raises:
            BenchmarkError: Some host can't have them.
        """
        self._network = network
        self.ends = ends_of(network.topology)
        self._relays: dict[End, int] = {}  # processes of hosts behind a tag
        for end in self.ends:
            if end.vlan:
                self._relays[end] = self._relay(end)
            self._set_addresses(end)

    def popen(self, end: End, argv: Sequence[str], **kw: Any) -> "subprocess.Popen[Any]":
        """A process of that host."""
        enter = ["nsenter", "-t", str(self._relays[end]), "-n"] if end.vlan else []
        return self._network.popen(end.host, [*enter, *argv], **kw)

    def run(self, end: End, *argv: str) -> "subprocess.CompletedProcess[str]":
        """A process of that host that has ended; its output holds both streams."""
        child = self.popen(end, argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = child.communicate(timeout=60)[0]
        return subprocess.CompletedProcess(argv, child.returncode, said)

    def greet(self) -> None:
        """Everybody says who it is, by asking for an address that nobody has."""
        for end in self.ends:
            self.run(end, "ping", "-c1", "-W1", "-I", end.interface, "10.92.0.99")

    def ping(self) -> list[Ping]:
        """Every question between two hosts, over IPv4 and IPv6, all at once."""
        asked = []
        for a, b in questions(self.ends):
            for version, address in ((4, b.ip), (6, b.ipv6)):
                argv = ["ping", f"-{version}", "-I", a.interface, "-c3", "-i0.3", "-W1", address]
                asked.append((a, b, version, self.popen(a, argv, stdout=subprocess.DEVNULL)))
        return [Ping(a, b, v, child.wait(timeout=60) == 0) for a, b, v, child in asked]

    def probe(self, frames: Sequence[Probe]) -> list[set[str]]:
        """Sends frames; tells of each the slices at whose hosts it arrived.

        '' among them is a host where nobody is behind the tag with which it came.
        """
        arrived: list[set[str]] = [set() for _ in frames]
        wires = sorted({(end.host, end.wire) for end in self.ends})
        with contextlib.ExitStack() as stack:
            watchers = {}
            for host, wire in wires:
                watchers[host] = stack.enter_context(self._program(host, "watch", wire))
                live.line_of(watchers[host])
            senders = []
            for host, wire in wires:
                sender = stack.enter_context(self._program(host, "send", wire))
                lines = [p.numbered(n).hex() for n, p in enumerate(frames) if p.sender.host == host]
                assert sender.stdin is not None
                sender.stdin.write("\n".join(lines))
                sender.stdin.close()
                senders.append(sender)
            for sender in senders:
                if sender.wait(timeout=60 + 3 * INTERVAL_S * len(frames)):
                    raise BenchmarkError("a host could not send its probes")
            time.sleep(_ARRIVAL_S)
            slices = {(end.host, end.vlan): end.slice for end in self.ends}
            for host, watcher in watchers.items():
                live.say(watcher)
                for number, vlan in json.loads(live.line_of(watcher)):
                    arrived[number].add(slices.get((host, vlan), ""))
        return arrived

    @contextlib.contextmanager
    def _program(self, host: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
        process = self._start(host, *words)
        try:
            yield process
        finally:
            live.end(process)

    def _start(self, host: str, *words: str) -> "subprocess.Popen[str]":
        process: subprocess.Popen[str] = self._network.popen(
            host, [sys.executable, "-m", "benchmarks.slice_wire", *words], cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return process

    def _relay(self, end: End) -> int:
        process = self._start(end.host, "relay", end.wire, end.interface, str(end.vlan))
        live.line_of(process)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        return process.pid  # it ends with the network

    def _set_addresses(self, end: End) -> None:
        steps = [] if end.vlan else [f"ip address flush dev {end.wire}"]
        steps += [
            f"ip link set {end.interface} down",
            f"ip link set {end.interface} address {end.mac} up",
            f"ip address add {end.ip}/24 dev {end.interface}",
            f"ip -6 address add {end.ipv6}/64 dev {end.interface} nodad",
        ]
        done = self.run(end, "sh", "-c", " && ".join(steps))
        if done.returncode:
            raise BenchmarkError(f"{end.host}: {done.stdout.strip()}")


def isolation(options: Options) -> Iterator[Part]:
    """Pings, and every kind of probe between all pairs of hosts of four slices."""
    with _running() as tenants:
        options.progress("pings between all hosts of four slices")
        yield _ping_part(tenants.ping())
        frames = probes(tenants.ends)
        if options.quick:
            few = round(_QUICK_PART * len(frames))
            frames = tuple(random.Random(options.seed).sample(frames, few))
        options.progress(f"{len(frames)} probes")
        yield _probe_part(frames, tenants.probe(frames))


@contextlib.contextmanager
def _running() -> Iterator[Tenants]:
    topology = live.topology_of(_FABRIC)
    text = policy_text(topology)
    address = ("127.0.0.1", free_port())
    with tempfile.TemporaryDirectory() as folder, socket_path() as queues:
        file = Path(folder, "tenants.yaml")
        file.write_text(text, encoding="utf-8")
        with (
            controller_process(
                address, file, Path(folder, "log"), topology=topology, queues=queues,
                environment={"HEADWAY_STATE": folder},
            ) as controller,
            emulate(
                topology, policy=parse_policy(text, "tenants"), controller=address, queues=queues
            ) as network,
        ):  # fmt: skip
            tenants = Tenants(network)
            network.wait_connected()
            controller.await_paths(len(topology.links))
            tenants.greet()
            yield tenants
            controller.check()


def _ping_part(pings: Sequence[Ping]) -> Part:
    def cells(what: str, chosen: Mapping[int, Sequence[Ping]]) -> tuple[Cell, ...]:
        counts = ((len(chosen[v]), sum(p.answered for p in chosen[v])) for v in (4, 6))
        return (what, *(cell for pair in counts for cell in pair))

    groups: dict[str, dict[int, list[Ping]]] = {
        "its own slice": {4: [], 6: []},
        "a slice it may talk to": {4: [], 6: []},
        "any other slice": {4: [], 6: []},
    }
    own, friend, other = groups.values()
    for ping in pings:
        a, b = ping.sender.slice, ping.target.slice
        (own if a == b else friend if may_talk(a, b) else other)[ping.version].append(ping)
    return Part(
        f"pings between hosts of {len(SLICES)} slices",
        ("to", "IPv4 asked", "answered", "IPv6 asked", "answered"),
        tuple(cells(what, chosen) for what, chosen in groups.items()),
    )


def _probe_part(frames: Sequence[Probe], arrived: Sequence[set[str]]) -> Part:
    rows: list[tuple[Cell, ...]] = []
    for kind in Kind:
        found = [(p, at) for p, at in zip(frames, arrived, strict=True) if p.kind is kind]
        rows.append((
            kind.value, len(found), sum(bool(at & p.reach) for p, at in found),
            sum(bool(at - p.reach) for p, at in found),
        ))  # fmt: skip
    totals = (sum(int(row[n] or 0) for row in rows) for n in (1, 2, 3))
    return Part(
        "probes between all pairs of hosts", ("probe", "sent", "reached", "crossed"),
        (*rows, ("all", *totals)),
    )  # fmt: skip
