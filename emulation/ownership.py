"""Who made a thing: a tag on every process, bridge, row and interface, and whether its maker lives.

The tag holds the maker's process id and start time, so no file has to be kept in step with the
machine: what carries the tag of a dead process is a leftover, even after kill -9 or a reboot.
Tags are put on in the same step that makes the thing, so there is no moment without one.
Owns the tag's format; must not remove anything (that is `emulation.cleanup`).
"""

import itertools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = "HEADWAY_RUN"
EXTERNAL_ID = "headway-run"
_ALIAS_PREFIX = "headway:"
_TAG = re.compile(r"(\d+)-(\d+)-(\d+)")
_serials = itertools.count()


@dataclass(frozen=True, slots=True)
class Run:
    """One network made by one process.

    Attributes:
        pid: The maker.
        start_ticks: When the maker started, clock ticks since boot (proc(5), field 22).
        serial: Counts the networks of that process.
    """

    pid: int
    start_ticks: int
    serial: int

    @property
    def tag(self) -> str:
        """The word written on everything of this run."""
        return f"{self.pid}-{self.start_ticks}-{self.serial}"

    @property
    def alias(self) -> str:
        """The tag as an interface alias."""
        return _ALIAS_PREFIX + self.tag

    @property
    def alive(self) -> bool:
        """Whether the maker still runs (the same process, not another with its id)."""
        return _start_ticks(self.pid) == self.start_ticks

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment that marks a process, and all it starts, as part of this run."""
        return {**(os.environ if base is None else base), ENVIRONMENT: self.tag}


def new_run() -> Run:
    """A fresh run of this process."""
    pid = os.getpid()
    return Run(pid, _start_ticks(pid) or 0, next(_serials))


def parse(tag: str) -> Run | None:
    """The run behind a tag or an interface alias, or None if it is not one of ours."""
    match = _TAG.fullmatch(tag.removeprefix(_ALIAS_PREFIX))
    return Run(*map(int, match.groups())) if match else None


def parse_alias(alias: str) -> Run | None:
    """The run behind an interface alias; other people's aliases give None."""
    return parse(alias) if alias.startswith(_ALIAS_PREFIX) else None


def _start_ticks(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The command's name, in parentheses, may hold spaces and parentheses: count after the last.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])
