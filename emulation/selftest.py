"""One probe per class through every queued port: a queue that silently does nothing is found.

Each switch is told (OpenFlow packet-out) to send one frame for each DSCP on each of its ports, by
the same path that traffic takes: mark, output, filter, class. Then OpenFlow's own queue counters
must have moved. Meant for the moment before the controller connects, when switches have no rules
and a probe dies at the next one; its addresses are reserved for documentation (RFC 5737, RFC 3849).

Owns the probes and the verdict; changes nothing.
"""

import re
import struct
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from emulation import command
from emulation.errors import SilentQueueError
from emulation.switch import HeadwaySwitch
from policies.model import QueueSpec

_OFCTL = ("ovs-ofctl", "-O", "OpenFlow13")
# A queue's counter moves when the frame leaves, which the queue's rate may put off.
_PATIENCE_S = 0.5
_QUEUE_LINE = re.compile(r"port\s+\"?([^\s\"]+)\"?\s+queue\s+(\d+):\s+bytes=\d+,\s+pkts=(\d+)")
# Locally administered, unicast, nobody's.
_ETHERNET = bytes.fromhex("02005e00000202005e000001")


@dataclass(frozen=True, slots=True)
class QueueProbe:
    """What the probes of one queue of one port showed.

    Attributes:
        switch: Name of the switch.
        port_no: OpenFlow port number.
        interface: Network interface of the port.
        queue: The queue the probes were marked for.
        sent: Probes sent.
        counted: Packets that the queue counted meanwhile; other traffic may add to it.
    """

    switch: str
    port_no: int
    interface: str
    queue: QueueSpec
    sent: int
    counted: int

    @property
    def passed(self) -> bool:
        """Whether every probe reached its queue."""
        return self.counted >= self.sent

    def __str__(self) -> str:
        verdict = "ok" if self.passed else "SILENT"
        return (
            f"{self.switch} port {self.port_no} ({self.interface}) queue {self.queue.queue_id} "
            f"'{self.queue.name}': {self.counted} of {self.sent} probes counted, {verdict}"
        )


def probe_queues(switch: HeadwaySwitch) -> tuple[QueueProbe, ...]:
    """Sends one IPv4 and one IPv6 probe per DSCP through each queued port that is up.

    Raises:
        CommandFailedError: The switch does not answer.
    """
    ports = {switch.port_number(port.interface): port.interface for port in switch.queued_ports()}
    before = _counters(switch.name)
    sent = _expected(switch.queue_specs)
    for frame in (_ipv4_frame(), _ipv6_frame()):
        actions = ",".join(_actions(ports, switch.queue_specs))
        packet = f"in_port=controller packet={frame.hex()} actions={actions}"
        command.run([*_OFCTL, "packet-out", switch.name, packet])
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        moved = Counter(_counters(switch.name))
        moved.subtract(before)
        probes = tuple(
            QueueProbe(switch.name, number, name, queue, sent[queue.queue_id], moved[key])
            for number, name in ports.items()
            for queue in switch.queue_specs
            if sent[(key := (number, queue.queue_id))[1]]
        )
        if all(probe.passed for probe in probes) or time.monotonic() > deadline:
            return probes
        time.sleep(0.02)


def require_passed(probes: Iterable[QueueProbe]) -> None:
    """Raises SilentQueueError, with the remedy, if a probe did not reach its queue."""
    silent = [probe for probe in probes if not probe.passed]
    if silent:
        more = f" (and {len(silent) - 1} more)" if len(silent) > 1 else ""
        raise SilentQueueError(
            f"{silent[0]}{more}; its tc filters are missing or shadowed: "
            f"'tc filter show dev {silent[0].interface}' shows them, apply_filters() of the switch "
            "puts them back, and no other program may change the qdiscs of a switch port"
        )


def _expected(queues: Sequence[QueueSpec]) -> Counter[int]:
    return Counter({queue.queue_id: 2 * len(queue.dscps) for queue in queues})


def _actions(ports: Iterable[int], queues: Sequence[QueueSpec]) -> Iterable[str]:
    for queue in queues:
        for dscp in queue.dscps:
            yield f"set_field:{dscp}->ip_dscp"
            yield from (f"output:{number}" for number in ports)


def _counters(bridge: str) -> dict[tuple[int, int], int]:
    """Packets sent so far by (port number, queue id)."""
    return parse_queue_stats(command.run([*_OFCTL, "--no-names", "queue-stats", bridge]))


def parse_queue_stats(text: str) -> dict[tuple[int, int], int]:
    """Packets by (port number, queue id) in the output of `ovs-ofctl queue-stats`."""
    return {(int(m[1]), int(m[2])): int(m[3]) for m in _QUEUE_LINE.finditer(text)}


def _ipv4_frame() -> bytes:
    """UDP to the discard port from 192.0.2.1 to 192.0.2.2, TTL 1."""
    header = struct.pack("!BBHHHBBH", 0x45, 0, 28, 0, 0, 1, 17, 0)
    header += bytes((192, 0, 2, 1)) + bytes((192, 0, 2, 2))
    checksum = _internet_checksum(header)
    header = header[:10] + checksum.to_bytes(2, "big") + header[12:]
    return (_ETHERNET + b"\x08\x00" + header + _udp_header()).ljust(60, b"\0")


def _ipv6_frame() -> bytes:
    """UDP to the discard port from 2001:db8::1 to 2001:db8::2, hop limit 1."""
    prefix = bytes.fromhex("20010db8") + bytes(11)
    header = struct.pack("!IHBB", 6 << 28, 8, 17, 1) + prefix + b"\x01" + prefix + b"\x02"
    return (_ETHERNET + b"\x86\xdd" + header + _udp_header()).ljust(60, b"\0")


def _udp_header() -> bytes:
    return struct.pack("!HHHH", 9, 9, 8, 0)


def _internet_checksum(header: bytes) -> int:
    """RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
