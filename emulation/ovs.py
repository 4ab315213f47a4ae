"""Open vSwitch as a whole: starts it where it is not running, and says what it can do.

Leaves a running one alone. Bridges and ports belong to `emulation.switch`, queues to
`emulation.queues`.
"""

import enum
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulation import command
from emulation.errors import CommandFailedError, OpenVSwitchError

# The userspace datapath sends from every port through one AF_PACKET socket. Its buffer holds what
# waits in *all* queues; when it is full, packets of every class on every port are lost. The size is
# taken from the kernel's default when the daemon opens that socket, at the first packet it sends.
SEND_BUFFER_BYTES = 64 << 20
RECEIVE_BUFFER_BYTES = 16 << 20
_SEND_DEFAULT = Path("/proc/sys/net/core/wmem_default")
_RECEIVE_DEFAULT = Path("/proc/sys/net/core/rmem_default")
# The userspace datapath makes a tap interface for each bridge.
TUN_DEVICE = Path("/dev/net/tun")
_CTL = "/usr/share/openvswitch/scripts/ovs-ctl"
_PID_FILE = Path(os.environ.get("OVS_RUNDIR", "/var/run/openvswitch"), "ovs-vswitchd.pid")


class Datapath(enum.Enum):
    """Where packets are switched; the values are Open vSwitch's own words."""

    AUTO = "auto"
    KERNEL = "system"
    USERSPACE = "netdev"


@dataclass(frozen=True, slots=True)
class Buffers:
    """Socket buffers of the running ovs-vswitchd.

    Attributes:
        default_bytes: What the kernel gives a new socket now (net.core.wmem_default).
        in_use_bytes: What the daemon's sending socket has; None while it has sent nothing yet,
            so that it will take `default_bytes`.
    """

    default_bytes: int
    in_use_bytes: int | None

    @property
    def large_enough(self) -> bool:
        """Whether waiting packets of one queue leave room for the others'."""
        in_use = self.default_bytes if self.in_use_bytes is None else self.in_use_bytes
        return in_use >= SEND_BUFFER_BYTES


def ensure_running(progress: Callable[[str], None] | None = None) -> None:
    """Starts ovsdb-server and ovs-vswitchd with ovs-ctl unless they answer already.

    Raises:
        OpenVSwitchError: They could not be started.
        NotPrivilegedError: Not root.
    """
    command.require_root()
    _raise_socket_buffers()
    if is_running():
        return
    if progress:
        progress("starting Open vSwitch")
    try:
        # Where kernel modules can't be loaded, ovs-ctl says so and goes on: userspace datapath.
        command.run([_CTL, "start", "--system-id=random"], timeout_s=60)
    except CommandFailedError as error:
        raise OpenVSwitchError(f"Open vSwitch does not start: {error}") from error
    if not is_running():
        raise OpenVSwitchError("Open vSwitch started but does not answer; see /var/log/openvswitch")


def is_running() -> bool:
    """Whether the database answers and ovs-vswitchd follows it."""
    if not command.installed("ovs-vsctl"):
        return False
    database = command.attempt(["ovs-vsctl", "--timeout=3", "--no-wait", "show"])
    return database.returncode == 0 and daemon_pid() is not None


def daemon_pid() -> int | None:
    """The process id of ovs-vswitchd, or None when it does not run."""
    try:
        pid = int(_PID_FILE.read_text(encoding="ascii"))
        name = Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return pid if name == "ovs-vswitchd" else None


def version() -> str | None:
    """The version of Open vSwitch's tools, such as "3.1.0", or None if there are none."""
    if not command.installed("ovs-vsctl"):
        return None
    match = re.search(r"\d+\.\d+(\.\d+)?", command.attempt(["ovs-vsctl", "--version"]).stdout)
    return match.group() if match else None


def detect_datapath() -> Datapath:
    """KERNEL where the openvswitch kernel module answers, else USERSPACE."""
    answer = command.attempt(["ovs-dpctl", "dump-dps"])
    return Datapath.KERNEL if answer.returncode == 0 else Datapath.USERSPACE


def buffers() -> Buffers:
    """The send buffer that ovs-vswitchd has or will get, bytes."""
    default = _read_setting(_SEND_DEFAULT)
    pid = daemon_pid()
    if pid is None or not command.installed("ss"):
        return Buffers(default, None)
    listing = command.attempt(["ss", "-0", "-n", "-p", "-m"]).stdout
    return Buffers(default, parse_send_buffer(listing, pid))


def parse_send_buffer(listing: str, pid: int) -> int | None:
    """`tb` (send buffer, bytes) of the sending socket of `pid` in `ss -0npm` output.

    That one is bound to no interface; the others, one a port, only receive.
    """
    for line in listing.splitlines():
        words = line.split()
        if f"pid={pid}," in line and len(words) > 3 and words[3].endswith(":*"):
            match = re.search(r"\btb(\d+)", line)
            return int(match.group(1)) if match else None
    return None


def vsctl(*words: str, timeout_s: int = 15) -> str:
    """One ovs-vsctl transaction; returns when ovs-vswitchd has put it into effect.

    Raises:
        OpenVSwitchError: It was refused, or Open vSwitch does not answer.
    """
    done = command.attempt(["ovs-vsctl", f"--timeout={timeout_s}", *words])
    # A port or bridge that ovs-vswitchd could not make is only a warning to ovs-vsctl.
    if done.returncode != 0 or "Error detected while setting up" in done.stderr:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        said = next((line for line in lines if line.startswith("ovs-vsctl: ")), lines[0])
        raise OpenVSwitchError(f"Open vSwitch refused: {said}; {_where_to_look()}")
    return done.stdout


def rows(table: str, *columns: str) -> list[dict[str, Any]]:
    """The rows of a table of the Open_vSwitch database, maps as dicts and sets as lists."""
    listing = json.loads(
        vsctl("--no-wait", "--format=json", f"--columns={','.join(columns)}", "list", table)
    )
    names = listing["headings"]
    return [
        {name: _plain(value) for name, value in zip(names, row, strict=True)}
        for row in listing["data"]
    ]


def bridge_of_port() -> dict[str, str]:
    """The bridge of each port, by the port's name."""
    names = {row["_uuid"]: row["name"] for row in rows("Port", "_uuid", "name")}
    found: dict[str, str] = {}
    for row in rows("Bridge", "name", "ports"):
        ports = row["ports"] if isinstance(row["ports"], list) else [row["ports"]]
        found.update((names[uuid], row["name"]) for uuid in ports if uuid in names)
    return found


def _plain(value: Any) -> Any:
    """RFC 7047 section 5.1: ["map", pairs], ["set", items], ["uuid", text] or an atom."""
    match value:
        case ["map", pairs]:
            return {_plain(key): _plain(item) for key, item in pairs}
        case ["set", items]:
            return [_plain(item) for item in items]
        case ["uuid", text]:
            return text
        case _:
            return value


def _where_to_look() -> str:
    if not TUN_DEVICE.exists():
        return f"its userspace datapath needs {TUN_DEVICE}, see 'headway doctor'"
    return "its log is /var/log/openvswitch/ovs-vswitchd.log"


def _raise_socket_buffers() -> None:
    """Raises the defaults, never lowers them; sockets that are open already keep theirs."""
    for setting, wanted_bytes in (
        (_SEND_DEFAULT, SEND_BUFFER_BYTES),
        (_RECEIVE_DEFAULT, RECEIVE_BUFFER_BYTES),
    ):
        if 0 < _read_setting(setting) < wanted_bytes:
            setting.write_text(f"{wanted_bytes}\n", encoding="ascii")


def _read_setting(setting: Path) -> int:
    """A kernel setting; 0 where it is hidden, as in most containers."""
    try:
        return int(setting.read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0
