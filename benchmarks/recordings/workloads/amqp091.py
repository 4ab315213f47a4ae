"""Agents over AMQP 0-9-1: a queue, confirms, and heartbeats (pika)."""

import sys
import time

import pika

_MESSAGES = 120


def _main(server: str, port: int) -> None:
    login = pika.PlainCredentials("guest", "guest")
    where = pika.ConnectionParameters(server, port, credentials=login, heartbeat=4)
    with pika.BlockingConnection(where) as connection:
        channel = connection.channel()
        channel.queue_declare("plans")
        channel.confirm_delivery()
        for step in range(_MESSAGES):
            body = b'{"tool": "search", "step": %d}' % step
            channel.basic_publish("", "plans", body + b" " * (step % 200))
            connection.sleep(0.02)
        taken = 0
        while taken < _MESSAGES:
            method, _, _ = channel.basic_get("plans", auto_ack=False)
            if method is None:
                time.sleep(0.05)
                continue
            channel.basic_ack(method.delivery_tag)
            taken += 1


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
