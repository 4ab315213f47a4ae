"""What only a network shows: traffic through cuts, restarts and tampering, on Open vSwitch."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from policies.load import load_policy
from topologies.model import Host, Link, Switch, Topology

pytestmark = pytest.mark.root

_RATE = 20_000_000
# A leaf-spine with names of its own, so that it can stand beside any other network.
TOPOLOGY = Topology(
    "survival",
    (Switch("yl1", 0x5B01), Switch("yl2", 0x5B02), Switch("ys1", 0x5B11), Switch("ys2", 0x5B12)),
    tuple(
        Host(f"yh{n}", f"02:00:00:00:5b:0{n}", f"10.91.0.{n}/24", f"yl{n}", _RATE) for n in (1, 2)
    ),
    tuple(Link(leaf, spine, _RATE) for leaf in ("yl1", "yl2") for spine in ("ys1", "ys2")),
)
_SEND = """
import socket, sys, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
start = time.monotonic()
for i in range(int(sys.argv[2])):
    out.sendto(b"%d" % i, (sys.argv[1], 7000))
    time.sleep(max(0.0, start + i / 1000 - time.monotonic()))
"""
_RECEIVE = """
import socket
at = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
at.bind(("", 7000))
at.settimeout(2.0)
print("ready", flush=True)
seen = []
try:
    while True:
        seen.append(int(at.recv(64)))
except TimeoutError:
    print(len(set(seen)), len(seen), max(seen, default=-1))
"""


class Stream:
    """A numbered 1,000 packets/s UDP stream from the first host to the second."""

    def __init__(self, network: object, packets: int) -> None:
        self._network, self._packets = network, packets

    def during(self, act: Callable[[], None]) -> tuple[int, int, int]:
        """(different packets received, all received, highest number) with `act` in the middle."""
        python = [sys.executable, "-c"]
        popen = self._network.popen  # type: ignore[attr-defined]
        receiver = popen("yh2", [*python, _RECEIVE], stdout=subprocess.PIPE, text=True)
        assert receiver.stdout.readline() == "ready\n"
        sender = popen("yh1", [*python, _SEND, "10.91.0.2", str(self._packets)])
        time.sleep(0.3)  # the stream is under way; a length, not a condition to wait for
        act()
        sender.wait()
        different, received, highest = map(int, receiver.communicate()[0].split())
        return different, received, highest


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("survival") / "controller.log"


@pytest.fixture(scope="module")
def fabric(log: Path) -> Iterator[tuple[object, object, contextlib.ExitStack]]:
    from emulation.controlled import controller_process, free_port
    from emulation.network import emulate

    address = ("127.0.0.1", free_port())
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(emulate(TOPOLOGY, policy=load_policy(), controller=address))
        controllers = stack.enter_context(contextlib.ExitStack())
        controller = controllers.enter_context(controller_process(address, None, log))
        network.wait_connected()
        controller.await_paths(len(TOPOLOGY.links))
        ping = ["ping", "-c1", "-W1", "10.91.0.2"]
        assert any(network.popen("yh1", ping, stdout=-3).wait() == 0 for _ in range(10))
        yield network, controller, controllers


def _used_uplink(network: object) -> str:
    """The spine that carries the stream."""
    before = network.link_counters()  # type: ignore[attr-defined]
    time.sleep(0.2)
    after = network.link_counters()  # type: ignore[attr-defined]
    return max(("ys1", "ys2"), key=lambda s: after["yl1", s] - before["yl1", s])


@pytest.mark.parametrize("near", ["yl1", "yl2"])
def test_a_cut_is_survived_while_the_controller_stands_still(fabric, near: str) -> None:
    network, controller, _ = fabric
    cut: list[str] = []

    def act() -> None:
        cut.append(_used_uplink(network))
        network.cut(near, cut[0])

    os.kill(controller.process.pid, signal.SIGSTOP)
    try:
        different, received, highest = Stream(network, 2000).during(act)
    finally:
        os.kill(controller.process.pid, signal.SIGCONT)
        network.mend(near, cut[0])
    assert highest == 1999  # it came back by itself
    assert different == received  # nothing twice
    assert different > 1500
    controller.await_paths(len(TOPOLOGY.links))


def test_rules_deleted_by_somebody_else_come_back(fabric) -> None:
    _, controller, _ = fabric
    ofctl = ["ovs-ofctl", "-O", "OpenFlow13"]

    def rules() -> list[str]:
        dump = subprocess.run(
            [*ofctl, "--no-stats", "dump-flows", "yl1"], capture_output=True, text=True, check=True
        )
        return sorted(dump.stdout.splitlines()[1:])

    before = rules()
    subprocess.run([*ofctl, "del-flows", "yl1", "table=4"], check=True)
    assert rules() != before
    for _ in range(200):
        if rules() == before:
            break
        controller.check()
        time.sleep(0.1)
    assert rules() == before


def test_killing_and_restarting_the_controller_loses_nothing(fabric, log: Path) -> None:
    from emulation.controlled import controller_process

    network, controller, controllers = fabric

    def act() -> None:
        controller.process.kill()
        again = controllers.enter_context(
            controller_process(controller.address, None, log.with_name("again.log"))
        )
        network.wait_connected()
        again.await_paths(len(TOPOLOGY.links))

    packets = 8000
    different, received, highest = Stream(network, packets).during(act)
    assert (different, received, highest) == (packets, packets, packets - 1)
    log_text = log.read_text() + log.with_name("again.log").read_text()
    assert "Traceback" not in log_text
    # Once in the test above; the new controller found everything as it should be.
    assert log_text.count("[tables-repaired]") <= 1
