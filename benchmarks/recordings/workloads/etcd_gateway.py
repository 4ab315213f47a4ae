"""etcd's JSON gateway by etcd3gw: ADDRESS PORT."""

import sys
import threading
import time

import etcd3gw

if __name__ == "__main__":
    client = etcd3gw.client(host=sys.argv[1], port=int(sys.argv[2]), api_path="/v3/")
    lease = client.lease(ttl=5)
    client.put("/jobs/leader", "h2", lease=lease)

    def watch() -> None:
        """Each change of the jobs."""
        events, cancel = client.watch_prefix("/jobs")
        for number, _ in enumerate(events):
            if number == 20:
                cancel()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    time.sleep(0.5)
    for number in range(25):
        client.put(f"/jobs/{number % 4}", f"state {number}")
        client.get(f"/jobs/{number % 4}")
        if number % 5 == 0:
            lease.refresh()
            client.get_prefix("/jobs")
        time.sleep(0.15)
    watcher.join(5)
