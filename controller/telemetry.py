"""Counters of ports, queues, groups and flows, and the rates between two reads of them.

Owns arithmetic on counters; asks for nothing itself. Counters that go backwards (a switch
restarted) give no rate for that interval rather than a wrong one.
"""

from dataclasses import dataclass, field

from controller.events import (
    Counters,
    FlowCounters,
    GroupCounters,
    PortCounters,
    QueueCounters,
)
from controller.rules import RuleKey


@dataclass(frozen=True, slots=True)
class Rate:
    """Bits a second over the last interval, and the cumulative bytes it came from."""

    bps: float
    bytes_total: int
    read_at: float


Key = tuple[int, ...]


@dataclass(slots=True)
class Telemetry:
    """Latest counters and rates.

    Attributes:
        port_tx: Rate sent by (dpid, port).
        port_rx: Rate received by (dpid, port).
        port_dropped: Frames dropped at (dpid, port), cumulative.
        queue_tx: Rate sent by (dpid, port, queue).
        bucket: Rate of (dpid, group, bucket position).
        flow_packets: Packets of (dpid, rule key), cumulative.
    """

    port_tx: dict[Key, Rate] = field(default_factory=dict)
    port_rx: dict[Key, Rate] = field(default_factory=dict)
    port_dropped: dict[Key, int] = field(default_factory=dict)
    queue_tx: dict[Key, Rate] = field(default_factory=dict)
    bucket: dict[Key, Rate] = field(default_factory=dict)
    flow_packets: dict[tuple[int, RuleKey], int] = field(default_factory=dict)

    def take(self, dpid: int, counters: Counters, now: float) -> None:
        """Takes one reply's entry, read at `now` (seconds)."""
        match counters:
            case PortCounters(port=port):
                _update(self.port_tx, (dpid, port), counters.tx_bytes, now)
                _update(self.port_rx, (dpid, port), counters.rx_bytes, now)
                self.port_dropped[dpid, port] = counters.dropped
            case QueueCounters(port=port, queue_id=queue):
                _update(self.queue_tx, (dpid, port, queue), counters.tx_bytes, now)
            case GroupCounters(group_id=group):
                for position, total in enumerate(counters.bucket_bytes):
                    _update(self.bucket, (dpid, group, position), total, now)
            case FlowCounters(rule=rule):
                self.flow_packets[dpid, rule.key] = counters.packets

    def keep_flows(self, dpid: int, keys: set[RuleKey]) -> None:
        """Drops counters of flow entries that a switch no longer has."""
        for flow in [k for k in self.flow_packets if k[0] == dpid and k[1] not in keys]:
            del self.flow_packets[flow]

    def forget(self, dpid: int) -> None:
        """Drops everything about a switch that left."""
        for table in (self.port_tx, self.port_rx, self.queue_tx, self.bucket):
            for key in [k for k in table if k[0] == dpid]:
                del table[key]
        for key in [k for k in self.port_dropped if k[0] == dpid]:
            del self.port_dropped[key]
        for flow in [k for k in self.flow_packets if k[0] == dpid]:
            del self.flow_packets[flow]


def _update(table: dict[Key, Rate], key: Key, total: int, now: float) -> None:
    last = table.get(key)
    if last and total >= last.bytes_total and now > last.read_at:
        bps = 8 * (total - last.bytes_total) / (now - last.read_at)
    else:
        bps = 0.0
    table[key] = Rate(bps, total, now)
