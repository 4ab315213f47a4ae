"""What emulation needs, checked one by one and told as data: what is there, what mends the rest.

Reads only; the one thing it makes is a network namespace to try qdiscs in, which goes at once.
"""

import enum
import importlib.metadata
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emulation import cleanup, command, kernel, ovs
from emulation.errors import EmulationError
from emulation.kernel import CONGESTION_CONTROL

_PORTS = {6653: "controller"}
_PROGRAMS = {
    "mnexec": "mininet",
    "iperf3": "iperf3",
    "ethtool": "ethtool",
    "ping": "iputils-ping",
    "rsync": "rsync",
    "tc": "iproute2",
}
_QDISCS = {
    "htb": "queues need it",
    "bpf": "telling classes and slices apart needs it",
    "pfifo": "bounded queues need it",
}
_RESTART = (
    f"sysctl -w net.core.wmem_default={ovs.SEND_BUFFER_BYTES}"
    f" net.core.rmem_default={ovs.RECEIVE_BUFFER_BYTES}"
    " && /usr/share/openvswitch/scripts/ovs-ctl restart"
)


class State(enum.Enum):
    """The outcome of a check."""

    OK = "ok"
    WARN = "warn"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's.

    Attributes:
        name: What was looked at.
        state: OK; WARN where things run, but worse; MISSING where the demo can't run.
        detail: What was found.
        remedy: The command that mends it; "" where there is nothing to mend.
    """

    name: str
    state: State
    detail: str
    remedy: str = ""


def examine() -> tuple[Check, ...]:
    """Runs every check; takes about a second."""
    return tuple(check for group in _GROUPS for check in group())


def can_run(checks: Iterable[Check]) -> bool:
    """Whether the demo can run: nothing is missing."""
    return all(check.state is not State.MISSING for check in checks)


def _root() -> Iterator[Check]:
    if os.geteuid() == 0:
        yield Check("root", State.OK, "this is root")
    else:
        yield Check(
            "root", State.MISSING, "not root; emulation makes namespaces", "sudo -E make demo"
        )


def _versions() -> Iterator[Check]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Check("python", State.OK, f"{python} ({sys.executable})")
    yield _package("os-ken", State.MISSING, "scripts/install.sh")
    yield _package("torch", State.WARN, "scripts/install.sh emulation train")
    yield _mininet()
    for program, package in _PROGRAMS.items():
        if command.installed(program):
            yield Check(program, State.OK, program_version(program))
        else:
            install = f"apt-get install --no-install-recommends {package}"
            yield Check(program, State.MISSING, "not installed", install)


def _package(name: str, absence: State, remedy: str) -> Check:
    try:
        return Check(name, State.OK, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Check(name, absence, "not in this environment", remedy)


def _mininet() -> Check:
    """Linked from the distribution, so it has no metadata in this environment."""
    try:
        from emulation.mininet_api import VERSION  # noqa: PLC0415 - it may be missing
    except EmulationError:
        remedy = "scripts/install.sh emulation"
        return Check("mininet", State.MISSING, "its Python package can't be imported", remedy)
    return Check("mininet", State.OK, str(VERSION))


def program_version(program: str) -> str:
    """What the program says of itself, shortened to its number; "installed" if it says none."""
    flag = {"ping": "-V", "tc": "-V"}.get(program, "--version")
    done = command.attempt([program, flag])
    match = re.search(r"\d+(\.\d+)+|\b\d{8}\b", done.stdout + done.stderr)
    return match.group() if match else "installed"


def _open_vswitch() -> Iterator[Check]:
    version = ovs.version()
    if version is None:
        install = "apt-get install --no-install-recommends openvswitch-switch"
        yield Check("Open vSwitch", State.MISSING, "not installed", install)
        return
    if not ovs.is_running():
        start = "/usr/share/openvswitch/scripts/ovs-ctl start --system-id=random"
        detail = f"{version}, not running; the demo starts it"
        yield Check("Open vSwitch", State.WARN, detail, start)
        return
    yield Check("Open vSwitch", State.OK, f"{version}, running as process {ovs.daemon_pid()}")
    kind = ovs.detect_datapath()
    if kind is ovs.Datapath.KERNEL:
        yield Check("datapath", State.OK, "kernel")
    elif ovs.TUN_DEVICE.exists():
        yield Check("datapath", State.OK, "userspace (there is no openvswitch kernel module)")
    else:
        make = f"mkdir -p {ovs.TUN_DEVICE.parent} && mknod {ovs.TUN_DEVICE} c 10 200"
        detail = f"userspace, which needs {ovs.TUN_DEVICE}"
        yield Check("datapath", State.MISSING, detail, make)
    yield buffer_check(ovs.buffers())


def buffer_check(buffers: ovs.Buffers) -> Check:
    """The line on the send buffer that the userspace datapath's queues share."""
    default = f"net.core.wmem_default is {buffers.default_bytes >> 10} KiB"
    if buffers.in_use_bytes is None:
        detail = f"{default}; ovs-vswitchd takes it when it first sends"
    else:
        detail = f"{default}; ovs-vswitchd has {buffers.in_use_bytes >> 10} KiB"
    if buffers.large_enough:
        return Check("send buffer", State.OK, detail)
    if buffers.in_use_bytes is None:
        return Check("send buffer", State.OK, f"{detail}; the demo raises it before that")
    return Check(
        "send buffer", State.WARN, f"{detail}: too small, full queues drop others", _RESTART
    )


def _kernel() -> Iterator[Check]:
    if os.geteuid() != 0 or not command.installed("tc"):
        yield Check("kernel qdiscs", State.WARN, "not tried: that takes root and tc")
        return
    for feature, purpose in _QDISCS.items():
        if kernel.has(feature):
            yield Check(feature, State.OK, "in this kernel")
        else:
            module = f"{'cls' if feature == 'bpf' else 'sch'}_{feature}"
            yield Check(
                feature, State.MISSING, f"not in this kernel; {purpose}", f"modprobe {module}"
            )
    if kernel.has("netem"):
        yield Check("netem", State.OK, "in this kernel")
    else:
        yield Check(
            "netem",
            State.WARN,
            "not in this kernel; link delays are left out",
            "modprobe sch_netem",
        )


def _congestion_control() -> Iterator[Check]:
    folder = Path("/proc/sys/net/ipv4")
    available = (folder / "tcp_available_congestion_control").read_text(encoding="ascii").split()
    current = (folder / "tcp_congestion_control").read_text(encoding="ascii").strip()
    if CONGESTION_CONTROL in available:
        detail = f"{current} on this machine, {CONGESTION_CONTROL} on emulated hosts"
        yield Check("TCP", State.OK, detail)
    else:
        detail = f"no {CONGESTION_CONTROL} in this kernel, only {', '.join(available)}"
        yield Check("TCP", State.MISSING, detail, f"modprobe tcp_{CONGESTION_CONTROL}")


def _ports() -> Iterator[Check]:
    if not command.installed("ss"):
        return
    listing = command.attempt(["ss", "-H", "-l", "-t", "-n", "-p"]).stdout
    users = parse_listeners(listing)
    for port, purpose in _PORTS.items():
        if port not in users:
            yield Check(f"port {port}", State.OK, f"free ({purpose})")
            continue
        who = f"{users[port]}" if users[port] else "a process of another user"
        detail = f"in use by {who} ({purpose})"
        yield Check(f"port {port}", State.WARN, detail, "stop it, or choose another with --listen")


def parse_listeners(listing: str) -> dict[int, str]:
    """TCP port -> "name (process id)" in the output of `ss -Hltnp`; "" where ss hides who it is."""
    users = {}
    for line in listing.splitlines():
        words = line.split()
        if len(words) < 4:
            continue
        who = re.search(r'\("([^"]*)",pid=(\d+)', line)
        port = words[3].rpartition(":")[2]
        users[int(port)] = f"{who[1]} (process {who[2]})" if who else ""
    return users


def _leftovers() -> Iterator[Check]:
    found = cleanup.leftovers()
    if not found:
        yield Check("leftovers", State.OK, "none of earlier runs")
    else:
        detail = "; ".join(map(str, found))
        yield Check("leftovers", State.WARN, f"{detail}, which is gone", "headway clean")


_GROUPS: tuple[Callable[[], Iterator[Check]], ...] = (
    _root,
    _versions,
    _open_vswitch,
    _kernel,
    _congestion_control,
    _ports,
    _leftovers,
)
