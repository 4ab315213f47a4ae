"""Counters of ports, queues, groups and flows, and the rates between two reads of them.

Owns arithmetic on counters; asks for nothing itself. Counters that go backwards (a switch
restarted) give no rate for that interval rather than a wrong one.
"""

from dataclasses import dataclass, field

from controller.events import (
    Counters,
    FlowCounters,
    GroupCounters,
    MeterCounters,
    PortCounters,
    QueueCounters,
)
from controller.rules import RuleKey
from controller.slicing import FIRST_METER, FIRST_QUEUE


@dataclass(frozen=True, slots=True)
class Rate:
    """Bits a second over the last interval, and the cumulative bytes it came from."""

    bps: float
    bytes_total: int
    read_at: float


Key = tuple[int, ...]


@dataclass(slots=True)
class SliceTraffic:
    """What one slice sends, over the switches and ports where it has a queue or a meter.

    Attributes:
        tx: Rate sent by (dpid, port).
        dropped: Frames its queues dropped at (dpid, port), cumulative.
        metered: Frames dropped for being above its maximum where they came in, by dpid, cumulative.
    """

    tx: dict[Key, Rate] = field(default_factory=dict)
    dropped: dict[Key, int] = field(default_factory=dict)
    metered: dict[int, int] = field(default_factory=dict)

    @property
    def bytes_total(self) -> int:
        """Bytes sent by all ports; what crosses several counts on each."""
        return sum(rate.bytes_total for rate in self.tx.values())

    @property
    def dropped_total(self) -> int:
        """Frames dropped by queues and meters."""
        return sum(self.dropped.values()) + sum(self.metered.values())


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
        flow_bytes: Their bytes.
        ports: Counters of (dpid, port), as last read.
        queues: Counters of (dpid, port, queue), as last read.
        meters: Counters of (dpid, meter), as last read.
    """

    port_tx: dict[Key, Rate] = field(default_factory=dict)
    port_rx: dict[Key, Rate] = field(default_factory=dict)
    port_dropped: dict[Key, int] = field(default_factory=dict)
    queue_tx: dict[Key, Rate] = field(default_factory=dict)
    bucket: dict[Key, Rate] = field(default_factory=dict)
    flow_packets: dict[tuple[int, RuleKey], int] = field(default_factory=dict)
    flow_bytes: dict[tuple[int, RuleKey], int] = field(default_factory=dict)
    ports: dict[Key, PortCounters] = field(default_factory=dict)
    queues: dict[Key, QueueCounters] = field(default_factory=dict)
    meters: dict[Key, MeterCounters] = field(default_factory=dict)

    def take(self, dpid: int, counters: Counters, now: float) -> None:
        """Takes one reply's entry, read at `now` (seconds)."""
        match counters:
            case PortCounters(port=port):
                _update(self.port_tx, (dpid, port), counters.tx_bytes, now)
                _update(self.port_rx, (dpid, port), counters.rx_bytes, now)
                self.port_dropped[dpid, port] = counters.dropped
                self.ports[dpid, port] = counters
            case QueueCounters(port=port, queue_id=queue):
                _update(self.queue_tx, (dpid, port, queue), counters.tx_bytes, now)
                self.queues[dpid, port, queue] = counters
            case MeterCounters(meter_id=meter):
                self.meters[dpid, meter] = counters
            case GroupCounters(group_id=group):
                for position, total in enumerate(counters.bucket_bytes):
                    _update(self.bucket, (dpid, group, position), total, now)
            case FlowCounters(rule=rule):
                self.flow_packets[dpid, rule.key] = counters.packets
                self.flow_bytes[dpid, rule.key] = counters.bytes_total

    def keep_flows(self, dpid: int, keys: set[RuleKey]) -> None:
        """Drops counters of flow entries that a switch no longer has."""
        for flow in [k for k in self.flow_packets if k[0] == dpid and k[1] not in keys]:
            del self.flow_packets[flow], self.flow_bytes[flow]

    def forget(self, dpid: int) -> None:
        """Drops everything about a switch that left."""
        for table in (self.port_tx, self.port_rx, self.queue_tx, self.bucket):
            for key in [k for k in table if k[0] == dpid]:
                del table[key]
        for read in (self.port_dropped, self.ports, self.queues, self.meters):
            for key in [k for k in read if k[0] == dpid]:
                del read[key]
        for flow in [k for k in self.flow_packets if k[0] == dpid]:
            del self.flow_packets[flow], self.flow_bytes[flow]

    def by_slice(self) -> dict[int, SliceTraffic]:
        """What each slice sends and loses, by slice number."""
        found: dict[int, SliceTraffic] = {}
        for (dpid, port, queue), rate in self.queue_tx.items():
            if queue > FIRST_QUEUE:
                traffic = found.setdefault(queue - FIRST_QUEUE, SliceTraffic())
                traffic.tx[dpid, port] = rate
                traffic.dropped[dpid, port] = self.queues[dpid, port, queue].dropped
        for (dpid, number), meter in self.meters.items():
            if number > FIRST_METER:
                traffic = found.setdefault(number - FIRST_METER, SliceTraffic())
                traffic.metered[dpid] = meter.dropped_packets
        return found


def _update(table: dict[Key, Rate], key: Key, total: int, now: float) -> None:
    last = table.get(key)
    if last and total >= last.bytes_total and now > last.read_at:
        bps = 8 * (total - last.bytes_total) / (now - last.read_at)
    else:
        bps = 0.0
    table[key] = Rate(bps, total, now)
