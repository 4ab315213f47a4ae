"""Redis as a database or as a message bus (redis-py).

redis_talk.py SERVER PORT db|pubsub|streams [RESP_VERSION]
"""

import sys
import time

import redis


def _database(client: redis.Redis) -> None:
    for number in range(300):
        client.set(f"session:{number}", "v" * (number % 120), ex=60)
        client.get(f"session:{number // 2}")
        client.hset("user:1", mapping={"seen": number})
        time.sleep(0.01)


def _messages(client: redis.Redis) -> None:
    heard = client.pubsub()
    heard.subscribe("agents")
    for step in range(200):
        client.publish("agents", f'{{"step": {step}}}')
        heard.get_message(timeout=0.02)
    heard.close()


def _streams(client: redis.Redis) -> None:
    for step in range(150):
        client.xadd("agents:plan", {"step": step, "thought": "x" * 80})
        client.xread({"agents:plan": "$"}, block=10)


_ROLES = {"db": _database, "pubsub": _messages, "streams": _streams}

if __name__ == "__main__":
    _server, _port, _role, *_version = sys.argv[1:]
    _protocol = int(_version[0]) if _version else 2
    with redis.Redis(_server, int(_port), protocol=_protocol) as _client:
        _ROLES[_role](_client)
