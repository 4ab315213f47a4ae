"""The API beside real switches: what it tells is what they hold; a policy is applied to them."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openflow_peer import Controller, free_port, wait_for
from test_shell_live import renamed

from policies.load import DEFAULT_POLICY, load_policy
from topologies.registry import build

pytestmark = pytest.mark.root
WAYS = ["os-ken", pytest.param("ryu", marks=pytest.mark.ryu)]
TOPOLOGY = renamed(build("leafspine,spines=2,leaves=2,hosts=2"), "zy")
READER, OPERATOR = "r" * 32, "o" * 32


@pytest.fixture(params=WAYS)
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Controller, str]]:
    folder, address = tmp_path_factory.mktemp("controller"), f"127.0.0.1:{free_port()}"
    tokens = folder / "tokens"
    tokens.write_text(f"reader {READER}\noperator {OPERATOR} ann\n")
    tokens.chmod(0o600)
    env = {"HEADWAY_API": address, "HEADWAY_API_TOKENS": str(tokens),
           "HEADWAY_STATE": str(folder / "state")}  # fmt: skip
    options = ["--api", address] if request.param == "os-ken" else []
    started = Controller(request.param, folder, *options, env=env)
    try:
        yield started.wait_ready(), address
        started.assert_well()
    finally:
        started.stop()


def ask(address: str, path: str, body: Any = None, token: str = OPERATOR) -> Any:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://{address}{path}", content, {"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def flows(bridge: str) -> int:
    """Flow entries, as the switch itself counts them."""
    told = subprocess.run(
        ["ovs-ofctl", "-O", "OpenFlow13", "dump-aggregate", bridge], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return int(told.stdout.rpartition("flow_count=")[2])


def test_what_it_tells_is_what_switches_hold(api: tuple[Controller, str], tmp_path: Path) -> None:
    from emulation.network import emulate

    controller, address = api
    with emulate(TOPOLOGY, policy=load_policy(), controller=controller.address) as network:
        wait_for(lambda: len(ask(address, "/stats/switches")) == 4, "switches", 30)
        wait_for(lambda: ask(address, "/v1/health")["settled"], "paths in use", 30)
        for host in TOPOLOGY.hosts:
            other = next(h for h in TOPOLOGY.hosts if h is not host)
            network.popen(host.name, ["ping", "-c1", "-W2", other.address]).wait(10)
        wait_for(lambda: ask(address, "/v1/hosts")["total"] == len(TOPOLOGY.hosts), "hosts", 30)
        links = ask(address, "/v1.0/topology/links", token=READER)
        assert len(links) == 2 * len(TOPOLOGY.links)
        wait_for(lambda: all(s["synced"] for s in _switches(address)), "all confirmed", 30)
        for switch in TOPOLOGY.switches:
            told = ask(address, f"/stats/flow/{switch.dpid}", token=READER)[str(switch.dpid)]
            assert len(told) == flows(switch.name)
        wait_for(lambda: _sent(address) > 0, "counters read", 30)
        _changes(address, tmp_path)
        assert controller.count("command-refused") == 0
        assert controller.count("tables-repaired") == 0


def _switches(address: str) -> list[Any]:
    items: list[Any] = ask(address, "/v1/switches")["items"]
    return items


def _sent(address: str) -> int:
    dpid = TOPOLOGY.switches[0].dpid
    ports = ask(address, f"/stats/port/{dpid}")[str(dpid)]
    return max(port["tx_bytes"] for port in ports)


def _changes(address: str, tmp_path: Path) -> None:
    """A policy is applied to all four, by the command, and taken back."""
    mine, token = tmp_path / "mine.yaml", tmp_path / "token"
    token.write_text(f"operator {OPERATOR}\n")
    text = DEFAULT_POLICY.read_text().replace("dscp: AF31", "dscp: AF32")
    mine.write_text(text.replace("name: default", "name: mine"))
    end = ["--api", f"http://{address}", "--token-file", str(token)]
    for words in (["plan", str(mine)], ["apply", str(mine), "--yes"], ["rollback"]):
        told = subprocess.run(
            [sys.executable, "-m", "headway", *words, *end], capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        if words[0] != "rollback":
            assert "on 4 switches" in told.stdout
    assert ask(address, "/v1/policy")["name"] == "default"
