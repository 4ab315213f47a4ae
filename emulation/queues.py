"""The queue tree of a switch port: its text in ovs-vsctl and tc, and its removal.

One HTB tree a port, made through OVSDB so that OpenFlow queues, their statistics and the kernel
agree: the root carries the link rate, queue N is class 1:(N+1). What OVSDB can't say is added with
tc: a bounded FIFO at every leaf, one u32 filter per DSCP, and a place for what is not IP. The
filters are there because the userspace datapath ignores `set_queue`: without them every packet
waits in queue 0. Open vSwitch may drop filters when it writes a QoS, so they follow every write.
Class settings must all go through OVSDB: it rewrites every class after any change of a bridge.

Owns the words of these commands; `emulation.switch` runs them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from emulation import ovs
from emulation.ownership import EXTERNAL_ID, Run
from policies.model import QueueSpec

BRIDGE_ID = "headway-bridge"
# Enough for two full frames; HTB can't send anything larger than its burst at once.
_MIN_BURST_BYTES = 2 * 1514
# A class may send this much at line rate before it has to wait for its turn: little enough that an
# urgent packet waits no longer than that, enough that timers need not fire for every packet.
_BURST_S = 0.001
# How far a class may run ahead of its guarantee. HTB serves what is within its guarantee first, in
# order of priority, and only then what borrows: with less than this, a few requests at once put an
# urgent class among the borrowers, behind the guarantees of everybody else.
_AHEAD_S = 0.04
_FRAMES_PER_SECOND_BITS = 1514 * 8
_IP_PRIO, _IPV6_PRIO, _ARP_PRIO, _LLDP_PRIO, _REST_PRIO = 10, 11, 12, 13, 99


@dataclass(frozen=True, slots=True)
class QueuedPort:
    """A port whose link rate its queue tree owns.

    Attributes:
        interface: Name of the network interface.
        rate_bps: Link rate, bit/s.
        delay_s: One-way delay of the link, seconds; emulated only where the kernel has netem.
    """

    interface: str
    rate_bps: int
    delay_s: float = 0.0


def class_id(queue_id: int) -> str:
    """The HTB class of an OpenFlow queue, as Open vSwitch numbers them."""
    return f"1:{queue_id + 1:x}"


def default_queue(queues: Sequence[QueueSpec]) -> QueueSpec:
    """The queue of everything that no filter names: the one without DSCPs."""
    return next((queue for queue in queues if not queue.dscps), min(queues, key=_by_id))


def first_queue(queues: Sequence[QueueSpec]) -> QueueSpec:
    """The queue served first: where ARP and LLDP go, for nothing works while these wait."""
    return min(queues, key=lambda queue: (queue.priority, queue.queue_id))


def qos_words(
    ports: Sequence[QueuedPort], queues: Sequence[QueueSpec], *, run: Run, bridge: str
) -> list[str]:
    """ovs-vsctl words that give every port its QoS; one QoS row for each link rate of a bridge."""
    words: list[str] = []
    owner = [f"external_ids:{EXTERNAL_ID}={run.tag}", f"external_ids:{BRIDGE_ID}={bridge}"]
    for rate_bps in sorted({port.rate_bps for port in ports}):
        references = ",".join(f"{queue.queue_id}=@q{rate_bps}_{queue.queue_id}" for queue in queues)
        words += ["--", f"--id=@qos{rate_bps}", "create", "QoS", "type=linux-htb", *owner]
        words += [f"other_config:max-rate={rate_bps}", f"queues={references}"]
        for queue in queues:
            words += ["--", f"--id=@q{rate_bps}_{queue.queue_id}", "create", "Queue", *owner]
            words += _queue_settings(queue, rate_bps)
    for port in ports:
        words += ["--", "set", "Port", port.interface, f"qos=@qos{port.rate_bps}"]
    return words


def _queue_settings(queue: QueueSpec, rate_bps: int) -> list[str]:
    ceiling_bps = round(queue.ceiling * rate_bps)
    return [
        f"other_config:min-rate={_guarantee_bps(queue, rate_bps)}",
        f"other_config:max-rate={ceiling_bps}",
        f"other_config:priority={queue.priority}",
        f"other_config:burst={8 * _class_burst_bytes(queue, rate_bps)}",
    ]


def tc_lines(port: QueuedPort, queues: Sequence[QueueSpec], *, netem: bool) -> list[str]:
    """`tc -batch` lines that complete the tree of one port, after `clear_lines`.

    Args:
        port: The port; its HTB tree must exist.
        queues: The queues of the policy.
        netem: Whether the kernel can delay packets; if not, `delay_s` is left out.
    """
    lines = [line for queue in queues for line in _leaf_lines(port, queue, netem=netem)]
    return lines + [f"filter add dev {port.interface} parent 1: {rule}" for rule in _rules(queues)]


def clear_lines(port: QueuedPort) -> list[str]:
    """`tc -batch` line that drops a port's filters; it fails where there is no tree yet."""
    return [f"filter del dev {port.interface} parent 1:"]


def _leaf_lines(port: QueuedPort, queue: QueueSpec, *, netem: bool) -> Iterable[str]:
    name, leaf = port.interface, class_id(queue.queue_id)
    handle = f"{0x100 + queue.queue_id:x}:"
    kind = _leaf_qdisc(port, queue, netem=netem)
    yield f"qdisc replace dev {name} parent {leaf} handle {handle} {kind}"


def _leaf_qdisc(port: QueuedPort, queue: QueueSpec, *, netem: bool) -> str:
    if not (netem and port.delay_s > 0):
        return f"pfifo limit {queue.limit_packets}"
    # Packets under way on the wire count against netem's limit and must not fill the queue.
    on_the_wire = round(port.delay_s * port.rate_bps / _FRAMES_PER_SECOND_BITS) + 1
    return f"netem delay {round(port.delay_s * 1e6)}us limit {queue.limit_packets + on_the_wire}"


def _rules(queues: Sequence[QueueSpec]) -> Iterable[str]:
    for queue in queues:
        leaf = class_id(queue.queue_id)
        for dscp in queue.dscps:
            match = f"{dscp << 2:#04x} 0xfc flowid {leaf}"
            yield f"protocol ip prio {_IP_PRIO} u32 match ip tos {match}"
            yield f"protocol ipv6 prio {_IPV6_PRIO} u32 match ip6 priority {match}"
    urgent = class_id(first_queue(queues).queue_id)
    yield f"protocol 0x0806 prio {_ARP_PRIO} u32 match u32 0 0 flowid {urgent}"
    yield f"protocol 0x88cc prio {_LLDP_PRIO} u32 match u32 0 0 flowid {urgent}"
    rest = class_id(default_queue(queues).queue_id)
    yield f"protocol all prio {_REST_PRIO} u32 match u32 0 0 flowid {rest}"


def burst_bytes(rate_bps: int) -> int:
    """How much a class may send at once: a millisecond's worth, and never less than 2 frames."""
    return max(_MIN_BURST_BYTES, round(rate_bps * _BURST_S / 8))


def _class_burst_bytes(queue: QueueSpec, rate_bps: int) -> int:
    ahead = round(_guarantee_bps(queue, rate_bps) * _AHEAD_S / 8)
    return max(burst_bytes(round(queue.ceiling * rate_bps)), ahead)


def _guarantee_bps(queue: QueueSpec, rate_bps: int) -> int:
    # Open vSwitch raises anything below 12 kbit/s (one frame a second) to that by itself.
    return max(12_000, round(queue.share * rate_bps))


def _by_id(queue: QueueSpec) -> int:
    return queue.queue_id


def destroy_words(*, run: Run, bridge: str | None = None) -> list[str]:
    """ovs-vsctl words that destroy the QoS and Queue rows of a run (or of one bridge of it)."""
    words: list[str] = []
    for table in ("QoS", "Queue"):
        for row in ovs.rows(table, "_uuid", "external_ids"):
            ids = row["external_ids"]
            if ids.get(EXTERNAL_ID) == run.tag and bridge in (None, ids.get(BRIDGE_ID)):
                words += ["--", "destroy", table, row["_uuid"]]
    return words
