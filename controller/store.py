"""Every policy that was ever put in force, or tried to: who, when, why, and what became of it.

Owns one SQLite file in the state folder. A version is recorded, pending, before anything changes
and finished when the change is through, so a controller killed in between knows afterwards what it
did not finish. Decides nothing and applies nothing.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.errors import StoreError, UnknownVersionError
from controller.sqlite import Database
from policies.model import Policy

MAX_VERSIONS = 1000
FILE = "versions.sqlite"
_REMEDY = (
    "the file of policies applied before; mend its folder, or move the file away to begin a new "
    "history (the policy file is then read afresh)"
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS version (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,
    text TEXT NOT NULL, sha256 TEXT NOT NULL, numbers TEXT NOT NULL, who TEXT NOT NULL,
    at REAL NOT NULL, why TEXT NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL,
    detail TEXT NOT NULL, equal_to INTEGER, previous INTEGER);
CREATE TABLE IF NOT EXISTS current (one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL REFERENCES version(id));
"""
_COLUMNS = "id, name, text, sha256, numbers, who, at, why, kind, outcome, detail, equal_to"
PENDING, APPLIED, INTERRUPTED = "pending", "applied", "interrupted"


@dataclass(frozen=True, slots=True)
class Version:
    """One attempt to put a policy in force.

    Attributes:
        id: Counts up from 1; 0 was never recorded.
        name: The policy's own.
        text: The file as it was, YAML.
        sha256: Of the text.
        numbers: Of its slices, by name.
        who: Asked for it; empty for the controller itself.
        at: When, wall clock, seconds.
        why: In their words.
        kind: "start", "apply", "canary" or "rollback".
        outcome: "pending", "applied", "refused", "rolled-back" or "interrupted".
        detail: Why it was refused or rolled back.
        equal_to: The latest earlier version applied with the same text; of a rollback, the one
            it goes back to.
    """

    id: int
    name: str
    text: str
    sha256: str
    numbers: Mapping[str, int]
    who: str
    at: float
    why: str
    kind: str
    outcome: str
    detail: str = ""
    equal_to: int | None = None

    @staticmethod
    def unkept(policy: Policy, text: str, *, why: str = "") -> "Version":
        """A version that leaves no record."""
        return Version(
            0, policy.name, text, _digest(text), _numbers(policy), "", time.time(), why, "start",
            APPLIED,
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """Plain values for people, without the text."""
        return {
            "version": self.id, "name": self.name, "sha256": self.sha256, "who": self.who,
            "at": self.at, "why": self.why, "kind": self.kind, "outcome": self.outcome,
            "detail": self.detail, "equal_to": self.equal_to,
        }  # fmt: skip


class VersionStore:
    """The versions of one controller; a file in `folder`, made if it isn't there."""

    def __init__(self, folder: Path) -> None:
        """Opens it; whatever an earlier controller left pending was interrupted.

        Raises:
            StoreError: The file is damaged, or can't be written.
        """
        self._file = Database(folder / FILE, _SCHEMA, StoreError, _REMEDY, lasting=True)
        with self._file.transaction() as db:
            db.execute(
                "UPDATE version SET outcome = ?, detail = 'the controller ended before it was "
                "through' WHERE outcome = ?", (INTERRUPTED, PENDING),
            )  # fmt: skip

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    # --- changes --------------------------------------------------------------------------------

    def begin(
        self,
        policy: Policy,
        text: str,
        *,
        who: str,
        why: str,
        kind: str,
        back_to: int | None = None,
    ) -> Version:
        """Records that a policy is about to be put in force.

        Args:
            policy: As read from `text`.
            text: The file.
            who: Who asks for it.
            why: In their words.
            kind: "start", "apply", "canary" or "rollback".
            back_to: The version a rollback goes back to.
        """
        digest = _digest(text)
        with self._file.transaction() as db:
            equal = db.execute(
                "SELECT max(id) FROM version WHERE sha256 = ? AND outcome = ?", (digest, APPLIED)
            ).fetchone()[0]
            number = db.execute(
                "INSERT INTO version (name, text, sha256, numbers, who, at, why, kind, outcome, "
                "detail, equal_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?)",
                (policy.name, text, digest, json.dumps(_numbers(policy)), who, time.time(), why,
                 kind, PENDING, back_to or equal),
            ).lastrowid  # fmt: skip
            _forget_old(db)
        return self.version(number or 0)

    def finish(self, number: int, outcome: str, detail: str = "") -> Version:
        """Records what became of a pending version; "applied" makes it the current one.

        Raises:
            StoreError: There is no such version, or it is not pending.
        """
        with self._file.transaction() as db:
            changed = db.execute(
                "UPDATE version SET outcome = ?, detail = ? WHERE id = ? AND outcome IN (?, ?)",
                # Another controller that began on the same folder may have called it interrupted.
                (outcome, detail, number, PENDING, INTERRUPTED),
            ).rowcount
            if changed and outcome == APPLIED:
                _make_current(db, number)
        if not changed:
            raise StoreError(f"version {number} is not pending")
        return self.version(number)

    # --- questions ------------------------------------------------------------------------------

    def current(self) -> Version | None:
        """The last one applied."""
        found = self._find("WHERE id = (SELECT version FROM current)")
        return found[0] if found else None

    def previous(self) -> Version:
        """What was in force before the current one; a roll-back counts as being there again.

        Raises:
            UnknownVersionError: There is nothing before it.
        """
        found = self._find(
            "WHERE id = (SELECT previous FROM version JOIN current ON current.version = version.id)"
        )
        if not found:
            raise UnknownVersionError(
                "nothing to roll back to; 'headway history' shows versions, any of which can be "
                "named: headway rollback VERSION"
            )
        return found[0]

    def version(self, number: int) -> Version:
        """The version with this number.

        Raises:
            UnknownVersionError: There is none; says which there are.
        """
        if found := self._find("WHERE id = ?", number):
            return found[0]
        with self._file.told():
            low, high = self._file.connection.execute(
                "SELECT min(id), max(id) FROM version"
            ).fetchone()
        there = f"there are {low} to {high}" if low else "there are none yet"
        raise UnknownVersionError(f"no version {number}; {there}")

    def history(self, limit: int = 100) -> list[Version]:
        """Versions, newest first."""
        return self._find("ORDER BY id DESC LIMIT ?", max(0, limit))

    def started_with(self, text: str) -> bool:
        """Whether the last policy file that a controller began with had this text."""
        found = self._find("WHERE kind = 'start' ORDER BY id DESC LIMIT 1")
        return bool(found) and found[0].sha256 == _digest(text)

    def _find(self, where: str, *values: int) -> list[Version]:
        with self._file.told():
            rows = self._file.connection.execute(
                f"SELECT {_COLUMNS} FROM version {where}", values
            ).fetchall()
            return [_version(row) for row in rows]


def _make_current(db: sqlite3.Connection, number: int) -> None:
    """Going back puts what was before the older version at hand, anything else the one until now.

    So rolling back twice goes two steps back, and not forth again. The same text again is no step.
    """
    db.execute(
        "UPDATE version SET previous = CASE "
        "WHEN kind = 'rollback' THEN "
        "(SELECT previous FROM version AS old WHERE old.id = version.equal_to) "
        "WHEN sha256 = (SELECT sha256 FROM version AS now JOIN current ON current.version = now.id)"
        " THEN (SELECT previous FROM version AS now JOIN current ON current.version = now.id) "
        "ELSE (SELECT version FROM current) END WHERE id = ?", (number,),
    )  # fmt: skip
    db.execute("INSERT OR REPLACE INTO current VALUES (1, ?)", (number,))


def _forget_old(db: sqlite3.Connection) -> None:
    """Keeps the last `MAX_VERSIONS`, and whatever is still needed."""
    db.execute(
        "DELETE FROM version WHERE id <= (SELECT max(id) FROM version) - ? AND id NOT IN ("
        "SELECT version FROM current UNION "
        "SELECT previous FROM version JOIN current ON current.version = version.id "
        "WHERE previous IS NOT NULL UNION "
        "SELECT max(id) FROM version WHERE kind = 'start')", (MAX_VERSIONS,),
    )  # fmt: skip


def _version(row: tuple[Any, ...]) -> Version:
    number, name, text, sha256, numbers, *rest = row
    try:
        known = json.loads(numbers)
    except ValueError:
        known = None
    if known is None or _digest(text) != sha256:
        raise sqlite3.DatabaseError(f"version {number} is not what was written")
    return Version(number, name, text, sha256, known, *rest)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _numbers(policy: Policy) -> dict[str, int]:
    return {part.name: part.number for part in policy.slices}
