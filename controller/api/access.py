"""Who may ask: bearer tokens (RFC 6750) and their two roles.

Owns the file of tokens and the comparison. Knows no route.
"""

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from controller.errors import SettingsError
from controller.notes import LOG

LEAST_LENGTH = 16  # characters of a token: 64 bits, if they are random hex digits
_MOST_BYTES = 1 << 20
_FORM = "write 'reader TOKEN [NAME]' or 'operator TOKEN [NAME]'"


class Role(Enum):
    """What a token is good for; an operator may do what a reader may."""

    READER = "reader"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token it is."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this caller may do what `role` may."""
        return self.role is Role.OPERATOR or role is Role.READER


class Tokens:
    """The tokens of a file, read again when it changes; an unusable change keeps those before."""

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Raises:
            SettingsError: It can't be read, others can read it too, or a line is not in its form.
        """
        self._path = path
        self._stamp = _stamp(path)
        self._known = _read(path)

    def caller(self, token: str) -> Caller | None:
        """Whose token this is; takes the same time for any wrong one."""
        self._refresh()
        digest = _digest(token)
        found = None
        for known, caller in self._known:
            if hmac.compare_digest(known, digest):
                found = caller
        return found

    def _refresh(self) -> None:
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._known = _read(self._path)
            LOG.info("%s: tokens read again", self._path)
        except SettingsError as error:
            LOG.warning("%s; the tokens read before stay good", error)


def own_tokens(folder: Path, port: int) -> Path:
    """Where a controller without a token file leaves the one it makes for its own machine."""
    return folder / f"api-{port}.token"


def make_own(path: Path) -> None:
    """Writes a fresh operator's token that only this user can read.

    Raises:
        SettingsError: The folder can't be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"operator {secrets.token_hex(32)} local\n")
        part.replace(path)
    except OSError as error:
        raise SettingsError(
            f"{path}: can't be written: {error.strerror}; name a folder with HEADWAY_STATE, or a "
            "file of tokens with HEADWAY_API_TOKENS"
        ) from error


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        told = path.stat()
    except OSError:
        return ()
    return told.st_mtime_ns, told.st_size, told.st_ino, told.st_mode


def _read(path: Path) -> tuple[tuple[bytes, Caller], ...]:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MOST_BYTES + 1)
        if stat.S_IMODE(mode) & 0o077:
            raise SettingsError(f"{path}: others can read it; run: chmod 600 {path}")
        if len(content) > _MOST_BYTES:
            raise SettingsError(f"{path}: more than {_MOST_BYTES} bytes of tokens")
        lines = content.decode("ascii").splitlines()
    except OSError as error:
        raise SettingsError(f"{path}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not ASCII at byte {error.start}") from error
    known = dict(_callers(path, lines))
    if not known:
        raise SettingsError(f"{path}: no token in it; {_FORM}")
    return tuple(known.items())


def _callers(path: Path, lines: list[str]) -> Iterator[tuple[bytes, Caller]]:
    seen: dict[bytes, int] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        place = f"{path}:{number}"
        if len(words) not in {2, 3} or words[0] not in {role.value for role in Role}:
            raise SettingsError(f"{place}: not a token; {_FORM}")
        if len(words[1]) < LEAST_LENGTH:
            raise SettingsError(f"{place}: shorter than {LEAST_LENGTH}; run: openssl rand -hex 32")
        digest = _digest(words[1])
        if seen.setdefault(digest, number) != number:
            raise SettingsError(f"{place}: the token of line {seen[digest]} again")
        yield digest, Caller(words[2] if len(words) == 3 else words[0], Role(words[0]))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
