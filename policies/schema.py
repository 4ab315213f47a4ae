"""The YAML form of a policy, as pydantic models. Owns shape and ranges, not files or meaning."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from policies.classes import PathGroup, TrafficClass, Transport

# RFC 2474, 2597, 3246, 5865, 8622: names an operator may write instead of the number.
DSCP_NAMES = {
    "default": 0, "LE": 1, "EF": 46, "VA": 44,
    **{f"CS{i}": 8 * i for i in range(8)},
    **{f"AF{i}{j}": 8 * i + 2 * j for i in range(1, 5) for j in range(1, 4)},
}  # fmt: skip


def _dscp_number(value: object) -> object:
    if isinstance(value, str):
        if value not in DSCP_NAMES:
            raise ValueError(f"unknown DSCP name {value!r}; use 0..63, CS0..CS7, AF11..AF43 or EF")
        return DSCP_NAMES[value]
    return value


Dscp = Annotated[int, BeforeValidator(_dscp_number), Field(ge=0, le=63, strict=True)]
Fraction = Annotated[float, Field(gt=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class QueueModel(_Strict):
    """One entry of `queues:`; its key is the queue's name."""

    id: Annotated[int, Field(ge=0, le=15, strict=True)]
    priority: Annotated[int, Field(ge=0, le=7, strict=True)]
    share: Fraction
    ceiling: Fraction = 1.0
    limit_packets: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 200

    @model_validator(mode="after")
    def _share_below_ceiling(self) -> "QueueModel":
        if self.share > self.ceiling:
            raise ValueError(f"share {self.share:g} is above ceiling {self.ceiling:g}")
        return self


class ClassModel(_Strict):
    """One entry of `classes:`; its key is the traffic class."""

    dscp: Dscp
    queue: str
    paths: PathGroup = PathGroup.THROUGHPUT


class ServiceModel(_Strict):
    """One entry of `services:`: ports (numbers or "first-last") that tell a class."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    traffic_class: Annotated[TrafficClass, Field(alias="class")]
    transport: Transport = Transport.TCP
    ports: Annotated[tuple[tuple[int, int], ...], Field(min_length=1)]

    @field_validator("ports", mode="before")
    @classmethod
    def _ranges(cls, value: object) -> object:
        if not isinstance(value, list):
            raise ValueError('ports is a list, such as [8000, "29500-29999"]')
        return tuple(_port_range(item) for item in value)


class PolicyModel(_Strict):
    """The whole file."""

    version: Literal[1]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    queues: Annotated[dict[str, QueueModel], Field(min_length=1)]
    classes: dict[TrafficClass, ClassModel]
    services: tuple[ServiceModel, ...] = ()
    trusted_ports: tuple[str, ...] = ()


def _port_range(item: object) -> tuple[int, int]:
    text = str(item)
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()) or isinstance(item, bool):
        raise ValueError(f'{item!r} is not a port or a range; write 8000 or "29500-29999"')
    low, high = int(first), int(last or first)
    if not 1 <= low <= high <= 65535:
        raise ValueError(f"{text}: ports are 1..65535 and a range goes upwards")
    return low, high
