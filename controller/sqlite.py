"""One SQLite file that survives a process killed at any moment.

Owns how it is opened, changed and complained about: every change is one transaction, waiting for
another process's is bounded, and a damaged file is told and left as it is. Knows no table.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_S = 2.0  # waited for another process's transaction


class Database:
    """An open file; made, with its folder, if it isn't there."""

    def __init__(
        self,
        path: Path,
        schema: str,
        error: type[Exception],
        remedy: str,
        *,
        busy_s: float = BUSY_S,
        lasting: bool = False,
    ) -> None:
        """Opens it and looks whether it is whole.

        Args:
            path: The file.
            schema: SQL that makes what is missing.
            error: Raised, with the file's name and `remedy`, for whatever SQLite or the system
                refuses.
            remedy: What to do then, in words.
            busy_s: Seconds to wait for another process's transaction.
            lasting: What was written also survives a power cut (each change waits for the disk).
        """
        self.path = path
        self._error, self._remedy = error, remedy
        with self.told():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # SQLite's files beside it get the same mode
            self.connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None)
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute(f"PRAGMA synchronous={'FULL' if lasting else 'NORMAL'}")
            self.connection.executescript(schema)
            if self.connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("its pages contradict each other")

    @contextmanager
    def told(self) -> Iterator[None]:
        """Says what to do about a file that can't be used."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self._error(f"{self.path}: {error}; {self._remedy}") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of what happens inside, or nothing."""
        with self.told():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # a full disk ends it by itself
                    self.connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Lets go of the file."""
        self.connection.close()
