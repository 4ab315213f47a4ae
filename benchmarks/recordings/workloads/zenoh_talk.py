"""Zenoh peers: publications and queries (eclipse-zenoh).

zenoh_talk.py listen|connect ENDPOINT SECONDS
"""

import json
import sys
import time

import zenoh


def _open(side: str, endpoint: str) -> zenoh.Session:
    config = zenoh.Config()
    config.insert_json5("mode", '"peer"')
    config.insert_json5("scouting/multicast/enabled", "false")
    config.insert_json5(f"{side}/endpoints", json.dumps([endpoint]))
    return zenoh.open(config)


def _main(side: str, endpoint: str, seconds: float) -> None:
    with _open(side, endpoint) as session:
        heard = session.declare_subscriber("agents/**", lambda _: None)
        end, step = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            session.put(f"agents/{side}/plan", f"step {step}" + "x" * (step % 150))
            step += 1
            time.sleep(0.04)
        heard.undeclare()


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
