"""Checks for the protocols that move files and blocks.

Owns what a pattern can't say of NFS and GlusterFS (ONC RPC), SMB, GridFTP, HDFS, NVMe, iSCSI and
their like. Each is bounded and takes any bytes.
"""

import re

from classifier.evidence import MATCH, Detail
from classifier.octets import U32
from policies.classes import TrafficClass

_PROGRAMS = {
    100000: ("portmap", TrafficClass.BACKGROUND),
    100003: ("NFS", TrafficClass.BULK),
    100005: ("NFS mount", TrafficClass.BULK),
    100021: ("NFS locks", TrafficClass.BULK),
    100024: ("NFS status", TrafficClass.BULK),
    100227: ("NFS access lists", TrafficClass.BULK),
    0x40000000: ("NFS callback", TrafficClass.BULK),
}
_GLUSTER = frozenset(
    (
        1298437,
        1298433,
        123451501,
        14398633,
        1238463,
        1238433,
        52743234,
        34123456,
        1239874,
        14398634,
        7107107,
    )
)


def _rpc_call(data: bytes, at: int) -> Detail | None:
    """An ONC RPC call (RFC 5531 section 9) from its transaction number on."""
    if len(data) < at + 24 or data[at + 4 : at + 12] != b"\0\0\0\0\0\0\0\x02":
        return None
    program, version, procedure = (U32(data, at + 12 + 4 * i)[0] for i in range(3))
    if version > 64 or procedure > 256:
        return None
    if program in _GLUSTER:
        return Detail("GlusterFS", TrafficClass.BULK)
    role, kind = _PROGRAMS.get(program, ("", None))
    if role:
        return Detail(role, kind)
    flavor = U32(data, at + 24)[0] if len(data) >= at + 28 else 7
    registered = 100_000 <= program < 0x60000000 and version <= 16 and flavor <= 6
    return Detail("", TrafficClass.BACKGROUND, confidence=0.7) if registered else None


def _rpc_reply(data: bytes, at: int) -> bool:
    """An ONC RPC reply that was accepted, its verifier short."""
    if len(data) < at + 24 or data[at + 4 : at + 12] != b"\0\0\0\x01\0\0\0\0":
        return False
    flavor, length = U32(data, at + 12)[0], U32(data, at + 16)[0]
    if flavor > 6 or length > 400:
        return False
    status = data[at + 20 + length : at + 24 + length]
    return status in (b"", b"\0\0\0\0", b"\0\0\0\1", b"\0\0\0\2", b"\0\0\0\3")


def sun_rpc_stream(data: bytes, other: bytes) -> Detail | None:
    """A record mark, then a call or a reply."""
    length = U32(data)[0] & 0x7FFFFFFF if len(data) >= 28 else 0
    if not 24 <= length < 1 << 25:
        return None
    call = _rpc_call(data, 4)
    if call is not None:
        return call
    if not _rpc_reply(data, 4):
        return None
    asked = _rpc_call(other, 4)
    if asked is not None:
        return asked
    whole = data[0] & 0x80 and (length + 4 <= len(data) or len(data) > 400)
    return Detail(confidence=0.85) if whole else None


def sun_rpc(data: bytes, other: bytes) -> Detail | None:
    """A call or a reply in a datagram."""
    call = _rpc_call(data, 0)
    if call is not None:
        return call
    return _rpc_call(other, 0) if _rpc_reply(data, 0) else None


_LEAST_BLOCK, _MOST_BLOCK = 1 << 10, 1 << 28


def _varied(data: bytes) -> bool:
    """Whether these 80 bytes may be of a file that is worth being sent in parallel."""
    return data.count(0) < 8 and len(set(data)) >= 24


def gridftp_block(data: bytes, other: bytes) -> Detail | None:
    """A block's header in mode E: descriptor, bytes, place; then a file's bytes."""
    if len(data) < 100 or data[0] & 0x83 or data[1:4] != bytes(3) or data[9:11] != bytes(2):
        return None
    count, offset = int.from_bytes(data[1:9], "big"), int.from_bytes(data[9:17], "big")
    if not _LEAST_BLOCK <= count <= _MOST_BLOCK or not _varied(data[17:97]):
        return None
    aligned = count >= 1 << 16 and count & (count - 1) == 0 and offset % count == 0
    first = offset == 0 and count >= len(data) - 17
    return Detail(declared=count) if aligned or first else None


_HDFS_OPERATIONS = range(80, 91)


def hdfs_data(data: bytes, other: bytes) -> Detail | None:
    """Version 28, an operation, then a delimited protocol buffer that begins with a header."""
    if len(data) < 6 or data[2] not in _HDFS_OPERATIONS:
        return None
    at = 4 if data[3] < 0x80 else 5
    inner = at + (2 if data[at + 1 : at + 2] < b"\x80" else 3)
    return MATCH if data[at : at + 1] == b"\x0a" and data[inner : inner + 1] == b"\x0a" else None


def nvme_tcp(data: bytes, other: bytes) -> Detail | None:
    """An initialisation PDU of 128 bytes, asked or answered: the rest of it is reserved."""
    if len(data) < 16 or data[0] > 1 or data[1] or data[2:4] != b"\x80\0" or data[8:10] != b"\0\0":
        return None
    return MATCH if data[11] & 0xFC == 0 and not any(data[16:128]) else None


def iscsi(data: bytes, other: bytes) -> Detail | None:
    """A login PDU with keys, asked or answered."""
    if len(data) < 52 or data[2] or data[4]:
        return None
    keys = data[48:]
    return (
        MATCH
        if re.search(
            rb"(?:InitiatorName|TargetPortalGroupTag|AuthMethod|SessionType|TargetName|HeaderDigest|MaxRecvDataSegmentLength)=",
            keys,
        )
        else None
    )


def ftp(data: bytes, other: bytes) -> Detail | None:
    """A greeting or a command of FTP; what tells it from mail, and GridFTP from the rest."""
    both = data + other
    if b"GridFTP" in both or b"AUTH GSSAPI" in both or b"\nSPAS" in both or b"MODE E" in both:
        return Detail("GridFTP control")
    mail = re.search(rb"SMTP|^(?:EHLO|HELO|LHLO) |\n(?:EHLO|HELO) ", both)
    if mail:
        return None
    if re.match(rb"(?:USER |AUTH TLS|AUTH SSL|FEAT|SYST)", other) or b"FTP" in both:
        return MATCH
    return Detail(confidence=0.5, final=False) if not other else None


_DIGITS = b"0123456789" * 4


def iperf(data: bytes, other: bytes) -> Detail | None:
    """The digits that a test's payload repeats."""
    return MATCH if _DIGITS in data[:160] else None


_SCSI = frozenset((0x00, 0x08, 0x0A, 0x12, 0x25, 0x28, 0x2A, 0x35, 0x88, 0x8A, 0x91, 0x9E, 0xA0))


def iscsi_command(data: bytes, other: bytes) -> Detail | None:
    """A SCSI command PDU: its reserved bytes, a logical unit, a command that disks know."""
    if len(data) < 48 or not data[1] & 0x80 or data[1] & 0x18 or data[2:5] != bytes(3):
        return None
    flags, wanted = data[1] & 0x60, U32(data, 20)[0]
    unit = data[8] in (0, 0x40) and not any(data[10:16])
    if data[32] not in _SCSI or not unit or bool(flags) != bool(wanted) or wanted > 1 << 26:
        return None
    return Detail(declared=wanted)


_NVME_HEADERS = {4: 72, 5: 24, 6: 24, 7: 24, 9: 24}  # kind of PDU: its header's bytes


def nvme_tcp_pdu(data: bytes, other: bytes) -> Detail | None:
    """A PDU of the data phase: its header's length, and a whole that holds header and data."""
    if len(data) < 24 or data[2] != _NVME_HEADERS[data[0]] or data[1] & 0xF0:
        return None
    whole = int.from_bytes(data[4:8], "little")
    if data[0] in (5, 9):
        return (
            MATCH if whole == 24 and data[3] == 0 and (len(data) == 24 or len(data) > 48) else None
        )
    if data[0] == 4:
        return (
            MATCH if 72 <= whole < 1 << 20 and not any(data[16:24]) and data[3] % 4 == 0 else None
        )
    length = int.from_bytes(data[16:20], "little")
    fits = data[3] >= 24 and whole == data[3] + length
    return Detail(declared=length) if fits and 0 < length < 1 << 26 else None
