"""Zenoh: `server|client ADDRESS PORT`."""

import json
import sys
import threading
import time

import zenoh


def session(role, address, port):
    """Without multicast, so that one connection has it all."""
    config = zenoh.Config()
    config.insert_json5("scouting/multicast/enabled", "false")
    where = json.dumps([f"tcp/{address}:{port}"])
    config.insert_json5(f"{role}/endpoints", where)
    return zenoh.open(config)


def serve(address, port):
    """Listens, and answers queries."""
    with session("listen", address, port) as here:
        subscriber = here.declare_subscriber("robot/**", lambda _sample: None)
        queryable = here.declare_queryable("map", lambda query: query.reply("map", "a map"))
        threading.Event().wait()
        del subscriber, queryable


def ask(address, port):
    """Publishes and asks."""
    with session("connect", address, port) as here:
        publisher = here.declare_publisher("robot/pose")
        for number in range(60):
            publisher.put(json.dumps({"x": number, "y": 2.0}))
            time.sleep(0.05)
        for _ in here.get("map"):
            pass


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else ask)(*sys.argv[2:])
