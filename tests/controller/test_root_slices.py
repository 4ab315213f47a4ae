"""Slices on Open vSwitch: every probe of every host, and where it really arrived."""

import contextlib
import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.slice_isolation import Tenants
from benchmarks.slice_probes import may_talk, policy_text, probes
from policies.load import load_policy
from topologies.model import Host, Link, Switch, Topology

pytestmark = pytest.mark.root

_RATE = 20_000_000
_MAXIMUM, _MAXIMUM_BPS = "4Mbit/s", 4_000_000
_NAMES = ("za1", "zb1", "zt1", "za2", "zb2", "zt2")
TOPOLOGY = Topology(
    "tenants",
    (Switch("zl1", 0x5C01), Switch("zl2", 0x5C02)),
    tuple(
        Host(name, f"02:00:00:00:5c:{n:02x}", f"10.92.9.{n}/24", f"zl{name[-1]}", _RATE)
        for n, name in enumerate(_NAMES, 1)
    ),
    (Link("zl1", "zl2", _RATE),),
)


@dataclass
class Site:
    """The running network."""

    network: Any
    controller: Any
    log: Path
    tenants: Tenants
    start: Callable[[], Any] = lambda: None

    def restart(self) -> None:
        """A controller, after the end of the one before."""
        if self.controller:
            self.controller.process.kill()
            self.controller.process.wait()
        self.controller = self.start()
        self.network.wait_connected()
        self.controller.await_paths(len(TOPOLOGY.links))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from emulation.controlled import controller_process, free_port
    from emulation.network import emulate

    folder = tmp_path_factory.mktemp("tenants")
    policy, log = folder / "tenants.yaml", folder / "controller.log"
    policy.write_text(policy_text(TOPOLOGY, _MAXIMUM))
    address = ("127.0.0.1", free_port())
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(emulate(TOPOLOGY, policy=load_policy(), controller=address))
        made = Site(network, None, log, Tenants(network))
        made.start = lambda: stack.enter_context(
            controller_process(
                address,
                policy,
                log,
                topology=TOPOLOGY,
                environment={"HEADWAY_STATE": str(folder / "state")},
            )
        )
        made.restart()
        made.tenants.greet()
        yield made
        assert "Traceback" not in log.read_text()


def test_who_may_talk_does_and_nobody_else(site: Site) -> None:
    pings = site.tenants.ping()
    assert not [p for p in pings if p.answered != may_talk(p.sender.slice, p.target.slice)]


def test_no_probe_crosses_slices(site: Site) -> None:
    frames = probes(site.tenants.ends)
    arrived = site.tenants.probe(frames)
    leaked = {
        (p.sender.slice, name, p.frame.hex())
        for p, names in zip(frames, arrived, strict=True) for name in names - p.reach
    }  # fmt: skip
    assert not leaked
    reached = sum(map(bool, arrived))
    assert reached > len(frames) / 20  # the probes do arrive where they may
    print(f"{len(frames)} probes, {reached} arrived, 0 crossed")


def test_a_maximum_is_kept(site: Site) -> None:
    tenants = site.tenants
    a, b = (end for end in tenants.ends if end.slice == "tenant-b")
    receive = (
        "import socket\nat = socket.socket(2, 2)\nat.bind(('', 7001))\nat.settimeout(1.5)\n"
        "print('ready', flush=True)\ntotal = 0\n"
        "try:\n    while True:\n        total += len(at.recv(2048)) + 42\n"
        "except TimeoutError:\n    print(total)\n"
    )
    send = (
        "import socket, time, sys\nout = socket.socket(2, 2)\nend = time.monotonic() + 4\n"
        "while time.monotonic() < end:\n"
        "    out.sendto(bytes(1200), (sys.argv[1], 7001))\n    time.sleep(0.0008)\n"
    )
    receiver = tenants.popen(b, [sys.executable, "-c", receive], stdout=subprocess.PIPE, text=True)
    assert receiver.stdout.readline() == "ready\n"
    tenants.run(a, sys.executable, "-c", send, b.ip)
    bps = 8 * int(receiver.communicate(timeout=20)[0]) / 4
    print(f"{bps / 1e6:.2f} Mbit/s of {_MAXIMUM_BPS / 1e6:g}")
    assert 0.5 * _MAXIMUM_BPS < bps < 1.25 * _MAXIMUM_BPS


def test_the_switches_hold_what_they_were_told(site: Site) -> None:
    site.controller.check()
    text = site.log.read_text()
    assert "command-refused" not in text
    assert "tables-repaired" not in text


def test_a_restarted_controller_changes_nothing(site: Site) -> None:
    before = _rules()
    site.restart()
    # Once more, in case it only deletes when it has settled.
    time.sleep(2.0)
    assert _rules() == before
    assert "tables-repaired" not in site.log.read_text()


def _rules() -> list[str]:
    dumps = (
        subprocess.run(
            ["ovs-ofctl", "-O", "OpenFlow13", "--no-stats", "dump-flows", switch],
            capture_output=True, text=True, check=True,
        ).stdout.splitlines()[1:]
        for switch in ("zl1", "zl2")
    )  # fmt: skip
    return sorted(itertools.chain(*dumps))
