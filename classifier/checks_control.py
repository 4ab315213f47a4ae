"""Checks for what coordinates: membership, schedulers, controllers of networks.

Owns what a pattern can't say of memberlist, ZooKeeper, OpenFlow, BGP, Spark, Dask and their like.
Each is bounded and takes any bytes.
"""

import re

from classifier.evidence import MATCH, Detail
from classifier.octets import U16, U32, U64_LITTLE
from policies.classes import TrafficClass

_COMPOUND, _CRC, _LABEL = 7, 12, 244
_FIELDS = re.compile(
    rb"[\x00-\x0d][\x81-\x8f][\xa0-\xbf](?:SeqNo|Node|Nodes|Addr.{1,24}Incarnation|Algo|Buf|Incarnation|From|Vsn|Meta"
    rb"|Port|Target|SourceAddr|SourcePort|SourceNode|Nack|Join|UserStateLen|Payload|Error)",
    re.DOTALL,
).match


def memberlist(data: bytes, other: bytes) -> Detail | None:
    """A gossip message, in its wrappers: label, checksum, several in one."""
    at = 0
    for _ in range(4):
        kind = data[at] if at < len(data) else -1
        if kind == _LABEL and at == 0 and len(data) > 2:
            at = 2 + data[1]
        elif kind == _CRC:
            at += 5
        elif kind == _COMPOUND and at + 2 < len(data) and 0 < data[at + 1] < 200:
            count = data[at + 1]
            sizes = at + 2 + 2 * count
            if len(data) < sizes or sum(U16(data, at + 2 + 2 * i)[0] for i in range(count)) > 65535:
                return None
            at = sizes
        else:
            break
    return MATCH if _FIELDS(data, at) else None


# maps with sorted names: what RPCHeader and requests have, of releases with the header and before
_RAFT = re.compile(
    rb"[\x00-\x04][\x83-\x8d]\xa4Addr.{0,80}?(?:\xa7Entries|\xa9Candidate|\xadConfiguration|\xa2ID)"
    rb"|[\x00-\x02][\x84-\x8c](?:\xa7Entries|\xa9Candidate)",
    re.DOTALL,
).match
_RAFT_ANSWER = re.compile(rb"[\xa0-\xbf].{0,31}?[\x85-\x88]\xa4Addr\xc0", re.DOTALL).match
_OF_SERVERS = (b"\x01", b"\x02")  # the byte of kind that Consul and Nomad begin Raft's flows with


def hashicorp_raft(data: bytes, other: bytes) -> Detail | None:
    """A remote call of the Raft library, after Consul's or Nomad's byte of kind or not."""
    return MATCH if _RAFT(data) or (data[:1] in _OF_SERVERS and _RAFT(data, 1)) else None


def hashicorp_raft_answer(data: bytes, other: bytes) -> Detail | None:
    """An error in words, mostly none, then the answer's map."""
    return MATCH if _RAFT_ANSWER(data) else None


def zookeeper(data: bytes, other: bytes) -> Detail | None:
    """A connect request: length, protocol version 0, a time-out, a password of 16 bytes."""
    if len(data) < 28 or data[:3] != b"\0\0\0" or data[3] not in (44, 45) or data[4:8] != bytes(4):
        return None
    timeout = U32(data, 16)[0]
    return MATCH if 100 <= timeout <= 3_600_000 and data[28:32] in (b"", b"\0\0\0\x10") else None


def zookeeper_answer(data: bytes, other: bytes) -> Detail | None:
    """A connect response: length, protocol version 0, a time-out, a password of 16 bytes."""
    if len(data) < 24 or data[:3] != b"\0\0\0" or data[3] not in (36, 37) or data[4:8] != bytes(4):
        return None
    timeout = U32(data, 8)[0]
    return MATCH if 100 <= timeout <= 3_600_000 and data[20:24] == b"\0\0\0\x10" else None


_QUORUM_KINDS = frozenset((11, 16, 17))  # FOLLOWERINFO, OBSERVERINFO, LEADERINFO


def zookeeper_quorum(data: bytes, other: bytes) -> Detail | None:
    """The first packet of a learner or its leader: kind, zxid, a body, nobody's credentials."""
    if len(data) < 24 or data[3] not in _QUORUM_KINDS or data[12:15] != b"\0\0\0":
        return None
    end = 16 + data[15]
    return MATCH if data[15] in (4, 12, 20) and data[end : end + 4] == b"\xff\xff\xff\xff" else None


def bfd(data: bytes, other: bytes) -> Detail | None:
    """A control packet of version 1 of its exact length: a multiplier, a number, an interval."""
    if len(data) < 24 or data[0] >> 5 != 1 or data[0] & 31 > 9 or data[3] != len(data):
        return None
    intervals = data[12] | data[16] | data[20]  # of less than a minute
    if not 1 <= data[2] <= 50 or intervals > 3 or data[1] & 1:
        return None
    if len(data) > 24 and not data[1] & 4:  # without authentication nothing follows
        return None
    return MATCH if any(data[4:8]) and any(data[12:16]) else None


_OPENFLOW_KINDS = 36  # of OpenFlow 1.5


def _openflow_message(data: bytes, at: int) -> int:
    """The length of the OpenFlow message here, 0 if there can't be one."""
    version, kind = data[at], data[at + 1]
    length = int(U16(data, at + 2)[0])
    if not 1 <= version <= 6 or kind >= _OPENFLOW_KINDS or length < 8:
        return 0
    if kind == 0 and length not in (8, 16, 20, 24):
        return 0
    return length


def openflow(data: bytes, other: bytes) -> Detail | None:
    """A hello of its exact length, or messages of one version that follow one another."""
    at = count = 0
    while at + 8 <= len(data) and count < 6:
        length = _openflow_message(data, at)
        if not length or data[at] != data[0]:
            return None
        count += 1
        at += length
    if not count:
        return None
    if data[1] == 0 and data[2:4] != b"\0\x08" and data[8:10] != b"\0\x01":
        return None  # section 7.5.1: the one element that there is
    hello = (data[1] == 0 and data[4:8] != b"\0\0\0\0") or count > 1
    theirs = len(other) >= 8 and _openflow_message(other, 0) > 0
    if data[1] == 0 and (hello or theirs):
        return MATCH if data[2:4] != b"\0\x08" or theirs or count > 1 else Detail(confidence=0.75)
    return Detail(confidence=0.7) if count >= 3 and theirs else None


def bgp(data: bytes, other: bytes) -> Detail | None:
    """The marker, then a length and a kind."""
    if len(data) < 19:
        return None
    length, kind = U16(data, 16)[0], data[18]
    if kind == 1 and len(data) > 19 and data[19] != 4:  # an OPEN's version
        return None
    return MATCH if 19 <= length <= 4096 and 1 <= kind <= 5 else None


_CHUNK_REQUEST, _CHUNK, _, _RPC, _RPC_ANSWER, _RPC_FAILED = range(6)
_STREAM_REQUEST, _STREAM, _STREAM_FAILED, _ONE_WAY, _UPLOAD = range(6, 11)
_SPARK_BULK = frozenset((_CHUNK_REQUEST, _CHUNK, _STREAM_REQUEST, _STREAM, _UPLOAD))
_JAVA = b"\xac\xed\x00\x05"
_SPARK_LONGEST = 1 << 31
_APPLICATION = re.compile(rb"[\x00-\x1f]\x00\x00\x00[\x05-\x7f][\w.-]{5}").match


def _spark_body(kind: int, data: bytes) -> TrafficClass | None:
    """Who may be meant by an RPC: the block service or the cluster's endpoints."""
    body = data[21:] if kind in (_RPC, _RPC_ANSWER) else data[13:]
    if _APPLICATION(body):  # a BlockTransferMessage: its kind, then an application's name
        return TrafficClass.BULK
    if kind == _RPC_ANSWER and data[17:22] == b"\0\0\0\x0d\x03":  # a StreamHandle
        return TrafficClass.BULK
    return TrafficClass.CONTROL


def _spark_fits(kind: int, whole: int, data: bytes) -> bool:
    """Whether the lengths inside a message add up to the frame's."""
    if kind in (_RPC, _RPC_ANSWER, _RPC_FAILED):
        return len(data) >= 21 and U32(data, 17)[0] == whole - 21
    if kind == _ONE_WAY:
        return bool(U32(data, 9)[0] == whole - 13)
    if kind == _CHUNK_REQUEST:
        return whole == 21 and any(data[9:13])  # a random number, times 1000
    if kind in (_STREAM_REQUEST, _STREAM_FAILED, _STREAM):
        size = U32(data, 9)[0]
        if data[13:14] != b"/" or not 1 < size <= 1024:
            return False
        return kind != _STREAM_REQUEST or size == whole - 13
    return False


def spark(data: bytes, other: bytes) -> Detail | None:
    """A frame of Spark's transport: length, kind, and a body whose length agrees."""
    if len(data) < 13:
        return None
    whole, kind = int.from_bytes(data[:8], "big"), data[8]
    if not 13 <= whole < _SPARK_LONGEST:
        return None
    if kind == _CHUNK:  # its lengths prove nothing: the other side must have asked for it
        asked = other[8:9] in (b"\0", b"\3") and spark(other, b"") is not None
        return Detail("blocks", TrafficClass.BULK, whole) if asked and whole > 21 else None
    if not _spark_fits(kind, whole, data):
        return None
    if kind in _SPARK_BULK:
        return Detail("blocks", TrafficClass.BULK, whole if kind == _STREAM else 0)
    if _spark_body(kind, data) is TrafficClass.BULK:
        return Detail("blocks", TrafficClass.BULK)
    return MATCH if _JAVA in data else Detail(final=False)


_DASK_WORDS = re.compile(rb"\xabcompression|\xafpickle-protocol|\xa2op").search


def _dask_frames(data: bytes, at: int, whole: int) -> bool:
    """A number of frames here, and as many lengths; `whole`: what they add up to, 0 if untold."""
    if len(data) < at + 16:
        return False
    count = U64_LITTLE(data, at)[0]
    start = at + 8 + 8 * count
    if not 1 <= count <= 64 or len(data) < start:
        return False
    sizes = sum(U64_LITTLE(data, at + 8 + 8 * i)[0] for i in range(count))
    if whole:
        return bool(whole == 8 + 8 * count + sizes)
    return 0 < sizes < 1 << 40 and _DASK_WORDS(data, start, start + 200) is not None


def dask(data: bytes, other: bytes) -> Detail | None:
    """A comm's frames: all their bytes, their number, their lengths, then msgpack.

    Releases before 2021.9 don't say all their bytes first.
    """
    whole = U64_LITTLE(data)[0] if len(data) >= 24 else 0
    newer = 16 <= whole < 1 << 40 and _dask_frames(data, 8, whole)
    if not newer and not _dask_frames(data, 0, 0):
        return None
    both = data + other
    if b"get_data" in both or b"\xa6status\xa2OK\xa4data" in both:
        return Detail("worker data", TrafficClass.BULK)
    return Detail(final=b"\xa2op" in both)


def erlang(data: bytes, other: bytes) -> Detail | None:
    """The name that opens a handshake of distribution: its length, version or flags, host."""
    length = U16(data)[0] + 2 if len(data) > 9 else 0
    if length != len(data) or b"@" not in data:
        return None
    return MATCH if is_node(data[-32:]) else None


def is_node(tail: bytes) -> bool:
    """Whether a name@host ends here."""
    return re.search(rb"[a-z0-9_.-]@[\w.-]+\Z", tail) is not None


def slurm(data: bytes, other: bytes) -> Detail | None:
    """A message with MUNGE's credential in it, behind its length and version."""
    if len(data) < 60 or data[5] or not 0x1C <= data[4] <= 0x40 or U32(data)[0] < 40:
        return None
    return MATCH if b"MUNGE:" in data[:400] or b"auth/" in data[:400] else None
