"""MQTT clients: a subscriber and a publisher (paho).

mqtt_chat.py SERVER PORT VERSION TOPIC BYTES COUNT QOS
    [tcp|websockets] [CA_FILE]
"""

import os
import sys
import time

import paho.mqtt.client as mqtt


def _client(name: str, version: int, transport: str, ca: str) -> mqtt.Client:
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, name, protocol=version, transport=transport
    )
    if transport == "websockets":
        client.ws_set_options(path="/ws")
    if ca:
        client.tls_set(ca)
    return client


def _main(server: str, port: int, version: int, topic: str, size: int, count: int, qos: int,
          transport: str = "tcp", ca: str = "") -> None:  # fmt: skip
    told = _client("agent-b", version, transport, ca)
    teller = _client("agent-a", version, transport, ca)
    for client in (told, teller):
        client.connect(server, port, keepalive=5)
        client.loop_start()
    told.subscribe(topic, qos)
    time.sleep(0.5)
    for _ in range(count):
        teller.publish(topic, os.urandom(size), qos).wait_for_publish(10)
        time.sleep(0.05 if size < 5000 else 0.5)
    time.sleep(2)
    for client in (teller, told):
        client.disconnect()
        client.loop_stop()


if __name__ == "__main__":
    _server, _port, _version, _topic, *_rest = sys.argv[1:]
    _size, _count, _qos, *_how = _rest
    _main(_server, int(_port), int(_version), _topic, int(_size), int(_count), int(_qos), *_how)
