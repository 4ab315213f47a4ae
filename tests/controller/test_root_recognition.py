"""Flows recognised on a real network: copies, rules and marks on Open vSwitch."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from policies.classes import TrafficClass
from policies.load import load_policy
from topologies.model import Host, Link, Switch, Topology

pytestmark = pytest.mark.root

_RATE = 20_000_000
TOPOLOGY = Topology(
    "recognition",
    (Switch("yr1", 0x5C01), Switch("yr2", 0x5C02)),
    tuple(
        Host(f"yt{n}", f"02:00:00:00:5c:0{n}", f"10.92.0.{n}/24", f"yr{n}", _RATE) for n in (1, 2)
    ),
    (Link("yr1", "yr2", _RATE),),
)
_SERVE = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"# HELP up Up.\\n# TYPE up gauge\\nup 1\\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass
server = http.server.HTTPServer(("", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
"""
_ASK = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=5)
for line in sys.stdin:
    connection.request("GET", "/metrics")
    print(len(connection.getresponse().read()), flush=True)
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    from emulation.controlled import controller_process, free_port
    from emulation.network import emulate

    log = Path(tmp_path_factory.mktemp("recognition")) / "controller.log"
    address = ("127.0.0.1", free_port())
    with (
        controller_process(address, None, log) as controller,
        emulate(TOPOLOGY, policy=load_policy(), controller=address) as made,
    ):
        made.wait_connected()
        controller.await_paths(1)
        ping = ["ping", "-c1", "-W1", "10.92.0.2"]
        assert any(made.popen("yt1", ping, stdout=-3).wait() == 0 for _ in range(10))
        yield made


def _rules(switch: str, words: str) -> list[str]:
    ofctl = ["ovs-ofctl", "-O", "OpenFlow13", "dump-flows", switch]
    done = subprocess.run(ofctl, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if words in line and "priority=640" in line]


def _await_rules(switch: str, words: str) -> list[str]:
    deadline = time.monotonic() + 10.0
    while not (found := _rules(switch, words)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


@contextmanager
def _running(network: object, host: str, *argv: str) -> Iterator[subprocess.Popen[str]]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = network.popen(host, [sys.executable, "-c", *argv], **pipes)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


@pytest.mark.parametrize("port", [22222, 29500])
def test_a_scrape_on_any_port_is_marked_as_telemetry_both_ways(network, port: int) -> None:
    mark = f"set_field:{load_policy().class_of(TrafficClass.TELEMETRY).dscp}->ip_dscp"
    ways = (("yr1", f"tp_dst={port}"), ("yr2", f"tp_src={port}"))
    with (
        _running(network, "yt2", _SERVE, str(port)) as server,
        _running(network, "yt1", _ASK, "10.92.0.2", str(port)) as client,
    ):
        assert server.stdout.readline() == "ready\n"

        def ask() -> None:
            client.stdin.write("\n")
            client.stdin.flush()
            assert int(client.stdout.readline()) > 0

        ask()
        for way in ways:
            (rule,) = _await_rules(*way)
            assert mark in rule
        for _ in range(5):
            ask()
        for way in ways:
            (rule,) = _await_rules(*way)
            assert "n_packets=0" not in rule  # it is what the flow's packets take now
