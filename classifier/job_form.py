"""How a job is written in JSON, and checked: the form of the API and of `headway jobs --file`.

Owns shape and ranges. Whether the policy has its slice, and where a host is that is named by
something else than its address, is for the controller to say.
"""

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from classifier.jobs import ID, Job
from classifier.prefixes import Network
from policies.classes import TrafficClass, Transport
from policies.fields import PortsField, Text, read_prefix
from policies.model import PortRange
from policies.quantities import read_size

DEFAULT_TTL_S = 86_400.0
MOST_TTL_S = 366 * 86_400.0
MOST_HOSTS = 4096  # of one job
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)


def _host(value: object) -> Network | str:
    """An address or network; a MAC address or a host's name stays text."""
    text = value.strip() if isinstance(value, str) else ""
    if _MAC.fullmatch(text.lower()):
        return text.lower()
    return text if _NAME.fullmatch(text) else read_prefix(value)


def _size(value: object) -> object:
    return read_size(value) if isinstance(value, str) else value


HostField = Annotated[
    IPv4Network | IPv6Network | str,
    BeforeValidator(_host),
    WithJsonSchema({"type": "string", "examples": ["10.0.0.1", "10.0.0.0/24", "2001:db8::/64",
                                                   "02:00:00:00:00:01", "h1"]}),
]  # fmt: skip
SizeField = Annotated[
    float,
    BeforeValidator(_size),
    Field(gt=0, le=1e18, allow_inf_nan=False),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0},
                              {"type": "string", "examples": ["400 MB"]}]}),
]  # fmt: skip
TtlField = Annotated[
    float,
    Field(gt=0, le=MOST_TTL_S, allow_inf_nan=False,
          description="Seconds until it is forgotten, unless it is renewed."),
]  # fmt: skip


class JobForm(BaseModel):
    """A job, as its launcher tells it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=ID, description="Unique, such as Slurm's job id.")]
    traffic_class: Annotated[
        TrafficClass, Field(alias="class", description="What its traffic is for.")
    ]
    hosts: Annotated[
        tuple[HostField, ...],
        Field(min_length=1, max_length=MOST_HOSTS, description="Its hosts: addresses, networks; "
              "MAC addresses or names of hosts that the controller knows."),
    ]  # fmt: skip
    ports: Annotated[
        PortsField | None, Field(description="At either end of its flows; none: any.")
    ] = None
    transport: Annotated[Transport | None, Field(description="None: any.")] = None
    slice: Annotated[
        Annotated[str, Field(max_length=64)] | None,
        Field(description="The slice whose addresses these are; none: any."),
    ] = None
    peers: Annotated[
        Literal["members", "any"],
        Field(description="'members': flows between its hosts. 'any': also those between one of "
              "its hosts and anybody."),
    ] = "members"  # fmt: skip
    period_s: Annotated[
        Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] | None,
        Field(description="Seconds of an iteration, as far as is known."),
    ] = None
    bytes: Annotated[
        SizeField | None,
        Field(description="What one of its hosts sends in an iteration, as far as is known: bytes, "
              "or '400 MB'."),
    ] = None  # fmt: skip
    ttl_s: TtlField = DEFAULT_TTL_S
    owner: Annotated[Text, Field(max_length=100, description="Whose; else who registers it.")] = ""
    why: Annotated[Text, Field(max_length=1000)] = ""


def job_of(
    form: JobForm, find: Callable[[str], Iterable[Network]], expires_at: float, owner: str
) -> Job:
    """The job.

    Args:
        form: As it was told.
        find: Addresses of a host by its MAC address or name; raises what says it is unknown.
        expires_at: Wall clock, seconds.
        owner: Who registers it.
    """
    prefixes = [
        network
        for host in form.hosts
        for network in (find(host) if isinstance(host, str) else (host,))
    ]
    return Job(
        id=form.id,
        traffic_class=form.traffic_class,
        prefixes=tuple(dict.fromkeys(prefixes)),
        ports=tuple(PortRange(first, last) for first, last in form.ports or ()),
        transport=form.transport,
        slice_name=form.slice,
        any_peer=form.peers == "any",
        period_s=form.period_s,
        period_bytes=form.bytes,
        expires_at=expires_at,
        owner=form.owner or owner,
        why=form.why,
    )


def told(job: Job) -> dict[str, Any]:
    """A job as plain values, in the words of the form; "expires_at" in place of "ttl_s"."""
    return {
        "id": job.id,
        "class": job.traffic_class.value,
        "hosts": [_host_words(network) for network in job.prefixes],
        "ports": [p.first if p.first == p.last else f"{p.first}-{p.last}" for p in job.ports],
        "transport": job.transport.value if job.transport else None,
        "slice": job.slice_name,
        "peers": "any" if job.any_peer else "members",
        "period_s": job.period_s,
        "bytes": job.period_bytes,
        "expires_at": job.expires_at,
        "owner": job.owner,
        "why": job.why,
    }


def from_told(entry: dict[str, Any]) -> Job:
    """Reads what `told` wrote.

    Raises:
        ValueError: It didn't write this.
    """
    known = {**entry, "ports": entry.get("ports") or None}
    expires_at = float(known.pop("expires_at"))
    form = JobForm.model_validate(known)
    return job_of(form, _nobody, expires_at, "")


def _nobody(word: str) -> Iterable[Network]:
    raise ValueError(f"{word!r} is no address")


def _host_words(network: Network) -> str:
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address if single else network)
