"""The policies this site knows, which of them has which role, and the last decisions.

Owns one SQLite file and the copies of policy files beside it, named by their SHA-256. Every change
is one transaction, so a process killed at any moment leaves the registry as it was before or after.
Decides nothing.
"""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from controller.advice.errors import RegistryError
from controller.sqlite import Database

MAX_DECISIONS = 1000
_FILE = "registry.sqlite"
_BUSY_S = 2.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS policy (id INTEGER PRIMARY KEY, name TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE, file TEXT NOT NULL, card TEXT NOT NULL, added_at REAL NOT NULL,
    why TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS role (role TEXT PRIMARY KEY, policy INTEGER REFERENCES policy(id),
    share REAL NOT NULL, since REAL NOT NULL, why TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS history (id INTEGER PRIMARY KEY, at REAL NOT NULL, what TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS decision (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL,
    record TEXT NOT NULL);
"""


class Role(Enum):
    """What a policy is used for. One policy a role; the base agent is active where none is."""

    ACTIVE = "active"
    CANARY = "canary"  # decides for a share of the edge pairs
    SHADOW = "shadow"  # decides, is scored, and not followed
    PREVIOUS = "previous"  # what `rollback` goes back to; without a policy, the base agent


@dataclass(frozen=True, slots=True)
class Version:
    """A policy that was imported."""

    id: int
    name: str
    sha256: str
    file: Path
    card: str
    added_at: float
    why: str


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has a role; `version` None is the base agent. `share` is a canary's of edge pairs."""

    role: Role
    version: Version | None
    share: float
    since: float
    why: str


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """HEADWAY_STATE, else the user's state folder (XDG base directory specification)."""
    if named := environment.get("HEADWAY_STATE"):
        return Path(named)
    home = environment.get("XDG_STATE_HOME")
    return (Path(home) if home else Path("~/.local/state").expanduser()) / "headway"


class Registry:
    """The registry of one folder; made if it isn't there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        remedy = (
            "if it is damaged, move it away (policies can be imported again), or choose another "
            "folder with --state"
        )
        self._file = Database(folder / _FILE, _SCHEMA, RegistryError, remedy, busy_s=_BUSY_S)
        self._db, self._told, self._transaction = (
            self._file.connection, self._file.told, self._file.transaction,
        )  # fmt: skip
        with self._told():
            (folder / "policies").mkdir(exist_ok=True)

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    @property
    def stamp(self) -> int:
        """Changes whenever somebody else has changed the registry."""
        with self._told():
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    # --- versions -------------------------------------------------------------------------------

    def add(self, file: Path, why: str = "", name: str = "") -> Version:
        """Takes a copy of a policy's file, and of the card beside it; the same file is known again.

        Raises:
            RegistryError: The file can't be read, or the registry not be written.
        """
        with self._told():
            content = file.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            kept = self._keep(digest + file.suffix, content)
            card = file.with_suffix(".md")
            kept_card = self._keep(f"{digest}.md", card.read_bytes()) if card.is_file() else None
        with self._transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO policy (name, sha256, file, card, added_at, why)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (name or file.stem, digest, kept.name, kept_card.name if kept_card else "",
                 time.time(), why),
            )  # fmt: skip
            self._note(f"imported {name or file.stem} ({digest[:12]}) {why}")
        return self.version(digest)

    def _keep(self, name: str, content: bytes) -> Path:
        """A file beside the registry, there whole or not at all."""
        path = self.folder / "policies" / name
        part = path.with_name(f".{name}.{os.getpid()}.part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        return path

    def versions(self) -> list[Version]:
        """Every policy, oldest first."""
        with self._told():
            rows = self._db.execute(
                "SELECT id, name, sha256, file, card, added_at, why FROM policy ORDER BY id"
            ).fetchall()
        return [self._version(row) for row in rows]

    def version(self, text: str) -> Version:
        """The policy with this number, name (the newest of it) or beginning of its SHA-256.

        Raises:
            RegistryError: There is none; names those there are.
        """
        known = self.versions()
        for version in reversed(known):
            if text in {str(version.id), version.name}:
                return version
        found = [v for v in known if len(text) >= 6 and v.sha256.startswith(text)]
        if len(found) != 1:
            names = ", ".join(f"{v.id} ({v.name})" for v in known) or "none; import one first"
            raise RegistryError(f"no policy {text!r}; there are: {names}")
        return found[0]

    def _version(self, row: tuple[Any, ...]) -> Version:
        number, name, sha256, file, card, added_at, why = row
        folder = self.folder / "policies"
        return Version(number, name, sha256, folder / file, str(folder / card) if card else "",
                       added_at, why)  # fmt: skip

    # --- roles ----------------------------------------------------------------------------------

    def roles(self) -> dict[Role, Holding]:
        """Who has which role."""
        versions = {version.id: version for version in self.versions()}
        with self._told():
            rows = self._db.execute("SELECT role, policy, share, since, why FROM role").fetchall()
        return {
            Role(role): Holding(Role(role), versions.get(policy), share, since, why)
            for role, policy, share, since, why in rows
        }

    def assign(self, role: Role, version: Version, *, share: float = 1.0, why: str = "") -> None:
        """Gives `shadow` or `canary` to a policy; whoever had it loses it."""
        with self._transaction():
            self._hold(role, version.id, share, why)
            self._note(f"{version.name} ({version.sha256[:12]}) is {role.value} {why}")

    def promote(self, version: Version, why: str = "") -> None:
        """Makes a policy the active one; the one before it can be gone back to."""
        with self._transaction() as db:
            before = db.execute("SELECT policy FROM role WHERE role = 'active'").fetchone()
            if before and before[0] == version.id:
                return  # so that what was before it stays at hand
            self._hold(Role.PREVIOUS, before[0] if before else None, 1.0, why)
            self._hold(Role.ACTIVE, version.id, 1.0, why)
            db.execute("DELETE FROM role WHERE role IN ('canary', 'shadow') AND policy = ?",
                       (version.id,))  # fmt: skip
            self._note(f"{version.name} ({version.sha256[:12]}) is active {why}")

    def rollback(self, why: str = "") -> Version | None:
        """Ends a canary if there is one, else makes the previous policy active again.

        Returns:
            The policy that rules now; None for the base agent.

        Raises:
            RegistryError: There is nothing to go back from.
        """
        with self._transaction() as db:
            if db.execute("DELETE FROM role WHERE role = 'canary'").rowcount:
                self._note(f"canary ended {why}")
            else:
                self._go_back(db, why)
        active = self.roles().get(Role.ACTIVE)
        return active.version if active else None

    def demote(self, why: str) -> None:
        """What the guard benched loses its place: the canary, and the policy that was promoted."""
        with self._transaction() as db:
            db.execute("DELETE FROM role WHERE role = 'canary'")
            if db.execute("SELECT 1 FROM role WHERE role = 'active'").fetchone():
                self._go_back(db, why)

    def _go_back(self, db: sqlite3.Connection, why: str) -> None:
        if db.execute("SELECT policy FROM role WHERE role = 'active'").fetchone() is None:
            raise RegistryError("nothing to roll back: no policy has been promoted")
        row = db.execute("SELECT policy FROM role WHERE role = 'previous'").fetchone()
        db.execute("DELETE FROM role WHERE role IN ('active', 'previous')")
        if row and row[0] is not None:
            self._hold(Role.ACTIVE, row[0], 1.0, why)
        self._note(f"rolled back {why}")

    def _hold(self, role: Role, policy: int | None, share: float, why: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO role VALUES (?, ?, ?, ?, ?)",
                         (role.value, policy, share, time.time(), why))  # fmt: skip

    def withdraw(self, role: Role, why: str) -> None:
        """Takes a role away."""
        with self._transaction() as db:
            db.execute("DELETE FROM role WHERE role = ?", (role.value,))
            self._note(f"no {role.value} any more: {why}")

    # --- what happened --------------------------------------------------------------------------

    def _note(self, what: str) -> None:
        self._db.execute("INSERT INTO history (at, what) VALUES (?, ?)",
                         (time.time(), what.strip()))  # fmt: skip

    def history(self, most: int = 20) -> list[tuple[float, str]]:
        """When what happened to roles, newest first."""
        with self._told():
            return self._db.execute(
                "SELECT at, what FROM history ORDER BY id DESC LIMIT ?", (most,)
            ).fetchall()

    def log(self, record: Mapping[str, Any]) -> None:
        """Keeps a decision, and the last `MAX_DECISIONS` of them."""
        with self._transaction() as db:
            row = db.execute("INSERT INTO decision (at, record) VALUES (?, ?)",
                             (time.time(), json.dumps(record))).lastrowid or 0  # fmt: skip
            db.execute("DELETE FROM decision WHERE id <= ?", (row - MAX_DECISIONS,))

    def decisions(self, most: int = 20) -> list[dict[str, Any]]:
        """The last decisions, newest first."""
        with self._told():
            rows = self._db.execute(
                "SELECT at, record FROM decision ORDER BY id DESC LIMIT ?", (most,)
            ).fetchall()
        return [{"time": at, **json.loads(record)} for at, record in rows]
