"""A topology as a JSON document, and back, without loss.

The document has the model's own fields: {"name", "switches": [...], "hosts": [...], "links":
[...]}. It is what `headway topo SPEC --json` prints and `file:PATH` reads again.
"""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any, TypeVar, get_type_hints

from topologies.errors import FileFormatError, did_you_mean
from topologies.model import Host, Link, Switch, Topology

_Record = TypeVar("_Record", Switch, Host, Link)


def to_document(topology: Topology) -> dict[str, Any]:
    """Return the topology as dicts, lists, strings and numbers."""
    return asdict(topology)


def from_document(document: Mapping[str, Any]) -> Topology:
    """Read what `to_document` wrote.

    Raises:
        FileFormatError: a key is missing or unknown, or a value has the wrong type.
        TopologyError: the topology itself is wrong.
    """
    return Topology(
        name=str(document.get("name", "")),
        switches=_records(Switch, document, "switches"),
        hosts=_records(Host, document, "hosts"),
        links=_records(Link, document, "links"),
    )


def _records(
    record: type[_Record], document: Mapping[str, Any], section: str
) -> tuple[_Record, ...]:
    rows = document.get(section)
    if not isinstance(rows, list):
        raise FileFormatError(f"{section!r} must be a list, empty where there are none")
    return tuple(_record(record, row, f"{section}[{i}]") for i, row in enumerate(rows))


def _record(record: type[_Record], row: object, where: str) -> _Record:
    types = get_type_hints(record)
    if not isinstance(row, dict):
        raise FileFormatError(f"{where} must be an object with {', '.join(types)}; got {row!r}")
    for key, value in row.items():
        if key not in types:
            hint = did_you_mean(str(key), types) or f"; it takes {', '.join(types)}"
            raise FileFormatError(f"{where} has an unknown key {key!r}{hint}")
        wanted = (int, float) if types[key] is float else (types[key],)
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise FileFormatError(
                f"{where}: {key} must be of type {types[key].__name__}; got {value!r}"
            )
    for field in fields(record):
        if field.default is MISSING and field.name not in row:
            raise FileFormatError(f"{where} lacks {field.name!r}")
    return record(**row)
