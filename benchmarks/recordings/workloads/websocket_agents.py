"""Agents that talk JSON over WebSocket: `server ADDRESS PORT` or `client ADDRESS PORT`."""

import asyncio
import json
import random
import sys

import websockets


async def serve(address: str, port: str) -> None:
    """A room: what one says, all hear."""
    room: set[websockets.ServerConnection] = set()

    async def guest(connection: websockets.ServerConnection) -> None:
        room.add(connection)
        async for message in connection:
            websockets.broadcast(room, message)
        room.discard(connection)

    async with websockets.serve(guest, address, int(port), ping_interval=1):
        await asyncio.Future()


async def talk(address: str, port: str) -> None:
    """One agent of three."""

    async def agent(name: str) -> None:
        async with websockets.connect(f"ws://{address}:{port}/room") as connection:
            for number in range(25):
                said = {
                    "from": name,
                    "type": "act",
                    "n": number,
                    "text": "go " * random.randint(1, 60),
                }
                await connection.send(json.dumps(said))
                await connection.recv()
                await asyncio.sleep(random.expovariate(8))

    await asyncio.gather(*(agent(name) for name in ("planner", "critic", "coder")))


if __name__ == "__main__":
    asyncio.run((serve if sys.argv[1] == "server" else talk)(*sys.argv[2:]))
