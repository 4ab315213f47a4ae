"""What a flow does in a protocol that carries several things: its role, from volume and shape.

Owns the table of those protocols and of the volumes that part their roles. Must not name a protocol
that the bytes didn't, and leaves alone every class that the bytes did tell, but where the table
says that volume overrules it.
"""

from functools import lru_cache
from typing import NamedTuple

from classifier.behaviour import Guess, guess
from classifier.classes import BACKGROUND, BULK, CONTROL, FEDERATED, GRADIENT, INFERENCE, MESSAGING
from classifier.model import Identity, Side
from classifier.shape import Shape
from policies.classes import TrafficClass

_FULL = 600  # mean payload of a packet: long messages fill packets, many short ones in a row don't
_DATA = (GRADIENT, BULK)
_SOME = 64_000  # bytes at a stretch, below which nothing is taken for data by its shape
_TIMES = 2  # a volume that came in pieces counts from so many times the limit


class Roles(NamedTuple):
    """How one protocol's roles are told apart.

    Attributes:
        limit_bytes: What one side sends at a stretch from which on it is `large`.
        large, large_role: What it is then.
        small, small_role: What it is otherwise; a class of None: not known.
        overrules: Whether the volume also overrules bytes that said `small`.
        by_shape: Whether the shape may say more of what it carries.
        why: Where the limit is from.
        any_packets: Whether a burst of short packets counts too, as multiplexers make them.
    """

    limit_bytes: int
    large: TrafficClass
    large_role: str
    small: TrafficClass | None
    small_role: str
    overrules: bool
    by_shape: bool
    why: str
    any_packets: bool = False


# By protocol, or by its first word.
TABLE: dict[str, Roles] = {
    "SSH": Roles(200_000, BULK, "file transfer", BACKGROUND, "interactive", True, False, "RFC 4253: key exchange takes 5 kB, a screen of text 8 kB"),
    "HTTP": Roles(500_000, BULK, "file transfer", BACKGROUND, "request", True, True, "HTTP Archive: the median page is 2.6 MB in 70 objects"),
    "WebSocket": Roles(1_000_000, BULK, "data transfer", MESSAGING, "messages", False, True, "RFC 6455"),
    "ZMTP": Roles(64_000, GRADIENT, "tensors", MESSAGING, "messages", False, False, "ps-lite: a push carries a layer; RFC 37/ZMTP short frames: 255 bytes"),
    "MQTT": Roles(100_000, FEDERATED, "model weights", MESSAGING, "messages", False, False, "FedML sends state dicts; AWS IoT limits messages to 128 kB"),
    "gRPC": Roles(16_000_000, BULK, "data transfer", MESSAGING, "calls", False, True, "gRPC: a message is 4 MB at most by default"),
    "HTTP/2": Roles(4_000_000, BULK, "data transfer", BACKGROUND, "request", False, True, "as HTTP, several objects at a time"),
    "Redis": Roles(16_000_000, BULK, "data transfer", BACKGROUND, "database", False, False, "RESP: replication sends the whole store"),
    "Spark": Roles(1_000_000, BULK, "shuffle or blocks", CONTROL, "RPC", False, False, "Spark: tasks and heartbeats take some kB, blocks 1 MB and more"),
    "Dask": Roles(200_000, BULK, "worker data", CONTROL, "scheduler", False, False, "Dask: a task or a heartbeat takes some kB, data any size"),
    "TensorPipe": Roles(16_000, GRADIENT, "tensors", CONTROL, "RPC", False, False, "TensorPipe: descriptors and small RPCs are inline"),
    "TensorFlow distributed": Roles(64_000, GRADIENT, "tensors", CONTROL, "coordination", False, False, "one channel carries CoordinationService and WorkerService/RecvBuf"),
    "MPI": Roles(4_096, GRADIENT, "collective data", CONTROL, "launch", False, False, "Open MPI: btl_tcp_eager_limit 64 kB, OOB messages of some kB"),
    "Open": Roles(4_096, GRADIENT, "collective data", CONTROL, "launch", False, False, "as MPI"),
    "UCX": Roles(8_192, GRADIENT, "collective data", CONTROL, "wire-up", False, False, "UCX: UCX_TCP_TX_SEG_SIZE is 8 kB"),
    "libp2p": Roles(64_000, GRADIENT, "averaging of peers", CONTROL, "peer discovery", False, True, "hivemind: DHT messages take some kB, parts of tensors 512 kB", any_packets=True),
    "FTP": Roles(0, BULK, "file transfer", BULK, "file transfer", False, False, "RFC 959"),
}  # fmt: skip


def resolve(identity: Identity, shape: Shape) -> Identity:
    """The identity with a class and a role, where its protocol carries several.

    Args:
        identity: As the bytes told it, not as this function changed it before.
        shape: Of the flow so far.

    Returns:
        The same object where there is nothing to add.
    """
    roles = _roles_of(identity.protocol)
    if roles is None:
        return identity
    said = identity.traffic_class
    if said is not None and not (roles.overrules and said is roles.small):
        return identity
    volume = _volume(identity, shape, roles.any_packets)
    if volume >= roles.limit_bytes:
        sure = 0.97 - 0.2 * roles.limit_bytes / max(volume, 1)
        return _with(identity, roles.large, roles.large_role, sure)
    if said is not None or roles.small is None:
        return identity
    seen = _carried(identity, shape, volume) if roles.by_shape else None
    if seen is not None:
        return _with(identity, *seen)
    sure = 0.9 - 0.3 / (1 + sum(shape.packets) / 8)
    return _with(identity, roles.small, roles.small_role, sure)


@lru_cache(1024)
def _roles_of(protocol: str) -> Roles | None:
    return TABLE.get(protocol) or TABLE.get(protocol.partition(" ")[0])


def _carried(identity: Identity, shape: Shape, volume: int) -> Guess | None:
    """What the shape says of a protocol that carries anything."""
    seen = guess(shape, identity.protocol)
    if seen is None:
        return None
    data = seen.traffic_class in _DATA and volume >= _SOME
    return seen if data or seen.traffic_class is INFERENCE else None


def _with(identity: Identity, traffic_class: TrafficClass, role: str, sure: float) -> Identity:
    return Identity(
        identity.protocol,
        identity.role if identity.role and identity.traffic_class is None else role,
        traffic_class,
        min(identity.confidence, sure),
        identity.source,
        identity.final,
        identity.declared,
        identity.from_server,
    )


def _volume(identity: Identity, shape: Shape, any_packets: bool) -> int:
    """The most that one side sends at a stretch, as declared or as seen."""
    if any_packets:
        sent = (size for burst in shape.bursts() for size in burst.sent)
        return max(identity.declared, *sent, 0)
    return max(identity.declared, _stretch(shape, Side.CLIENT), _stretch(shape, Side.SERVER))


def _stretch(shape: Shape, side: Side) -> int:
    packets, total = shape.packets[side], shape.bytes[side]
    if total < _FULL * packets or not packets:
        return 0
    if packets == 1:
        return total
    longest = max(burst.sent[side] for burst in shape.bursts())
    return max(longest, total // _TIMES)
