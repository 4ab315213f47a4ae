"""VLAN interfaces of emulated hosts: one side of a veth pair, tagged and untagged in the kernel.

Linux has a driver for this (802.1q), but kernels made for containers and small machines leave it
out. Two programs of a few instructions at traffic control do the same on every kernel that has
BPF: what the interface sends gets the tag and leaves by the NIC, what the NIC receives with the tag
loses it and goes to the interface. Owns the programs and where they hang.

    host's sockets <-> NAME === NAMEp --tag--> NIC <-> switch
                               NAMEp <-untag-- NIC
"""

import ctypes
import os
import socket
import struct
from collections.abc import Iterable, Iterator

from emulation.errors import CommandFailedError
from emulation.namespace import inside

_SYS_BPF = {"x86_64": 321, "aarch64": 280}
_PROG_LOAD, _SCHED_CLS = 5, 3  # linux/bpf.h
_ATTR_BYTES, _LOG_BYTES = 128, 4096
# Helpers by number, and offsets in struct __sk_buff.
_VLAN_PUSH, _VLAN_POP, _REDIRECT = 18, 19, 23
_VLAN_PRESENT, _VLAN_TCI = 20, 24
_TAG_TYPE = 0x8100
_NEXT_FILTER = -1  # TC_ACT_UNSPEC
_INGRESS = 0xFFFFFFF2  # TC_H_CLSACT with TC_H_MIN_INGRESS
_NEW_FILTER, _REQUEST, _ACK, _CREATE, _EXCLUSIVE = 44, 0x01, 0x04, 0x400, 0x200
_KIND, _OPTIONS, _BPF_FD, _BPF_NAME, _BPF_FLAGS, _DIRECT_ACTION = 1, 2, 6, 7, 8, 1
_NESTED = 0x8000
_libc = ctypes.CDLL(None, use_errno=True)


def commands(nic: str, name: str, mac: str) -> Iterator[str]:
    """Shell commands, for the host's namespace, that make the pair `attach` then joins to the NIC.

    Args:
        nic: The host's interface towards its switch.
        name: The VLAN interface, at most 14 characters.
        mac: Its MAC address.
    """
    peer = f"{name}p"
    quiet = ("accept_ra", "router_solicitations", "accept_dad", "dad_transmits")
    yield f"ip link add {name} address {mac} type veth peer name {peer}"
    yield f"sysctl -qew net.ipv6.conf.{peer}.disable_ipv6=1"
    yield from (f"sysctl -qew net.ipv6.conf.{name}.{setting}=0" for setting in quiet)
    yield f"ethtool -K {name} tx off tso off gso off gro off"
    yield f"{{ tc qdisc add dev {nic} clsact 2>/dev/null || true; }}"  # one for all its VLANs
    yield f"tc qdisc add dev {peer} clsact"
    yield f"ip link set {peer} up"
    yield f"ip link set {name} up"


def attach(pid: int, nic: str, name: str, vlan: int) -> None:
    """Joins a pair that `commands` made to the NIC.

    Args:
        pid: A process in the host's namespace.
        nic: As in `commands`.
        name: As in `commands`.
        vlan: 802.1Q VLAN id, 1..4094.

    Raises:
        CommandFailedError: The kernel refuses; says why.
    """
    with inside(pid):
        nic_index, peer_index = socket.if_nametoindex(nic), socket.if_nametoindex(f"{name}p")
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as link:
            for interface, program in (
                (peer_index, _tag(vlan, nic_index)),
                (nic_index, _untag(vlan, peer_index)),
            ):
                _hang(link, interface, vlan, program)


def _tag(vlan: int, out: int) -> bytes:
    return b"".join(
        [
            _set(2, socket.htons(_TAG_TYPE)),
            _set(3, vlan),
            _call(_VLAN_PUSH),
            *_redirect(out),
        ]
    )


def _untag(vlan: int, out: int) -> bytes:
    ours = [_move(1, 6), _call(_VLAN_POP), *_redirect(out)]
    return b"".join(
        [
            _move(6, 1),
            _load(7, 6, _VLAN_PRESENT),
            _jump_unless_equal(7, 1, len(ours) + 3),
            _load(7, 6, _VLAN_TCI),
            _instruction(0x57, 7, 0, 0, 0xFFF),  # the priority bits don't count
            _jump_unless_equal(7, vlan, len(ours)),
            *ours,
            _set(0, _NEXT_FILTER),
            _instruction(0x95),
        ]
    )


def _redirect(out: int) -> Iterable[bytes]:
    return _set(1, out), _set(2, 0), _call(_REDIRECT), _instruction(0x95)


def _instruction(code: int, to: int = 0, source: int = 0, offset: int = 0, value: int = 0) -> bytes:
    """One BPF instruction (RFC 9669, section 3); little-endian machines."""
    return struct.pack("<BBhi", code, source << 4 | to, offset, value)


def _set(register: int, value: int) -> bytes:
    return _instruction(0xB7, register, value=value)


def _move(register: int, source: int) -> bytes:
    return _instruction(0xBF, register, source)


def _load(register: int, source: int, offset: int) -> bytes:
    return _instruction(0x61, register, source, offset)


def _jump_unless_equal(register: int, value: int, over: int) -> bytes:
    return _instruction(0x55, register, offset=over, value=value)


def _call(helper: int) -> bytes:
    return _instruction(0x85, value=helper)


def _load_program(program: bytes) -> int:
    """Hands a program to the kernel. Returns a file descriptor."""
    machine = os.uname().machine
    if machine not in _SYS_BPF:
        raise CommandFailedError(f"hosts that tag VLANs can't be emulated on {machine}")
    code, licence = ctypes.create_string_buffer(program), ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(_LOG_BYTES)
    attributes = struct.pack(
        "=IIQQIIQ", _SCHED_CLS, len(program) // 8, ctypes.addressof(code),
        ctypes.addressof(licence), 1, _LOG_BYTES, ctypes.addressof(log),
    ).ljust(_ATTR_BYTES, b"\0")  # fmt: skip
    buffer = ctypes.create_string_buffer(attributes, _ATTR_BYTES)
    descriptor: int = _libc.syscall(_SYS_BPF[machine], _PROG_LOAD, buffer, _ATTR_BYTES)
    if descriptor < 0:
        said = log.value.decode(errors="replace").strip()
        raise CommandFailedError(f"bpf: {os.strerror(ctypes.get_errno())}; {said}")
    return descriptor


def _hang(link: socket.socket, interface: int, priority: int, program: bytes) -> None:
    """Puts a program at an interface's ingress (rtnetlink(7), RTM_NEWTFILTER)."""
    descriptor = _load_program(program)
    try:
        options = (
            _attribute(_BPF_FD, struct.pack("=I", descriptor))
            + _attribute(_BPF_NAME, b"vlan\0")
            + _attribute(_BPF_FLAGS, struct.pack("=I", _DIRECT_ACTION))
        )
        every_protocol = socket.htons(0x0003)
        body = struct.pack("=BxxxiIII", 0, interface, 0, _INGRESS, priority << 16 | every_protocol)
        body += _attribute(_KIND, b"bpf\0") + _attribute(_OPTIONS | _NESTED, options)
        flags = _REQUEST | _ACK | _CREATE | _EXCLUSIVE
        link.send(struct.pack("=IHHII", 16 + len(body), _NEW_FILTER, flags, 1, 0) + body)
        (error,) = struct.unpack_from("=i", link.recv(65536), 16)
    finally:
        os.close(descriptor)  # the filter holds the program
    if error:
        raise CommandFailedError(f"traffic control refused a BPF filter: {os.strerror(-error)}")


def _attribute(kind: int, value: bytes) -> bytes:
    head = struct.pack("=HH", 4 + len(value), kind)
    return head + value + bytes(-len(value) % 4)
