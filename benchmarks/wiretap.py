"""A relay between switches and controller that notes when which OpenFlow message passed.

A process of its own; changes no byte. Notes port-status, group and flow changes and barriers, a
JSON line each: [monotonic seconds, connection, type, xid]. Where the controller is gone it closes
the switch's connection, which then tries again.

    python -m benchmarks.wiretap LISTEN_PORT CONTROLLER_PORT FILE
"""

import asyncio
import itertools
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from benchmarks import openflow
from benchmarks.openflow import Type

_NOTED = (Type.PORT_STATUS, Type.FLOW_MOD, Type.GROUP_MOD, Type.BARRIER_REQUEST, Type.BARRIER_REPLY)


@dataclass(frozen=True, slots=True)
class Passing:
    """One message that passed."""

    at_s: float
    connection: int
    kind: int
    xid: int


@dataclass(frozen=True, slots=True)
class Reaction:
    """What one port event caused, in seconds after the switch told it.

    Attributes:
        confirmed_s: The last barrier reply that covers a group change.
        groups: Group changes sent.
        told_at_s: When the port event passed, on the monotonic clock.
    """

    confirmed_s: float
    groups: int
    told_at_s: float


def read(path: Path) -> list[Passing]:
    """What a tap has noted so far; a half-written last line is left out."""
    lines = path.read_text(encoding="ascii").split("\n")[:-1]
    return [Passing(*json.loads(line)) for line in lines]


def reaction(passed: list[Passing], after_s: float, within_s: float) -> Reaction | None:
    """The reaction to the first port event after an instant; None if no group was changed."""
    told = next((p for p in passed if p.kind == Type.PORT_STATUS and p.at_s > after_s), None)
    if told is None:
        return None
    later = [p for p in passed if told.at_s <= p.at_s <= told.at_s + within_s]
    ends = [
        _confirmed(later, connection)
        for connection in {p.connection for p in later if p.kind == Type.GROUP_MOD}
    ]
    if not ends or None in ends:
        return None
    groups = sum(p.kind == Type.GROUP_MOD for p in later)
    return Reaction(max(end for end in ends if end) - told.at_s, groups, told.at_s)


def _confirmed(passed: list[Passing], connection: int) -> float | None:
    """When the barrier after a connection's last group change was answered."""
    mine = [p for p in passed if p.connection == connection]
    last = max(i for i, p in enumerate(mine) if p.kind == Type.GROUP_MOD)
    asked = next((p.xid for p in mine[last:] if p.kind == Type.BARRIER_REQUEST), None)
    answers = (p.at_s for p in mine if p.kind == Type.BARRIER_REPLY and p.xid == asked)
    return next(answers, None)


async def _relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int, notes: TextIO
) -> None:
    buffer = bytearray()
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            now = time.monotonic()
            buffer += data
            for kind, xid, _ in openflow.cut(buffer):
                if kind in _NOTED:
                    notes.write(json.dumps([now, number, kind, xid]) + "\n")
            notes.flush()
            await writer.drain()
    except ConnectionError:
        pass  # either side may go at any time; that is what is tried here
    writer.close()


async def _serve(port: int, controller_port: int, notes: TextIO) -> None:
    numbers = itertools.count(1)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(numbers)
        try:
            there = await asyncio.open_connection("127.0.0.1", controller_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            _relay(reader, there[1], number, notes), _relay(there[0], writer, number, notes)
        )

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Relays until it is ended."""
    with Path(sys.argv[3]).open("w", encoding="ascii") as notes:
        asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), notes))


if __name__ == "__main__":
    main()
