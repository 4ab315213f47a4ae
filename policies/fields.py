"""Fields that several forms share: text, addresses and ports, as pydantic types.

Owns how one value is written and what is said when it is wrong. Knows no form.
"""

from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

MOST_OF_LIST = 64  # prefixes, or ranges of ports, of one rule


def printable(value: str) -> str:
    """A terminal obeys control characters; a non-breaking space is harmless."""
    bad = next((c for c in value if not (c.isprintable() or c == "\u00a0")), None)
    if bad is not None:
        raise ValueError(f"holds {bad!a}, which can't be printed; leave it out")
    return value


def read_prefix(value: object) -> IPv4Network | IPv6Network:
    """Reads a network; an address is a network of one.

    Raises:
        ValueError: It is neither.
    """
    text = value.strip() if isinstance(value, str) and "%" not in value else ""
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(_prefix_hint(value, text)) from None


def _prefix_hint(value: object, text: str) -> str:
    try:
        return f"{text} is a host, not a network; did you mean {ip_interface(text).network}?"
    except ValueError:
        return f"{str(value)[:40]!r} is no address; write 10.1.0.5, 10.1.0.0/16 or 2001:db8:1::/48"


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def read_ports(value: object) -> tuple[tuple[int, int], ...]:
    """Reads a list such as [8000, "29500-29999"].

    Raises:
        ValueError: It is none, or a port is out of range.
    """
    if not isinstance(value, list):
        raise ValueError('ports is a list, such as [8000, "29500-29999"]')
    return tuple(_port_range(item) for item in value)


def _port_range(item: object) -> tuple[int, int]:
    text = str(item)
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()) or isinstance(item, bool):
        raise ValueError(f'{item!r} is not a port or a range; write 8000 or "29500-29999"')
    low, high = int(first), int(last or first)
    if not 1 <= low <= high <= 65535:
        raise ValueError(f"{text}: ports are 1..65535 and a range goes upwards")
    return low, high


Text = Annotated[str, AfterValidator(printable)]
Title = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(printable)]
PrefixField = Annotated[
    IPv4Network | IPv6Network,
    BeforeValidator(read_prefix),
    WithJsonSchema({"type": "string", "examples": ["10.1.0.5", "10.1.0.0/16", "2001:db8::/48"]}),
]
PrefixesField = Annotated[
    tuple[PrefixField, ...],
    BeforeValidator(_one_or_more),
    Field(min_length=1, max_length=MOST_OF_LIST),
    WithJsonSchema({
        "anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "maxItems": MOST_OF_LIST,
                                       "items": {"type": "string"}}],
        "examples": ["10.1.0.5", "10.1.0.0/16"],
    }),
]  # fmt: skip
PortsField = Annotated[
    tuple[tuple[int, int], ...],
    BeforeValidator(read_ports),
    Field(min_length=1, max_length=MOST_OF_LIST),
    WithJsonSchema({"type": "array", "minItems": 1, "maxItems": MOST_OF_LIST,
                    "items": {"type": ["integer", "string"]}}),
]  # fmt: skip
