"""RESULTS.md: replaces the generated section of one benchmark and keeps all else as it is.

Owns the markers. A section says the command, date, machine and seed, so that each figure can be
made again.
"""

import datetime
import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.result import Result, to_markdown

_END = "<!-- end -->"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How a result came to be. `machine` is a phrase for each thing worth knowing."""

    command: str
    seed: int
    machine: tuple[str, ...]


def rewrite(
    path: Path, name: str, result: Result, circumstances: Circumstances, took_s: float
) -> None:
    """Puts a result between its markers, at the end where there are none yet."""
    begin = f"<!-- generated: {name} -->"
    body = "\n".join([begin, *_head(circumstances, took_s), *to_markdown(result), "", _END])
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    section = re.compile(re.escape(begin) + ".*?" + re.escape(_END), re.DOTALL)
    if section.search(old):
        new = section.sub(lambda _match: body, old, count=1)
    else:
        new = f"{old.rstrip()}\n\n## {name}\n\n{body}\n".lstrip()
    path.write_text(new, encoding="utf-8")


def _head(circumstances: Circumstances, took_s: float) -> list[str]:
    date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return [
        "",
        f"`{circumstances.command}`, {date}, {took_s:.0f} s; seed {circumstances.seed}; "
        f"{'; '.join(circumstances.machine)}.",
    ]
