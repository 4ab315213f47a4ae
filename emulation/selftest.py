"""A probe per class through every queued port: a queue that silently does nothing is found.

Each switch is told (OpenFlow packet-out) to send one frame for each DSCP, and for each slice, on
each of its ports, by the same path that traffic takes: label or address, mark, output, filter,
class. Then the kernel's counters of that class must have moved. Meant for the moment before the
controller connects, when switches have no rules and a probe dies at the next one; its addresses are
reserved for documentation (RFC 5737, RFC 3849) where no slice's prefix asks for others.

Owns the probes and the verdict; changes nothing.
"""

import struct
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from emulation import command
from emulation.errors import SilentQueueError
from emulation.kernel_queues import passed
from emulation.queues import class_id, inner_class_id, label_of
from emulation.switch import HeadwaySwitch
from policies.queues import ClassNode, FrameRule, PortTree, SliceNode, owner_of, port_tree

_OFCTL = ("ovs-ofctl", "-O", "OpenFlow13")
# A queue's counter moves when the frame leaves, which the queue's rate may put off.
_PATIENCE_S = 0.5
# Locally administered, unicast, nobody's.
_ETHERNET = bytes.fromhex("02005e00000202005e000001")
_TARGETS: Mapping[int, IPv4Address | IPv6Address] = {
    4: IPv4Address("192.0.2.2"),
    6: IPv6Address("2001:db8::2"),
}
_MAX_SHOTS = 200  # of one packet-out; OpenFlow's length field takes 64 KiB


@dataclass(frozen=True, slots=True)
class QueueProbe:
    """What the probes of one queue of one port showed.

    Attributes:
        switch: Name of the switch.
        port_no: OpenFlow port number.
        interface: Network interface of the port.
        queue: Name of the class the probes were marked for, behind "SLICE/" where there are slices.
        classid: Its HTB class.
        sent: Probes sent.
        counted: Packets that the class counted meanwhile; other traffic may add to it.
    """

    switch: str
    port_no: int
    interface: str
    queue: str
    classid: str
    sent: int
    counted: int

    @property
    def passed(self) -> bool:
        """Whether every probe reached its queue."""
        return self.counted >= self.sent

    def __str__(self) -> str:
        verdict = "ok" if self.passed else "SILENT"
        return (
            f"{self.switch} port {self.port_no} ({self.interface}) queue '{self.queue}' (class "
            f"{self.classid}): {self.counted} of {self.sent} probes counted, {verdict}"
        )


@dataclass(frozen=True, slots=True)
class _Shot:
    """One frame through one port: the IP version of its frame, what is set in it, its class."""

    interface: str
    port_no: int
    version: int
    actions: str
    classid: str
    queue: str


def probe_queues(switch: HeadwaySwitch) -> tuple[QueueProbe, ...]:
    """Sends one IPv4 and one IPv6 probe per slice and DSCP through each queued port that is up.

    Raises:
        CommandFailedError: The switch does not answer.
    """
    shots = tuple(_shots(switch))
    before = _counters(switch)
    for version, frame in ((4, _ipv4_frame()), (6, _ipv6_frame())):
        actions = [shot.actions for shot in shots if shot.version == version]
        for at in range(0, len(actions), _MAX_SHOTS):
            chunk = ",".join(actions[at : at + _MAX_SHOTS])
            packet = f"in_port=controller packet={frame.hex()} actions={chunk}"
            command.run([*_OFCTL, "packet-out", switch.name, packet])
    sent = Counter((s.interface, s.port_no, s.queue, s.classid) for s in shots)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        now = _counters(switch)
        probes = tuple(
            QueueProbe(switch.name, number, name, queue, classid, count,
                       now.get((name, classid), 0) - before.get((name, classid), 0))
            for (name, number, queue, classid), count in sent.items()
        )  # fmt: skip
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
            f"'tc filter show dev {silent[0].interface}' shows them, repair_queues() of the switch "
            "puts them back, and no other program may change the qdiscs of a switch port"
        )


def _shots(switch: HeadwaySwitch) -> Iterator[_Shot]:
    policy = switch.queues.policy or switch.policy
    for port in switch.queued_ports():
        tree = port_tree(policy, port.rate_bps, port.role)
        number = switch.port_number(port.interface)
        for version, sets, node, classid, queue in _targets(tree):
            for dscp in node.dscps:
                actions = f"{sets}set_field:{dscp}->ip_dscp,output:{number}"
                if "push_vlan" in sets:
                    actions += ",pop_vlan"
                yield _Shot(port.interface, number, version, actions, classid, queue)


def _targets(tree: PortTree) -> Iterator[tuple[int, str, ClassNode, str, str]]:
    """(IP version, actions that make a frame the slice's, class, its id, its name)."""
    for version in (4, 6):
        for node in tree.classes:
            yield version, "", node, class_id(node.queue_id), node.name
        for owner in tree.slices:
            sets = _sets(tree, owner, version)
            for node in owner.classes if sets is not None else ():
                classid = inner_class_id(owner.number, node.queue_id)
                yield version, sets or "", node, classid, f"{owner.name}/{node.name}"


def _sets(tree: PortTree, owner: SliceNode, version: int) -> str | None:
    """Actions that make a frame the slice's; None where no frame of that kind is."""
    if tree.role.fabric:
        return f"set_field:{label_of(owner.number)}->eth_dst,"
    if len(tree.slices) == 1:
        return ""
    for rule in tree.frames:
        target = _destination(rule, version)
        if rule.slice_number == owner.number and target is not None:
            if owner_of(tree, rule.vlan, target) != owner.number:
                continue
            tag = f"push_vlan:0x8100,set_field:{0x1000 | rule.vlan}->vlan_vid," if rule.vlan else ""
            field = "ip_dst" if version == 4 else "ipv6_dst"
            return f"{tag}set_field:{target}->{field},"
    return None


def _destination(rule: FrameRule, version: int) -> IPv4Address | IPv6Address | None:
    """An address that the rule holds for, if it holds for any of that version."""
    if rule.prefix is None:
        return _TARGETS[version]
    if rule.prefix.version != version:
        return None
    # Not the network's own address where there is another.
    first: IPv4Address | IPv6Address = rule.prefix.network_address
    return first + 1 if rule.prefix.num_addresses > 1 else first


def _counters(switch: HeadwaySwitch) -> Mapping[tuple[str, str], int]:
    """Packets sent so far by (interface, class)."""
    return {
        (port.interface, classid): figures.packets_total
        for port in switch.queued_ports()
        for classid, figures in passed(port.interface).items()
    }


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
