"""The YAML form of a policy, as pydantic models. Owns shape and ranges, not files or meaning.

What is described here is also what editors show: `headway check --schema` writes these models as
JSON Schema, kept in `policy.schema.json`.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from policies.classes import PathGroup, TrafficClass, Transport
from policies.fields import PortsField, PrefixesField, Text, Title, printable, read_ports
from policies.model import Rate
from policies.numbers import MOST_SLICES
from policies.quantities import read_duration, read_rate
from policies.schedule import check_zone
from policies.sentences import FORMS, RESERVED, read_sentence

# RFC 2474, 2597, 3246, 5865, 8622: names an operator may write instead of the number.
DSCP_NAMES = {
    "default": 0, "LE": 1, "EF": 46, "VA": 44,
    **{f"CS{i}": 8 * i for i in range(8)},
    **{f"AF{i}{j}": 8 * i + 2 * j for i in range(1, 5) for j in range(1, 4)},
}  # fmt: skip
MOST_INTENTS = 1000
MOST_RULES = 512

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)
_INTERFACES = re.compile(r"[A-Za-z0-9_.:@*?-]{1,64}", re.ASCII)
_DPID = re.compile(r"0[xX][0-9a-fA-F]{1,16}|[1-9][0-9]{0,19}", re.ASCII)
_DPID_MAX = 2**64 - 1


def _dscp_number(value: object) -> object:
    if isinstance(value, str):
        if value not in DSCP_NAMES:
            raise ValueError(f"unknown DSCP name {value!r}; use 0..63, CS0..CS7, AF11..AF43 or EF")
        return DSCP_NAMES[value]
    return value


def _network(value: object) -> IPv4Network | IPv6Network:
    text = str(value).strip()
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(_network_hint(value, text)) from None
    if not isinstance(value, str):
        raise ValueError(_network_hint(value, ""))
    if network.is_multicast:
        raise ValueError(f"{text} is multicast; hosts send from unicast addresses")
    return network


def _network_hint(value: object, text: str) -> str:
    try:
        return f"{text} is a host, not a network; did you mean {ip_interface(text).network}?"
    except ValueError:
        return f"{value!r} is not a network; write 10.1.0.0/16 or 2001:db8:1::/48"


def _interfaces(value: object) -> object:
    if isinstance(value, str) and not _INTERFACES.fullmatch(value):
        raise ValueError(
            f"{value!r} is no interface name or pattern; write leaf1-eth2, leaf1-* or *-eth?"
        )
    return value


def _switches(value: object) -> object:
    """A datapath id becomes text; a pattern stays."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{value!r} is neither a switch name nor a datapath id")
    text = str(value)
    if text[:1].isdigit():
        if not _DPID.fullmatch(text) or int(text, 0) > _DPID_MAX:
            raise ValueError(f"{text} is no datapath id; write 17 or 0x11, 1..2^64-1")
        return text
    return _interfaces(text)


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(
            f"{value!r} can't be a name; it is a letter, then letters, digits, '_' or '-'"
        )
    if value.lower() in RESERVED:
        raise ValueError(f"{value!r} means something in intents; take another name")
    return value


def _version(value: object) -> object:
    if value != 1 or not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"write version: 1; {str(value)[:40]!r} is no version of this form")
    return value


def _sentence(value: str) -> str:
    read_sentence(value)
    return value


def _quantity_schema(pattern: str, description: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "pattern": pattern, "description": description,
         "examples": list(examples)}
    )  # fmt: skip


Dscp = Annotated[
    int,
    BeforeValidator(_dscp_number),
    Field(ge=0, le=63, strict=True),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 63}, {"enum": list(DSCP_NAMES)}]}
    ),
]
Fraction = Annotated[float, Field(gt=0, le=1, strict=True, allow_inf_nan=False)]
Name = Annotated[
    str,
    BeforeValidator(_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"}),
]
Sentence = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(str.strip),  # YAML's ">" ends in a line break
    AfterValidator(printable),
    AfterValidator(_sentence),
    WithJsonSchema({"type": "string", "examples": [form.example for form in FORMS]}),
]
RateField = Annotated[
    Rate,
    BeforeValidator(read_rate),
    _quantity_schema(
        r"^[0-9.]+ *(%|[kMGT]?bit/s|[kMGT]?bps)$",
        "a rate with its unit, or a share of each link",
        "10 Mbit/s", "1.5 Gbit/s", "20%",
    ),
]  # fmt: skip
DurationField = Annotated[
    float,
    BeforeValidator(read_duration),
    _quantity_schema(r"^[0-9.]+ *(us|µs|ms|s)$", "a duration, 10 us to 10 s", "10 ms"),
]
NetworkField = Annotated[
    IPv4Network | IPv6Network,
    BeforeValidator(_network),
    WithJsonSchema({"type": "string", "examples": ["10.1.0.0/16", "2001:db8:1::/48"]}),
]
InterfacePattern = Annotated[str, BeforeValidator(_interfaces)]
SwitchPattern = Annotated[
    str, BeforeValidator(_switches), WithJsonSchema({"type": ["string", "integer"]})
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class QueueModel(_Strict):
    """One queue of every port; its key is the queue's name."""

    id: Annotated[int, Field(ge=0, le=15, strict=True, description="OpenFlow queue number; 0 is "
                             "where everything unmarked goes")]  # fmt: skip
    priority: Annotated[int, Field(ge=0, le=7, strict=True, description="who is offered spare "
                                   "capacity first: 0 before 7")]  # fmt: skip
    share: Annotated[Fraction, Field(description="guaranteed part of the link rate (or of the "
                                     "slice's guarantee); all add up to 1 at most")]  # fmt: skip
    ceiling: Annotated[Fraction, Field(description="most it may use, part of the link rate")] = 1.0
    limit_packets: Annotated[
        int, Field(ge=1, le=10_000, strict=True, description="length of the queue, packets")
    ] = 200

    @model_validator(mode="after")
    def _share_below_ceiling(self) -> "QueueModel":
        if self.share > self.ceiling:
            raise ValueError(f"share {self.share:g} is above ceiling {self.ceiling:g}")
        return self


class ClassModel(_Strict):
    """What a traffic class gets; its key is the class."""

    dscp: Annotated[Dscp, Field(description="mark in the IP header: 0..63, or a name such as EF")]
    queue: Annotated[Text, Field(description="one of `queues`")]
    paths: Annotated[PathGroup, Field(description="how it is spread over the paths there are")] = (
        PathGroup.THROUGHPUT
    )
    latency: Annotated[
        DurationField | None, Field(description="most it may wait in queues on its way, one way")
    ] = None


class ServiceModel(_Strict):
    """Ports (numbers or "first-last") that tell a class, at either end of a flow."""

    name: Annotated[Title, Field(description="a word for people")]
    traffic_class: Annotated[TrafficClass, Field(alias="class")]
    transport: Transport = Transport.TCP
    ports: Annotated[
        tuple[tuple[int, int], ...],
        Field(min_length=1, description='ports, such as [8000, "29500-29999"]'),
        WithJsonSchema({"type": "array", "minItems": 1, "items": {"type": ["integer", "string"]}}),
    ]

    @field_validator("ports", mode="before")
    @classmethod
    def _ranges(cls, value: object) -> object:
        return read_ports(value)


class RuleModel(_Strict):
    """What the operator says about flows, above everything that Headway finds out.

    A flow matches in either direction: one end is of `from`, the other of `to`.
    """

    name: Annotated[
        Title | None, Field(description="a word for people; left out: what it says")
    ] = None
    traffic_class: Annotated[
        TrafficClass, Field(alias="class", description="what such flows are for")
    ]
    from_prefixes: Annotated[
        PrefixesField | None,
        Field(alias="from", description="addresses or networks of one end; left out: any"),
    ] = None
    to_prefixes: Annotated[
        PrefixesField | None,
        Field(alias="to", description="those of the other end; left out: any"),
    ] = None
    ports: Annotated[
        PortsField | None, Field(description="ports of the `to` end; left out: any")
    ] = None
    transport: Annotated[Transport | None, Field(description="left out: any")] = None
    slice: Annotated[
        str | None, Field(description="flows whose sender is of this slice; left out: of any")
    ] = None

    @model_validator(mode="after")
    def _says_something(self) -> "RuleModel":
        said = (self.from_prefixes, self.to_prefixes, self.ports, self.transport, self.slice)
        if not any(said):
            raise ValueError("give from, to, ports, transport or slice; else it takes every flow")
        return self


class MemberModel(_Strict):
    """One way of belonging to a slice; all that it says must hold."""

    ports: Annotated[
        tuple[InterfacePattern, ...],
        Field(max_length=256, description="switch ports by interface name; * and ? stand for "
              "anything; left out: every port"),
    ] = ()  # fmt: skip
    vlan: Annotated[
        int | None,
        Field(ge=1, le=4094, strict=True, description="802.1Q VLAN the hosts tag with; left out: "
              "they don't tag"),
    ] = None  # fmt: skip
    prefixes: Annotated[
        tuple[NetworkField, ...],
        Field(max_length=256, description="addresses the hosts may send from; left out: any"),
    ] = ()

    @model_validator(mode="after")
    def _says_something(self) -> "MemberModel":
        if not (self.ports or self.vlan or self.prefixes):
            raise ValueError('give ports, vlan or prefixes (everybody untagged is ports: ["*"])')
        return self


class SliceModel(_Strict):
    """A tenant: who belongs to it and what it is promised; its key is the name."""

    members: Annotated[
        tuple[MemberModel, ...],
        Field(min_length=1, max_length=256, description="who belongs to it, in one way or another"),
    ]
    guarantee: Annotated[RateField, Field(description="what it has on every link, whatever the "
                                          "others do")]  # fmt: skip
    maximum: Annotated[
        RateField | None, Field(description="most it gets on any link; left out: no limit")
    ] = None
    weight: Annotated[
        float, Field(ge=0.1, le=1000, strict=True, allow_inf_nan=False, description="its part of "
                     "what is left over, against the weights of the others"),
    ] = 1.0  # fmt: skip
    classes: Annotated[
        tuple[TrafficClass, ...],
        Field(min_length=1, max_length=len(TrafficClass),
              description="traffic classes it may use"),
    ] = tuple(TrafficClass)  # fmt: skip
    default_class: Annotated[
        TrafficClass | None,
        Field(description="what everything else it sends is treated as; left out: background if "
              "it may use that, else the last of `classes`"),
    ] = None  # fmt: skip
    talks_to: Annotated[
        tuple[str, ...],
        Field(max_length=MOST_SLICES, description="other slices it may exchange traffic with, "
              "either way"),
    ] = ()  # fmt: skip


class PolicyModel(_Strict):
    """What the network promises to whom."""

    model_config = ConfigDict(title="Headway policy")

    version: Annotated[Literal[1], BeforeValidator(_version), Field(description="of this form; 1")]
    name: Title
    time_zone: Annotated[
        str,
        BeforeValidator(check_zone),
        Field(description="IANA time zone of the intents' hours, such as Europe/Zurich"),
    ] = "UTC"
    queues: Annotated[
        dict[Text, QueueModel] | None,
        Field(min_length=1, description="queues of every port; left out: those of default.yaml"),
    ] = None
    classes: Annotated[
        dict[TrafficClass, ClassModel] | None,
        Field(description="all nine classes; left out: those of default.yaml"),
    ] = None
    services: Annotated[
        tuple[ServiceModel, ...] | None,
        Field(description="what tells the class of a flow, first match wins; left out: those of "
              "default.yaml"),
    ] = None  # fmt: skip
    rules: Annotated[
        tuple[RuleModel, ...],
        Field(max_length=MOST_RULES, description="what the class of a flow is, whatever Headway "
              "finds out; first match wins"),
    ] = ()  # fmt: skip
    trusted_ports: Annotated[
        tuple[Text, ...],
        Field(description="switch ports (interface names, * allowed) whose hosts mark DSCP "
              "themselves and are believed"),
    ] = ()  # fmt: skip
    slices: Annotated[
        dict[Name, SliceModel],
        Field(max_length=MOST_SLICES, description="tenants; left out: one network for everybody"),
    ] = {}
    tiers: Annotated[
        dict[Name, Annotated[tuple[SwitchPattern, ...], Field(min_length=1, max_length=1024)]],
        Field(
            max_length=64,
            description="sets of switches, by name, pattern or datapath id; a "
            "topology's own tiers are known beside them",
        ),
    ] = {}
    intents: Annotated[
        tuple[Sentence, ...],
        Field(max_length=MOST_INTENTS, description="promises in words, such as 'federated at most "
              "20% of any uplink between 08:00 and 18:00'"),
    ] = ()  # fmt: skip


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a policy file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **PolicyModel.model_json_schema(by_alias=True),
    }
