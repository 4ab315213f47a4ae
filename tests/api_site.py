"""A whole API on a small network, in memory: real state, real policies and versions, no switches.

The manager here is honest: it reads and checks policies, keeps versions, and refuses what the real
one refuses; only switches and queues are missing. `Server` serves it as the controller does, in a
process of its own; `Quick` without that.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from controller.api.access import Tokens, make_own, own_tokens
from controller.api.interface import Site
from controller.api.routes import Route
from controller.api.site import build
from controller.canary import Figures
from controller.errors import ApplyError, BusyError
from controller.jobs import JobRegister, addresses
from controller.notes import NoteLog
from controller.rules import Field, Load, Move, Output, Rule, SetField
from controller.settings import Settings
from controller.state import State
from controller.store import Version, VersionStore
from policies.check import check
from policies.difference import difference
from policies.load import DEFAULT_POLICY, parse_policy
from policies.model import Policy

READER, OPERATOR = "r" * 20, "o" * 20
JOB = {"id": "train-7", "class": "gradient", "hosts": ["10.0.0.1", "10.0.0.2"],
       "ports": [29500, "40000-40100"]}  # fmt: skip
FLOWS: list[dict[str, Any]] = [
    {"transport": "tcp", "client": "10.0.0.1", "cport": 41000, "server": "10.0.0.2",
     "sport": 8001, "slice": None, "class": "inference", "known": True,
     "protocol": "KServe v2 gRPC", "role": "request", "reason": "signature",
     "why": "KServe v2 protocol", "confidence": 0.99},
    {"transport": "udp", "client": "2001:db8::1", "cport": 5000, "server": "2001:db8::2",
     "sport": 4791, "slice": None, "class": "gradient", "known": True, "protocol": "",
     "role": "", "reason": "port", "why": "port of RoCEv2", "confidence": 0.3},
]  # fmt: skip
ROOT = Path(__file__).resolve().parents[1]


class MemoryManager:
    """The manager's interface without a network."""

    def __init__(
        self, folder: Path, state: State, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self.store, self.state = VersionStore(folder), state
        self.jobs = JobRegister(
            folder,
            lambda: self.state.policy,
            lambda word, part: addresses(self.state, None, word, part),
        )
        self.refuse = ""  # what a switch says to the next change
        self.takes_s = 0.0
        self._pause, self._busy = pause, False
        self.trial: dict[str, Any] | None = None
        text = DEFAULT_POLICY.read_text()
        version = self.store.begin(state.policy, text, who="", why="", kind="start")
        self.version = self.store.finish(version.id, "applied")

    def check(self, text: str, name: str) -> dict[str, Any]:
        return check(parse_policy(text, name), None, datetime.now(timezone.utc)).told()

    def plan(self, text: str, name: str) -> dict[str, Any]:
        policy = parse_policy(text, name)
        return {
            "name": policy.name, "version": self.version.id,
            "policy": difference(self.state.policy, policy), "rules": {"0x1": {"add": 2}},
            "queues": {"s1-eth1": 3}, "queues_kept": True, "report": self.check(text, name),
        }  # fmt: skip

    def running(self) -> dict[str, Any]:
        return {**self.version.told(), "text": self.version.text, "next_change": None,
                "canary": self.trial}  # fmt: skip

    def apply(
        self, text: str, name: str, who: str = "", why: str = "",
        canary: float | None = None, bake_s: float = 60.0,
    ) -> dict[str, Any]:  # fmt: skip
        with self._alone():
            policy = parse_policy(text, name)
            kind = "apply" if canary is None else "canary"
            version = self.store.begin(policy, text, who=who, why=why, kind=kind)
            if canary is not None:
                self.trial = {"version": version.id, "slices": ["red"], "bake_s": bake_s,
                              "began": "2026-01-01T00:00:00+00:00"}  # fmt: skip
                return {**version.told(), "rules": {}, "queues": {}, "canary": self.trial}
            return self._commit(version, policy)

    def rollback(self, who: str = "", why: str = "", to: int | None = None) -> dict[str, Any]:
        if self.trial and to is None:
            return self.abort(who)
        with self._alone():
            target = self.store.version(to) if to is not None else self.store.previous()
            policy = parse_policy(target.text, "x")
            version = self.store.begin(policy, target.text, who=who, why=why, kind="rollback")
            return self._commit(version, policy)

    def promote(self, who: str = "") -> dict[str, Any]:
        version = self._tried()
        self.trial = None
        return self._commit(version, parse_policy(version.text, "x"))

    def abort(self, who: str = "") -> dict[str, Any]:
        version = self._tried()
        self.trial = None
        return {**self.store.finish(version.id, "rolled-back", f"by {who}").told(), "rules": {}}

    def figures(self) -> Mapping[str, Figures]:
        return {part.name: Figures(1000.0, 10.0, 1.0, 5.0) for part in self.state.policy.slices}

    def _tried(self) -> Version:
        if self.trial is None:
            raise ApplyError("nothing is being tried")
        return self.store.version(self.trial["version"])

    def _commit(self, version: Version, policy: Policy) -> dict[str, Any]:
        self._pause(self.takes_s)
        if self.refuse:
            self.store.finish(version.id, "refused", self.refuse)
            raise ApplyError(f"{self.refuse}; everything is as it was")
        self.version, self.state.policy = self.store.finish(version.id, "applied"), policy
        return {**self.version.told(), "rules": {"0x1": 2}, "queues": {"s1-eth1": 3},
                "queues_kept": True, "seconds": self.takes_s}  # fmt: skip

    @contextmanager
    def _alone(self) -> Any:
        if self._busy:
            raise BusyError("another change is being made; try again")
        self._busy = True
        try:
            yield
        finally:
            self._busy = False


def tokens(folder: Path) -> Path:
    """A file of one reader's and one operator's token."""
    path = folder / "tokens"
    path.write_text(f"# who may\nreader {READER} prometheus\noperator {OPERATOR} ann\n")
    path.chmod(0o600)
    return path


def small_state() -> State:
    """Two leaves, two spines and four hosts, with counters."""
    from fabric import leaf_spine  # the fake network, only where one is needed

    network = leaf_spine(spines=2, leaves=2, hosts=2).start()
    state = network.state
    from controller.core import decide
    from controller.events import (
        CountersRead,
        FlowCounters,
        MeterCounters,
        PortCounters,
        QueueCounters,
    )

    rules = list(state.switches[1].mirror.actual_rules.values())
    for at, factor in ((network.now, 1), (network.now + 1, 2)):
        counters = (
            *(PortCounters(p, 1000 * factor, 2000 * factor, 1, 2, 0) for p in (1, 2)),
            *(QueueCounters(1, q, 100 * factor, 1) for q in (0, 7)),
            *(FlowCounters(rule, 5, 500) for rule in rules[:3]),
            *(MeterCounters(m, 30, 3000, 4, 400) for m in state.switches[1].mirror.actual_meters),
        )
        decide(state, CountersRead(1, counters), at)
    return state


def odd_rules() -> list[Rule]:
    """Rules with every word there is."""
    return [
        Rule(0, 7, (Field("eth_dst", 0x064800000000, 0xFFFF00000000), Field("in_port", 3)),
             (SetField("ip_dscp", 46), SetField("eth_dst", 1), Output(0xFFFFFFFD)), 1, 5, 9, 0xFF),
        Rule(1, 6, (Field("arp_tpa", 0x0A000001), Field("eth_type", 0x806)),
             (Move("eth_src", "eth_dst", 48), Load("eth_dst", 24, 6, 3), Output(0xFFFFFFF8))),
        Rule(1, 5, (Field("eth_type", 0x800), Field("ip_proto", 6), Field("tcp_dst", 8000, 0xFFF0),
                    Field("vlan_vid", 0x100B))),
    ]  # fmt: skip


def a_site(folder: Path, state: State | None = None) -> Site:
    """A site in memory."""
    state = state or small_state()
    manager = MemoryManager(folder / "state", state)
    return Site(state, manager, NoteLog(), Tokens(tokens(folder)), flows=lambda: list(FLOWS))


# --- as the real server does ----------------------------------------------------------------------


class Server:
    """The API in a process of its own."""

    def __init__(self, folder: Path, port: int, **options: Any) -> None:
        self.log = folder / "server.log"
        told = {"api": f"127.0.0.1:{port}", "api_tokens": str(tokens(folder)), **options}
        command = [
            sys.executable,
            str(Path(__file__).with_name("api_process.py")),
            str(folder / "state"),
            json.dumps(told),
        ]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT,
                env={"PATH": "/usr/bin:/bin", "EVENTLET_NO_GREENDNS": "yes",
                     "OSKEN_HUB_TYPE": "eventlet", "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()
        assert self.first_line == b"ready\n", self.log.read_text()

    def stop(self) -> None:
        """Ends it; it must have been well until then."""
        well = self.process.poll() is None
        self.process.kill()
        self.process.communicate()
        assert well, self.log.read_text()
        assert "Traceback" not in self.log.read_text(), self.log.read_text()


class QuietHandler(WSGIRequestHandler):
    """Says nothing."""

    def log_message(self, *_: Any) -> None: ...


class Quick:
    """The same app on the library's own server in a thread: no limits, but there at once."""

    def __init__(self, folder: Path, port: int) -> None:
        """Leaves its token where a controller does."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(folder, port, ready))
        self._thread.start()
        ready.wait(10)

    def _run(self, folder: Path, port: int, ready: threading.Event) -> None:
        # All in this thread, for SQLite's sake.
        state = State(parse_policy(DEFAULT_POLICY.read_text(), "default"), Settings())
        manager = MemoryManager(folder / "state", state)
        make_own(own_tokens(folder / "state", port))
        known = Tokens(own_tokens(folder / "state", port))
        site = Site(state, manager, NoteLog(), known, flows=lambda: list(FLOWS))
        app = build(site, time.monotonic)
        self._server = make_server("127.0.0.1", port, app, handler_class=QuietHandler)
        ready.set()
        self._server.serve_forever(0.01)
        self._server.server_close()
        manager.store.close()
        manager.jobs.close()

    def stop(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._thread.join()


def free_port() -> int:
    """A TCP port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def concrete(route: Route) -> str:
    """A path of this route that means something on the small network."""
    values = {
        "version": "1", "dpid": "1", "port": "1", "port_no": "1", "queue_id": "0", "cmd": "add",
        "group_id": "1", "meter_id": "1", "switch": "all", "vlan": "all", "id": "train-7",
    }  # fmt: skip
    if route.path.startswith("/v1.0"):
        values["dpid"] = f"{1:016x}"
    return route.path.format(**values)
