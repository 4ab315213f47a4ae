"""The controller as a process beside an emulated network: started, waited for, watched, ended.

Owns that one process and its log. It is started just as a user would start it.
"""

import contextlib
import json
import math
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulation.errors import ApiRefusedError, ControllerProcessError
from emulation.ownership import new_run
from topologies.document import to_document
from topologies.model import Topology

_ROOT = Path(__file__).resolve().parent.parent
_LISTEN_TIMEOUT_S = 20.0
_END_TIMEOUT_S = 5.0
_TAIL_BYTES = 4000
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Api:
    """The controller's REST API; `token` is empty where it is in the user's state folder."""

    address: tuple[str, int]
    token: str

    def ask(self, path: str, body: Any = None, timeout_s: float = 60.0) -> Any:
        """A question, or with a body a change; the answer's JSON.

        Raises:
            ApiRefusedError: It was refused; with what the controller said.
        """
        request = urllib.request.Request(
            "http://{}:{}{}".format(*self.address, path),
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ApiRefusedError(json.load(error).get("detail", str(error))) from error


@dataclass(frozen=True, slots=True)
class ControllerProcess:
    """The controller's process, where it listens, tells its metrics and is asked, and its log."""

    process: subprocess.Popen[Any]
    address: tuple[str, int]
    metrics: tuple[str, int]
    log: Path
    api: Api

    def check(self) -> None:
        """Does nothing while it runs.

        Raises:
            ControllerProcessError: It has ended; with the tail of its log.
        """
        if self.process.poll() is not None:
            raise self.failure(f"ended with exit status {self.process.returncode}")

    def await_paths(self, links: int, timeout_s: float = 30.0) -> None:
        """Returns when the controller has found `links` links and its paths are in use.

        Raises:
            ControllerProcessError: Not in time, or it has ended.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.check()
            if self.metric("headway_links_up") >= links and self.metric("headway_settled") == 1:
                return
            time.sleep(_POLL_S)
        raise self.failure(f"did not find {links} links and paths over them in {timeout_s:g} s")

    def metric(self, name: str) -> float:
        """One unlabelled metric; NaN while it can't be had."""
        try:
            with urllib.request.urlopen("http://{}:{}".format(*self.metrics), timeout=2) as page:
                lines = page.read().decode().splitlines()
        except OSError:
            return math.nan
        values = (line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} "))
        return next(map(float, values), math.nan)

    def failure(self, reason: str) -> ControllerProcessError:
        """The error that says what became of it."""
        tail = self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip()
        return ControllerProcessError(
            f"the controller {reason}; its log ({self.log}) ends with:\n{tail}"
        )


@contextlib.contextmanager
def controller_process(
    address: tuple[str, int],
    policy: Path | None,
    log: Path,
    *options: str,
    topology: Topology | None = None,
    environment: Mapping[str, str] | None = None,
    queues: Path | None = None,
    api: tuple[str, int] | None = None,
) -> Iterator[ControllerProcess]:
    """Runs the controller while inside, in a session of its own so that Ctrl-C doesn't reach it.

    Args:
        address: Where it listens.
        policy: A policy file; None is the default policy.
        log: Where its output goes.
        *options: Further options of `headway run`.
        topology: What it will control, so that it knows link rates: emulated ports don't tell.
        environment: Settings beside this process's own, such as HEADWAY_MOST_TREES.
        queues: Socket of the keeper of the switches' queues (`emulation.keeper`); it need not be
            there yet. Without it the controller changes no queues.
        api: Where its API listens, with the user's own state folder, where its token is; None is a
            place and a token that only the caller knows, and a state folder that goes with it.

    Raises:
        ControllerProcessError: It doesn't come up; with the tail of its log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    metrics, at = ("127.0.0.1", free_port()), api or ("127.0.0.1", free_port())
    argv = [
        *(sys.executable, "-m", "headway", "run", "--listen", "{}:{}".format(*address)),
        *("--metrics", "{}:{}".format(*metrics), "--api", "{}:{}".format(*at), *options),
    ]
    if policy is not None:
        argv += ["--policy", str(policy)]
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    token = "" if api else secrets.token_hex(32)
    with log.open("wb") as output, _files(topology, token) as (files, state):
        process = subprocess.Popen(
            [*argv, *files], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=new_run().environment(
                {**state, **os.environ, "HEADWAY_EMULATED": "1",
                 "HEADWAY_QUEUES": str(queues or ""), **(environment or {}),
                 "PYTHONPATH": os.pathsep.join(paths)}
            ),
            start_new_session=True,
        )  # fmt: skip
        controller = ControllerProcess(process, address, metrics, log, Api(at, token))
        try:
            _await_listening(controller)
            yield controller
        finally:
            _end(process)


@contextlib.contextmanager
def _files(
    topology: Topology | None, token: str
) -> Iterator[tuple[list[str], dict[str, str]]]:  # fmt: skip
    """Options and settings that name files, good while inside: link rates, tokens, state."""
    with tempfile.TemporaryDirectory(prefix="headway-") as folder:
        links, tokens = Path(folder, "links.json"), Path(folder, "tokens")
        options: list[str] = []
        if topology is not None:
            links.write_text(json.dumps(to_document(topology)), encoding="utf-8")
            options += ["--links", str(links)]
        if token:
            tokens.touch(mode=0o600)
            tokens.write_text(f"operator {token} emulation\n", encoding="ascii")
            options += ["--api-tokens", str(tokens)]
        yield options, {"HEADWAY_STATE": str(Path(folder, "state"))} if token else {}


def _await_listening(controller: ControllerProcess) -> None:
    # Its own metrics first: on a port that somebody else holds, somebody else would answer.
    deadline = time.monotonic() + _LISTEN_TIMEOUT_S
    while time.monotonic() < deadline:
        controller.check()
        if not math.isnan(controller.metric("headway_settled")) and _answers(controller.address):
            return
        time.sleep(0.05)
    raise controller.failure("did not listen on {}:{}".format(*controller.address))


def _answers(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1.0).close()
    except OSError:
        return False
    return True


def _end(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(_END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A TCP port of the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
