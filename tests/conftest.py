"""Which tests run where.

`pytest` alone is fast and needs nothing: tests marked `root`, `slow`, `ryu` or `learning` are left
out, and the last lines say how many. `pytest --all` (what `make test` runs) takes them in; those
that can't run on this machine are then skipped, and say why. `-m` chooses as ever, as in
`pytest -m root`.
"""

import functools
import importlib.util
import os
import shutil
from pathlib import Path

import pytest

OPT_IN = ("root", "slow", "ryu", "learning")
RYU = Path(__file__).resolve().parent.parent / ".venv-ryu" / "bin" / "ryu-manager"
_LEFT_OUT = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also tests that need root, Ryu or time")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "learning: trains something")


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Controllers that tests start keep their records there, not in the user's state folder."""
    os.environ["HEADWAY_STATE"] = str(tmp_path_factory.mktemp("state"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not (config.getoption("--all") or config.getoption("-m")):
        left_out = [item for item in items if any(map(item.get_closest_marker, OPT_IN))]
        config.stash[_LEFT_OUT] = len(left_out)
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    for item in items:
        for marker, obstacle in (("root", root_obstacle), ("ryu", ryu_obstacle)):
            if item.get_closest_marker(marker) and (reason := obstacle()):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if count := config.stash.get(_LEFT_OUT, 0):
        terminalreporter.write_line(f"{count} {'/'.join(OPT_IN)} tests left out; --all runs them")


@functools.cache
def root_obstacle() -> str | None:
    """Why tests that build networks can't run here."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [name for name in ("ovs-vsctl", "mnexec", "tc", "ethtool") if not shutil.which(name)]
    if missing:
        return f"needs {', '.join(missing)}; scripts/install.sh emulation"
    if importlib.util.find_spec("mininet") is None:
        return "needs Mininet's Python package; scripts/install.sh emulation"
    return None


@functools.cache
def ryu_obstacle() -> str | None:
    """Why tests against a real Ryu can't run here."""
    return None if RYU.exists() else "needs .venv-ryu; make ryu"
