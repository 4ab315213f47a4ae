"""What recordings of daemons share: shell commands, and settings and files made for them."""

import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.recordings.labels import Flow
from benchmarks.recordings.stage import Stage

SMALL_BYTES = 100_000  # in one connection; more is a transfer


def shell(stage: Stage, host: int, command: str) -> None:
    """Runs a command line on a host, to its end; any part that fails is an error."""
    stage.start(host, ["sh", "-ec", command]).finish()


def settings(path: Path, text: str) -> Path:
    """Writes a settings file, and returns where it is."""
    path.write_text(text, encoding="ascii")
    return path


def files(folder: Path, sizes: Sequence[int]) -> Path:
    """A folder of files f0, f1, … that don't compress."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, size in enumerate(sizes):
        (folder / f"f{number}").write_bytes(os.urandom(size))
    folder.chmod(0o777)
    folder.parent.chmod(0o755)
    return folder


def large_only(flow: Flow) -> str | None:
    """The rule of transfers: connections with little in them are background."""
    return "background" if flow.up + flow.down < SMALL_BYTES else None
