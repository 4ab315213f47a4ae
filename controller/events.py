"""What reaches the core and what it answers: frozen events in, frozen commands out.

Owns the words between shell and core. Nothing here imports a framework or reads a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from classifier.jobs import Job
from controller.advice.agent import HostPlace
from controller.advice.network import BoolArray, FloatArray
from controller.advice.records import Record, Standing
from controller.advice.view import View
from controller.rules import Group, Meter, Rule
from policies.model import Policy


@dataclass(frozen=True, slots=True)
class Port:
    """A switch port as PORT_DESC tells it."""

    number: int
    name: str
    up: bool
    speed_bps: float = 0.0  # 0: it doesn't tell


# --- events -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SwitchUp:
    """A switch finished its handshake on `connection` (a number the shell gives each socket)."""

    dpid: int
    connection: int
    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True)
class SwitchDown:
    """The connection is gone; the switch itself may well go on forwarding."""

    dpid: int
    connection: int


@dataclass(frozen=True, slots=True)
class PortChanged:
    """PORT_STATUS: a port was added, changed, or (`gone`) deleted."""

    dpid: int
    port: Port
    gone: bool = False


@dataclass(frozen=True, slots=True)
class PacketIn:
    """The first bytes of a frame that met a controller rule of `table` on `in_port`."""

    dpid: int
    in_port: int
    frame: bytes
    table: int = 0


@dataclass(frozen=True, slots=True)
class TablesRead:
    """What a switch says it holds, in answer to `ReadTables`."""

    dpid: int
    rules: tuple[Rule, ...]
    groups: tuple[Group, ...]
    meters: tuple[Meter, ...]


@dataclass(frozen=True, slots=True)
class BarrierReply:
    """Everything sent before barrier number `number` has been carried out."""

    dpid: int
    number: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A switch answered a command of ours with an OpenFlow error.

    Attributes:
        dpid: The switch.
        reason: The error's type and code, in words.
        subject: What it refused, such as "meter 32769"; "" where that can't be told.
    """

    dpid: int
    reason: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class PortCounters:
    """Counters of one port, cumulative."""

    port: int
    rx_bytes: int
    tx_bytes: int
    rx_packets: int
    tx_packets: int
    dropped: int


@dataclass(frozen=True, slots=True)
class QueueCounters:
    """Counters of one queue of one port, cumulative."""

    port: int
    queue_id: int
    tx_bytes: int
    tx_packets: int
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class GroupCounters:
    """Counters of one group, cumulative; `bucket_bytes` in bucket order."""

    group_id: int
    bytes_total: int
    bucket_bytes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FlowCounters:
    """Counters of one flow entry, cumulative."""

    rule: Rule
    packets: int
    bytes_total: int


@dataclass(frozen=True, slots=True)
class MeterCounters:
    """Counters of one drop meter, cumulative; `..._in` is everything that met it."""

    meter_id: int
    packets_in: int
    bytes_in: int
    dropped_packets: int
    dropped_bytes: int


Counters = PortCounters | QueueCounters | GroupCounters | MeterCounters | FlowCounters


@dataclass(frozen=True, slots=True)
class CountersRead:
    """One statistics reply."""

    dpid: int
    counters: tuple[Counters, ...]


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """From now on this effective policy holds, if all switches take it; it has been checked.

    Attributes:
        policy: What holds now of what was written.
        number: Of the request, for its `PolicyAnswered`.
    """

    policy: Policy
    number: int = 0


@dataclass(frozen=True, slots=True)
class JobsChanged:
    """From now on these jobs, and no others, have told what their traffic is for.

    Those that have expired are not among them. A flow belongs to the first that takes it.
    """

    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went on; the shell sends one every `Settings.tick_s`."""


@dataclass(frozen=True, slots=True)
class AdvisorUp:
    """An advisor is ready to be asked."""

    agent: str


@dataclass(frozen=True, slots=True)
class AdvisorDown:
    """It has ended or been ended, because of `reason`."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class AdviceReceived:
    """Its answer; nothing in it has been checked but its size.

    Attributes:
        version: Of the view it is about.
        number: Of the observation it answers.
        agent: Who decided.
        splits: (P,) or (G, P) split ratios.
        advise_s: How long that took, by its own account.
        outside: Part of what its policy looked at that its training had not shown, 0 to 1.
        notes: What it wants told.
        drift: How traffic differs from what its policies were trained on, when that begins.
    """

    version: int
    number: int
    agent: str
    splits: FloatArray
    advise_s: float = 0.0
    notes: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    outside: float = 0.0


Event = (
    SwitchUp | SwitchDown | PortChanged | PacketIn | TablesRead | BarrierReply | Refused
    | CountersRead | PolicyChanged | JobsChanged | Tick | AdvisorUp | AdvisorDown | AdviceReceived
)  # fmt: skip


# --- commands -----------------------------------------------------------------------------------


class Change(Enum):
    """How an entry changes."""

    ADD = "add"
    MODIFY = "modify"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """Add (or overwrite in place) or delete one flow entry, strictly."""

    dpid: int
    change: Change
    rule: Rule


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Add, modify or delete one group."""

    dpid: int
    change: Change
    group: Group


@dataclass(frozen=True, slots=True)
class ChangeMeter:
    """Add, modify or delete one meter."""

    dpid: int
    change: Change
    meter: Meter


@dataclass(frozen=True, slots=True)
class Barrier:
    """Ask to be told (`BarrierReply`) when everything before it has been carried out."""

    dpid: int
    number: int


@dataclass(frozen=True, slots=True)
class SendFrame:
    """PACKET_OUT of a frame on some ports."""

    dpid: int
    ports: tuple[int, ...]
    frame: bytes


@dataclass(frozen=True, slots=True)
class ReadTables:
    """Read back every rule, group and meter."""

    dpid: int


@dataclass(frozen=True, slots=True)
class ReadCounters:
    """Ask for port, queue and group counters, and `meters` too. Flow counters: `ReadTables`."""

    dpid: int
    meters: bool = False


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close one connection, because of `reason`."""

    dpid: int
    connection: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Observe:
    """Ask the advisor how to split the next interval's traffic (`AdviceReceived`).

    Attributes:
        number: Of this observation.
        view: What the arrays are about: G path groups, K pairs, P paths, E links.
        demands: float64 (G, K), bit/s, as measured.
        forecast: float64 (G, K), bit/s, for the next interval.
        link_up: bool (E,).
        utilisation: float64 (E,), by port counters.
        current: float64 (G, P), splits in force.
        fallback: float64 (G, P), splits without an agent.
        standing: Of the agent.
        record: The turn before this, complete; for the decision log.
        hosts: Where hosts are, if that has changed since the last time.
    """

    number: int
    view: View
    demands: FloatArray
    forecast: FloatArray
    link_up: BoolArray
    utilisation: FloatArray
    current: FloatArray
    fallback: FloatArray
    standing: Standing
    record: Record | None = None
    hosts: tuple[HostPlace, ...] | None = None


@dataclass(frozen=True, slots=True)
class PolicyAnswered:
    """What became of a `PolicyChanged`.

    Attributes:
        number: Of the request.
        refused: Why the policy of before holds; empty: every connected switch has confirmed.
        changes: Rules, groups and meters that were sent, by switch.
    """

    number: int
    refused: str
    changes: Mapping[int, int]


class Level(Enum):
    """How loud a note is."""

    INFO = "info"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Note:
    """Something for the log and the counter `kind`; lines are limited in rate, counts are not."""

    kind: str
    text: str
    level: Level = Level.INFO


Command = (
    ChangeRule | ChangeGroup | ChangeMeter | Barrier | SendFrame | ReadTables | ReadCounters
    | Disconnect | Observe | PolicyAnswered | Note
)  # fmt: skip
