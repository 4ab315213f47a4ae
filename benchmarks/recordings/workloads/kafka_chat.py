"""Agents over Kafka: a producer and a consumer group (confluent-kafka)."""

import sys
import time

from confluent_kafka import Consumer, Producer

_MESSAGES = 150


def _main(server: str, port: str) -> None:
    broker = {"bootstrap.servers": f"{server}:{port}"}
    producer = Producer(broker | {"client.id": "planner", "linger.ms": 1})
    consumer = Consumer(broker | {"group.id": "agents", "auto.offset.reset": "earliest"})
    consumer.subscribe(["plans"])
    for step in range(_MESSAGES):
        producer.produce("plans", b'{"step": %d}' % step + b" " * (step % 200), key=b"7")
        producer.poll(0)
        consumer.poll(0.02)
    producer.flush(5)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        consumer.poll(0.2)
    consumer.close()


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
