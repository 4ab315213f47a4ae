"""A Kafka broker in a process: librdkafka's mock cluster, at the address it prints.

kafka_mock.py SECONDS
"""

import sys
import time

from confluent_kafka import Producer


def _main(seconds: float) -> None:
    owner = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
    brokers = owner.list_topics(timeout=5).brokers.values()
    print(*(f"{broker.host}:{broker.port}" for broker in brokers), flush=True)
    time.sleep(seconds)


if __name__ == "__main__":
    _main(float(sys.argv[1]))
