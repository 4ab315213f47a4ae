"""The forms of requests and answers under /v1/, of which the OpenAPI document is made.

Rates are in bit/s, times in seconds since 1970 (UTC) or as ISO 8601, datapath ids as "0x1".
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from classifier.job_form import DEFAULT_TTL_S, TtlField

_MORE = ConfigDict(extra="allow")


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PolicyText(_Request):
    """A policy, as its file has it."""

    policy: Annotated[str, Field(min_length=1, max_length=1 << 20, description="The YAML text.")]
    name: Annotated[str, Field(max_length=255, description="Of the file, for messages.")] = "policy"


class ApplyRequest(PolicyText):
    """A policy to put in force."""

    why: Annotated[str, Field(max_length=1000)] = ""
    canary: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = Field(
        None, description="Share of the slices it changes that try it first; none: all at once."
    )
    bake_s: float = Field(
        60.0, ge=0, le=7 * 86400, allow_inf_nan=False,
        description="How long they try it; 0 waits for /promote or /abort.",
    )  # fmt: skip


class RollbackRequest(_Request):
    """Which version to go back to."""

    to: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(
        None, description="A version; none: the one in force before. During a trial: ends that."
    )
    why: Annotated[str, Field(max_length=1000)] = ""


class EmptyRequest(_Request):
    """Nothing needs to be said."""


@with_config(_MORE)
class Finding(TypedDict, total=False):
    """A mistake or a warning, and its place in the file."""

    place: str
    message: str
    line: int | None


@with_config(_MORE)
class Checked(TypedDict, total=False):
    """What a policy would mean here: what is in force at `at`, and rates of each link."""

    policy: str
    file: str
    topology: str | None
    at: str
    time_zone: str
    next_change: str | None
    in_force: list[str]
    slices: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    links: list[dict[str, Any]]
    loads: list[dict[str, Any]]
    conflicts: list[Finding]
    warnings: list[Finding]
    unchecked: list[str]


@with_config(_MORE)
class Difference(TypedDict):
    """One value that differs; `old` null is added, `new` null is removed."""

    path: str
    old: Any
    new: Any


@with_config(_MORE)
class Planned(TypedDict, total=False):
    """What applying a policy would change.

    `rules` counts the changes of each switch by kind, `queues` those of each interface;
    `queues_trouble` says why the keeper of queues couldn't tell, empty where it could.
    """

    name: str
    version: int
    policy: list[Difference]
    rules: dict[str, dict[str, int]]
    queues: dict[str, Any]
    queues_kept: bool
    queues_trouble: str
    report: Checked


@with_config(_MORE)
class Told(TypedDict, total=False):
    """A version: who asked for it, when, why, and what became of it."""

    version: int
    name: str
    sha256: str
    who: str
    at: float
    why: str
    kind: str
    outcome: str
    detail: str
    equal_to: int | None


class Trial(TypedDict):
    """A version that some slices try."""

    version: int
    slices: list[str]
    bake_s: float
    began: str


class Running(Told, total=False):
    """The version in force, its text, and what is being tried."""

    text: str
    next_change: str | None
    canary: Trial | None


class Applied(Told, total=False):
    """A version after a change: what was sent to which switch, and how long it took."""

    switches: int
    rules: dict[str, int]
    queues: dict[str, Any]
    queues_kept: bool
    missing: list[str]
    warnings: list[Finding]
    seconds: float
    canary: Trial | None


class WithText(Told):
    """A version and its text."""

    text: str


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the controller is at work; `settled` once paths are in use."""

    status: str
    settled: bool
    switches: int


@dataclass(frozen=True, slots=True)
class SliceAnswer:
    """A slice. Figures are sums over the whole network since the controller began."""

    name: str
    number: int
    guarantee: str
    maximum: str
    weight: float
    classes: list[str]
    default_class: str
    talks_to: list[str]
    hosts: int
    sent_bytes: float
    sent_packets: float
    lost_packets: float


@dataclass(frozen=True, slots=True)
class ClassAnswer:
    """A traffic class; shares are of a link's rate, or of its slice's where there are slices."""

    name: str
    dscp: int
    queue: str
    queue_id: int
    priority: int
    share: float
    ceiling: float
    paths: str
    latency_s: float | None


@dataclass(frozen=True, slots=True)
class PortAnswer:
    """A switch port."""

    number: int
    name: str
    up: bool
    fabric: bool
    speed_bps: float
    tx_bps: float
    rx_bps: float


@dataclass(frozen=True, slots=True)
class SwitchAnswer:
    """A switch we have met; `synced` when it has confirmed everything sent to it."""

    dpid: str
    connected: bool
    synced: bool
    edge: int | None
    rules: int
    groups: int
    meters: int
    hosts: int
    ports: list[PortAnswer]


@dataclass(frozen=True, slots=True)
class EndAnswer:
    """One end of a link."""

    dpid: str
    port: int
    tx_bps: float


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """A cable between two switches."""

    up: bool
    ends: list[EndAnswer]


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """A host where it was last seen."""

    mac: str
    ips: list[str]
    dpid: str
    port: int
    slice: str | None
    vlan: int | None


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """Who advises on paths, and how it stands; `last` is the last turn, as in the decision log."""

    present: bool
    standing: str
    pairs: int
    refusals: dict[str, int]
    last: dict[str, Any] | None


class RenewRequest(_Request):
    """For how much longer."""

    ttl_s: TtlField = DEFAULT_TTL_S


# In the words of `classifier.job_form`; "trouble" says why the policy in force gives it nothing.
JobAnswer = TypedDict(
    "JobAnswer",
    {
        "id": str, "class": str, "hosts": list[str], "ports": list[int | str],
        "transport": str | None, "slice": str | None, "peers": str, "period_s": float | None,
        "bytes": float | None, "expires_at": float | None, "owner": str, "why": str,
        "trouble": str,
    },
)  # fmt: skip

# What a flow is taken for, what that rests on and why; the client is who began, if that is known.
FlowAnswer = TypedDict(
    "FlowAnswer",
    {
        "transport": str, "client": str, "cport": int, "server": str, "sport": int,
        "slice": str | None, "class": str, "known": bool, "protocol": str, "role": str,
        "reason": str, "why": str, "confidence": float,
    },
)  # fmt: skip
with_config(_MORE)(FlowAnswer)

# What one kind of evidence says.
Opinion = TypedDict("Opinion", {"reason": str, "class": str, "why": str})


class Explained(TypedDict):
    """A flow as it was learned, null if not; all that speaks about it, the strongest first."""

    flow: FlowAnswer | None
    opinions: list[Opinion]
