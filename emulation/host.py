"""A host of the emulated network: a namespace with one interface that behaves like a real NIC.

Owns what happens inside the namespace. Runs under the system's Python with Mininet too.
"""

from pathlib import Path
from typing import Any

from emulation.errors import CommandFailedError
from emulation.kernel import CONGESTION_CONTROL
from emulation.mininet_api import Host
from emulation.ownership import Run, new_run
from emulation.queues import burst_bytes

_CONGESTION_SETTING = "net.ipv4.tcp_congestion_control"
_ALLOWED = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control")
_NIC_QUEUE_PACKETS = 1000


class HeadwayHost(Host):  # type: ignore[misc]
    """A Mininet host whose checksums, IPv6, congestion control and NIC rate are settled.

    Link parameter:
        rate_bps: The NIC's rate, bit/s. Without it the host would send faster than its link.
    """

    def __init__(self, name: str, run: Run | None = None, **params: Any) -> None:
        # Set before Mininet's constructor, which starts the shell through `_popen`.
        self.run = run or new_run()
        super().__init__(name, **params)

    def _popen(self, cmd: list[str], **params: Any) -> Any:
        params["env"] = self.run.environment(params.get("env"))
        return super()._popen(cmd, **params)

    def config(
        self, mac: str | None = None, ip: str | None = None, **_params: Any
    ) -> dict[str, Any]:
        """Sets up the namespace in one shell command (Mininet's own takes seven)."""
        _allow_congestion_control()
        interface = self.defaultIntf()
        steps = ["ip link set lo up", f"sysctl -qw {_CONGESTION_SETTING}={CONGESTION_CONTROL}"]
        if interface is not None:
            steps += self._interface_steps(str(interface), mac, ip, interface.params)
        # Only stderr is kept, and only of the first step that fails.
        said = self.cmd("{ " + " && ".join(steps) + " || echo failed >&2; } 2>&1 >/dev/null")
        if "failed" in said:
            raise CommandFailedError(f"host {self.name} can't be set up: {said.strip()}")
        if interface is not None:
            interface.mac = mac or interface.mac
            interface.ip, _, interface.prefixLen = (ip or "").partition("/")
        return {}

    def _interface_steps(
        self, name: str, mac: str | None, ip: str | None, link: dict[str, Any]
    ) -> list[str]:
        # IPv6 works, but nothing asks for routers or probes for duplicates: those packets would
        # be the first that a switch sees, before the controller knows anything.
        # A kernel without IPv6 has no such settings, hence -e.
        quiet = ("accept_ra", "router_solicitations", "accept_dad", "dad_transmits")
        steps = [f"sysctl -qew net.ipv6.conf.{name}.{setting}=0" for setting in quiet]
        steps.append(f"ip link set {name} down")
        if mac:
            steps.append(f"ip link set {name} address {mac}")
        # The userspace datapath forwards what the kernel left for the NIC to finish: with checksum
        # offload on, ping works and TCP hangs. Without it, segmentation must be off as well, or
        # the rate limit sees packets of 64 KiB.
        steps.append(f"ethtool -K {name} tx off tso off gso off gro off")
        if ip:
            steps.append(f"ip address replace {ip} dev {name}")
        steps.append(f"ip link set {name} up")
        if rate_bps := link.get("rate_bps"):
            burst = burst_bytes(rate_bps)
            steps += [
                f"tc qdisc replace dev {name} root handle 1: htb default 1",
                f"tc class replace dev {name} parent 1: classid 1:1 htb rate {rate_bps}"
                f" burst {burst} cburst {burst} quantum 3028",
                f"tc qdisc replace dev {name} parent 1:1 pfifo limit {_NIC_QUEUE_PACKETS}",
            ]
        return steps


def _allow_congestion_control() -> None:
    """Lets namespaces choose `CONGESTION_CONTROL`: the kernel's list of it is machine-wide.

    The list only grows, and what is on it changes nobody's choice.
    """
    if not _ALLOWED.exists():  # in a container, where only the machine itself can say so
        return
    allowed = _ALLOWED.read_text(encoding="ascii").split()
    if CONGESTION_CONTROL not in allowed:
        _ALLOWED.write_text(" ".join([*allowed, CONGESTION_CONTROL]), encoding="ascii")
