"""Numbers hosts: names, MAC and IP addresses from one counter, the same every time.

Host 1 is h1, 00:00:00:00:00:01, 10.0.0.1. Locally administered MACs (02:...) are left free: path
labels are written as such addresses and must never equal a host's.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from topologies.model import Host

_BASE = int(ipaddress.IPv4Address("10.0.0.0"))
_HOSTS_IN_16 = 2**16 - 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where `count` hosts go: a switch, the access rate in bit/s, a tier."""

    switch: str
    count: int
    rate_bps: int
    tier: str = ""


def number_hosts(places: Iterable[Place]) -> tuple[Host, ...]:
    """Fill the places with hosts h1, h2, ... in their order; a /16 where all fit, else a /8."""
    seats = [place for place in places for _ in range(place.count)]
    prefix = 16 if len(seats) <= _HOSTS_IN_16 else 8
    return tuple(
        Host(
            name=f"h{number}",
            mac=number.to_bytes(6, "big").hex(":"),
            ip=f"{ipaddress.IPv4Address(_BASE + number)}/{prefix}",
            switch=place.switch,
            rate_bps=place.rate_bps,
            tier=place.tier,
        )
        for number, place in enumerate(seats, start=1)
    )
