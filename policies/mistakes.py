"""Words for what is wrong with a policy file: one line a mistake, with its place and a suggestion.

Owns how mistakes are told. `file:line: path: message` is what editors and terminals can jump to.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from policies.errors import Flaw
from policies.schema import PolicyModel
from policies.source import Source

MOST_SHOWN = 20  # mistakes of one file
_MOST_OF_PLACE, _MOST_OF_MESSAGE = 200, 1500  # characters; a file may hold a key of a megabyte
Mistake = tuple[Sequence[str], str]
_QUOTED = re.compile(r"'([^']+)'")
# What the kinds of mistake are in plain words; "{ge}" and the like are filled in.
_PLAIN = {
    "missing": "is missing",
    "tuple_type": "give a list, such as [a, b]",
    "dict_type": "give a mapping of key: value",
    "model_type": "give a mapping of key: value",
    "model_attributes_type": "give a mapping of key: value",
    "string_type": "give a word or text; quote a number that is meant as text",
    "int_type": "give a whole number",
    "float_type": "give a number",
    "finite_number": "give a number; infinity and NaN are none",
    "greater_than": "give more than {gt}",
    "greater_than_equal": "give {ge} or more",
    "less_than": "give less than {lt}",
    "less_than_equal": "give {le} or less",
    "string_too_short": "is empty; give some text",
    "string_too_long": "is too long; at most {max_length} characters",
    "too_short": "give at least one",
    "too_long": "there are too many; at most {max_length}",
    "enum": "give {expected}",
    "literal_error": "give {expected}",
}


def flaws_of(source: Source, error: ValidationError) -> tuple[Flaw, ...]:
    """All mistakes of shape and range, without those that only follow from others.

    A list of which no entry is any good is told as too short as well.
    """
    mistakes = error.errors(include_url=False)
    blamed = {item["loc"][:size] for item in mistakes for size in range(len(item["loc"]))}
    own = [i for i in mistakes if i["type"] != "too_short" or i["loc"] not in blamed]
    return located(source, ((_keys(item), _message(item)) for item in own), len(own))


def located(
    source: Source, mistakes: Iterable[Mistake], count: int | None = None
) -> tuple[Flaw, ...]:
    """Each with its line; past the first few only how many more, where `count` tells."""
    flaws = []
    for index, (keys, message) in enumerate(mistakes):
        if index == MOST_SHOWN:
            more = f"{count - index} more" if count is not None else "more"
            flaws.append(Flaw(0, "file", f"and {more}"))
            break
        place = _visible(".".join(keys)[:_MOST_OF_PLACE]) or "file"
        flaws.append(Flaw(source.line(keys), place, message[:_MOST_OF_MESSAGE]))
    return tuple(flaws)


def told(source: Source, flaws: Iterable[Flaw]) -> str:
    """`file:line: place: message`, one line a mistake."""
    return "\n".join(
        f"{source.name}:{flaw.line}: {flaw.place}: {flaw.message}"
        if flaw.line
        else f"{source.name}: {flaw.message}"
        for flaw in flaws
    )


def _visible(text: str) -> str:
    """What a terminal would obey, or not show, as an escape: a key may hold anything."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


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
    if kind in _PLAIN:
        bounds = item.get("ctx", {}).items()
        plain = {name: f"{v:g}" if isinstance(v, float) else v for name, v in bounds}
        message = _PLAIN[kind].format_map(plain)
    else:
        message = item["msg"].removeprefix("Value error, ")
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
