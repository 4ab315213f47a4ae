"""A live network for one arm: the controller process and the emulated hosts and switches.

Owns bringing both up, waiting until the hosts of the demo reach each other, and taking both down.
It must not know jobs. The controller is a process of its own, as it is for everybody else.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.errors import ControllerFailed, FabricNotReady
from demo.processes import python_environment, stop_all
from demo.programs import narrow_ephemeral_range
from demo.scenario import Scenario
from emulation import command
from policies.load import load_policy

if TYPE_CHECKING:
    from emulation.network import Network

_LISTEN_TIMEOUT_S = 20.0
_REACH_TIMEOUT_S = 30.0
_SETTLE_S = 2.0  # after the first answer, for discovery to see every link
_TAIL_BYTES = 4000
# Jumbo frames, as fabrics for AI have them. Here they matter twice: a software switch pays for
# packets and not for bytes, and with 1500 bytes one core of it is full before the trunks are, so
# that packets of all classes wait in front of the switch and not in its queues.
_MTU_BYTES = 9000


@dataclass(frozen=True, slots=True)
class Controller:
    """The controller's process and its log."""

    process: subprocess.Popen[Any]
    log: Path

    def check(self) -> None:
        """Raise if it has ended.

        Raises:
            ControllerFailed: with the tail of its log.
        """
        if self.process.poll() is not None:
            raise self.failure(f"ended with exit status {self.process.returncode}")

    def failure(self, reason: str) -> ControllerFailed:
        """The error that says what became of it."""
        tail = self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip()
        return ControllerFailed(f"the controller {reason}; its log ({self.log}) ends with:\n{tail}")


@dataclass(frozen=True, slots=True)
class Fabric:
    """A running network under a running controller."""

    network: Network
    controller: Controller


@contextmanager
def live_fabric(scenario: Scenario, policy: Path | None, folder: Path) -> Iterator[Fabric]:
    """Bring a network up under a policy, and take it down again.

    Args:
        policy: a policy file; None is the default policy.
        folder: where the controller's log goes.

    Raises:
        PolicyError, EmulationError, ControllerFailed, FabricNotReady: each says what to do.
    """
    from emulation.network import emulate  # noqa: PLC0415 - needs Mininet, which --help does not

    checked = load_policy(policy)
    address = ("127.0.0.1", _free_port())
    with (
        _controller(address, policy, folder) as controller,
        emulate(scenario.topology, policy=checked, controller=address) as network,
    ):
        fabric = Fabric(network, controller)
        network.wait_connected()
        _set_mtu(network)
        for rank in scenario.placement.ranks:
            _run_in(network, rank, narrow_ephemeral_range())
        _await_reachable(scenario, fabric)
        yield fabric


@contextmanager
def _controller(
    address: tuple[str, int], policy: Path | None, folder: Path
) -> Iterator[Controller]:
    """Run the controller in a session of its own, so that Ctrl-C reaches only the demo."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "controller.log"
    argv = [sys.executable, "-m", "headway", "run", "--listen", "{}:{}".format(*address)]
    if policy is not None:
        argv += ["--policy", str(policy)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=python_environment(),
            start_new_session=True,
        )
    controller = Controller(process, log)
    try:
        _await_listening(controller, address)
        yield controller
    finally:
        stop_all([process])


def _await_listening(controller: Controller, address: tuple[str, int]) -> None:
    deadline_s = time.monotonic() + _LISTEN_TIMEOUT_S
    while time.monotonic() < deadline_s:
        controller.check()
        try:
            socket.create_connection(address, timeout=1.0).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise controller.failure(f"did not listen on {address[0]}:{address[1]}")


def _set_mtu(network: Network) -> None:
    """Give every interface of switches and hosts the demo's MTU."""
    mtu = ("mtu", str(_MTU_BYTES))
    for port in network.ports:
        command.run(["ip", "link", "set", port.interface, *mtu])
        if port.peer_port_no == 0:
            _run_in(network, port.peer, ("ip", "link", "set", port.peer_interface, *mtu))


def _await_reachable(scenario: Scenario, fabric: Fabric) -> None:
    """Ping along every pair the jobs use until each has answered, then let discovery settle."""
    deadline_s = time.monotonic() + _REACH_TIMEOUT_S
    for source, target in _pairs(scenario):
        ping = ("ping", "-n", "-q", "-c", "1", "-W", "1", scenario.host(target).address)
        while _run_in(fabric.network, source, ping) != 0:
            fabric.controller.check()
            if time.monotonic() > deadline_s:
                raise FabricNotReady(
                    f"{source} could not reach {target} within {_REACH_TIMEOUT_S:.0f} s; "
                    f"see {fabric.controller.log} and run 'headway doctor'"
                )
    time.sleep(_SETTLE_S)


def _pairs(scenario: Scenario) -> tuple[tuple[str, str], ...]:
    placement = scenario.placement
    return (
        *scenario.ring_edges(),
        (placement.inference_client, placement.inference_server),
        (placement.bulk_sender, placement.bulk_receiver),
        (placement.scraper, placement.exporter),
    )


def _run_in(network: Network, host: str, argv: tuple[str, ...]) -> int:
    """Run a short command in a host's namespace and return its exit status."""
    process = network.popen(
        host, list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return process.wait()


def _free_port() -> int:
    """A TCP port of the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
