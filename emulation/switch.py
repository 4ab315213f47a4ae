"""An Open vSwitch bridge that owns the queue trees of its ports.

For `emulate` and for `mn --switch headway`. It imports under the system's Python with nothing but
the standard library and Mininet; the policy is then read by the project's own environment
(`emulation.policy_queues`).
Owns one bridge and its rows; removes only those.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from emulation import command, kernel, ovs, queue_set, queues
from emulation.errors import NameTakenError, QueueConflictError
from emulation.link import silence_ipv6
from emulation.mininet_api import OVSSwitch, Switch, TCIntf
from emulation.ovs import Datapath
from emulation.ownership import EXTERNAL_ID, Run, new_run
from emulation.policy_queues import default_policy
from emulation.queue_set import Place, QueueSet
from emulation.queues import QueuedPort
from policies.model import Policy

_MAX_BACKOFF_MS = 1000
# A controller that stopped answering is noticed after this long; the switch then reconnects.
_INACTIVITY_PROBE_MS = 5000
_DELAY_LEFT_OUT = "this kernel has no netem qdisc: link delays (up to %g ms) are not emulated"
_log = logging.getLogger(__name__)


class Controller(Protocol):
    """What a switch needs to know of a controller; Mininet's controllers have it."""

    protocol: str
    port: int

    def IP(self) -> str:
        """Its address."""


class HeadwaySwitch(OVSSwitch):  # type: ignore[misc]
    """An OpenFlow 1.3 switch with one queue tree on each port that has a link rate.

    Link parameters:
        rate_bps: Link rate, bit/s; a port without one gets no queues.
        delay_s: One-way delay, seconds; left out, and said so, where the kernel has no netem.
    """

    # Said once for a whole network, not once for each port.
    _delay_reported = False

    def __init__(
        self,
        name: str,
        policy: Policy | None = None,
        datapath: Datapath | str = Datapath.AUTO,
        run: Run | None = None,
        **params: Any,
    ) -> None:
        """Prepares a switch; `start` makes the bridge.

        Args:
            name: Bridge name, at most 15 characters.
            policy: What the queues of each port are made from, in effect now; None is the default.
            datapath: Where packets are switched; AUTO takes the kernel's if there is one.
            run: Whose it is; None is a run of this process.
            **params: Mininet's, such as `dpid`.
        """
        # Set before Mininet's constructor, which starts the shell through `_popen`.
        self.run = run or new_run()
        wanted = Datapath(datapath)
        self.datapath_kind = ovs.detect_datapath() if wanted is Datapath.AUTO else wanted
        self.policy = default_policy() if policy is None else policy
        self.queues = QueueSet(())
        params.update(
            failMode="secure",
            protocols="OpenFlow13",
            datapath="user" if self.datapath_kind is Datapath.USERSPACE else "kernel",
        )
        super().__init__(name, **params)

    def _popen(self, cmd: list[str], **params: Any) -> Any:
        params["env"] = self.run.environment(params.get("env"))
        return super()._popen(cmd, **params)

    def start(self, controllers: Iterable[Controller]) -> None:
        """Makes the bridge with its ports and queues, in one transaction, and connects it.

        Raises:
            QueueConflictError: A port has a link rate and a TCLink.
            NameTakenError: There is a bridge of that name already.
            OpenVSwitchError: Open vSwitch refused.
        """
        self._refuse_tc_links()
        interfaces = self._ovs_interfaces()
        self._mark(interfaces)
        self._say_delays_left_out()
        self.queues = QueueSet(Place(self.name, port, self.run) for port in self.queued_ports())
        words = self._bridge_words() + self._port_words(interfaces)
        words += self.queues.initial_words(self.policy)
        if f"{self.name}\n" in ovs.vsctl("--no-wait", "list-br"):
            raise NameTakenError(
                f"there is a bridge '{self.name}' already; 'headway clean' removes it if it is "
                f"left over from an earlier run, else 'ovs-vsctl del-br {self.name}'"
            )
        ovs.vsctl(*words, timeout_s=60)
        self.repair_queues()
        self.connect(controllers)

    def connect(self, controllers: Iterable[Controller]) -> None:
        """Points the bridge at these controllers, and at no others."""
        words, names = [], []
        for number, controller in enumerate(controllers):
            names.append(f"@c{number}")
            target = f"{controller.protocol}:{controller.IP()}:{controller.port}"
            words += ["--", f"--id=@c{number}", "create", "Controller", f'target="{target}"']
            words += ["connection_mode=out-of-band", f"max_backoff={_MAX_BACKOFF_MS}"]
            words += [f"inactivity_probe={_INACTIVITY_PROBE_MS}"]
            words += [f"external_ids:{EXTERNAL_ID}={self.run.tag}"]
            words += [f"external_ids:{queues.BRIDGE_ID}={self.name}"]
        ovs.vsctl(*words, "--", "set", "Bridge", self.name, f"controller=[{','.join(names)}]")

    def repair_queues(self) -> Mapping[str, int]:
        """Puts back what is missing of the queue trees; harmless when nothing is.

        Needed after anything wrote a QoS row or restarted Open vSwitch.

        Returns:
            What was put back, by interface.

        Raises:
            QueueRefusedError: The kernel or Open vSwitch refused.
        """
        return queue_set.repair([self.queues])

    def apply_policy(self, policy: Policy) -> Mapping[str, int]:
        """Changes the queues of its ports to those of a policy, touching only what differs.

        Returns:
            Changes by interface.

        Raises:
            QueueRefusedError: A port refused; all of them are as they were.
        """
        return queue_set.apply_policy([self.queues], policy)

    def plan_policy(self, policy: Policy) -> Mapping[str, int]:
        """How much `apply_policy` would change, by interface."""
        return queue_set.plan([self.queues], policy)

    def queued_ports(self) -> tuple[QueuedPort, ...]:
        """The ports whose link rate this switch's queue trees own."""
        return tuple(
            QueuedPort(str(intf), int(intf.params["rate_bps"]), intf.params.get("delay_s", 0.0),
                       fabric=_leads_to_switch(intf))
            for intf in self._ovs_interfaces()
            if intf.params.get("rate_bps")
        )  # fmt: skip

    def port_number(self, interface: str) -> int:
        """The OpenFlow port number of one of its interfaces."""
        return int(self.ports[self.nameToIntf[interface]])

    def stop(self, deleteIntfs: bool = True) -> None:
        """Removes the bridge and the QoS and Queue rows of its ports, then its interfaces."""
        ovs.vsctl("--if-exists", "del-br", self.name)
        if words := queues.destroy_words(run=self.run, bridge=self.name):
            ovs.vsctl(*words)
        # Past OVSSwitch.stop, which would delete the bridge by name once more.
        super(OVSSwitch, self).stop(deleteIntfs)

    @classmethod
    def batchStartup(
        cls, switches: Sequence["HeadwaySwitch"], run: Any = None
    ) -> Sequence["HeadwaySwitch"]:
        """Nothing is left to do: `start` is one transaction already."""
        return switches

    @classmethod
    def batchShutdown(
        cls, switches: Sequence["HeadwaySwitch"], run: Any = None
    ) -> Sequence["HeadwaySwitch"]:
        """None is stopped here, so that Mininet calls `stop` of each."""
        return ()

    def _ovs_interfaces(self) -> list[Any]:
        return [intf for intf in self.intfList() if self.ports[intf] and not intf.IP()]

    def _refuse_tc_links(self) -> None:
        for intf in self._ovs_interfaces():
            if isinstance(intf, TCIntf) and intf.params.get("rate_bps"):
                raise QueueConflictError(
                    f"{intf}: TCLink and the port's queues both want its root qdisc. Leave out "
                    "'--link tc' (link=TCLink); say the link's rate as rate_bps=... and its delay "
                    "as delay_s=..., and the queue tree keeps both"
                )

    def _mark(self, interfaces: Iterable[Any]) -> None:
        """Tags the interfaces, and keeps the root namespace's IPv6 from talking on them."""
        names = [str(intf) for intf in interfaces]
        for name in names:
            silence_ipv6(name)
        lines = [f"link set {name} alias {self.run.alias}" for name in names]
        command.run(["ip", "-batch", "-"], text="\n".join(lines))

    def _bridge_words(self) -> list[str]:
        return [
            *("--", "add-br", self.name),
            *("--", "set", "Bridge", self.name),
            f"datapath_type={self.datapath_kind.value}",
            "fail_mode=secure",
            "protocols=OpenFlow13",
            f"other_config:datapath-id={self.dpid}",
            "other_config:disable-in-band=true",
            f"other_config:dp-desc={self.name}",
            f"external_ids:{EXTERNAL_ID}={self.run.tag}",
        ]

    def _port_words(self, interfaces: Iterable[Any]) -> list[str]:
        words: list[str] = []
        for intf in interfaces:
            words += ["--", "add-port", self.name, str(intf)]
            words += ["--", "set", "Interface", str(intf), f"ofport_request={self.ports[intf]}"]
        return words

    def _say_delays_left_out(self) -> None:
        most_s = max((port.delay_s for port in self.queued_ports()), default=0.0)
        if most_s > 0 and not kernel.has("netem") and not HeadwaySwitch._delay_reported:
            HeadwaySwitch._delay_reported = True
            _log.warning(_DELAY_LEFT_OUT, most_s * 1e3)


def _leads_to_switch(intf: Any) -> bool:
    ends = (intf.link.intf1, intf.link.intf2) if intf.link else ()
    return any(end is not intf and isinstance(end.node, Switch) for end in ends)
