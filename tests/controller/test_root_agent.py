"""The agent on real switches and real traffic: off the weak link, and back when the agent fails."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openflow_peer import wait_for

from controller.advice.observe import FEATURES
from controller.advice.policy import Policy, save
from controller.advice.registry import Registry
from headway.cli import main
from policies.load import load_policy
from topologies.model import Host, Link, Switch, Topology

pytestmark = pytest.mark.root

_RATE, _WEAK = 20_000_000, 5_000_000


def weak_leaf_spine(prefix: str, number: int) -> Topology:
    """Two leaves, two spines, names of its own; the links of the second spine are weak."""
    leaves, spines = (tuple(f"{prefix}{kind}{n}" for n in (1, 2)) for kind in "ls")
    return Topology(
        "weak",
        tuple(Switch(name, number + n) for n, name in enumerate((*leaves, *spines))),
        tuple(
            Host(f"{prefix}h{n}", f"02:00:00:{number >> 8:02x}:00:0{n}", f"10.92.0.{n}/24",
                 f"{prefix}l{n}", 2 * _RATE)
            for n in (1, 2)
        ),
        tuple(
            Link(leaf, spine, rate)
            for leaf in leaves
            for spine, rate in zip(spines, (_RATE, _WEAK), strict=True)
        ),
    )  # fmt: skip


TOPOLOGY = weak_leaf_spine("w", 0x5C00)
_INTERVAL_S = 0.5
_SEND = """
import contextlib, socket, sys, threading
def push():
    out = socket.create_connection((sys.argv[1], 7001))
    with contextlib.suppress(OSError):
        while True:
            out.sendall(bytes(65536))
for _ in range(8):
    threading.Thread(target=push).start()
"""
_TAKE = """
import socket, threading
def take(end):
    while end.recv(65536):
        pass
at = socket.create_server(("", 7001))
print("ready", flush=True)
while True:
    threading.Thread(target=take, args=(at.accept()[0],)).start()
"""


class Live:
    """The network, its controller, and bulk traffic from one leaf to the other."""

    def __init__(self, network: Any, controller: Any, state: Path) -> None:
        self.network, self.controller, self.state = network, controller, state
        self.leaf, _, _, self.spine = (switch.name for switch in network.topology.switches)

    def weak_share(self) -> float:
        """The share of the weak spine in the throughput group of the first leaf."""
        told = subprocess.run(
            ["ovs-ofctl", "-O", "OpenFlow13", "dump-groups", self.leaf],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        port = self.network.port_between(self.leaf, self.spine)
        weak = {str(port.port_no), f'"{port.interface}"', port.interface}
        shares = []
        for line in told.splitlines():
            if "type=select" in line:
                found = re.findall(r"weight:(\d+),watch_port:([^,]+),", line)
                weights = {way: int(weight) for weight, way in found}
                share = sum(weight for way, weight in weights.items() if way in weak)
                shares.append(share / sum(weights.values()))
        return min(shares)

    def advisor(self) -> int:
        """The process id of the advisor of this controller."""
        own = self.controller.process.pid
        told = subprocess.run(
            ["pgrep", "-P", str(own), "-f", "controller.advice.process"],
            capture_output=True, text=True, check=False,
        ).stdout.split()  # fmt: skip
        return int(told[0]) if told else 0

    def metric(self, name: str) -> float:
        value: float = self.controller.metric(name)
        return value

    def log(self) -> str:
        text: str = self.controller.log.read_text()
        return text

    def push(self) -> None:
        """Bulk traffic from one leaf to the other, as much as goes."""
        network = self.network
        taker = network.popen("wh2", [sys.executable, "-c", _TAKE], stdout=subprocess.PIPE)
        assert taker.stdout is not None
        with taker.stdout as said:
            assert said.readline() == b"ready\n"
        network.popen("wh1", [sys.executable, "-c", _SEND, "10.92.0.2"])

    def await_advice(self) -> None:
        wait_for(lambda: self.weak_share() < 0.35, "traffic off the weak link", 30)


@contextlib.contextmanager
def live(folder: Path, agent: str, topology: Topology = TOPOLOGY) -> Iterator[Live]:
    from emulation.controlled import controller_process, free_port
    from emulation.network import emulate

    address, state = ("127.0.0.1", free_port()), folder / "state"
    options = ["--agent", agent, "--state", str(state), "--advise-interval", str(_INTERVAL_S)]
    with (
        controller_process(
            address, None, folder / "controller.log", *options, topology=topology
        ) as controller,
        emulate(topology, policy=load_policy(), controller=address) as network,
    ):
        network.wait_connected()
        controller.await_paths(len(topology.links))
        yield Live(network, controller, state)
        assert "Traceback" not in controller.log.read_text()


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("agent"), "least-loaded") as running:
        running.push()
        yield running


def test_traffic_moves_off_the_weak_link_and_explain_says_why(weak: Live) -> None:
    weak.await_advice()
    told = subprocess.run(
        [sys.executable, "-m", "headway", "policy", "explain", "wh1", "wh2",
         "--state", str(weak.state)],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    assert "wl1 ws2 wl2" in told
    assert "with equal splits" in told


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_hung_advisor_means_equal_splits_and_it_comes_back(
    weak: Live, how: signal.Signals
) -> None:
    weak.await_advice()
    before = weak.advisor()
    os.kill(before, how)
    began = time.monotonic()
    wait_for(lambda: weak.weak_share() == 0.5, "equal splits", 10)
    print(f"{how.name}: equal splits after {time.monotonic() - began:.2f} s")
    wait_for(lambda: weak.advisor() not in (0, before), "another advisor", 30)
    weak.await_advice()


def damaged(folder: Path) -> Path:
    """A policy file that was torn."""
    file = folder / "torn.npz"
    file.write_bytes(b"PK\x03\x04 torn")
    return file


def test_a_damaged_policy_leaves_the_network_on_equal_splits(tmp_path: Path) -> None:
    torn = str(damaged(tmp_path))
    with live(tmp_path, torn, weak_leaf_spine("v", 0x5D00)) as running:
        wait_for(lambda: "torn.npz" in running.log(), "the error in the log", 20)
        wait_for(lambda: running.log().count("no agent, equal splits") > 1, "another try", 20)
        assert running.weak_share() == 0.5
        assert running.metric("headway_settled") == 1


def plain_policy(file: Path) -> Path:
    """A policy whose network corrects nothing: the plan alone."""
    width = len(FEATURES)
    save(
        Policy(
            (np.zeros((width, 1), np.float32), np.zeros(1, np.float32)),
            mean=np.zeros(width, np.float32), spread=np.ones(width, np.float32),
            low=np.full(width, -1e9, np.float32), high=np.full(width, 1e9, np.float32),
        ),
        file,
    )  # fmt: skip
    return file


def test_a_promotion_is_followed_while_it_runs_and_so_is_the_way_back(
    weak: Live, tmp_path: Path
) -> None:
    def policy(*words: str) -> None:
        assert main(["policy", *words, "--state", str(weak.state)]) == 0

    registry = Registry(weak.state)

    def deciding() -> str:
        return str(registry.decisions(1)[0]["agent"])

    weak.await_advice()
    policy("import", str(plain_policy(tmp_path / "plain.npz")))
    policy("shadow", "plain")
    wait_for(lambda: "shadow" in registry.decisions(1)[0]["scores"], "scores of the shadow", 10)
    policy("promote", "plain")
    wait_for(lambda: deciding() == "plain", "the promoted policy decides", 10)
    policy("rollback")
    wait_for(lambda: deciding() == "least-loaded", "the base agent decides again", 10)
