"""Agents over NATS JetStream: a stream, a pull consumer, a key-value bucket. ADDRESS PORT."""

import asyncio
import json
import sys

import nats


async def main(address: str, port: str) -> None:
    """Publishes with acknowledgements, fetches in batches."""
    client = await nats.connect(f"nats://{address}:{port}")
    stream = client.jetstream()
    await stream.add_stream(name="agents", subjects=["agents.*"], storage="memory")
    pull = await stream.pull_subscribe("agents.plan", durable="planner")
    for number in range(40):
        await stream.publish("agents.plan", json.dumps({"step": number, "why": "x" * 80}).encode())
        if number % 10 == 9:
            for message in await pull.fetch(10, timeout=5):
                await message.ack()
        await asyncio.sleep(0.03)
    bucket = await stream.create_key_value(bucket="state", storage="memory")
    for number in range(15):
        await bucket.put("robot", str(number).encode())
        await bucket.get("robot")
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
