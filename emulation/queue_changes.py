"""What is missing between the queues a port has and those it shall have, in an order without loss.

Pure. What is new is made before programs send frames there; what nobody is sent to any more goes
last; what is right already is not touched, so packets that wait in it stay.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from emulation.kernel_queues import KernelTree
from emulation.queues import (
    DEFAULT_CLASS,
    ROOT_CLASS,
    HtbClass,
    Leaf,
    PortForm,
    class_words,
    leaf_words,
    program_words,
    queue_settings,
)

# The kernel counts time in ticks of 64 ns and rates in bytes a second.
_RATE_TOLERANCE, _BURST_TOLERANCE, _BURST_TOLERANCE_BYTES = 0.001, 0.02, 256


@dataclass(frozen=True, slots=True)
class InForce:
    """What a port has now.

    Attributes:
        rate_bps: Link rate that OVSDB knows; None: the port has no queues there.
        queues: OVSDB's settings of each OpenFlow queue.
        tree: What the kernel has.
    """

    rate_bps: int | None
    queues: Mapping[int, Mapping[str, str]]
    tree: KernelTree


@dataclass(frozen=True, slots=True)
class PortChange:
    """What leads to the wanted form.

    Attributes:
        interface: The port.
        rate_bps: Link rate to tell OVSDB, or None where it knows.
        queues: OpenFlow queues to make or to set, with their classes: through OVSDB, first.
        lines: `tc -batch` lines, second.
        dropped: OpenFlow queues to remove: through OVSDB, last.
    """

    interface: str
    rate_bps: int | None
    queues: tuple[tuple[int, HtbClass], ...]
    lines: tuple[str, ...]
    dropped: tuple[int, ...]

    @property
    def count(self) -> int:
        """Things that change; 0 when all is as it shall be."""
        repeated = sum(item.quantum_bytes is not None for _, item in self.queues)
        rate = self.rate_bps is not None
        return len(self.queues) + len(self.dropped) + len(self.lines) - repeated + rate

    @property
    def through_ovsdb(self) -> bool:
        """Whether Open vSwitch has a part in it."""
        return bool(self.queues or self.dropped or self.rate_bps is not None)


def change(before: InForce, after: PortForm) -> PortChange:
    """The steps from what a port has to what it shall have."""
    name, tree = after.interface, before.tree
    queues = tuple(
        (queue, item) for queue, item in after.queues
        if before.queues.get(queue) != queue_settings(item)
    )  # fmt: skip
    dropped = tuple(queue for queue in before.queues if queue not in dict(after.queues))
    lines = (
        *_root_lines(after, tree, new=before.rate_bps is None),
        *_queue_lines(after, tree, {queue for queue, _ in queues}),
        *_leaf_lines(name, (leaf for leaf in after.leaves if leaf.kind == "htb"), tree),
        *_class_lines(name, after.classes, tree),
        *_leaf_lines(name, (leaf for leaf in after.leaves if leaf.kind != "htb"), tree),
        *_program_lines(after, tree),
        *_removals(after, tree),
    )
    rate = after.rate_bps if before.rate_bps != after.rate_bps else None
    return PortChange(name, rate, queues, lines, dropped)


def _root_lines(form: PortForm, tree: KernelTree, *, new: bool) -> Iterable[str]:
    """Puts back what somebody removed below Open vSwitch, which doesn't notice."""
    if tree.root == "htb" or new:
        return
    yield f"qdisc replace dev {form.interface} root handle 1: htb default {DEFAULT_CLASS}"
    yield (
        f"class replace dev {form.interface} parent 1: classid {ROOT_CLASS} htb"
        f" rate {form.rate_bps}bit ceil {form.rate_bps}bit"
    )


def _queue_lines(form: PortForm, tree: KernelTree, fresh: set[int]) -> Iterable[str]:
    for queue, item in form.queues:
        # What Open vSwitch writes is right but for the weight, which it knows nothing of.
        right = item.quantum_bytes is None if queue in fresh else _holds(tree.classes, item)
        if not right:
            yield f"class replace {class_words(form.interface, item)}"


def _class_lines(interface: str, items: Iterable[HtbClass], tree: KernelTree) -> Iterable[str]:
    for item in items:
        if not _holds(tree.classes, item):
            yield f"class replace {class_words(interface, item)}"


def _holds(classes: Mapping[str, HtbClass], wanted: HtbClass) -> bool:
    """Whether the kernel has this class, as exactly as it can."""
    known = classes.get(wanted.classid)
    if known is None or known.priority != wanted.priority:
        return False
    pairs = ((known.rate_bps, wanted.rate_bps), (known.ceil_bps, wanted.ceil_bps))
    if any(abs(has - shall) > 8 + _RATE_TOLERANCE * shall for has, shall in pairs):
        return False
    if wanted.quantum_bytes is None:  # bursts and turns are then Open vSwitch's choice
        return True
    bursts = ((known.burst_bytes, wanted.burst_bytes), (known.cburst_bytes, wanted.cburst_bytes))
    return known.quantum_bytes == wanted.quantum_bytes and all(
        abs(has - shall) <= _BURST_TOLERANCE_BYTES + _BURST_TOLERANCE * shall
        for has, shall in bursts
    )


def _leaf_lines(interface: str, leaves: Iterable[Leaf], tree: KernelTree) -> Iterable[str]:
    for leaf in leaves:
        known = tree.leaves.get(leaf.parent)
        if known is not None and known.kind == leaf.kind:
            # An inner tree's default is for frames too short to read, and can't be changed.
            if leaf.kind == "htb" or known.options in leaf.options:
                continue
            # A change keeps what waits.
            yield f"qdisc change {leaf_words(interface, leaf, handle=known.handle)}"
        else:
            yield f"qdisc replace {leaf_words(interface, leaf)}"


def _program_lines(form: PortForm, tree: KernelTree) -> Iterable[str]:
    for qdisc, program in form.programs:
        known = tree.programs.get(qdisc, ())
        if known == ((1, 1, program),):
            continue
        strangers = {priority for priority, handle, _ in known if (priority, handle) != (1, 1)}
        if 1 in strangers:
            yield f"filter del dev {form.interface} parent {qdisc} prio 1"
        yield f"filter replace {program_words(form.interface, qdisc, program)}"
        for priority in sorted(strangers - {1}):
            yield f"filter del dev {form.interface} parent {qdisc} prio {priority}"


def _removals(form: PortForm, tree: KernelTree) -> Iterable[str]:
    """Classes of inner trees that stay; a class takes its leaf with it, a tree all of its own."""
    kept = {item.classid for item in form.classes}
    trees = {item.classid.partition(":")[0] for item in form.classes}
    for classid in tree.classes:
        if classid.partition(":")[0] in trees and classid not in kept:
            yield f"class del dev {form.interface} classid {classid}"
