"""The queue tree of a switch port: its form in HTB, and the words for ovs-vsctl and tc.

Two layers. What OpenFlow calls queues is made through OVSDB (`linux-htb`), so that OpenFlow, its
statistics and the kernel agree: the link rate at the root, queue N is class 1:(N+1). Without slices
these are the policy's queues; with slices queue 0 is the service queue and queue 16+S is slice S,
with an HTB of its own inside for its classes. What OVSDB can't say comes from tc: inner trees,
bounded FIFOs, weights (quantum), and one BPF program a qdisc that tells frames apart
(`emulation.bpf`). The programs are there because the userspace datapath ignores `set_queue`:
without them every packet waits in queue 0.

Open vSwitch writes every class of its own again after any change of any bridge, and weights are
then lost; `emulation.keeper` puts them back.

Owns form and words; `emulation.queue_changes` orders them, `emulation.switch` runs them.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from controller import labels
from emulation import bpf, ovs
from emulation.ownership import EXTERNAL_ID, Run
from policies.queues import ClassNode, PortRole, PortTree, SliceNode

BRIDGE_ID, PORT_ID = "headway-bridge", "headway-port"
# OpenFlow queue of slice 0; queues below are classes of ports without slices.
SLICE_QUEUES = 16
# Open vSwitch's own: below this class are all queues, and what no filter names is in queue 0.
ROOT_CLASS, DEFAULT_CLASS = "1:fffe", 1
# Enough for two full frames; HTB can't send anything larger than its burst at once.
_FRAME_BYTES = 1514
_MIN_BURST_BYTES = 2 * _FRAME_BYTES
# A class may send this much at line rate before it has to wait for its turn: little enough that an
# urgent packet waits no longer than that, enough that timers need not fire for every packet.
_BURST_S = 0.001
# How far a class may run ahead of its guarantee. HTB serves what is within its guarantee first, in
# order of priority, and only then what borrows: with less than this, a few requests at once put an
# urgent class among the borrowers, behind the guarantees of everybody else.
_AHEAD_S = 0.04
_FRAMES_PER_SECOND_BITS = _FRAME_BYTES * 8
# Open vSwitch raises anything below 12 kbit/s (one frame a second) to that by itself.
_LEAST_BPS = 12_000
# A turn of the lightest slice: a frame, or on fast links what a kernel that merges frames
# (GRO) sends at once. The heaviest has no more than 50 ms of the link.
_TURN_S, _MAX_MERGED_BYTES, _MAX_TURN_S, _LEAST_MAX_TURN_BYTES = 0.00025, 1 << 16, 0.05, 200_000
# An inner tree does not shape: the class it hangs in does. Its root always has tokens to lend.
_UNSHAPED = 16
_INNER_HANDLES, _LEAF_HANDLES = 0x400, 0x100


@dataclass(frozen=True, slots=True)
class QueuedPort:
    """A port whose link rate its queue tree owns.

    Attributes:
        interface: Name of the network interface.
        rate_bps: Link rate, bit/s.
        delay_s: One-way delay of the link, seconds; emulated only where the kernel has netem.
        fabric: A switch is behind it; False: a host.
    """

    interface: str
    rate_bps: int
    delay_s: float = 0.0
    fabric: bool = True

    @property
    def role(self) -> PortRole:
        """The port as policies see it."""
        return PortRole(self.interface, self.fabric)


@dataclass(frozen=True, slots=True)
class HtbClass:
    """One class as the kernel has it.

    Attributes:
        classid: Its own.
        parent: Of another class, or of a qdisc.
        rate_bps: Guaranteed.
        ceil_bps: The most.
        burst_bytes: How far it may run ahead of its guarantee.
        cburst_bytes: How far it may run ahead of its ceiling.
        priority: Served first where 0.
        quantum_bytes: Its turn among classes of one priority; None is the kernel's choice.
    """

    classid: str
    parent: str
    rate_bps: int
    ceil_bps: int
    burst_bytes: int
    cburst_bytes: int
    priority: int
    quantum_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A qdisc in a class: a FIFO, or the inner tree of a slice (`kind` "htb").

    Attributes:
        parent: The class.
        kind: The qdisc's name.
        options: Its words.
        handle: Its number; "" lets the kernel choose.
    """

    parent: str
    kind: str
    options: str
    handle: str = ""


@dataclass(frozen=True, slots=True)
class PortForm:
    """Everything of one port's tree, in the words of the kernel.

    Attributes:
        interface: The port.
        rate_bps: Link rate.
        queues: OpenFlow queue id and its class; OVSDB makes these.
        classes: Classes of inner trees, parents first; tc makes these.
        leaves: Qdiscs in classes, inner trees first.
        programs: (qdisc, its BPF program).
    """

    interface: str
    rate_bps: int
    queues: tuple[tuple[int, HtbClass], ...]
    classes: tuple[HtbClass, ...]
    leaves: tuple[Leaf, ...]
    programs: tuple[tuple[str, str], ...]


def port_form(tree: PortTree, port: QueuedPort, *, netem: bool) -> PortForm:
    """The tree of a port in the words of the kernel.

    Args:
        tree: What the port shall do.
        port: The port; its tree.
        netem: Whether the kernel can delay packets; if not, `delay_s` is left out.

    Raises:
        FilterTooLongError: A port for hosts has more slices and prefixes than a program can tell.
    """
    return _flat(tree, port, netem=netem) if tree.classes else _sliced(tree, port, netem=netem)


def _flat(tree: PortTree, port: QueuedPort, *, netem: bool) -> PortForm:
    delay_s = port.delay_s if netem else 0.0
    default = next(node for node in tree.classes if node.default)
    marks = {dscp: _minor(1, n.queue_id + 1) for n in tree.classes for dscp in n.dscps}
    program = bpf.by_mark(marks, rest=_minor(1, default.queue_id + 1),
                          urgent=_minor(1, tree.service.queue_id + 1))  # fmt: skip
    return PortForm(
        port.interface, tree.rate_bps,
        tuple((n.queue_id, _queue_class(n, tree)) for n in tree.classes), (),
        tuple(_leaf(n, class_id(n.queue_id), tree.rate_bps, delay_s,
                    f"{_LEAF_HANDLES + n.queue_id:x}:") for n in tree.classes),
        (("1:", bpf.bytecode(program)),),
    )  # fmt: skip


def _queue_class(node: ClassNode, tree: PortTree) -> HtbClass:
    """The class of an OpenFlow queue that holds packets."""
    rate_bps = max(_LEAST_BPS, node.rate_bps)
    burst = max(burst_bytes(node.ceil_bps), _ahead_bytes(rate_bps))
    return _htb(class_id(node.queue_id), ROOT_CLASS, rate_bps, node.ceil_bps, burst, node.priority)


def _sliced(tree: PortTree, port: QueuedPort, *, netem: bool) -> PortForm:
    delay_s = port.delay_s if netem else 0.0
    turn = _turn(tree)
    service = tree.service
    queues = [(service.queue_id, _queue_class(service, tree))]
    classes: list[HtbClass] = []
    inner: list[Leaf] = []
    fifos = [_leaf(service, class_id(0), tree.rate_bps, delay_s, f"{_LEAF_HANDLES:x}:")]
    programs = [("1:", bpf.bytecode(_outer_program(tree)))]
    for node in tree.slices:
        major = _INNER_HANDLES + node.number
        queues.append((SLICE_QUEUES + node.number, _slice_class(node, tree.rate_bps, turn)))
        inner.append(_inner_tree(node, major))
        classes += _inner_classes(node, major, tree.rate_bps)
        fifos += (_leaf(c, f"{major:x}:{c.queue_id + 1:x}", tree.rate_bps, delay_s)
                  for c in node.classes)  # fmt: skip
        programs.append((f"{major:x}:", bpf.bytecode(_inner_program(node, major))))
    return PortForm(port.interface, tree.rate_bps, tuple(queues), tuple(classes),
                    (*inner, *fifos), tuple(programs))  # fmt: skip


def _turn(tree: PortTree) -> float:
    """Bytes a slice of weight 1 may send at its turn.

    The lightest has a frame and less than two, which keeps turns short. In steps of 2, so that
    another lightest slice seldom changes everybody's.
    """
    lightest = min((node.weight for node in tree.slices), default=1.0)
    least = min(_MAX_MERGED_BYTES, max(_FRAME_BYTES, tree.rate_bps * _TURN_S / 8))
    return least / float(2.0 ** math.floor(math.log2(lightest)))


def _slice_class(node: SliceNode, link_bps: int, turn: float) -> HtbClass:
    rate_bps = max(_LEAST_BPS, node.rate_bps)
    ceil_bps = max(rate_bps, node.ceil_bps)
    burst = max(burst_bytes(ceil_bps), _ahead_bytes(rate_bps))
    longest = max(_LEAST_MAX_TURN_BYTES, round(link_bps * _MAX_TURN_S / 8))
    # Behind the service queue (priority 0), equal among themselves.
    return _htb(slice_class_id(node.number), ROOT_CLASS, rate_bps, ceil_bps, burst, 1,
                min(longest, round(turn * node.weight)))  # fmt: skip


def _htb(
    classid: str, parent: str, rate_bps: int, ceil_bps: int, burst: int, priority: int,
    quantum: int | None = None,
) -> HtbClass:  # fmt: skip
    """A class with rates that the kernel can hold: it counts bytes a second."""
    rate, ceil = rate_bps // 8 * 8, max(rate_bps, ceil_bps) // 8 * 8
    return HtbClass(classid, parent, rate, ceil, burst, burst, priority, quantum)


def _inner_tree(node: SliceNode, major: int) -> Leaf:
    default = next(c for c in node.classes if c.default)
    return Leaf(slice_class_id(node.number), "htb", f"default {default.queue_id + 1:x}",
                f"{major:x}:")  # fmt: skip


def _inner_classes(node: SliceNode, major: int, link_bps: int) -> Iterable[HtbClass]:
    root, plenty = f"{major:x}:fffe", link_bps * _UNSHAPED
    yield _htb(root, f"{major:x}:", plenty, plenty, burst_bytes(plenty), 0, _FRAME_BYTES)
    for c in node.classes:
        rate_bps = max(_LEAST_BPS, c.rate_bps)
        # A ceiling that the slice or the link has anyway is left to them.
        ceil_bps = c.ceil_bps if c.ceil_bps < node.ceil_bps else plenty
        burst = max(burst_bytes(min(ceil_bps, link_bps)), _ahead_bytes(rate_bps))
        yield _htb(f"{major:x}:{c.queue_id + 1:x}", root, rate_bps, ceil_bps, burst, c.priority,
                   _FRAME_BYTES)  # fmt: skip


def _outer_program(tree: PortTree) -> tuple[bpf.Instruction, ...]:
    first, rest = _minor(1, SLICE_QUEUES + 1), _minor(1, 1)
    if tree.role.fabric:
        return bpf.by_label(prefix=labels.PREFIX, prefix_bits=labels.PREFIX_BITS,
                            slice_bits=labels.SLICE_BITS, first=first, rest=rest)  # fmt: skip
    only = tree.slices[0].number if len(tree.slices) == 1 else None
    return bpf.by_destination(tree.frames, only, first=first, rest=rest)


def _inner_program(node: SliceNode, major: int) -> tuple[bpf.Instruction, ...]:
    default = next(c for c in node.classes if c.default)
    marks = {dscp: _minor(major, c.queue_id + 1) for c in node.classes for dscp in c.dscps}
    return bpf.by_mark(marks, rest=_minor(major, default.queue_id + 1))


def _minor(major: int, minor: int) -> int:
    return major << 16 | minor


def class_id(queue_id: int) -> str:
    """The HTB class of an OpenFlow queue, as Open vSwitch numbers them."""
    return f"1:{queue_id + 1:x}"


def slice_class_id(slice_number: int) -> str:
    """The HTB class of a slice."""
    return class_id(SLICE_QUEUES + slice_number)


def inner_class_id(slice_number: int, queue_id: int) -> str:
    """The HTB class of a queue inside a slice."""
    return f"{_INNER_HANDLES + slice_number:x}:{queue_id + 1:x}"


def label_of(slice_number: int) -> str:
    """A destination MAC that a slice's packets between switches might have, but none has."""
    nowhere = (1 << labels.SLICE_OFFSET) - 1  # the last tree, edge and host
    value = labels.PREFIX << 48 - labels.PREFIX_BITS | slice_number << labels.SLICE_OFFSET | nowhere
    return value.to_bytes(6, "big").hex(":")


def _leaf(
    node: ClassNode, classid: str, link_bps: int, delay_s: float, handle: str = ""
) -> Leaf:  # fmt: skip
    if delay_s <= 0:
        return Leaf(classid, "pfifo", f"limit {node.limit_packets}", handle)
    # Packets under way on the wire count against netem's limit and must not fill the queue.
    on_the_wire = round(delay_s * link_bps / _FRAMES_PER_SECOND_BITS) + 1
    limit = node.limit_packets + on_the_wire
    return Leaf(classid, "netem", f"delay {round(delay_s * 1e6)}us limit {limit}", handle)


def burst_bytes(rate_bps: int) -> int:
    """How much a class may send at once: a millisecond's worth, and never less than 2 frames."""
    return max(_MIN_BURST_BYTES, round(rate_bps * _BURST_S / 8))


def _ahead_bytes(rate_bps: int) -> int:
    return round(rate_bps * _AHEAD_S / 8)


def class_words(interface: str, item: HtbClass) -> str:
    """A class as tc reads it, behind "class replace"."""
    quantum = "" if item.quantum_bytes is None else f" quantum {item.quantum_bytes}"
    return (
        f"dev {interface} parent {item.parent} classid {item.classid} htb"
        f" rate {item.rate_bps}bit ceil {item.ceil_bps}bit burst {item.burst_bytes}"
        f" cburst {item.cburst_bytes} prio {item.priority}{quantum}"
    )


def leaf_words(interface: str, leaf: Leaf, *, handle: str = "") -> str:
    """A qdisc as tc reads it, behind "qdisc replace" or "qdisc change" (with its `handle`)."""
    number = f" handle {handle or leaf.handle}" if handle or leaf.handle else ""
    return f"dev {interface} parent {leaf.parent}{number} {leaf.kind} {leaf.options}"


def program_words(interface: str, qdisc: str, program: str) -> str:
    """A filter as tc reads it, behind "filter replace"."""
    return f"dev {interface} parent {qdisc} protocol all prio 1 handle 1 bpf bytecode '{program}'"


def queue_settings(item: HtbClass) -> dict[str, str]:
    """A class in OVSDB's words: the `other_config` of a Queue row."""
    return {
        "min-rate": str(item.rate_bps),
        "max-rate": str(item.ceil_bps),
        "priority": str(item.priority),
        "burst": str(8 * item.burst_bytes),
    }


def queue_words(item: HtbClass) -> list[str]:
    """The same as words for ovs-vsctl."""
    return [f"other_config:{key}={value}" for key, value in queue_settings(item).items()]


def owner_words(run: Run | None, bridge: str, interface: str) -> list[str]:
    """Whose a row is; without a run it outlives whoever made it."""
    owner = [f"external_ids:{EXTERNAL_ID}={run.tag}"] if run else []
    return [*owner, f"external_ids:{BRIDGE_ID}={bridge}", f"external_ids:{PORT_ID}={interface}"]


def qos_words(form: PortForm, *, run: Run | None, bridge: str) -> list[str]:
    """ovs-vsctl words that give a port its QoS row and its queues."""
    owner = owner_words(run, bridge, form.interface)
    # Names within one transaction; ovs-vsctl takes letters, digits, "_" and "." in them.
    symbol = "@" + form.interface.replace("-", ".")
    references = ",".join(f"{queue}={symbol}.{queue}" for queue, _ in form.queues)
    words = ["--", f"--id={symbol}", "create", "QoS", "type=linux-htb", *owner]
    words += [f"other_config:max-rate={form.rate_bps}", f"queues={references}"]
    for queue, item in form.queues:
        words += ["--", f"--id={symbol}.{queue}", "create", "Queue", *owner, *queue_words(item)]
    return [*words, "--", "set", "Port", form.interface, f"qos={symbol}"]


def destroy_words(*, run: Run, bridge: str | None = None) -> list[str]:
    """ovs-vsctl words that destroy the QoS and Queue rows of a run (or of one bridge of it)."""
    words: list[str] = []
    for table in ("QoS", "Queue"):
        for row in ovs.rows(table, "_uuid", "external_ids"):
            ids = row["external_ids"]
            if ids.get(EXTERNAL_ID) == run.tag and bridge in (None, ids.get(BRIDGE_ID)):
                words += ["--", "destroy", table, row["_uuid"]]
    return words
