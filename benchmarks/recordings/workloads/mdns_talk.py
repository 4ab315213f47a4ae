"""A host that announces a service by multicast DNS and looks for others (zeroconf).

mdns_talk.py ADDRESS SECONDS
"""

import socket
import sys
import time

from zeroconf import ServiceBrowser, ServiceInfo, Zeroconf

_KIND = "_agent._tcp.local."


class _Deaf:
    def add_service(self, zeroconf: Zeroconf, kind: str, name: str) -> None:
        zeroconf.get_service_info(kind, name)

    def remove_service(self, zeroconf: Zeroconf, kind: str, name: str) -> None:
        pass

    update_service = remove_service


def _main(address: str, seconds: float) -> None:
    with Zeroconf(interfaces=[address]) as zeroconf:
        name = f"agent-{address.rpartition('.')[2]}.{_KIND}"
        zeroconf.register_service(
            ServiceInfo(_KIND, name, 7000, addresses=[socket.inet_aton(address)])
        )
        ServiceBrowser(zeroconf, _KIND, _Deaf())
        time.sleep(seconds)


if __name__ == "__main__":
    _main(sys.argv[1], float(sys.argv[2]))
