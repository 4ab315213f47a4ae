"""What a switch can be told, as frozen data: rules, groups, meters.

Pure words of OpenFlow 1.3 (ONF TS-006..TS-025) plus three Nicira actions; no framework, no meaning.
Every value is an integer (MAC and IP addresses too), so rules compare, hash and sort by value.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple

COOKIE_MARK = 0x4857 << 48  # "HW": the cookie of every rule of ours
IN_PORT = 0xFFFFFFF8  # OFPP_IN_PORT, OpenFlow 1.3.5 section 7.2.1
CONTROLLER = 0xFFFFFFFD  # OFPP_CONTROLLER
ANY = 0xFFFFFFFF  # OFPP_ANY / OFPG_ANY
VLAN_PRESENT = 0x1000  # OFPVID_PRESENT: the bit of `vlan_vid` that says there is a tag, 7.2.2.7


class Table(IntEnum):
    """The pipeline in the order a packet meets it; see docs/architecture.md."""

    ADMISSION = 0
    CLASSIFY = 1
    COPY = 2
    PIN = 3
    ROUTE = 4
    FABRIC = 5
    LABEL = 6


class Field(NamedTuple):
    """One OXM match field by its OpenFlow name, such as `eth_dst`; `mask` -1 is an exact match."""

    name: str
    value: int
    mask: int = -1


Match = tuple[Field, ...]


def match(**fields: int | tuple[int, int]) -> Match:
    """A match in canonical order: `match(in_port=1, eth_dst=(value, mask))`."""
    made = (Field(k, *v) if isinstance(v, tuple) else Field(k, v) for k, v in fields.items())
    return tuple(sorted(made))


@dataclass(frozen=True, slots=True)
class Output:
    """Send out of a port, or to `CONTROLLER` or `IN_PORT`."""

    port: int


@dataclass(frozen=True, slots=True)
class Copy:
    """Send the controller the first bytes of the packet, which goes on; Nicira NXAST_CONTROLLER2.

    What is above the rate of the meter is not copied. A meter of the rule itself (section 5.9)
    would drop the packet and not only the copy.
    """

    meter_id: int
    most_bytes: int


@dataclass(frozen=True, slots=True)
class ToGroup:
    """Hand the packet to a group."""

    group_id: int


@dataclass(frozen=True, slots=True)
class SetQueue:
    """Choose the queue of the output port."""

    queue_id: int


@dataclass(frozen=True, slots=True)
class SetField:
    """Overwrite a whole header field."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Load:
    """Overwrite bits `offset .. offset+bits-1` of a field (Nicira NXAST_REG_LOAD)."""

    name: str
    offset: int
    bits: int
    value: int


@dataclass(frozen=True, slots=True)
class Move:
    """Copy a whole field of `bits` bits to another (Nicira NXAST_REG_MOVE)."""

    source: str
    target: str
    bits: int


@dataclass(frozen=True, slots=True)
class PushVlan:
    """Put an 802.1Q tag (TPID 0x8100) in front; `SetField("vlan_vid", ...)` fills it in."""


@dataclass(frozen=True, slots=True)
class PopVlan:
    """Take the outermost tag away; the rule has to match on `vlan_vid` being there."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something read from a switch that is not in these words; compared and deleted, never sent."""

    text: str


Action = Output | Copy | ToGroup | SetQueue | SetField | Load | Move | PushVlan | PopVlan | Foreign


@dataclass(frozen=True, slots=True)
class Rule:
    """One flow entry. Order on the wire: meter, apply-actions, write-metadata, goto-table.

    No actions and no goto is a drop. Rules never expire: a dead controller loses nothing. Of the
    metadata only the bits in `metadata_mask` are written; -1 writes them all.
    """

    table: int
    priority: int
    match: Match
    actions: tuple[Action, ...] = ()
    goto: int | None = None
    metadata: int | None = None
    meter: int | None = None
    metadata_mask: int = -1

    @property
    def key(self) -> "RuleKey":
        """What makes two entries the same entry to a switch (section 5.2)."""
        return (self.table, self.priority, self.match)


RuleKey = tuple[int, int, Match]


class GroupType(Enum):
    """Group types in use (section 5.6.1)."""

    SELECT = "select"
    FAST_FAILOVER = "ff"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Bucket:
    """One choice of a group; live while its watch port or group is live. Weight is 0 for FF."""

    actions: tuple[Action, ...]
    weight: int = 0
    watch_port: int = ANY
    watch_group: int = ANY


@dataclass(frozen=True, slots=True)
class Group:
    """A group and its buckets, in order."""

    group_id: int
    type: GroupType
    buckets: tuple[Bucket, ...]


class MeterUnit(Enum):
    """What a meter counts (section 7.3.4.4)."""

    PACKETS = "packets"
    KILOBITS = "kbit"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Meter:
    """A drop meter (section 5.7): `rate` units a second, and `burst` units at once."""

    meter_id: int
    rate: int
    burst: int
    unit: MeterUnit = MeterUnit.PACKETS
