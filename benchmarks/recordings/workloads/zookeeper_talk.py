"""A ZooKeeper client: locks, ephemeral nodes, watches (kazoo).

zookeeper_talk.py SERVER:PORT,…
"""

import sys
import time

from kazoo.client import KazooClient


def _main(servers: str) -> None:
    client = KazooClient(hosts=servers)
    client.start()
    client.ensure_path("/jobs")
    client.ChildrenWatch("/jobs", lambda children: None)
    for rank in range(20):
        client.create("/jobs/rank-", b"h%d" % rank, ephemeral=True, sequence=True)
        time.sleep(0.05)
    with client.Lock("/leader", "h1"):
        client.get_children("/jobs")
    time.sleep(3)
    client.stop()


if __name__ == "__main__":
    _main(sys.argv[1])
