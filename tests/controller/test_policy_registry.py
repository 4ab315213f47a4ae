"""The registry: roles, roll-back, damage, and a process killed in the middle of a change."""

import hashlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from controller.advice.errors import RegistryError
from controller.advice.registry import MAX_DECISIONS, Registry, Role, Version, default_folder


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "state")


def version(registry: Registry, tmp_path: Path, name: str) -> Version:
    file = tmp_path / f"{name}.npz"
    file.write_bytes(name.encode())
    return registry.add(file, why=f"{name} is new")


def active(registry: Registry) -> str | None:
    holding = registry.roles().get(Role.ACTIVE)
    return holding.version.name if holding and holding.version else None


def test_a_policy_is_kept_by_its_hash_with_its_card(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# a card\n")
    first = version(registry, tmp_path, "a")
    (tmp_path / "a.npz").unlink()
    assert first.sha256 == hashlib.sha256(b"a").hexdigest()
    assert first.file.read_bytes() == b"a"
    assert Path(first.card).read_text() == "# a card\n"
    assert first.why == "a is new"


def test_the_same_file_again_is_the_same_policy(registry: Registry, tmp_path: Path) -> None:
    assert version(registry, tmp_path, "a") == version(registry, tmp_path, "a")
    assert len(registry.versions()) == 1


def test_a_policy_is_found_by_number_name_and_hash(registry: Registry, tmp_path: Path) -> None:
    a, b = (version(registry, tmp_path, name) for name in "ab")
    assert registry.version("1") == registry.version("a") == registry.version(a.sha256[:8]) == a
    assert registry.version("b") == b
    with pytest.raises(RegistryError, match=r"there are: 1 \(a\), 2 \(b\)"):
        registry.version("c")


def test_shadow_canary_promote_and_back(registry: Registry, tmp_path: Path) -> None:
    a, b = (version(registry, tmp_path, name) for name in "ab")
    registry.assign(Role.SHADOW, a)
    registry.assign(Role.CANARY, a, share=0.25)
    assert registry.roles()[Role.CANARY].share == 0.25
    registry.promote(a)
    assert registry.roles().keys() == {Role.ACTIVE, Role.PREVIOUS}
    registry.promote(b)
    assert active(registry) == "b"
    assert registry.rollback() == a
    assert active(registry) == "a"
    assert registry.rollback() is None
    with pytest.raises(RegistryError, match="nothing to roll back"):
        registry.rollback()
    assert [what.split()[0] for _, what in registry.history()][:3] == ["rolled", "rolled", "b"]


def test_a_rollback_ends_a_canary_first(registry: Registry, tmp_path: Path) -> None:
    a, b = (version(registry, tmp_path, name) for name in "ab")
    registry.promote(a)
    registry.assign(Role.CANARY, b)
    assert registry.rollback() == a
    assert Role.CANARY not in registry.roles()
    assert active(registry) == "a"


def test_what_the_guard_benched_loses_its_place(registry: Registry, tmp_path: Path) -> None:
    registry.demote("nobody was promoted")
    registry.promote(version(registry, tmp_path, "a"))
    registry.assign(Role.CANARY, version(registry, tmp_path, "b"))
    registry.demote("benched")
    assert registry.roles() == {}


def test_another_process_sees_the_change_by_the_stamp(registry: Registry, tmp_path: Path) -> None:
    other = Registry(registry.folder)
    before = other.stamp
    assert other.stamp == before
    registry.promote(version(registry, tmp_path, "a"))
    assert other.stamp != before


def test_the_last_decisions_are_kept(registry: Registry) -> None:
    for i in range(MAX_DECISIONS + 5):
        registry.log({"number": i})
    kept = registry.decisions(2 * MAX_DECISIONS)
    assert len(kept) == MAX_DECISIONS
    assert kept[0]["number"] == MAX_DECISIONS + 4


_KILLED = """
import os, sqlite3, sys
from pathlib import Path
from controller.advice import registry as r
folder = Path(sys.argv[1])
registry = r.Registry(folder)
registry._note = lambda what: os.kill(os.getpid(), 9)  # the last step of a change
registry.promote(registry.version("b"))
"""


def test_a_process_killed_in_the_middle_leaves_it_as_it_was(
    registry: Registry, tmp_path: Path
) -> None:
    registry.promote(version(registry, tmp_path, "a"))
    version(registry, tmp_path, "b")
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, str(registry.folder)], cwd=root, check=False, timeout=60
    )
    assert ended.returncode == -9
    again = Registry(registry.folder)
    assert active(again) == "a"
    again.promote(again.version("b"))
    assert active(again) == "b"


@pytest.mark.parametrize(
    "damage", [b"not a database at all", b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_damaged_file_is_told_and_not_touched(
    registry: Registry, tmp_path: Path, damage: bytes
) -> None:
    registry.close()
    file = registry.folder / "registry.sqlite"
    for other in registry.folder.glob("registry.sqlite-*"):
        other.unlink()
    file.write_bytes(damage)
    with pytest.raises(RegistryError, match="move it away"):
        Registry(registry.folder)
    assert file.read_bytes() == damage


def test_a_torn_file_is_told(registry: Registry, tmp_path: Path) -> None:
    for name in "abc":
        version(registry, tmp_path, name)
    for i in range(200):
        registry.log({"number": i, "text": "x" * 200})
    registry._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    registry.close()
    file = registry.folder / "registry.sqlite"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(RegistryError):
        Registry(registry.folder)


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RegistryError, match="choose another folder"):
        Registry(tmp_path / "file" / "state")


def test_a_busy_registry_is_told(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.advice.registry._BUSY_S", 0.05)
    mine = Registry(registry.folder)
    holder = sqlite3.connect(registry.folder / "registry.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(RegistryError, match="locked"):
        mine.log({})
    holder.execute("ROLLBACK")
    holder.close()


def test_where_the_state_is_kept() -> None:
    assert default_folder({"HEADWAY_STATE": "/a"}) == Path("/a")
    assert default_folder({"XDG_STATE_HOME": "/b"}) == Path("/b/headway")
    assert default_folder({}).name == "headway"
