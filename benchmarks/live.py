"""Networks for the live benchmarks: named apart from anybody else's, and wiped between controllers.

Owns the names' prefix and the waiting until a controller has made the network work.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmarks.processes import command_of
from benchmarks.result import BenchmarkError
from emulation.network import Network
from topologies.model import Topology
from topologies.registry import build

_PREFIX = "B"
_READY_TIMEOUT_S = 20.0
_STEADY_S = 1.5  # after the first answer: second-best paths and their barriers follow


def topology_of(spec: str) -> Topology:
    """The topology with every node renamed, since names of bridges belong to the whole machine."""
    plain = build(spec)
    name = f"{_PREFIX}{{}}".format
    return replace(
        plain,
        switches=tuple(replace(s, name=name(s.name)) for s in plain.switches),
        hosts=tuple(replace(h, name=name(h.name), switch=name(h.switch)) for h in plain.hosts),
        links=tuple(replace(k, a=name(k.a), b=name(k.b)) for k in plain.links),
    )


def program(network: Network, host: str, name: str, *words: str) -> "subprocess.Popen[str]":
    """Starts a function of `benchmarks.programs` in a host's namespace, with pipes."""
    process: subprocess.Popen[str] = network.popen(
        host, [sys.executable, "-u", "-m", "benchmarks.programs", name, *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    return process


def end(process: "subprocess.Popen[str]") -> None:
    """Ends a program and closes its pipes."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def say(process: "subprocess.Popen[str]", line: str = "") -> None:
    """Sends a program one line: its word to begin, or what to do."""
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def line_of(process: "subprocess.Popen[str]") -> str:
    """The next line a program prints.

    Raises:
        BenchmarkError: It ended without one.
    """
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        raise BenchmarkError(f"{command_of(process)}: ended early")
    return line


def wipe(network: Network) -> None:
    """Empties every switch's tables and every host's neighbour table: a network never used."""
    for switch in network.mininet.switches:
        for words in (["del-flows"], ["del-groups"], ["del-meters"]):
            _ofctl([words[0], switch.name])
    for host in network.mininet.hosts:
        host.cmd("ip neigh flush all")


def punts(network: Network) -> int:
    """Packets sent to the controller so far by rules of all switches, discovery probes left out."""
    total = 0
    for switch in network.mininet.switches:
        for line in _ofctl(["dump-flows", switch.name]).splitlines():
            if "CONTROLLER:" in line and "dl_type=0x88cc" not in line:
                total += int(line.split("n_packets=")[1].split(",")[0])
    return total


def _ofctl(words: Sequence[str]) -> str:
    done = subprocess.run(
        ["ovs-ofctl", "-O", "OpenFlow13", *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"ovs-ofctl {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def wait_steady(network: Network, pairs: Sequence[tuple[str, str]]) -> None:
    """Returns when every pair's ping is answered, and a little later.

    Raises:
        BenchmarkError: Some pair gets no answer in time.
    """
    deadline = time.monotonic() + _READY_TIMEOUT_S
    addresses = {host.name: host.address for host in network.topology.hosts}
    waiting = list(pairs)
    while waiting:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"no answer between {waiting[0][0]} and {waiting[0][1]}")
        pings = [(pair, _ping(network, pair[0], addresses[pair[1]])) for pair in waiting]
        waiting = [pair for pair, ping in pings if ping.wait() != 0]
    time.sleep(_STEADY_S)


def _ping(network: Network, host: str, address: str) -> "subprocess.Popen[Any]":
    return network.popen(
        host, ["ping", "-q", "-c", "1", "-W", "1", address], stdout=subprocess.DEVNULL
    )
