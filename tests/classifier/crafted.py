"""Frames and captures written by hand, field by field, as the specifications have them."""

import struct
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

A, B = "10.0.0.1", "10.0.0.2"
A6, B6 = "2001:db8::1", "2001:db8::2"
MACS = bytes.fromhex("020000000002020000000001")
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def raw(address: str) -> bytes:
    return ip_address(address).packed


def tcp(payload: bytes = b"", sport: int = 40000, dport: int = 80, seq: int = 1,
        flags: int = PSH | ACK, options: bytes = b"") -> bytes:  # fmt: skip
    offset = 5 + len(options) // 4
    return struct.pack("!HHIIBBHHH", sport, dport, seq, 0, offset << 4, flags, 1024, 0, 0) \
        + options + payload  # fmt: skip


def udp(payload: bytes = b"", sport: int = 40000, dport: int = 53, length: int | None = None
        ) -> bytes:  # fmt: skip
    size = 8 + len(payload) if length is None else length
    return struct.pack("!HHHH", sport, dport, size, 0) + payload


def sctp(payload: bytes = b"", sport: int = 40000, dport: int = 3868) -> bytes:
    return struct.pack("!HHII", sport, dport, 0, 0) + payload


def ipv4(
    content: bytes, proto: int = 6, src: str = A, dst: str = B, options: bytes = b"",
    dscp: int = 0, ident: int = 7, part: int = 0, total: int | None = None,
) -> bytes:  # fmt: skip
    header = 20 + len(options)
    size = header + len(content) if total is None else total
    return struct.pack("!BBHHHBBH4s4s", 0x40 | header // 4, dscp << 2, size, ident, part, 64, proto,
                       0, raw(src), raw(dst)) + options + content  # fmt: skip


def ipv6(content: bytes, proto: int = 6, src: str = A6, dst: str = B6, dscp: int = 0,
         size: int | None = None) -> bytes:  # fmt: skip
    length = len(content) if size is None else size
    return struct.pack("!IHBB16s16s", 6 << 28 | dscp << 22, length, proto, 64, raw(src), raw(dst)) \
        + content  # fmt: skip


def ethernet(content: bytes, ethertype: int = 0x0800, tags: Sequence[int] = ()) -> bytes:
    tagged = b"".join(struct.pack("!HH", tag, 5) for tag in tags)
    return MACS + tagged + struct.pack("!H", ethertype) + content


def mpls(content: bytes, labels: int = 1) -> bytes:
    return b"".join(struct.pack("!I", 16 << 12 | (one == labels - 1) << 8 | 64)
                    for one in range(labels)) + content  # fmt: skip


MAGICS = {
    ("<", 10**6): b"\xd4\xc3\xb2\xa1",
    (">", 10**6): b"\xa1\xb2\xc3\xd4",
    ("<", 10**9): b"\x4d\x3c\xb2\xa1",
    (">", 10**9): b"\xa1\xb2\x3c\x4d",
}


def pcap(frames: Iterable[bytes], order: str = "<", ticks: int = 10**6, link_type: int = 1,
         modified: bool = False, cut: int = 1 << 18) -> bytes:  # fmt: skip
    """Frame number n at n + 0.25 s after the epoch."""
    magic = b"\xa1\xb2\xcd\x34" if modified else MAGICS[order, ticks]
    if modified and order == "<":
        magic = magic[::-1]
    parts = [magic, struct.pack(order + "HHiIII", 2, 4, 0, 0, 1 << 18, link_type)]
    for number, frame in enumerate(frames):
        kept = frame[:cut]
        parts.append(struct.pack(order + "IIII", number, ticks // 4, len(kept), len(frame)))
        if modified:
            parts.append(struct.pack(order + "IHBB", 1, 0x0800, 0, 0))
        parts.append(kept)
    return b"".join(parts)


def block(kind: int, content: bytes, order: str = "<") -> bytes:
    """A block of pcapng."""
    padded = content + bytes(-len(content) % 4)
    size = struct.pack(order + "I", 12 + len(padded))
    return struct.pack(order + "I", kind) + size + padded + size


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link_type: int = 1, order: str = "<", snap: int = 0, options: bytes = b"") -> bytes:
    return block(1, struct.pack(order + "HHI", link_type, 0, snap) + options, order)


def enhanced(frame: bytes, number: int = 0, ticks: int = 1_250_000, order: str = "<",
             length: int | None = None) -> bytes:  # fmt: skip
    whole = len(frame) if length is None else length
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), whole)
    return block(6, head + frame + bytes(-len(frame) % 4), order)
