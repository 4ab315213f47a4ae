"""Which programs can be recorded: what each needs, what its flows are, and how it is run.

Owns the registry and the packages' environments (one virtual environment per set of packages, in a
cache folder). Runs nothing of a recording.
"""

import fcntl
import hashlib
import importlib
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.recordings.stage import Stage

Play = Callable[["Stage"], None]


class MissingError(Exception):
    """Something that a recording needs is not there; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One program to record.

    Attributes:
        name: Of its files.
        protocol: Program, version and protocol, for people.
        traffic_class: The class of each flow that nothing else is said about.
        play: Runs the program on a stage.
        hosts: How many namespaces it needs.
        pip: Packages, installed into a virtual environment of their own.
        apt: Executables that must be there, each with the Debian package that has it.
        note: What is worth knowing about the labels.
    """

    name: str
    protocol: str
    traffic_class: str
    play: Play
    hosts: int = 2
    pip: tuple[str, ...] = ()
    apt: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


REGISTRY: dict[str, Recording] = {}


def recording(
    name: str,
    protocol: str,
    traffic_class: str,
    *,
    hosts: int = 2,
    pip: tuple[str, ...] = (),
    apt: Mapping[str, str] | None = None,
    note: str = "",
) -> Callable[[Play], Play]:
    """Registers the function below it; see `Recording` for the arguments."""

    def register(play: Play) -> Play:
        if name in REGISTRY:
            raise ValueError(f"two recordings are named {name}")
        REGISTRY[name] = Recording(
            name, protocol, traffic_class, play, hosts, pip, dict(apt or {}), note
        )
        return play

    return register


def load() -> dict[str, Recording]:
    """All recordings by name."""
    package = importlib.import_module("benchmarks.recordings.programs")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return REGISTRY


def find(program: str) -> str:
    """Where an executable is; root's folders count as well."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/local/sbin")
    if path is None:
        raise MissingError(f"{program} is not installed")
    return path


def prepare(what: Recording, cache: Path) -> Path:
    """Makes sure of what a recording needs, and returns the Python that has its packages.

    Raises:
        MissingError: A Debian package is missing, or pip can't install a package.
    """
    for program, package in what.apt.items():
        try:
            find(program)
        except MissingError as error:
            raise MissingError(f"{error}; try 'apt-get install {package}'") from error
    return environment(what.pip, cache)


def environment(packages: tuple[str, ...], cache: Path) -> Path:
    """The Python of the virtual environment that has these packages, made where it is missing."""
    if not packages:
        return Path(sys.executable)
    key = hashlib.sha256("\n".join(sorted(packages)).encode()).hexdigest()[:8]
    folder = cache / f"{_plain(packages[0])}-{key}"
    python, done = folder / "bin" / "python", folder / "complete"
    cache.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("a", encoding="ascii") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _call([sys.executable, "-m", "venv", str(folder)])
            _call([str(python), "-m", "pip", "install", "--quiet", *packages])
            done.touch()
    return python


def _plain(package: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in package).strip("-")


def _call(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise MissingError(f"{' '.join(argv)}: {said}")
