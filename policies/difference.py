"""What differs between two policies, named as in the file. Pure."""

from collections.abc import Iterator
from typing import Any

from policies.document import to_document
from policies.model import Policy

_DERIVED = ("limits", "confinements", "targets")  # compiled from intents, and told by them
_UNTOLD = ("line",)  # where it stood in the file
_NAMES = ("name", "traffic_class", "text")  # what an entry of a list is known by
_IN_ORDER = ("rules", "services")  # the first that matches wins


def difference(old: Policy, new: Policy) -> list[dict[str, Any]]:
    """The changes that lead from `old` to `new`.

    Returns:
        {"path": "slices.tenant-a.guarantee", "old": ..., "new": ...}; with "old" None it is added,
        with "new" None removed.
    """
    before, after = to_document(old), to_document(new)
    for key in _DERIVED:
        before.pop(key, None)
        after.pop(key, None)
    found = [*_differing("", before, after), *_reordered(before, after)]
    return [{"path": path, "old": a, "new": b} for path, a, b in found]


def _reordered(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Lists whose order counts, and which have what both have in another order."""
    for key in _IN_ORDER:
        before, after = _by_name(old[key]), _by_name(new[key])
        if isinstance(before, dict) and isinstance(after, dict):
            orders = [name for name in before if name in after], [n for n in after if n in before]
            if orders[0] != orders[1]:
                yield f"{key}.order", *orders


def _differing(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """(path, old, new) of the deepest values that differ."""
    old, new = _by_name(old), _by_name(new)
    if old == new:
        return
    if not (isinstance(old, dict) and isinstance(new, dict)) or {"bps", "share"} == old.keys():
        yield path, old, new
        return
    for key in {**old, **new}:
        if key in _UNTOLD:
            continue
        at = f"{path}.{key}" if path else str(key)
        if key in old and key in new:
            yield from _differing(at, old[key], new[key])
        elif old.get(key) != new.get(key):
            yield at, old.get(key), new.get(key)


def _by_name(value: Any) -> Any:
    """A list of named entries as a mapping, so that order and neighbours don't count."""
    if not (isinstance(value, list) and value and all(isinstance(v, dict) for v in value)):
        return value
    key = next((name for name in _NAMES if all(name in entry for entry in value)), None)
    named = {str(entry[key]): entry for entry in value} if key else {}
    return named if len(named) == len(value) else value
