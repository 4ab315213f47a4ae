"""The queue trees that the kernel has now, and what passed through them, by rtnetlink.

tc prints rounded rates and takes a process; rtnetlink gives what is in force, exactly, and tells
when somebody changes it. Structures are those of linux/rtnetlink.h and linux/pkt_sched.h.
Reads only.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from emulation.errors import CommandFailedError
from emulation.queues import HtbClass, Leaf

_GET_QDISC, _GET_CLASS, _GET_FILTER = 38, 42, 46
_ERROR, _DONE = 2, 3
_REQUEST, _DUMP = 0x1, 0x300
_HEADER, _TCMSG, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BxxxiIII"), "=HH"
_KIND, _OPTIONS, _STATS2 = 1, 2, 7
_STATS_BASIC, _STATS_QUEUE = 1, 3
_HTB_PARMS, _HTB_INIT, _HTB_RATE64, _HTB_CEIL64 = 1, 2, 6, 7
_BPF_OPS = 5
# Two of struct tc_ratespec (only the rate), then buffer, cbuffer, quantum, level, prio.
_HTB_OPTION = struct.Struct("=8xI8xIIIIII")
_HTB_GLOBAL = struct.Struct("=III")
_FILTER_INSTRUCTION = struct.Struct("=HBBI")
_TICKS_PER_S = 1e9 / 64  # PSCHED_SHIFT of the kernel is 6
_TC_EVENTS = 1 << 3  # RTNLGRP_TC
_RECEIVE_BYTES = 1 << 18
_NETEM_LIMIT = struct.Struct("=4xI")


@dataclass(frozen=True, slots=True)
class Passed:
    """What a class has counted since it exists.

    Attributes:
        bytes_total: Sent.
        packets_total: Sent.
        drops_total: Refused because its queue was full.
        backlog_bytes: Waiting now.
    """

    bytes_total: int
    packets_total: int
    drops_total: int
    backlog_bytes: int


@dataclass(frozen=True, slots=True)
class KernelTree:
    """What one interface has now.

    Attributes:
        root: Kind of the root qdisc, "" without one that shapes.
        classes: HTB classes by classid.
        leaves: Qdiscs in classes by the class they are in; their options only as far as
            they are compared.
        programs: Filters by the qdisc they are at: (priority, handle, bytecode as tc has it).
    """

    root: str
    classes: Mapping[str, HtbClass]
    leaves: Mapping[str, Leaf]
    programs: Mapping[str, tuple[tuple[int, int, str], ...]]


def kernel_trees(interfaces: Iterable[str]) -> dict[str, KernelTree]:
    """The trees of these interfaces; one that doesn't exist is left out.

    Raises:
        CommandFailedError: The kernel refused to tell.
    """
    indexes = dict(_indexes(interfaces))
    with _Netlink() as kernel:
        qdiscs: dict[int, list[tuple[int, int, str, bytes]]] = {}
        for message in kernel.dump(_GET_QDISC):
            entry = (message.handle, message.parent, message.kind, message.options)
            qdiscs.setdefault(message.index, []).append(entry)
        return {
            name: _tree(kernel, index, qdiscs.get(index, ())) for name, index in indexes.items()
        }


def passed(interface: str) -> dict[str, Passed]:
    """What each class of an interface has counted, by classid; {} without such an interface."""
    for _, index in _indexes([interface]):
        with _Netlink() as kernel:
            return {
                _text(message.handle): message.passed()
                for message in kernel.dump(_GET_CLASS, index)
                if message.kind == "htb"
            }
    return {}


def watch() -> socket.socket:
    """A socket that has something to read when anybody has changed a queue of this machine.

    What is to be read says nothing; read it away and look.
    """
    listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    listener.bind((0, _TC_EVENTS))
    listener.setblocking(False)
    return listener


def drain(listener: socket.socket) -> None:
    """Reads away what a `watch` socket holds; too much for its buffer is no error."""
    while True:
        try:
            listener.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:  # ENOBUFS: events were lost, and there were some
            continue


def _indexes(interfaces: Iterable[str]) -> Iterator[tuple[str, int]]:
    for name in interfaces:
        with contextlib.suppress(OSError):
            yield name, socket.if_nametoindex(name)


def _tree(
    kernel: "_Netlink", index: int, qdiscs: Sequence[tuple[int, int, str, bytes]]
) -> KernelTree:
    root = next((kind for _, parent, kind, _ in qdiscs if parent == 0xFFFFFFFF), "")
    leaves = {
        _text(parent): Leaf(_text(parent), kind, _leaf_options(kind, options), _text(handle))
        for handle, parent, kind, options in qdiscs
        if parent != 0xFFFFFFFF and parent >> 16 != 0xFFFF
    }
    classes = {}
    for message in kernel.dump(_GET_CLASS, index):
        if message.kind == "htb":
            item = _class(message)
            classes[item.classid] = item
    programs = {
        _text(handle): tuple(_programs(kernel, index, handle))
        for handle, _, kind, _ in qdiscs
        if kind == "htb"
    }
    return KernelTree(root, classes, leaves, programs)


def _programs(kernel: "_Netlink", index: int, parent: int) -> Iterator[tuple[int, int, str]]:
    for message in kernel.dump(_GET_FILTER, index, parent):
        if message.handle:  # each priority also tells of itself, without a handle
            code = _attributes(message.options).get(_BPF_OPS, b"") if message.kind == "bpf" else b""
            yield message.info >> 16, message.handle, _bytecode(code)


def _bytecode(code: bytes) -> str:
    words = [" ".join(map(str, item)) for item in _FILTER_INSTRUCTION.iter_unpack(code)]
    return ",".join([str(len(words)), *words])


def _class(message: "_Message") -> HtbClass:
    options = _attributes(message.options)
    rate, ceil, buffer, cbuffer, quantum, _, priority = _HTB_OPTION.unpack_from(options[_HTB_PARMS])
    if _HTB_RATE64 in options:
        rate = struct.unpack("=Q", options[_HTB_RATE64])[0]
    if _HTB_CEIL64 in options:
        ceil = struct.unpack("=Q", options[_HTB_CEIL64])[0]
    # Classes right below a qdisc name no parent.
    parent = message.parent if message.parent != 0xFFFFFFFF else message.handle & 0xFFFF0000
    return HtbClass(
        _text(message.handle), _text(parent), 8 * rate, 8 * ceil,
        round(buffer * rate / _TICKS_PER_S), round(cbuffer * ceil / _TICKS_PER_S),
        priority, quantum,
    )  # fmt: skip


def _leaf_options(kind: str, options: bytes) -> str:
    if kind == "pfifo":
        return f"limit {struct.unpack_from('=I', options)[0]}"
    if kind == "htb":
        _, _, default = _HTB_GLOBAL.unpack_from(_attributes(options)[_HTB_INIT])
        return f"default {default:x}"
    if kind == "netem":
        return f"limit {_NETEM_LIMIT.unpack_from(options)[0]}"
    return ""


def _text(handle: int) -> str:
    """A handle as tc writes it: "1:" for a qdisc, "1:a" for a class."""
    minor = handle & 0xFFFF
    return f"{handle >> 16:x}:{minor:x}" if minor else f"{handle >> 16:x}:"


@dataclass(frozen=True, slots=True)
class _Message:
    index: int
    handle: int
    parent: int
    info: int
    attributes: Mapping[int, bytes]

    @property
    def kind(self) -> str:
        return self.attributes.get(_KIND, b"").rstrip(b"\0").decode("ascii", errors="replace")

    @property
    def options(self) -> bytes:
        return self.attributes.get(_OPTIONS, b"")

    def passed(self) -> Passed:
        stats = _attributes(self.attributes.get(_STATS2, b""))
        sent, packets = struct.unpack_from("=QI", stats.get(_STATS_BASIC, bytes(12)))
        _, backlog, drops = struct.unpack_from("=III", stats.get(_STATS_QUEUE, bytes(12)))
        return Passed(sent, packets, drops, backlog)


def _attributes(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from(_ATTRIBUTE, data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


class _Netlink:
    """One rtnetlink socket, for dumps one after another."""

    def __enter__(self) -> "_Netlink":
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.settimeout(5.0)
        self._serial = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def dump(self, request: int, index: int = 0, parent: int = 0) -> Iterator[_Message]:
        """All messages of one kind; to be read to its end."""
        self._serial += 1
        body = _TCMSG.pack(socket.AF_UNSPEC, index, 0, parent, 0)
        head = (_HEADER.size + len(body), request, _REQUEST | _DUMP, self._serial, 0)
        self._socket.send(_HEADER.pack(*head) + body)
        while True:
            data = self._socket.recv(_RECEIVE_BYTES)
            at = 0
            while at < len(data):
                length, kind, _, serial, _ = _HEADER.unpack_from(data, at)
                start, at = at + _HEADER.size, at + ((length + 3) & ~3)
                if serial != self._serial:
                    continue
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    number = struct.unpack_from("=i", data, start)[0]
                    raise CommandFailedError(f"rtnetlink: {os.strerror(-number)}")
                _, ifindex, handle, above, info = _TCMSG.unpack_from(data, start)
                attributes = _attributes(data[start + _TCMSG.size : at])
                yield _Message(ifindex, handle, above, info, attributes)
