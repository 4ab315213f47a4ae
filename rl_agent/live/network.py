"""The emulated network of an environment: built with its controller, steered by weights, measured.

Owns its life and the two ways in and out: the file of weights that the controller's advisor reads,
and the counters of queues. Knows no job.
"""

import contextlib
import re
import tempfile
import time
import weakref
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np

from controller.advice.errors import SnapshotError
from controller.advice.given import PREFIX, Weights, routes, write
from controller.advice.network import FloatArray
from controller.advice.snapshot import Snapshot
from controller.advice.view import GROUPS
from emulation import command
from emulation.controlled import ControllerProcess, controller_process, free_port
from emulation.namespace import inside
from policies.model import Policy
from rl_agent.errors import LiveError
from rl_agent.jobs.fabric import Fabric
from topologies.model import Topology

_ADVISE_INTERVAL_S = 0.2
_IN_FORCE_TIMEOUT_S = 20.0
_REACH_TIMEOUT_S = 30.0
_POLL_S = 0.1
_ROUNDING = 0.02  # weights are whole hundredths
_QUEUE = re.compile(r"port\s+(\d+)\s+queue\s+(\d+):\s+bytes=(\d+)")


class LiveNetwork:
    """A running network under a controller that follows the weights it is given.

    Attributes:
        topology: What it was built from.
    """

    def __init__(self, topology: Topology, fabric: Fabric, policy: Policy) -> None:
        """Builds it; takes some seconds.

        Args:
            topology: The switches and hosts.
            fabric: Made from it: whose candidate paths get weights.
            policy: Must be the controller's default.

        Raises:
            EmulationError, LiveError: Each says what to do.
        """
        self.topology = topology
        self._routes = routes(fabric.paths)
        self._policy = policy
        self._addresses = {host.name: host.address for host in topology.hosts}
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="headway-live-"))
            self._folder = Path(folder)
            self._build(stack, fabric)
            self._close = weakref.finalize(self, stack.pop_all().close)

    def _build(self, stack: contextlib.ExitStack, fabric: Fabric) -> None:
        from emulation.network import emulate  # noqa: PLC0415 - needs Mininet, nothing else does

        address = ("127.0.0.1", free_port())
        # What transfers carry says nothing of them: their ports do.
        options = ("--no-classify", "--agent", f"{PREFIX}{self._file}", "--state", str(self._state),
                   "--advise-interval", str(_ADVISE_INTERVAL_S))  # fmt: skip
        trees = str(fabric.most_paths)
        environment = {
            "HEADWAY_GUARD": "links", "HEADWAY_MOST_TREES": trees, "HEADWAY_LEAST_TREES": trees,
            "HEADWAY_PROTECT_UP_TO": "1",
        }  # fmt: skip
        self.controller: ControllerProcess = stack.enter_context(
            controller_process(
                address, None, self._folder / "controller.log", *options,
                topology=self.topology, environment=environment,
            )
        )  # fmt: skip
        self.network = stack.enter_context(
            emulate(self.topology, policy=self._policy, controller=address)
        )
        self.network.wait_connected()
        self.controller.await_paths(len(self.topology.links))
        self._await_hosts()

    @property
    def _file(self) -> Path:
        return self._folder / "weights.json"

    @property
    def _state(self) -> Path:
        return self._folder / "state"

    def close(self) -> None:
        """Takes everything down; harmless the second time."""
        self._close()

    def inside(self, host: str) -> AbstractContextManager[None]:
        """Makes sockets in a host's namespace while inside."""
        return inside(self.network.host(host).pid)

    def address(self, host: str) -> str:
        """A host's IP address."""
        return self._addresses[host]

    # --- weights --------------------------------------------------------------------------------

    def steer(self, weights: FloatArray) -> None:
        """Asks for (G, P) weights of the fabric's candidate paths; in force some turns later."""
        table: Weights = {
            route: tuple(map(float, own))
            for route, own in zip(self._routes, weights.T, strict=True)
        }
        write(self._file, table)
        self._wanted = table

    def await_in_force(self) -> None:
        """Returns when the switches have the weights last asked for.

        Raises:
            LiveError: They haven't in time.
        """
        deadline = time.monotonic() + _IN_FORCE_TIMEOUT_S
        while not self.is_in_force():
            self.controller.check()
            if time.monotonic() > deadline:
                raise LiveError(
                    f"the controller did not follow the weights in {_IN_FORCE_TIMEOUT_S:g} s: "
                    f"{self.off():.2f} of some path's share is missing"
                )
            time.sleep(_POLL_S)

    def is_in_force(self) -> bool:
        """Whether the controller's last snapshot (one a second) shows the weights asked for."""
        return self.off() <= _ROUNDING

    def off(self) -> float:
        """Largest difference of a split in force from what was asked for; 1 while unknown."""
        try:
            seen = Snapshot(self._state)
        except SnapshotError:
            return 1.0
        none = (0.0,) * len(GROUPS)
        asked = np.array([self._wanted.get(route, none) for route in routes(seen.paths)]).T
        if not (seen.paths.pair_sum(asked) > 0).all():
            return 1.0
        wanted = seen.paths.normalise(asked)
        return float(np.abs(wanted - seen.splits).max(initial=0.0))

    # --- counters -------------------------------------------------------------------------------

    def sent_bits(self) -> FloatArray:
        """float64 (G, E), bits sent so far over each directed link between switches, by group.

        As queues count them: with all headers. A queue that classes of both groups share counts
        for the group of its first class.
        """
        group = self._queue_group()
        links = len(self.topology.links)
        row: dict[tuple[str, int], int] = {}
        for number, link in enumerate(self.topology.links):
            row[link.a, self.network.port_between(link.a, link.b).port_no] = number
            row[link.b, self.network.port_between(link.b, link.a).port_no] = links + number
        bits = np.zeros((len(GROUPS), 2 * links))
        for switch in self.topology.switches:
            told = command.run(
                ["ovs-ofctl", "-O", "OpenFlow13", "--no-names", "queue-stats", switch.name]
            )
            for port, queue, count in _QUEUE.findall(told):
                link_row = row.get((switch.name, int(port)))
                if link_row is not None:
                    bits[group[int(queue)], link_row] += 8.0 * int(count)
        return bits

    def _queue_group(self) -> dict[int, int]:
        classes = reversed(self._policy.classes)
        return {entry.queue_id: GROUPS.index(entry.path_group) for entry in classes}

    def _await_hosts(self) -> None:
        """Pings from each host to the next, so that the controller knows them all."""
        names = [host.name for host in self.topology.hosts]
        deadline = time.monotonic() + _REACH_TIMEOUT_S
        for name, other in zip(names, names[1:] + names[:1], strict=True):
            ping = ["ping", "-n", "-q", "-c", "1", "-W", "1", self.address(other)]
            while self.network.popen(name, ping, stdout=-3, stderr=-3).wait():
                self.controller.check()
                if time.monotonic() > deadline:
                    raise LiveError(f"{name} can't reach {other}; run 'headway doctor'")


def with_rates(topology: Topology, capacity_bps: FloatArray) -> Topology:
    """The topology with its links between switches at these rates, float64 (2 links,) as in
    `fabric.network_of`; both ways of a cable alike."""
    rates = map(round, capacity_bps[: len(topology.links)])
    links = tuple(
        replace(link, rate_bps=rate) for link, rate in zip(topology.links, rates, strict=True)
    )
    return replace(topology, links=links)
