"""As much of OpenFlow 1.3 as a pretended switch needs: bytes in, bytes out. No socket, no clock.

Our own words, so that what is measured shares no code with what measures. Section numbers are of
OpenFlow 1.3.5 (ONF TS-023).
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

VERSION = 4
HEADER = struct.Struct("!BBHI")
MAX_MESSAGE = 65535
NO_BUFFER = 0xFFFFFFFF


class Type(IntEnum):
    """Message types in use (section A.1)."""

    HELLO = 0
    ECHO_REQUEST = 2
    ECHO_REPLY = 3
    FEATURES_REQUEST = 5
    FEATURES_REPLY = 6
    PACKET_IN = 10
    PORT_STATUS = 12
    PACKET_OUT = 13
    FLOW_MOD = 14
    GROUP_MOD = 15
    MULTIPART_REQUEST = 18
    MULTIPART_REPLY = 19
    BARRIER_REQUEST = 20
    BARRIER_REPLY = 21
    METER_MOD = 29


class Multipart(IntEnum):
    """Multipart types that have something to tell (section A.3.5)."""

    FLOW = 1
    GROUP_DESC = 7
    METER_CONFIG = 10
    PORT_DESC = 13


def message(kind: Type, body: bytes = b"", xid: int = 0) -> bytes:
    """A whole message."""
    return HEADER.pack(VERSION, kind, HEADER.size + len(body), xid) + body


def cut(buffer: bytearray) -> Iterator[tuple[int, int, bytes]]:
    """Takes the whole messages off the front of `buffer`: (type, xid, body)."""
    at = 0
    while len(buffer) - at >= HEADER.size:
        _, kind, length, xid = HEADER.unpack_from(buffer, at)
        if length < HEADER.size:
            raise ValueError(f"a message of {length} bytes")
        if len(buffer) - at < length:
            break
        yield kind, xid, bytes(buffer[at + HEADER.size : at + length])
        at += length
    del buffer[:at]


def packet_in(port: int, frame: bytes) -> bytes:
    """A packet-in of a whole frame (A.4.1): reason action, match on the input port alone."""
    match = struct.pack("!HHIII", 1, 12, 0x80000004, port, 0)  # OXM in_port, padded to 8
    head = struct.pack("!IHBBQ", NO_BUFFER, len(frame), 1, 0, 0)
    return message(Type.PACKET_IN, head + match + b"\0\0" + frame)


def packet_out(body: bytes) -> tuple[list[int], bytes]:
    """Output ports and frame of a packet-out's body (A.3.7)."""
    _, _, size = struct.unpack_from("!IIH", body)
    at, ports = 16, []
    while at < 16 + size:
        kind, length = struct.unpack_from("!HH", body, at)
        if kind == 0:
            ports.append(struct.unpack_from("!I", body, at + 4)[0])
        at += length
    return ports, body[at:]


def port_desc(number: int, name: str) -> bytes:
    """A port that is up, 10 Gbit/s (A.2.1)."""
    mac = b"\x02\0\0\0" + number.to_bytes(2, "big")
    return struct.pack("!I4x6s2x16s8I", number, mac, name.encode(), 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass
class Tables:
    """What a switch was told, kept as bytes, so that it can tell it again word for word."""

    flows: dict[bytes, bytes] = field(default_factory=dict)
    groups: dict[bytes, bytes] = field(default_factory=dict)
    meters: dict[bytes, bytes] = field(default_factory=dict)

    def change(self, kind: int, body: bytes) -> None:
        """Carries out a flow-mod (A.3.4.1), group-mod (A.3.4.2) or meter-mod (A.3.4.3)."""
        if kind == Type.FLOW_MOD:
            self._change_flow(body)
        elif kind == Type.GROUP_MOD:
            _put(self.groups, body[4:8], body[2:4] + body[4:], body[:2] == b"\0\2")
        else:
            _put(self.meters, body[4:8], body[2:], body[:2] == b"\0\2")

    def _change_flow(self, body: bytes) -> None:
        size = struct.unpack_from("!H", body, 42)[0]
        match_end = 40 + (size + 7) // 8 * 8
        table, command, priority = body[16], body[17], body[22:24]
        key = bytes([table]) + priority + body[40:match_end]
        entry = struct.pack("!BxII", table, 0, 0) + priority + bytes(4) + body[36:38]
        entry += bytes(4) + body[:8] + bytes(16) + body[40:]
        _put(self.flows, key, entry, command in (3, 4))

    def tell(self, kind: int) -> Iterable[bytes]:
        """The entries of a multipart reply, each with its length in front."""
        match kind:
            case Multipart.FLOW:
                return (_sized(entry) for entry in self.flows.values())
            case Multipart.GROUP_DESC:
                return (_sized(entry) for entry in self.groups.values())
            case Multipart.METER_CONFIG:
                return (_sized(entry) for entry in self.meters.values())
        return ()


def _put(table: dict[bytes, bytes], key: bytes, entry: bytes, delete: bool) -> None:
    if delete:
        table.pop(key, None)
    else:
        table[key] = entry


def _sized(entry: bytes) -> bytes:
    return (len(entry) + 2).to_bytes(2, "big") + entry


def multipart_replies(kind: int, xid: int, entries: Iterable[bytes]) -> Iterator[bytes]:
    """The entries in as many replies as they need (A.3.5); all but the last say there is more."""
    body = b""
    for entry in entries:
        if len(body) + len(entry) > MAX_MESSAGE - 16:
            yield message(Type.MULTIPART_REPLY, struct.pack("!HH4x", kind, 1) + body, xid)
            body = b""
        body += entry
    yield message(Type.MULTIPART_REPLY, struct.pack("!HH4x", kind, 0) + body, xid)
