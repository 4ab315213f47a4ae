"""Words for what is wrong with a policy file: one line a mistake, with its place and a suggestion.

Owns how mistakes are told. `file:line: path: message` is what editors and terminals can jump to.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from policies.schema import PolicyModel
from policies.source import Source

MOST_SHOWN = 20  # mistakes of one file
_MOST_OF_PLACE, _MOST_OF_MESSAGE = 200, 1500  # characters; a file may hold a key of a megabyte
Mistake = tuple[Sequence[str], str]
_QUOTED = re.compile(r"'([^']+)'")
_PLAIN = {"tuple_type": "give a list, such as [a, b]", "dict_type": "give a mapping of key: value",
          "model_type": "give a mapping of key: value", "missing": "is missing",
          "too_short": "give at least one"}  # fmt: skip


def explain(source: Source, error: ValidationError) -> str:
    """All mistakes of shape and range, as one text."""
    mistakes = error.errors(include_url=False)
    return listed(source, ((_keys(item), _message(item)) for item in mistakes), len(mistakes))


def listed(source: Source, mistakes: Iterable[Mistake], count: int | None = None) -> str:
    """One line a mistake; past the first few only how many more, where `count` tells."""
    lines = []
    for index, (keys, message) in enumerate(mistakes):
        if index == MOST_SHOWN:
            more = f"{count - index} more" if count is not None else "more"
            lines.append(f"{source.name}: and {more}")
            break
        place = ".".join(keys)[:_MOST_OF_PLACE] or "file"
        lines.append(f"{source.name}:{source.line(keys)}: {place}: {message[:_MOST_OF_MESSAGE]}")
    return "\n".join(lines)


def suggest(word: str, known: Collection[str]) -> str:
    """ "; did you mean ...?", or what there is."""
    if not known:
        return "; there is none"
    near = difflib.get_close_matches(word[:64].lower(), {name.lower(): name for name in known}, n=1)
    for name in known:
        if near and name.lower() == near[0]:
            return f"; did you mean {name!r}?"
    shown = sorted(known)[:12]
    return f"; there are {', '.join(shown)}{', ...' if len(known) > len(shown) else ''}"


def _keys(item: ErrorDetails) -> list[str]:
    return [str(key) for key in item["loc"] if key != "[key]"]


def _message(item: ErrorDetails) -> str:
    kind = item["type"]
    if kind == "extra_forbidden":
        word = str(item["loc"][-1])
        return f"unknown key{suggest(word[:64], _names_at(item['loc'][:-1]))}"
    message = _PLAIN.get(kind) or item["msg"].removeprefix("Value error, ")
    if kind == "enum":
        message += _near_enum(item)
    return message


def _near_enum(item: ErrorDetails) -> str:
    expected = _QUOTED.findall(str(item.get("ctx", {}).get("expected", "")))
    near = difflib.get_close_matches(str(item["input"])[:64], expected, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _names_at(place: Sequence[int | str]) -> list[str]:
    """The keys that the model at this place of the document takes."""
    kind: Any = PolicyModel
    for key in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = kind.model_fields.items()
            kind = next((f.annotation for name, f in fields if key in (name, f.alias)), None)
        else:  # a key of a mapping, or an index
            kind = _model_within(kind)
    model = _model_within(kind)
    return [] if model is None else [f.alias or name for name, f in model.model_fields.items()]


def _model_within(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((found for part in get_args(kind) if (found := _model_within(part))), None)
