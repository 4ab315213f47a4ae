"""Finds and removes what runs of ours made: processes, bridges, QoS rows, interfaces.

Everything is found by the tag that `emulation.ownership` puts on it, never by name, so other
people's bridges and Mininet's own are left alone. The same steps serve a normal exit and a
leftover of a process that was killed.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulation import command, ovs
from emulation.ownership import ENVIRONMENT, EXTERNAL_ID, Run, parse, parse_alias

_GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class Belongings:
    """What one run made and is still there.

    Attributes:
        run: The run.
        processes: Process ids.
        bridges: Bridge names.
        rows: (table, uuid) of QoS and Queue rows.
        interfaces: Interfaces in the root namespace.
    """

    run: Run
    processes: tuple[int, ...] = ()
    bridges: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    interfaces: tuple[str, ...] = ()

    def __str__(self) -> str:
        counts = (
            (len(self.processes), "process", "processes"),
            (len(self.bridges), "bridge", "bridges"),
            (len(self.rows), "queue row", "queue rows"),
            (len(self.interfaces), "interface", "interfaces"),
        )
        what = ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts if n)
        return f"{what or 'nothing'} of process {self.run.pid}"


def leftovers() -> tuple[Belongings, ...]:
    """What dead processes left behind, one entry for each of their runs."""
    return tuple(things for things in _find_all() if not things.run.alive)


def belongings(run: Run) -> Belongings:
    """What `run` has made and is still there."""
    return next((things for things in _find_all() if things.run == run), Belongings(run))


def remove_leftovers(progress: Callable[[str], None] | None = None) -> tuple[Belongings, ...]:
    """Removes what dead processes left behind, and returns what that was."""
    found = leftovers()
    for things in found:
        if progress:
            progress(f"removing {things}")
        remove(things)
    return found


def remove(things: Belongings) -> None:
    """Removes these, and what appears of the same run meanwhile; absent ones are no error."""
    stop_processes(things.run)
    # First the bridges: a QoS row can't go while a port refers to it.
    if things.bridges:
        ovs.vsctl(*_joined(("--if-exists", "del-br", bridge) for bridge in things.bridges))
    if things.rows:
        ovs.vsctl(*_joined(("--if-exists", "destroy", *row) for row in things.rows))
    if things.interfaces:
        # Deleting one end of a pair deletes the other, so some lines find nothing to do.
        lines = "\n".join(f"link delete {name}" for name in things.interfaces)
        command.attempt(["ip", "-force", "-batch", "-"], text=lines)


def _joined(commands: Iterable[Sequence[str]]) -> list[str]:
    return [word for words in commands for word in ("--", *words)]


def stop_processes(run: Run) -> None:
    """Ends every process of `run`: asks first, and after a second no longer asks."""
    _signal(_processes().get(run, ()), signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_S
    while (left := _processes().get(run, ())) and time.monotonic() < deadline:
        # Mininet's shells are interactive and don't listen to SIGTERM.
        _signal((pid for pid in left if _is_shell(pid)), signal.SIGHUP)
        time.sleep(0.02)
    _signal(left, signal.SIGKILL)


def _find_all() -> Iterable[Belongings]:
    processes = _processes()
    bridges: dict[Run, list[str]] = {}
    rows: dict[Run, list[tuple[str, str]]] = {}
    if ovs.is_running():
        for row in ovs.rows("Bridge", "name", "external_ids"):
            if run := parse(row["external_ids"].get(EXTERNAL_ID, "")):
                bridges.setdefault(run, []).append(row["name"])
        for table in ("QoS", "Queue"):
            for row in ovs.rows(table, "_uuid", "external_ids"):
                if run := parse(row["external_ids"].get(EXTERNAL_ID, "")):
                    rows.setdefault(run, []).append((table, row["_uuid"]))
    interfaces = _interfaces()
    for run in sorted({*processes, *bridges, *rows, *interfaces}, key=lambda run: run.tag):
        yield Belongings(
            run,
            processes=tuple(sorted(processes.get(run, ()))),
            bridges=tuple(sorted(bridges.get(run, ()))),
            rows=tuple(rows.get(run, ())),
            interfaces=tuple(sorted(interfaces.get(run, ()))),
        )


def _processes() -> dict[Run, list[int]]:
    """Processes by the run in their environment; this process is nobody's to stop."""
    found: dict[Run, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if pid != os.getpid() and (run := _run_of(folder)):
            found.setdefault(run, []).append(pid)
    return found


def _run_of(folder: Path) -> Run | None:
    key = f"{ENVIRONMENT}=".encode()
    try:
        variables = (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    value = next((item[len(key) :] for item in variables if item.startswith(key)), b"")
    return parse(value.decode("ascii", errors="replace"))


def _is_shell(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="ascii", errors="replace") == "bash\n"
    except OSError:
        return False


def _interfaces() -> dict[Run, list[str]]:
    found: dict[Run, list[str]] = {}
    for folder in Path("/sys/class/net").iterdir():
        try:
            alias = (folder / "ifalias").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
        if run := parse_alias(alias):
            found.setdefault(run, []).append(folder.name)
    return found


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
