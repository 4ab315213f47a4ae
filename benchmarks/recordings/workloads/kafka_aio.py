"""Events by aiokafka: ADDRESS PORT."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


async def main(address: str, port: str) -> None:
    """A producer with keys, and a consumer outside of a group."""
    where = f"{address}:{port}"
    producer = AIOKafkaProducer(bootstrap_servers=where, acks="all", linger_ms=5)
    await producer.start()
    for number in range(60):
        await producer.send_and_wait("decisions", b"agent acts " * 12, key=str(number % 3).encode())
        await asyncio.sleep(0.02)
    consumer = AIOKafkaConsumer("decisions", bootstrap_servers=where, auto_offset_reset="earliest")
    await consumer.start()
    for _ in range(40):
        await asyncio.wait_for(consumer.getone(), 10)
    await consumer.stop()
    await producer.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
