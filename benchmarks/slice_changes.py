"""What a change of a 200-slice policy costs: rules, queues, time, and packets of everybody else.

Method: two leaves and a spine on real Open vSwitch, with the controller and the keeper of queues. A
few slices have hosts of their own; all others are VLANs of one trunk port on either leaf. An even
stream of 1,000 numbered packets a second crosses the network in a slice that no change speaks of.
Then the policy is changed, one thing at a time, through the API.

Rules that differ are counted by comparing what the switches themselves list before and after
(`ovs-ofctl dump-flows` and `dump-meters`), and set beside the changes the controller says it sent.
'in force' is from the request to its answer, which comes when queues are set and every switch has
confirmed; 'queues and rules' is the part after the file was read and checked.
"""

import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import live
from benchmarks.processes import free_port
from benchmarks.result import BenchmarkError, Cell, Options, Part
from emulation.controlled import ControllerProcess, controller_process
from emulation.keeper import socket_path
from emulation.network import Network, emulate
from policies.load import parse_policy

_SLICES, _QUICK_SLICES = 200, 40
_STREAM_PER_S, _STREAM_S = 1000, 15
_FABRIC = "leafspine,spines=1,leaves=2,hosts=4,rate=50M,host_rate=50M"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One change and what it did; rules and meters are entries that differ, added or gone."""

    name: str
    entries: int
    sent: int
    queue_changes: int
    lost: int
    copies: int
    in_force_s: float
    enforcing_s: float


def reload(options: Options) -> Iterator[Part]:
    """Changes of a large policy while a stream runs."""
    count = _QUICK_SLICES if options.quick else _SLICES
    options.progress(f"a policy of {count} slices")
    with _Bench.of(count, options) as bench:
        changes = []
        for name, text in bench.changed():
            options.progress(f"  {name}")
            changes.append(bench.measure(name, text))
        size = bench.size()
    rows: list[tuple[Cell, ...]] = [
        (c.name, c.entries, c.sent, c.queue_changes, c.lost, c.copies, c.in_force_s * 1e3,
         c.enforcing_s * 1e3)
        for c in changes
    ]  # fmt: skip
    yield Part(
        f"changes of a policy of {count} slices, {size} rules on 3 switches",
        ("change", "entries that differ", "sent", "queue changes", "packets lost of 15,000",
         "copies", "in force ms", "queues and rules ms"),
        tuple(rows),
    )  # fmt: skip


def large_policy(count: int, ports: Mapping[str, tuple[str, str]]) -> Document:
    """A policy of `count` slices; `ports` gives three slices' own ports and the trunk's."""
    share = f"{80 / count:.3f}%"
    slices: dict[str, Document] = {
        name: {"members": [{"ports": list(ports[name])}], "guarantee": share}
        for name in ("steady", "other", "third")
    }
    for n in range(count - len(slices)):
        slices[f"tenant{n:03}"] = {
            "members": [{"ports": list(ports["trunk"]), "vlan": 100 + n}],
            "guarantee": share,
            "classes": ["control", "inference", "bulk", "background"],
        }
    return {"version": 1, "name": "large", "slices": slices}


class _Bench:
    """The running network and its controller."""

    def __init__(self, network: Network, controller: ControllerProcess, first: Document) -> None:
        self._network, self._controller, self._policy = network, controller, first
        hosts = network.topology.hosts
        self._source, self._sink = hosts[0], hosts[len(hosts) // 2]

    @classmethod
    @contextlib.contextmanager
    def of(cls, count: int, options: Options) -> Iterator["_Bench"]:
        """Builds everything and waits until the stream's path works."""
        topology = live.topology_of(_FABRIC)
        leaves = [s.name for s in topology.switches if s.tier == "leaf"]
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            address, queues = ("127.0.0.1", free_port()), stack.enter_context(socket_path())
            # Hosts have the first ports of their switch, in order.
            first = large_policy(count, {
                name: (f"{leaves[0]}-eth{n}", f"{leaves[1]}-eth{n}")
                for n, name in enumerate(("steady", "other", "third", "trunk"), 1)
            })  # fmt: skip
            file = Path(folder, "large.yaml")
            file.write_text(json.dumps(first), encoding="utf-8")
            controller = stack.enter_context(controller_process(
                address, file, Path(folder, "log"), topology=topology, queues=queues,
                environment={"HEADWAY_STATE": folder},
            ))  # fmt: skip
            began = time.perf_counter()
            network = stack.enter_context(emulate(
                topology, policy=parse_policy(file.read_text(), "large"), controller=address,
                queues=queues, selftest=False,
            ))  # fmt: skip
            options.progress(f"  built in {time.perf_counter() - began:.1f} s")
            network.wait_connected()
            controller.await_paths(len(topology.links))
            bench = cls(network, controller, first)
            half = len(topology.hosts) // 2
            names = [host.name for host in topology.hosts]
            live.wait_steady(network, list(zip(names[:3], names[half : half + 3], strict=True)))
            yield bench

    def changed(self) -> Iterator[tuple[str, Document]]:
        """One change after the other, each on top of those before."""
        for name, edit in _EDITS.items():
            self._policy = deepcopy(self._policy)
            edit(self._policy["slices"])
            yield name, self._policy

    def measure(self, name: str, policy: Document) -> Change:
        """Applies one policy while the stream runs."""
        before = self._tables()
        sink = live.program(self._network, self._sink.name, "stream-in")
        live.line_of(sink)
        packets = _STREAM_PER_S * _STREAM_S
        source = live.program(
            self._network, self._source.name, "stream-out", self._sink.address, str(packets),
            str(_STREAM_PER_S),
        )  # fmt: skip
        live.line_of(source)
        try:
            time.sleep(1.0)
            began = time.perf_counter()
            told = self._controller.api.ask(
                "/v1/policy/apply", {"policy": json.dumps(policy), "name": "large.yaml"}
            )
            in_force_s = time.perf_counter() - began
            if source.poll() is not None:
                raise BenchmarkError(f"{name}: the stream ended before the change was in force")
            sent, found = int(live.line_of(source)), json.loads(live.line_of(sink))
        finally:
            for process in (source, sink):
                live.end(process)
        return Change(
            name, len(before ^ self._tables()), sum(told["rules"].values()),
            sum(told["queues"].values()), sent - found["received"], found["copies"], in_force_s,
            told["seconds"],
        )  # fmt: skip

    def size(self) -> int:
        """Rules on all switches."""
        return sum("dump-flows" in entry for entry in self._tables())

    def _tables(self) -> frozenset[str]:
        """Every entry of every switch, as it lists them itself."""
        found = set()
        for switch in self._network.mininet.switches:
            for what in ("dump-flows", "dump-meters"):
                argv = ["ovs-ofctl", "-O", "OpenFlow13", "--no-names", "--no-stats", what]
                said = subprocess.run(
                    [*argv, switch.name], capture_output=True, text=True, check=True
                )
                lines = said.stdout.replace("\ntype=", " type=").splitlines()
                found |= {f"{switch.name} {what} {line}" for line in lines if "reply" not in line}
        return frozenset(found)


def _raise_guarantee(slices: Document) -> None:
    slices["tenant007"]["guarantee"] = "1%"


def _set_maximum(slices: Document) -> None:
    slices["other"]["maximum"] = "10 Mbit/s"


def _let_talk(slices: Document) -> None:
    slices["other"]["talks_to"] = ["third"]


def _add(slices: Document) -> None:
    slices["newcomer"] = {**deepcopy(slices["tenant001"])}
    slices["newcomer"]["members"][0]["vlan"] = 4000


def _remove(slices: Document) -> None:
    del slices["tenant002"]


def _nothing(_slices: Document) -> None:
    pass


_EDITS = {
    "nothing": _nothing,
    "one guarantee": _raise_guarantee,
    "one maximum, of a slice with hosts": _set_maximum,
    "two slices may talk": _let_talk,
    "a slice more": _add,
    "a slice less": _remove,
}
