"""Runs one external command and turns its failure into an error a person can act on.

Owns nothing but the call. Children get a session of their own, so that Ctrl-C on the terminal
reaches only this process, which then cleans up with commands that are not interrupted.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence

from emulation.errors import CommandFailedError, MissingToolError, NotPrivilegedError

_TIMEOUT_S = 30.0


def run(argv: Sequence[str], *, text: str | None = None, timeout_s: float = _TIMEOUT_S) -> str:
    """Runs `argv` to its end and returns what it printed.

    Args:
        argv: Program and arguments; no shell.
        text: Standard input, or None for an empty one.
        timeout_s: Longest it may take, seconds.

    Raises:
        MissingToolError: The program is not installed.
        CommandFailedError: It exited non-zero or took too long.
    """
    done = attempt(argv, text=text, timeout_s=timeout_s)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
        raise CommandFailedError(f"{_abridged(argv)}: {said}")
    return done.stdout


def attempt(
    argv: Sequence[str], *, text: str | None = None, timeout_s: float = _TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Like `run`, but a non-zero exit is an answer and not an error."""
    try:
        return subprocess.run(
            argv,
            input=text if text is not None else "",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            start_new_session=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingToolError(f"{argv[0]} is not installed; run 'headway doctor'") from error
    except subprocess.TimeoutExpired as error:
        raise CommandFailedError(f"{_abridged(argv)}: no answer in {timeout_s:g} s") from error


def installed(program: str) -> bool:
    """Whether the program is found, also in the folders that only root's PATH has."""
    path = os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin:/sbin"
    return shutil.which(program, path=path) is not None


def require_root() -> None:
    """Raises NotPrivilegedError unless this process is root."""
    if os.geteuid() != 0:
        raise NotPrivilegedError("emulation needs root for namespaces and queues; use sudo")


def _abridged(argv: Sequence[str], limit: int = 160) -> str:
    line = " ".join(argv)
    return line if len(line) <= limit else f"{line[:limit]}..."
