"""Asks the queue keeper, which owns the queues of switch ports, to change them.

A controller may be anywhere and need no privileges; queues are made on the switches' machine, as
root, by `emulation.keeper`. Owns one request at a time over its UNIX socket: a JSON object a line.
Without a keeper, queues are the operator's own business, and a plan says so.
"""

import json
import socket
from dataclasses import dataclass
from typing import Any, Protocol

from controller.errors import ApplyError

_TIMEOUT_S = 60.0  # a thousand queues on a busy machine
_LONGEST_ANSWER = 64 << 20


class Keeper(Protocol):
    """Who can change queues."""

    def ask(self, what: str, **words: Any) -> dict[str, Any]:
        """One request; raises ApplyError if it is refused, with everything as it was."""


@dataclass(frozen=True, slots=True)
class NoKeeper:
    """Nobody: queues stay as they are."""

    def ask(self, what: str, **_words: Any) -> dict[str, Any]:
        """Changes nothing, and says so."""
        return {"ok": True, "changed": {}, "ports": {}, "kept": False}


@dataclass(frozen=True, slots=True)
class KeeperAt:
    """The keeper that listens at `path`; each request is a connection of its own."""

    path: str

    def ask(self, what: str, **words: Any) -> dict[str, Any]:
        """Sends a request and waits for the answer.

        Raises:
            ApplyError: The keeper refused, is not there, or doesn't answer sensibly.
        """
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(_TIMEOUT_S)
                line.connect(self.path)
                line.sendall(json.dumps({"do": what, **words}).encode() + b"\n")
                answer = json.loads(_read_line(line))
        except (OSError, ValueError) as error:
            raise ApplyError(
                f"the queue keeper at {self.path}: {error}; is 'headway queues' running on the "
                "switches' machine?"
            ) from error
        if not isinstance(answer, dict) or not answer.get("ok"):
            refused = answer.get("refused", answer) if isinstance(answer, dict) else answer
            raise ApplyError(f"the queue keeper refused: {refused}")
        return answer


def _read_line(line: socket.socket) -> bytes:
    parts, size = [], 0
    while part := line.recv(1 << 16):
        parts.append(part)
        size += len(part)
        if part.endswith(b"\n") or size > _LONGEST_ANSWER:
            break
    return b"".join(parts)


def keeper_at(path: str) -> Keeper:
    """The keeper at a socket's path; an empty one is nobody."""
    return KeeperAt(path) if path else NoKeeper()
