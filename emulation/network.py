"""A topology come to life: namespaces, veth pairs and switches, for as long as a `with` lasts.

The only place where Mininet builds a network. Owns the network's life and its links; queues and
bridges are the switch's (`emulation.switch`), removal is `emulation.cleanup`.
"""

import contextlib
import functools
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from emulation import cleanup, command, ovs
from emulation.attachments import Attachment, attachments
from emulation.errors import NotConnectedError, UnknownNodeError
from emulation.host import HeadwayHost
from emulation.keeper import Keeper, keeping, socket_path
from emulation.link import HeadwayLink, require_free
from emulation.mininet_api import CLI, Mininet, Topo
from emulation.ovs import Datapath
from emulation.ownership import EXTERNAL_ID, Run, new_run
from emulation.queues import BRIDGE_ID
from emulation.selftest import QueueProbe, probe_queues, require_passed
from emulation.signals import sigterm_unwinds, undisturbed
from emulation.switch import HeadwaySwitch
from policies.intents import effective
from policies.model import Policy
from topologies.model import Topology

Progress = Callable[[str], None]
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class ControllerAddress:
    """Where the controller listens, in the form that Mininet's switches ask for."""

    ip: str
    port: int
    protocol: str = "tcp"

    def IP(self) -> str:
        """The address, in brackets if it is IPv6."""
        return f"[{self.ip}]" if ":" in self.ip else self.ip


def as_mininet_topo(topology: Topology) -> Any:
    """The topology as Mininet's own `Topo`, for `mn --custom` and for `emulate`.

    Hosts are `HeadwayHost`s; links carry `rate_bps` and `delay_s` for `HeadwaySwitch`.
    """
    topo = Topo()
    macs = {host.name: host.mac for host in topology.hosts}
    for switch in topology.switches:
        topo.addSwitch(switch.name, dpid=f"{switch.dpid:016x}")
    for host in topology.hosts:
        topo.addHost(host.name, cls=HeadwayHost, ip=host.ip, mac=host.mac)
    seen: set[str] = set()
    for port in attachments(topology):
        if port.interface in seen:
            continue
        seen.add(port.peer_interface)
        options: dict[str, Any] = {"rate_bps": port.rate_bps, "delay_s": port.delay_s}
        if port.peer in macs:
            options["addr2"] = macs[port.peer]
        topo.addLink(port.switch, port.peer, port.port_no, port.peer_port_no, **options)
    return topo


class Network:
    """A running network. Made by `emulate`, which also takes it down.

    Attributes:
        topology: What it was built from.
        ports: Every switch port and what is behind it.
        datapath: Where packets are switched.
        congestion_control: TCP congestion control of every host, as read back.
        mininet: Mininet's own object, for its prompt.
        run: The tag of everything this network made.
        keeper: Keeps the queues of all its switches, and changes them on request.
    """

    keeper: Keeper

    def __init__(self, topology: Topology, mininet: Any, run: Run, datapath: Datapath) -> None:
        self.topology = topology
        self.mininet = mininet
        self.run = run
        self.datapath = datapath
        self.ports: tuple[Attachment, ...] = attachments(topology)
        self.congestion_control = ""
        self._children: list[subprocess.Popen[Any]] = []

    def host(self, name: str) -> HeadwayHost:
        """The Mininet node of a host.

        Raises:
            UnknownNodeError: There is none of that name.
        """
        node = self.mininet.nameToNode.get(name)
        if not isinstance(node, HeadwayHost):
            raise UnknownNodeError(f"no host '{name}' in topology '{self.topology.name}'")
        return node

    def switch(self, name: str) -> HeadwaySwitch:
        """The Mininet node of a switch.

        Raises:
            UnknownNodeError: There is none of that name.
        """
        node = self.mininet.nameToNode.get(name)
        if not isinstance(node, HeadwaySwitch):
            raise UnknownNodeError(f"no switch '{name}' in topology '{self.topology.name}'")
        return node

    def popen(self, host_name: str, argv: Sequence[str], **kw: Any) -> subprocess.Popen[Any]:
        """Starts a process in a host's namespace; it is ended with the network at the latest.

        Args:
            host_name: The host.
            argv: Program and arguments; no shell.
            **kw: As for `subprocess.Popen`. It gets a session of its own, so Ctrl-C on the
                terminal does not reach it.
        """
        kw["env"] = self.run.environment(kw.get("env"))
        kw.setdefault("start_new_session", True)
        enter = ["mnexec", "-a", str(self.host(host_name).pid)]
        child = subprocess.Popen([*enter, *argv], **kw)
        self._children.append(child)
        return child

    def cut(self, a: str, b: str) -> None:
        """Takes the link between two switches down: both ends lose their carrier.

        Raises:
            UnknownNodeError: There is no such link.
        """
        command.run(["ip", "link", "set", self.port_between(a, b).interface, "down"])

    def mend(self, a: str, b: str) -> None:
        """Brings a cut link back up, its queues complete."""
        command.run(["ip", "link", "set", self.port_between(a, b).interface, "up"])

    def port_between(self, switch: str, peer: str) -> Attachment:
        """The port of `switch` that leads straight to `peer`.

        Raises:
            UnknownNodeError: They are not neighbours.
        """
        for port in self.ports:
            if (port.switch, port.peer) == (switch, peer):
                return port
        raise UnknownNodeError(f"no link between '{switch}' and '{peer}'")

    def link_counters(self) -> dict[tuple[str, str], int]:
        """Bytes sent over each switch-to-switch link so far, by (from, to)."""
        switches = {switch.name for switch in self.topology.switches}
        return {
            (port.switch, port.peer): _sent_bytes(port.interface)
            for port in self.ports
            if port.peer in switches
        }

    def connect(self, controller: tuple[str, int]) -> None:
        """Points every switch at the controller at (address, TCP port)."""
        for switch in self.mininet.switches:
            switch.connect([ControllerAddress(*controller)])

    def unconnected(self) -> tuple[str, ...]:
        """Names of the switches that have no controller now."""
        connected = {
            row["external_ids"].get(BRIDGE_ID)
            for row in ovs.rows("Controller", "is_connected", "external_ids")
            if row["is_connected"] and row["external_ids"].get(EXTERNAL_ID) == self.run.tag
        }
        names = (switch.name for switch in self.topology.switches)
        return tuple(name for name in names if name not in connected)

    def wait_connected(self, timeout_s: float = 15.0) -> None:
        """Returns when every switch has a connection to the controller.

        Raises:
            NotConnectedError: Some have none after `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        while missing := self.unconnected():
            if time.monotonic() > deadline:
                raise NotConnectedError(
                    f"{len(missing)} of {len(self.topology.switches)} switches "
                    f"({', '.join(missing[:5])}) did not reach the controller in {timeout_s:g} s; "
                    "is it running, and does it speak OpenFlow 1.3?"
                )
            time.sleep(_POLL_S)

    def probe_queues(self) -> tuple[QueueProbe, ...]:
        """Sends one probe per class through every queued port; see `emulation.selftest`."""
        switches = self.mininet.switches
        return tuple(probe for switch in switches for probe in probe_queues(switch))

    def prompt(self) -> None:
        """Mininet's prompt, until `exit`, Ctrl-D or the end of what is piped in."""
        CLI(self.mininet)

    def _build(self, progress: Progress) -> None:
        progress(f"building {len(self.topology.hosts)} hosts and {len(self.ports)} switch ports")
        self.mininet.build()
        progress(f"starting {len(self.mininet.switches)} switches ({self.datapath.value})")
        for switch in self.mininet.switches:
            switch.start([])
        if self.mininet.hosts:
            answer = self.mininet.hosts[0].cmd("sysctl -n net.ipv4.tcp_congestion_control")
            self.congestion_control = answer.strip()

    @contextlib.contextmanager
    def _kept(self, path: Path | None) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            path = stack.enter_context(socket_path()) if path is None else path
            sets = [switch.queues for switch in self.mininet.switches]
            self.keeper = stack.enter_context(keeping(sets, path))
            yield

    def _close(self) -> None:
        cleanup.stop_processes(self.run)
        for node in self.mininet.nameToNode.values():
            node.terminate()
        for child in self._children:
            child.kill()  # a child that emptied its environment has lost the tag
            child.wait()
        cleanup.remove(cleanup.belongings(self.run))


@contextlib.contextmanager
def emulate(
    topology: Topology,
    *,
    policy: Policy,
    controller: tuple[str, int] = ("127.0.0.1", 6653),
    datapath: Datapath = Datapath.AUTO,
    progress: Progress | None = None,
    selftest: bool = True,
    queues: Path | None = None,
) -> Iterator[Network]:
    """Builds the network and takes it down again, whatever happens inside.

    Switches are pointed at the controller but not waited for: see `Network.wait_connected`.

    Args:
        topology: What to build.
        policy: What the queues of each switch port are made from, as it is now.
        controller: (address, TCP port) of the controller.
        datapath: Where packets are switched; AUTO takes the kernel's if there is one.
        progress: Called with one line for each step.
        selftest: Send a probe per class through every queued port before the controller connects.
        queues: Where the keeper of the queues listens (`emulation.keeper`), for the controller that
            may change the policy; None is a private place.

    Raises:
        NotPrivilegedError: Not root.
        OpenVSwitchError: Open vSwitch can't be started or refused something.
        NameTakenError: A bridge or interface of that name is not ours to replace.
        SilentQueueError: The self-test found a queue that its class does not reach.
    """
    say = progress or (lambda _line: None)
    ovs.ensure_running(say)
    cleanup.remove_leftovers(say)
    require_free(port.interface for port in attachments(topology))
    run = new_run()
    kind = ovs.detect_datapath() if datapath is Datapath.AUTO else datapath
    policy = effective(policy, datetime.now(timezone.utc))
    switch = functools.partial(HeadwaySwitch, policy=policy, datapath=kind, run=run)
    with sigterm_unwinds():
        mininet = Mininet(
            topo=_owned(as_mininet_topo(topology), run),
            switch=switch,
            link=HeadwayLink,
            controller=None,
            build=False,
        )
        network = Network(topology, mininet, run, kind)
        try:
            network._build(say)
            if selftest:
                say("sending one probe per class through every port")
                require_passed(network.probe_queues())
            _warn_of_small_buffers(kind, say)
            with network._kept(queues):
                network.connect(controller)
                yield network
        finally:
            with undisturbed():
                network._close()


def _warn_of_small_buffers(kind: Datapath, say: Progress) -> None:
    if kind is Datapath.USERSPACE and not ovs.buffers().large_enough:
        say(
            "warning: the running Open vSwitch has a small send buffer, so queues disturb each "
            "other; 'headway doctor' says how to mend it"
        )


def _owned(topo: Any, run: Run) -> Any:
    """Puts the run on every host; switches get it from their constructor."""
    for name in topo.hosts():
        topo.nodeInfo(name)["run"] = run
    return topo


def _sent_bytes(interface: str) -> int:
    counter = Path("/sys/class/net", interface, "statistics/tx_bytes")
    return int(counter.read_text(encoding="ascii"))
