"""Robots on LCM's multicast bus: PORT hear|say."""

import os
import sys
import time

import lcm

if __name__ == "__main__":
    bus = lcm.LCM(f"udpm://239.255.76.67:{sys.argv[1]}?ttl=1")
    if sys.argv[2] == "hear":
        heard: list[str] = []
        bus.subscribe("POSE", lambda channel, _: heard.append(channel))
        print("ready", flush=True)
        while len(heard) < 60:
            bus.handle_timeout(200)
            bus.publish("STATE", b"s" * 20)
    else:
        for number in range(100):
            bus.publish("POSE", number.to_bytes(8, "big") * 12)
            if number % 20 == 0:
                bus.publish("SCAN", os.urandom(4000))
            time.sleep(0.05)
