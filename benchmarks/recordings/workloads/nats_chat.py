"""NATS agents: publish, subscribe, ask and answer (nats-py).

nats_chat.py SERVER PORT [CA_FILE]
"""

import asyncio
import ssl
import sys

import nats

_MESSAGES = 150


async def _chat(server: str, port: str, ca: str = "") -> None:
    trust = {"tls": ssl.create_default_context(cafile=ca)} if ca else {}
    told = await nats.connect(f"nats://{server}:{port}", name="planner", **trust)
    teller = await nats.connect(f"nats://{server}:{port}", name="worker", **trust)

    async def answer(message: "nats.aio.msg.Msg") -> None:
        await message.respond(b'{"ok": true}')

    await told.subscribe("agents.*.plan", cb=answer)
    await told.flush()
    for step in range(_MESSAGES):
        await teller.request("agents.7.plan", b'{"step": %d, "thought": "next"}' % step)
        await teller.publish("agents.7.log", b"x" * (40 + step % 300))
        await asyncio.sleep(0.03)
    await teller.drain()
    await told.drain()


if __name__ == "__main__":
    asyncio.run(_chat(*sys.argv[1:]))
