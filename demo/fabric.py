"""A live network for one arm: the controller process and the emulated hosts and switches.

Owns bringing both up, waiting until the hosts of the demo reach each other, and taking both down.
It must not know jobs. The controller is a process of its own, as it is for everybody else.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from demo.errors import FabricNotReady
from demo.scenario import Scenario
from emulation import command
from emulation.controlled import ControllerProcess, controller_process, free_port
from policies.load import load_policy

if TYPE_CHECKING:
    from emulation.network import Network

_REACH_TIMEOUT_S = 30.0
# Jumbo frames, as fabrics for AI have them. Here they matter twice: a software switch pays for
# packets and not for bytes, and with 1500 bytes one core of it is full before the trunks are, so
# that packets of all classes wait in front of the switch and not in its queues.
_MTU_BYTES = 9000


@dataclass(frozen=True, slots=True)
class Fabric:
    """A running network under a running controller."""

    network: Network
    controller: ControllerProcess


@contextmanager
def live_fabric(
    scenario: Scenario, policy: Path | None, folder: Path, *options: str
) -> Iterator[Fabric]:
    """Bring a network up under a policy, and take it down again.

    Args:
        policy: a policy file; None is the default policy.
        folder: where the controller's log goes.
        options: further ones of `headway run`.

    Raises:
        PolicyError, EmulationError, FabricNotReady: each says what to do.
    """
    from emulation.network import emulate  # noqa: PLC0415 - needs Mininet, which --help does not

    checked = load_policy(policy)
    address = ("127.0.0.1", free_port())
    with (
        controller_process(
            address,
            policy,
            folder / "controller.log",
            *options,
            topology=scenario.topology,
            environment={"HEADWAY_AGENT": ""},  # an arm has the agent it asks for, no other
        ) as controller,
        emulate(scenario.topology, policy=checked, controller=address) as network,
    ):
        fabric = Fabric(network, controller)
        network.wait_connected()
        controller.await_paths(len(scenario.topology.links))
        _set_mtu(network)
        _await_reachable(scenario, fabric)
        yield fabric


def _set_mtu(network: Network) -> None:
    """Give every interface of switches and hosts the demo's MTU."""
    mtu = ("mtu", str(_MTU_BYTES))
    for port in network.ports:
        command.run(["ip", "link", "set", port.interface, *mtu])
        if port.peer_port_no == 0:
            _run_in(network, port.peer, ("ip", "link", "set", port.peer_interface, *mtu))


def _await_reachable(scenario: Scenario, fabric: Fabric) -> None:
    """Ping along every pair the jobs use until each has answered."""
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
