"""A policy as a JSON document, and back, without loss.

The document has the model's own fields; enumerations are their words, networks their text. It is
what the controller hands the queue keeper, so it reads without pydantic or YAML. Where in which
file something stood (`source`, `lines`) is not part of it.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from policies.errors import PolicyFileError
from policies.model import Policy

_NETWORKS = (IPv4Network, IPv6Network)


def to_document(policy: Policy) -> dict[str, Any]:
    """The policy as dicts, lists, strings and numbers."""
    return cast("dict[str, Any]", _plain(policy))


def from_document(document: Mapping[str, Any]) -> Policy:
    """Reads what `to_document` wrote.

    Raises:
        PolicyFileError: A key is missing or unknown, or a value is of the wrong type; says where.
    """
    return cast(Policy, _record(Policy, document, "policy"))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.compare
        }
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, _NETWORKS) else value


@cache
def _shape(record: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Types of a record's fields, and the names of those it can't do without."""
    hints, known = get_type_hints(record), [f for f in fields(record) if f.compare]
    needed = frozenset(f.name for f in known if f.default is MISSING)
    return {f.name: hints[f.name] for f in known}, needed


def _record(record: type[Any], document: object, where: str) -> Any:
    kinds, needed = _shape(cast(Any, record))
    if not isinstance(document, Mapping):
        raise PolicyFileError(f"{where}: an object is needed; got {_short(document)}")
    if strange := sorted(map(str, document.keys() - kinds.keys())):
        raise PolicyFileError(f"{where}: unknown key {strange[0]!r}; it takes {', '.join(kinds)}")
    if missing := sorted(needed - document.keys()):
        raise PolicyFileError(f"{where}: lacks {missing[0]!r}")
    return record(
        **{name: _value(kinds[name], item, f"{where}.{name}") for name, item in document.items()}
    )


def _value(kind: Any, item: object, where: str) -> Any:
    if get_origin(kind) is tuple:
        return _items(get_args(kind), item, where)
    if get_origin(kind) in (Union, UnionType):
        return _one_of(get_args(kind), item, where)
    if is_dataclass(kind):
        return _record(cast("type[Any]", kind), item, where)
    return _scalar(kind, item, where)


def _items(kinds: tuple[Any, ...], items: object, where: str) -> tuple[Any, ...]:
    if not isinstance(items, list | tuple):
        raise PolicyFileError(f"{where}: a list is needed; got {_short(items)}")
    return tuple(_value(kinds[0], item, f"{where}[{i}]") for i, item in enumerate(items))


def _one_of(kinds: tuple[Any, ...], item: object, where: str) -> Any:
    if item is None and type(None) in kinds:
        return None
    rest = [kind for kind in kinds if kind is not type(None)]
    return _value(rest[0], item, where)


def _scalar(kind: Any, item: object, where: str) -> Any:
    try:
        if kind in _NETWORKS and isinstance(item, str):
            return ip_network(item)
        if issubclass(kind, Enum):
            return kind(item)
    except ValueError as error:
        raise PolicyFileError(f"{where}: {error}") from error
    wanted = (int, float) if kind is float else (kind,)
    if not isinstance(item, wanted) or (isinstance(item, bool) and kind is not bool):
        raise PolicyFileError(f"{where}: {kind.__name__} is needed; got {_short(item)}")
    return item


def _short(item: object) -> str:
    text = json.dumps(item, default=repr)
    return text if len(text) <= 60 else f"{text[:57]}..."
