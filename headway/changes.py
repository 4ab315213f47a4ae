"""What a plan or an applied policy changes, as lines for people. Owns words only."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policies.classes import TrafficClass
from policies.quantities import rate_words

_NEW, _GONE, _CHANGED = "+", "-", "~"
_UNSAID = {"name", "number", "line"}  # told by the place, or our own business
_PORTS = {"first", "last"}
_MOST_SWITCHES = 20
_KINDS = {"add": "to add", "modify": "to change", "delete": "to delete"}


def policy_lines(differences: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line a value that differs: "~ slices.tenant-a.guarantee: 10 Mbit/s -> 20%"."""
    lines = [
        line
        for path, (old, new) in _rates_joined(differences).items()
        if path.rpartition(".")[2] not in _UNSAID
        for line in _lines(path, old, new)
    ]
    return lines or ["  nothing of the policy differs"]


def _rates_joined(differences: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Any, Any]]:
    """By place; a rate's two forms, bit/s and share, are one value."""
    found: dict[str, tuple[Any, Any]] = {}
    for entry in differences:
        path, old, new = entry["path"], entry["old"], entry["new"]
        parent, _, leaf = path.rpartition(".")
        if leaf == "bps" or (leaf == "share" and parent.rpartition(".")[2] != _queue(parent)):
            before, after = found.get(parent, ({}, {}))
            found[parent] = {**before, leaf: old}, {**after, leaf: new}
        else:
            found[path] = old, new
    return found


def _queue(parent: str) -> str | None:
    """The last word of "queues.NAME": shares there are no rates."""
    return parent.rpartition(".")[2] if parent.startswith("queues.") else None


def _lines(path: str, old: Any, new: Any) -> Iterator[str]:
    if not old and isinstance(new, Mapping) and not _is_rate(new) and _is_nested(new):
        yield from (_line(_NEW, f"{path}.{key}", _words(value)) for key, value in new.items())
    elif not new and isinstance(old, Mapping) and not _is_rate(old) and _is_nested(old):
        yield from (_line(_GONE, f"{path}.{key}", "") for key in old)
    elif old is None or old in ([], {}):
        yield _line(_NEW, path, _words(new))
    elif new is None or new in ([], {}):
        yield _line(_GONE, path, _words(old))
    else:
        yield _line(_CHANGED, path, f"{_words(old)} -> {_words(new)}")


def _line(sign: str, path: str, words: str) -> str:
    return f"  {sign} {path}" + (f": {words}" if words else "")


def _is_nested(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(isinstance(entry, Mapping) for entry in value.values())


def _is_rate(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and set(value) <= {"bps", "share"}


def _words(value: Any) -> str:
    if _is_rate(value):
        if value.get("bps") is not None:
            return rate_words(float(value["bps"]))
        return f"{100 * (value.get('share') or 0.0):.4g}%"
    if isinstance(value, Mapping) and value.keys() == _PORTS:
        first, last = value["first"], value["last"]
        return f"{first}" if first == last else f"{first}-{last}"
    if isinstance(value, Mapping):
        told = {k: _words(v) for k, v in value.items() if k not in _UNSAID and v not in (None, [])}
        return ", ".join(f"{key} {words}" for key, words in told.items() if words)
    if isinstance(value, list):
        if len(value) == len(TrafficClass) and set(map(str, value)) == {
            c.value for c in TrafficClass
        }:
            return "all"
        return " ".join(map(_item_words, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _item_words(value: Any) -> str:
    plain = not isinstance(value, Mapping) or value.keys() == _PORTS
    return _words(value) if plain else f"({_words(value)})"


def rule_lines(rules: Mapping[str, Any]) -> list[str]:
    """Sums over all switches, then each switch's."""
    if not rules:
        return ["rules: none to change"]
    totals: dict[str, int] = {}
    for counts in rules.values():
        for kind, count in counts.items():
            totals[kind] = totals.get(kind, 0) + count
    where = _some(len(rules), "switch")
    lines = [f"rules, groups and meters: {_counted(totals)}, on {where}"]
    lines += [
        f"  {dpid}: {_counted(counts)}" for dpid, counts in list(rules.items())[:_MOST_SWITCHES]
    ]
    if len(rules) > _MOST_SWITCHES:
        lines.append(f"  and {len(rules) - _MOST_SWITCHES} more; --json has all")
    return lines


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{counts[kind]} {words}" for kind, words in _KINDS.items() if counts.get(kind)
    )


def _some(count: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"


def queue_lines(queues: Mapping[str, Any], *, kept: bool) -> list[str]:
    """How many queues change on how many ports, or that nobody here changes them."""
    if not kept:
        return ["queues: not the controller's; see 'headway queues', and 'headway run --queues'"]
    if not queues:
        return ["queues: none to change"]
    numbers = [count for count in queues.values() if isinstance(count, int)]
    return [f"queues: {sum(numbers)} to change, on {_some(len(queues), 'port')}"]


def applied_lines(told: Mapping[str, Any]) -> list[str]:
    """What was done."""
    rules = told.get("rules") or {}
    done = f"version {told['version']} ({told['name']})"
    changed = "no rules" if told.get("switches", 1) else "no switch is connected, no rules"
    if rules:
        changed = f"{_some(sum(rules.values()), 'rule')} on {_some(len(rules), 'switch')}"
    queues = told.get("queues") or {}
    if queues:
        changed += f", queues of {_some(len(queues), 'port')}"
    seconds = f" in {told['seconds']:.2f} s" if "seconds" in told else ""
    warnings = [f"warning: {w.get('place')}: {w.get('message')}" for w in told.get("warnings", ())]
    if missing := told.get("missing"):
        warnings.append(f"warning: no queues on ports that are not there: {', '.join(missing)}")
    if trial := told.get("canary"):
        tried = ", ".join(trial["slices"])
        return [*warnings, f"{done} is tried by {tried}: {changed} changed{seconds}"]
    return [*warnings, f"{done} is in force: {changed} changed{seconds}"]
