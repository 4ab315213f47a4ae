"""What the recordings of daemons share: shell commands on a host, and settings written for them."""

from pathlib import Path

from benchmarks.recordings.stage import Stage


def shell(stage: Stage, host: int, command: str) -> None:
    """Runs a command line on a host, to its end; any part that fails is an error."""
    stage.start(host, ["sh", "-ec", command]).finish()


def settings(path: Path, text: str) -> Path:
    """Writes a settings file, and returns where it is."""
    path.write_text(text, encoding="ascii")
    return path
