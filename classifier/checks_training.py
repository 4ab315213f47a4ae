"""Checks for the protocols that move gradients and tensors, and for how their jobs meet.

Owns what a pattern can't say of PyTorch's store, Gloo, NCCL, MPI, UCX, TensorPipe and RoCE: lengths
that must agree, kinds that must exist. Each is bounded and takes any bytes.
"""

import re
from struct import Struct

from classifier.evidence import MATCH, Detail
from policies.classes import TrafficClass

_U32 = Struct("<I").unpack_from
_GLOO = Struct("<6Q").unpack_from  # bytes of it all, kind, slot, offset, length, remote offset
_GLOO_OP = 48
_GLOO_UV = Struct("<4Q").unpack_from  # bytes of it all, kind, tag, length
_GLOO_UV_OP = 32
_GLOO_DATA, _GLOO_KINDS = (0, 1), 4
_LONGEST = 1 << 40  # of any tensor

_STORE_KEYED = frozenset((1, 2, 3, 4, 8, 9, 14, 15, 16))  # SET, COMPARE_SET, GET, ADD…
_STORE_LISTS = frozenset((5, 6, 10, 11))  # CHECK, WAIT, MULTI_GET, MULTI_SET: a count, then keys
_STORE_OLD_KEYED = frozenset((0, 1, 2, 3, 7))  # before PyTorch 2: SET, COMPARE_SET, GET, ADD…


def _is_key(key: bytes) -> bool:
    return len(key) >= 3 and key.isascii() and key.decode("ascii").isprintable()


def _store_key(data: bytes, at: int) -> bool:
    """Whether a length (8 bytes, little-endian) and a printable key of it stand here."""
    if len(data) < at + 11 or data[at + 2 : at + 8] != bytes(6):
        return False
    length = data[at] | data[at + 1] << 8
    key = data[at + 8 : at + 8 + length]
    return 3 <= length <= 1024 and b" " not in key and _is_key(key)


def tcp_store_query(data: bytes, other: bytes) -> Detail | None:
    """A query with its key, from anywhere in a connection."""
    kind = data[0]
    if kind in _STORE_KEYED or kind in _STORE_OLD_KEYED:
        return MATCH if _store_key(data, 1) else None
    if kind in _STORE_LISTS and data[2:9] == bytes(7) and data[1]:
        return MATCH if _store_key(data, 9) else None
    return None


def gloo_op(data: bytes, other: bytes) -> Detail | None:
    """An operation header, or the pair's number and then one; its lengths must agree."""
    for at in (0, 8):
        if len(data) < at + _GLOO_UV_OP:
            break
        whole, kind, _, length = _GLOO_UV(data, at)
        follows = length if kind == 1 else 0
        if 0 < length < _LONGEST and 1 <= kind < _GLOO_KINDS and whole == _GLOO_UV_OP + follows:
            return Detail(declared=follows)
        if len(data) < at + _GLOO_OP:
            continue
        whole, kind, slot, _, length, _ = _GLOO(data, at)
        if kind >= _GLOO_KINDS or length >= _LONGEST or not (slot or length):
            continue
        if whole == _GLOO_OP + (length if kind in _GLOO_DATA else 0):
            return Detail(declared=length if kind in _GLOO_DATA else 0)
    return None


_MATCHES = frozenset(range(0x41, 0x4A))  # ob1's MATCH, RNDV, RGET, ACK, NACK, FRAG, GET, PUT, FIN


def openmpi_fragment(data: bytes, other: bytes) -> Detail | None:
    """A BTL header that repeats ob1's header kind, after the peer's name or not."""
    for at in (0, 8):
        if len(data) > at + 8 and data[at] == data[at + 8] and data[at] in _MATCHES:
            little, big = data[at + 4 : at + 8], data[at + 4 : at + 8][::-1]
            size = min(int.from_bytes(little, "little"), int.from_bytes(big, "little"))
            if 1 <= data[at + 1] <= 4 and data[at + 2 : at + 4] == b"\0\0" and 8 <= size < 1 << 24:
                return MATCH
    return None


_OOB_VERSION = re.compile(rb"\d{1,2}\.\d{1,2}\.\d{1,2}[a-z0-9]{0,6}\0").match


def openmpi_oob(data: bytes, other: bytes) -> Detail | None:
    """The out-of-band identification: two names of one job, then the version."""
    if len(data) < 72 or data[0:4] != data[8:12] or data[28] != 1:
        return None
    return MATCH if _OOB_VERSION(data, 70) or _OOB_VERSION(data, 66) else None


_PIPE_MESSAGE = b"\xb9\3\xbd\0\xba"  # a descriptor: no metadata, then payloads, then tensors
_PIPE_FIRST = re.compile(rb"\xb8(?:\x00\xb9\x01\xbd|\x01\xb9\x01[\x00-\x7f\x80-\x87])").match
_PIPE_ANSWER = re.compile(rb"\xb9.{1,2}\xbd.(?:uv|shm|ibv|basic)", re.DOTALL).match


def tensorpipe(data: bytes, other: bytes) -> Detail | None:
    """A frame of TensorPipe's transport with a packet in nop encoding."""
    if len(data) < 12 or data[2:8] != bytes(6):
        return None
    message = data.startswith(_PIPE_MESSAGE, 8)
    return MATCH if message or _PIPE_FIRST(data, 8) or _PIPE_ANSWER(data, 8) else None


_BOOTSTRAP, _PROXY, _, _NET_IB, _RAS = range(1, 6)  # ncclSocketType
_NCCL_CONTROL = {
    _BOOTSTRAP: "rendezvous",
    _PROXY: "rendezvous",
    _NET_IB: "connection set-up",
    _RAS: "health of ranks",
}


def nccl(data: bytes, other: bytes) -> Detail | None:
    """What the socket is for, behind the number that all begin with."""
    role = _NCCL_CONTROL.get(data[8], "") if len(data) > 8 else ""
    return Detail(role, TrafficClass.CONTROL) if role else Detail(final=len(data) > 8)


_MOST_RANKS = 1 << 20
_RANK, _RANK_AND_TAG = 4, 8  # bytes


def nccl_bootstrap(data: bytes, other: bytes) -> Detail | None:
    """The communicator's random number, the socket's type, then a length and its message.

    Messages are a socket's address, a rank among so many, or the sender's rank with a tag; those of
    proxies begin with a kind instead, and a pointer that isn't known yet.
    """
    if len(data) < 20 or data[9:12] != bytes(3) or data[8] not in (_BOOTSTRAP, _PROXY):
        return None
    if len(set(data[:8])) < 6 or data[:8] == other[:8]:
        return None
    size, first = _U32(data, 12)[0], _U32(data, 16)[0]
    if data[8] == _PROXY:
        return MATCH if size == 1 and data[16:24] == bytes(8) else None
    if size in (_RANK, _RANK_AND_TAG):
        then = size == _RANK_AND_TAG or data[20:24] in (b"", b"\4\0\0\0")
        return MATCH if first < _MOST_RANKS and then else None
    if not 28 <= size <= 1 << 16:
        return None
    if data[16:18] in (b"\2\0", b"\x0a\0"):  # a socket address
        return MATCH
    ranks = _U32(data, 20)[0] if len(data) >= 24 else 0
    return MATCH if first < ranks <= _MOST_RANKS else None


_BTH_OPCODES = frozenset(
    base | kind for base in (0x00, 0x20, 0x40, 0x60, 0xA0) for kind in range(0x18)
)
_CNP = 0x81


_BTH, _RETH, _AETH, _ICRC = 12, 16, 4, 4  # bytes of headers
_WHOLE = {
    0x00: 0,
    0x01: 0,
    0x06: _RETH,
    0x07: 0,
    0x0D: _AETH,
    0x0E: 0,
}  # full packets: more headers
_ACKNOWLEDGE, _CONNECTION = 0x11, 0x64
_DEFAULT_KEYS = (b"\xff\xff", b"\x7f\xff")
_MTU = frozenset((256, 512, 1024))


def _bth(data: bytes) -> bool:
    """Whether a base transport header may stand here."""
    if len(data) < _BTH + _ICRC or (len(data) % 4 and len(data) < 1200):
        return False
    return not (data[1] & 0x0F or data[8] & 0x7F or data[4] & 0x3F) and any(data[5:8])


def roce_v2(data: bytes, other: bytes) -> Detail | None:
    """An InfiniBand base transport header: operation, version 0, reserved bits, lengths."""
    if data[0] == _CNP:
        quiet = len(data) >= 28 and not data[1] & 0x0F and data[12:28] == bytes(16)
        return Detail("congestion notification", TrafficClass.CONTROL) if quiet else None
    if not _bth(data) or data[0] not in _BTH_OPCODES or not any(data[2:4]):
        return None
    more = _WHOLE.get(data[0] & 0x1F) if data[0] < 0x60 else None
    if more is not None and len(data) < 1200 and len(data) - _BTH - more - _ICRC not in _MTU:
        return None
    if data[0] & 0x1F == _ACKNOWLEDGE and len(data) != _BTH + _AETH + _ICRC:
        return None
    if data[0] == _CONNECTION and data[5:8] == b"\0\0\1":
        return Detail("connection set-up", TrafficClass.CONTROL)
    return MATCH


def roce_v2_elsewhere(data: bytes, other: bytes) -> Detail | None:
    """The same where the port says nothing: only with the default partition key."""
    varied = len(set(data[:12])) > 5 or data[0] == _CNP
    return roce_v2(data, other) if varied and data[2:4] in _DEFAULT_KEYS else None


_OFI_TYPES = 8


def libfabric(data: bytes, other: bytes) -> Detail | None:
    """A connection request or its answer: version 3, a kind, nothing else but the byte order."""
    if len(data) < 32 or data[1] >= _OFI_TYPES or data[4:24] != bytes(20):
        return None
    order = data[24:32]
    if order in (b"\1\0\0\0\0\0\0\0", b"\0\0\0\0\0\0\0\1"):
        return MATCH
    return (
        Detail(confidence=0.8) if order == bytes(8) and (data[1] or data[2:4] != b"\0\0") else None
    )


_HYDRA = re.compile(
    rb"[\x01-\x0b]\x00\x00\x00(?:\xff{28}|.{4,44}?(?:cmd=[a-z_-]{3,20}[ ;\n]|mcmd="
    rb"|--(?:version|iface|hostname|global|pgid|pmi|kvs)[\w-]*\x00))",
    re.DOTALL,
).match


def hydra(data: bytes, other: bytes) -> Detail | None:
    """Commands between a launcher and its proxies, whose first word may be a proxy's number."""
    return MATCH if _HYDRA(data) or _HYDRA(data, 4) else None


_RABIT = re.compile(
    rb"\x99\xff\x00\x00(?:[\x00-\xff]{3}[\x00\xff][\x00-\xff]{3}[\x00\xff].\x00\x00\x00|.{0,7}\Z|"
    rb".{0,16}?\{)",
    re.DOTALL,
).match


def rabit(data: bytes, other: bytes) -> Detail | None:
    """The number that both sides of XGBoost's tracker and its links begin with."""
    both = other[:4] == b"\x99\xff\0\0"
    return MATCH if both else (Detail(confidence=0.8) if _RABIT(data) else None)


_SFM_KINDS = range(1, 8)  # DATA, FRAG, ACK, HELLO, READY, PING, PONG
_SFM_HELLO = 4


def sfm(data: bytes, other: bytes) -> Detail | None:
    """A frame of NVFlare's own transport: lengths that agree, a kind; a greeting on one side."""
    if len(data) < 17 or data[6] not in _SFM_KINDS or data[7]:
        return None
    whole, header = int.from_bytes(data[:4], "big"), data[4] << 8 | data[5]
    if not 16 + header <= whole < 1 << 31:
        return None
    greeted = b"endpoint_name" in data[:300] or b"endpoint_name" in other[:300]
    return Detail(declared=whole if data[6] < _SFM_HELLO - 1 else 0) if greeted else None


_HOSTS = re.compile(rb"[A-Za-z0-9][\w.:-]{2,62}\x00+\Z").match
_HOST = 64  # bytes of one host's field


def xgboost_ring(data: bytes, other: bytes) -> Detail | None:
    """The workers' hosts that go round first, each in a padded field, then their ports."""
    if len(data) < _HOST + 4 or not _HOSTS(data[:_HOST]):
        return None
    after = data[_HOST : 2 * _HOST]
    return MATCH if _HOSTS(after) or (after[2:4] == b"\0\0" and any(after[:2])) else None


_KVS_NAME, _KVS_KEY, _KVS_VALUE, _KVS_FIELD = 4, 134, 264, 130  # where a field begins; its bytes
_KVS_WORD = re.compile(rb"[A-Za-z][\w:.+-]{2,120}\0+\Z").match


def oneccl(data: bytes, other: bytes) -> Detail | None:
    """A request to the store where ranks meet: a mode, then a name and a key in padded fields."""
    if len(data) < _KVS_VALUE or not _KVS_WORD(data[_KVS_NAME:_KVS_KEY]):
        return None
    key = data[_KVS_KEY:_KVS_VALUE].rstrip(b"\0")
    return MATCH if len(key) < _KVS_FIELD and key.isascii() and b"\0" not in key else None


_DIGEST, _PICKLED = 32, 36  # bytes of HMAC-SHA-256, and of it with the length
_UNFRAMED = 11  # of a small pickle: its version, and the frame's opcode and length


def horovod(data: bytes, other: bytes) -> Detail | None:
    """A call between driver and tasks: a digest, a length, and as much of a pickled object."""
    if data[_PICKLED + 2 : _PICKLED + 3] != b"\x95" or data[_PICKLED] != 0x80:
        return None
    size, frame = (
        _U32(data, _DIGEST)[0],
        int.from_bytes(data[_PICKLED + 3 : _PICKLED + 11], "little"),
    )
    fits = data[_PICKLED + 1] in (4, 5) and 0 < frame < size < 1 << 30
    fits = fits and (size - frame == _UNFRAMED or frame >= 1 << 16)  # PEP 3154
    return MATCH if fits and len(set(data[:_DIGEST])) > 20 else None


_PADDLE_KEY = 12  # bytes of a command and of a key's length


def paddle_store(data: bytes, other: bytes) -> Detail | None:
    """A command with its key, which is a path."""
    if len(data) < _PADDLE_KEY + 3 or data[6:12] != bytes(6) or data[12:13] != b"/":
        return None
    length = data[4] | data[5] << 8
    key = data[_PADDLE_KEY : _PADDLE_KEY + length]
    return MATCH if 3 <= length <= 1024 and b" " not in key and _is_key(key) else None


def ggml_rpc(data: bytes, other: bytes) -> Detail | None:
    """An empty greeting, and the version that answers it."""
    greeted = data[1:9] == bytes(8) and other[:8] == b"\3" + bytes(7)
    return MATCH if greeted and len(other) > 10 else None
