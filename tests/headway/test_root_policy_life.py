"""A policy's life on Open vSwitch, by the commands alone: check, plan, apply, refuse, try, go back.

While all of it happens a steady stream crosses the network in a slice that nothing of it concerns.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.load import load_policy
from topologies.model import Host, Link, Switch, Topology

pytestmark = pytest.mark.root

_RATE = 20_000_000
_NAMES = ("yk1", "yb1", "yc1", "yk2", "yb2", "yc2")
TOPOLOGY = Topology(
    "life",
    (Switch("yl1", 0x5D01), Switch("yl2", 0x5D02)),
    tuple(
        Host(name, f"02:00:00:00:5d:{n:02x}", f"10.93.0.{n}/24", f"yl{name[-1]}", _RATE)
        for n, name in enumerate(_NAMES, 1)
    ),
    (Link("yl1", "yl2", _RATE),),
)


def _text(ports: dict[str, str], **guarantees: str) -> str:
    lines = ["version: 1", "name: life", "slices:"]
    for name, guarantee in guarantees.items():
        two = f"[{ports[f'y{name}1']}, {ports[f'y{name}2']}]"
        lines.append(f"  {name}: {{members: [{{ports: {two}}}], guarantee: {guarantee}}}")
    return "\n".join(lines) + "\n"


class Site:
    """The network, its controller, and the commands a user has."""

    def __init__(self, network: Any, controller: Any, folder: Path, ports: dict[str, str]) -> None:
        self.network, self.controller, self.folder, self.ports = network, controller, folder, ports
        self.tokens = folder / "tokens"
        self.tokens.touch(mode=0o600)
        self.tokens.write_text(f"operator {controller.api.token}\n")

    def file(self, **guarantees: str) -> Path:
        path = self.folder / "life.yaml"
        path.write_text(_text(self.ports, **guarantees))
        return path

    def headway(self, *words: str | Path) -> "subprocess.CompletedProcess[str]":
        url = "http://{}:{}".format(*self.controller.api.address)
        command, *rest = map(str, words)
        return subprocess.run(
            [sys.executable, "-m", "headway", command, "--api", url, "--token-file",
             str(self.tokens), *rest], capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def told(self, *words: str | Path) -> Any:
        said = self.headway(*words, "--json")
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)

    def tables(self) -> dict[str, list[str]]:
        """What the switches themselves say they hold: rules and meters."""
        found = {}
        for switch in TOPOLOGY.switches:
            for what in ("dump-flows", "dump-meters"):
                argv = ["ovs-ofctl", "-O", "OpenFlow13", "--no-names", "--no-stats", what]
                said = subprocess.run(
                    [*argv, switch.name], capture_output=True, text=True, check=True
                )
                found[f"{switch.name} {what}"] = sorted(said.stdout.splitlines()[1:])
        return found

    def queue_rate(self, port: str, slice_number: int) -> str:
        """The guarantee of a slice's class, as the kernel has it."""
        said = subprocess.run(
            ["tc", "class", "show", "dev", port, "classid", f"1:{17 + slice_number:x}"],
            capture_output=True,
            text=True,
            check=True,
        )
        words = said.stdout.split()
        return words[words.index("rate") + 1] if "rate" in words else ""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from emulation.attachments import attachments
    from emulation.controlled import controller_process, free_port
    from emulation.keeper import socket_path
    from emulation.network import emulate

    folder = tmp_path_factory.mktemp("life")
    ports = {p.peer: p.interface for p in attachments(TOPOLOGY) if p.peer in _NAMES}
    first = folder / "first.yaml"
    first.write_text(_text(ports, k="20%", b="20%", c="20%"))
    address, log = ("127.0.0.1", free_port()), folder / "controller.log"
    with contextlib.ExitStack() as stack:
        queues = stack.enter_context(socket_path())
        controller = stack.enter_context(
            controller_process(
                address,
                first,
                log,
                topology=TOPOLOGY,
                queues=queues,
                environment={"HEADWAY_STATE": str(folder / "state")},
            )
        )
        network = stack.enter_context(
            emulate(TOPOLOGY, policy=load_policy(first), controller=address, queues=queues)
        )
        network.wait_connected()
        controller.await_paths(len(TOPOLOGY.links))
        made = Site(network, controller, folder, ports)
        for name in "kbc":
            ping = ["ping", "-c3", "-i0.3", "-W1", _address(f"y{name}2")]
            pinged = network.popen(f"y{name}1", ping, stdout=subprocess.DEVNULL)
            assert pinged.wait(timeout=30) == 0
        yield made
        assert "Traceback" not in log.read_text()


def _address(host: str) -> str:
    return next(h.address for h in TOPOLOGY.hosts if h.name == host)


@contextlib.contextmanager
def steady(site: Site, seconds: int) -> Iterator[None]:
    """1,000 packets a second in slice k, longer than what is inside lasts; none may be lost."""
    from benchmarks import live

    sink = live.program(site.network, "yk2", "stream-in")
    try:
        live.line_of(sink)
        words = ("stream-out", _address("yk2"), str(seconds * 1000), "1000")
        source = live.program(site.network, "yk1", *words)
        try:
            live.line_of(source)
            yield
            assert source.poll() is None, "the stream ended before what it was to watch"
            sent, found = int(live.line_of(source)), json.loads(live.line_of(sink))
        finally:
            live.end(source)
    finally:
        live.end(sink)
    assert (found["received"], found["copies"]) == (sent, 0)


def test_a_plan_tells_the_difference_and_makes_none(site: Site) -> None:
    before = site.tables()
    plan = site.told("plan", site.file(k="20%", b="30%", c="20%"))
    assert [(d["path"], d["old"], d["new"]) for d in plan["policy"]] == [
        ("slices.b.guarantee", {"bps": None, "share": 0.2}, {"bps": None, "share": 0.3})
    ]
    assert plan["queues"] and not plan["rules"]
    assert site.tables() == before


def test_a_change_touches_what_differs_and_the_stream_of_another_slice_loses_nothing(
    site: Site,
) -> None:
    before = site.tables()
    trunk = site.network.port_between("yl1", "yl2").interface
    with steady(site, 8):
        told = site.told("apply", site.file(k="20%", b="30%, maximum: 8 Mbit/s", c="20%"), "--yes")
    assert told["outcome"] == "applied"
    after = site.tables()
    gone = {line for k in before for line in set(before[k]) - set(after[k])}
    macs = {host.mac for host in TOPOLOGY.hosts if host.name.startswith("yb")}
    # b's hosts, who are let in through a meter now, and nothing else
    assert gone and all(any(mac in line for mac in macs) for line in gone)
    assert site.queue_rate(trunk, 1) == "6Mbit"  # b: slices are numbered by name


def test_who_when_and_why_are_kept_and_going_back_undoes_it(site: Site) -> None:
    before = site.tables()
    site.told("apply", site.file(k="20%", b="20%", c="10%"), "--yes", "-m", "c pays less")
    last = site.told("history")[0]
    assert (last["why"], last["who"], last["outcome"]) == ("c pays less", "emulation", "applied")
    with steady(site, 8):
        back = site.told("rollback", "-m", "a mistake")
    assert back["kind"] == "rollback"
    assert site.tables() == before


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"k": "20%", "b": "90%", "c": "20%"}, "life.yaml:"),
        ({"k": "20%", "b": "15 Mbit/s", "c": "20%"}, "life.yaml:"),
        ({"k": "20%", "b": "20%, vlam: 3", "c": "20%"}, "vlam"),
    ],
)
def test_what_cannot_hold_is_refused_and_changes_nothing(
    site: Site, wanted: dict[str, str], complaint: str
) -> None:
    before = site.tables()
    said = site.headway("apply", site.file(**wanted), "--yes")
    assert said.returncode == 2
    assert complaint in said.stderr and "Traceback" not in said.stderr
    assert site.tables() == before


def test_a_port_that_refuses_its_queues_makes_everything_go_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emulation import queue_set

    before, trunk = site.tables(), site.network.port_between("yl2", "yl1").interface
    rates = [site.queue_rate(trunk, n) for n in (1, 2, 3)]
    run_tc, spoilt = queue_set._run_tc, []

    def refuse(lines: Any) -> None:
        """The kernel is asked, once, for a class under one that isn't there."""
        lines = list(lines)
        if not spoilt and any(interface == trunk for interface, _ in lines):
            spoilt.append(f"qdisc replace dev {trunk} parent 1:beef pfifo limit 5")
            lines.append((trunk, spoilt[0]))
        run_tc(lines)

    monkeypatch.setattr(queue_set, "_run_tc", refuse)
    refused = site.headway("apply", site.file(k="20%", b="11%, weight: 3", c="20%"), "--yes")
    assert refused.returncode == 2
    assert spoilt and trunk in refused.stderr
    assert site.tables() == before
    assert [site.queue_rate(trunk, n) for n in (1, 2, 3)] == rates


def test_a_canary_is_tried_by_a_share_and_promoted_or_taken_back(site: Site) -> None:
    trunk = site.network.port_between("yl1", "yl2").interface
    wanted = site.file(k="20%", b="25%", c="25%")
    site.told("apply", wanted, "--yes", "--canary", "50%", "--bake", "0")
    assert [site.queue_rate(trunk, n) for n in (1, 2)] == ["5Mbit", "4Mbit"]
    told = site.told("apply", "--promote")
    assert told["outcome"] == "applied"
    assert [site.queue_rate(trunk, n) for n in (1, 2)] == ["5Mbit", "5Mbit"]
    site.told(
        "apply", site.file(k="20%", b="10%", c="10%"), "--yes", "--canary", "50%", "--bake", "0"
    )
    assert [site.queue_rate(trunk, n) for n in (1, 2)] == ["2Mbit", "5Mbit"]
    site.told("rollback")
    assert [site.queue_rate(trunk, n) for n in (1, 2)] == ["5Mbit", "5Mbit"]
