"""The record of versions: what is current, going back, kills at every step, damage, full disks."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from controller import store as module
from controller.errors import StoreError
from controller.store import FILE, Version, VersionStore
from policies.load import load_policy

POLICY = load_policy()
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    return VersionStore(tmp_path / "state")


def applied(store: VersionStore, text: str, kind: str = "apply") -> Version:
    version = store.begin(POLICY, text, who="ann", why=f"for {text}", kind=kind)
    return store.finish(version.id, "applied")


def test_a_version_keeps_who_when_and_why(store: VersionStore) -> None:
    version = store.begin(POLICY, "name: ü", who="ann", why="tenant-c", kind="apply")
    assert (version.outcome, version.who, version.why) == ("pending", "ann", "tenant-c")
    assert store.current() is None
    done = store.finish(version.id, "applied", "")
    assert store.current() == done
    assert done.text == "name: ü"
    assert done.told()["name"] == POLICY.name
    assert "text" not in done.told()
    json.dumps(done.told())


def test_going_back_twice_goes_two_steps_back(store: VersionStore) -> None:
    for text in ("a", "b", "c"):
        applied(store, text)
    assert store.previous().text == "b"
    applied(store, store.previous().text, kind="rollback")
    assert store.previous().text == "a"
    applied(store, store.previous().text, kind="rollback")
    with pytest.raises(StoreError, match="headway rollback VERSION"):
        store.previous()
    applied(store, "d")
    assert store.previous().text == "a"


def test_what_was_refused_is_kept_and_never_current(store: VersionStore) -> None:
    first = applied(store, "a")
    bad = store.begin(POLICY, "b", who="ann", why="", kind="apply")
    told = store.finish(bad.id, "refused", "0x1: no meters")
    assert (told.outcome, told.detail) == ("refused", "0x1: no meters")
    assert store.current() == first
    with pytest.raises(StoreError, match="not pending"):
        store.finish(bad.id, "applied")
    assert [v.id for v in store.history()] == [bad.id, first.id]


def test_the_same_text_again_is_a_new_version_noted_as_equal(store: VersionStore) -> None:
    first, other = applied(store, "a"), applied(store, "b")
    again = applied(store, "a")
    assert (first.equal_to, other.equal_to, again.equal_to) == (None, None, first.id)
    assert again.id == 3


def test_started_with_is_the_last_file_begun_with(store: VersionStore) -> None:
    assert not store.started_with("a")
    applied(store, "a", kind="start")
    applied(store, "b")
    assert store.started_with("a")
    assert not store.started_with("b")


def test_a_version_nobody_kept_says_so() -> None:
    version = Version.unkept(POLICY, "text", why="policy.yaml")
    assert (version.id, version.outcome, version.why) == (0, "applied", "policy.yaml")


def test_an_unknown_version_is_told_with_those_there_are(store: VersionStore) -> None:
    with pytest.raises(StoreError, match="there are none yet"):
        store.version(1)
    applied(store, "a")
    with pytest.raises(StoreError, match="no version 7; there are 1 to 1"):
        store.version(7)


def test_old_versions_go_but_none_that_is_needed(
    store: VersionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_VERSIONS", 5)
    start = applied(store, "start", kind="start")
    before, current = applied(store, "before"), applied(store, "current")
    for i in range(20):
        version = store.begin(POLICY, str(i), who="", why="", kind="apply")
        store.finish(version.id, "refused")
    kept = [v.id for v in store.history(100)]
    assert kept == [23, 22, 21, 20, 19, current.id, before.id, start.id]
    assert store.previous() == before
    assert store.started_with("start")


def test_numbers_of_slices_are_kept_and_ids_never_used_again(store: VersionStore) -> None:
    first = applied(store, "a")
    assert dict(first.numbers) == {}
    assert applied(VersionStore(store._file.path.parent), "b").id == first.id + 1


# --- killed ---------------------------------------------------------------------------------------

# Runs a change and is killed at the nth statement of it; what SQLite traced is on stdout.
_KILLED = """
import os, sys
from pathlib import Path
from controller.store import VersionStore
from policies.load import load_policy
store, steps = VersionStore(Path(sys.argv[1])), int(sys.argv[2])
version = store.begin(load_policy(), "new", who="bob", why="", kind="apply")
def count(statement):
    global steps
    steps -= 1
    if steps < 0:
        os.kill(os.getpid(), 9)
store._file.connection.set_trace_callback(count)
store.finish(version.id, "applied")
"""


@pytest.mark.parametrize("step", range(7))
def test_killed_at_any_step_it_is_as_before_or_as_after(tmp_path: Path, step: int) -> None:
    first = VersionStore(tmp_path)
    old = applied(first, "old")
    first.close()
    code = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path), str(step)], cwd=ROOT, timeout=60, check=False
    ).returncode
    again = VersionStore(tmp_path)
    current, last = again.current(), again.history(1)[0]
    assert current is not None
    if current.text == "new":
        assert last.outcome == "applied"
        assert again.previous() == old
    else:
        assert code == -9
        assert current == old
        assert last.outcome == "interrupted"
        assert "ended before" in last.detail
        again.finish(last.id, "applied")
        assert again.previous() == old


def test_a_reader_beside_it_sees_whole_changes(store: VersionStore) -> None:
    applied(store, "0")
    odd: list[object] = []
    stop = threading.Event()

    def read() -> None:
        reader = sqlite3.connect(store._file.path)
        while not stop.is_set():
            row = reader.execute(
                "SELECT outcome FROM version JOIN current ON current.version = version.id"
            ).fetchone()
            if row != ("applied",):
                odd.append(row)
        reader.close()

    thread = threading.Thread(target=read)
    thread.start()
    for i in range(1, 50):
        applied(store, str(i))
    stop.set()
    thread.join()
    assert odd == []


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"no database", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_file_is_told_and_not_touched(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    with pytest.raises(StoreError, match=r"versions.sqlite.*move the file away"):
        VersionStore(tmp_path)
    assert (tmp_path / FILE).read_bytes() == damage


def test_a_text_that_was_changed_is_not_believed(store: VersionStore) -> None:
    applied(store, "a")
    store._file.connection.execute("UPDATE version SET text = 'b'")
    with pytest.raises(StoreError, match="version 1 is not what was written"):
        store.current()


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="mend its folder"):
        VersionStore(tmp_path / "file" / "state")


def test_a_file_that_can_not_be_written_is_told_and_read(store: VersionStore) -> None:
    applied(store, "a")
    store._file.connection.execute("PRAGMA query_only = 1")  # as a read-only file, also for root
    with pytest.raises(StoreError, match="readonly"):
        applied(store, "b")
    assert [v.text for v in store.history()] == ["a"]


def test_a_full_disk_is_told_and_changes_nothing(store: VersionStore) -> None:
    applied(store, "a")
    pages = store._file.connection.execute("PRAGMA page_count").fetchone()[0]
    store._file.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="full"):
        store.begin(POLICY, "x" * 100_000, who="", why="", kind="apply")
    store._file.connection.execute("PRAGMA max_page_count = 1000000")
    assert [v.text for v in store.history()] == ["a"]
    assert applied(store, "b").id == 2


def test_a_busy_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = VersionStore(tmp_path)
    store._file.connection.execute("PRAGMA busy_timeout = 50")
    holder = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        applied(store, "a")
    holder.execute("ROLLBACK")
    holder.close()


def test_only_the_state_folder_is_used(tmp_path: Path) -> None:
    VersionStore(tmp_path / "state").close()
    assert os.listdir(tmp_path) == ["state"]
