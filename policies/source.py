"""The YAML text of a policy: plain data, and which line says what.

Owns bytes, YAML and its dangers. Knows no key of a policy.

Read as YAML 1.2 means it: `on` and `no` are words, 08:00 is no number, 010 is no octal. What YAML
allows and a policy never means is refused: aliases (a "billion laughs" is made of them), tags (they
make the parser build things), a key given twice (it silently takes the last).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError
from yaml.resolver import BaseResolver

from policies.errors import Flaw, PolicyFileError

# The parser in C takes 10 MB/s, PyYAML's own about 60 kB/s; either way a second or two at most.
MAX_BYTES = 1 << 20 if yaml.__with_libyaml__ else 1 << 16
MAX_DEPTH = 16  # a policy nests 6 deep
MAX_NODES = 200_000  # keys and values; 1,000 slices have 40,000


@dataclass(frozen=True, slots=True)
class Source:
    """One text: its data, and where each part of it stands.

    Attributes:
        name: File name, or what else to call it in messages.
        data: Dicts, lists, strings, numbers, booleans and None.
        root: The same as YAML nodes, with their lines.
    """

    name: str
    data: Any
    root: yaml.Node | None

    def line(self, keys: Sequence[str]) -> int:
        """The line of the deepest node that `keys` leads to (from 1)."""
        node = self.root
        line = node.start_mark.line + 1 if node else 1
        for key in keys:
            found = next((pair for pair in _children(node) if pair[0] == key), None)
            if found is None:
                break
            _, line, node = found
        return line

    def lines(self, depth: int) -> Iterator[tuple[str, int]]:
        """Every place as dotted text, down to `depth` keys, and its line."""
        yield from _walk(self.root, "", depth)


def _children(node: yaml.Node | None) -> Iterator[tuple[str, int, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield str(index), value.start_mark.line + 1, value


def _walk(node: yaml.Node | None, prefix: str, depth: int) -> Iterator[tuple[str, int]]:
    for key, line, value in _children(node):
        yield f"{prefix}{key}", line
        if depth > 1:
            yield from _walk(value, f"{prefix}{key}.", depth - 1)


def decode(name: str, raw: bytes) -> str:
    """The text of a file.

    Raises:
        PolicyFileError: Too large, or not UTF-8.
    """
    if len(raw) > MAX_BYTES:
        raise PolicyFileError(f"{name}: {len(raw)} bytes; a policy is at most {MAX_BYTES}")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise PolicyFileError(f"{name}: this is UTF-16; save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PolicyFileError(
            f"{name}:{line}: not UTF-8 at byte {error.start}; save it so"
        ) from error


def parse(name: str, text: str) -> Source:
    """Reads one YAML document.

    Raises:
        PolicyFileError: It is none, or holds what a policy never means; says where.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_BYTES:
        raise PolicyFileError(f"{name}: {len(text)} characters; a policy is at most {MAX_BYTES}")
    try:
        loader = _LOADER(text)
        node = loader.get_single_node()
        return Source(name, loader.construct_document(node) if node else None, node)
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        place, problem = _place(error, text), _problem(error, text)
        line = int(place.split(":")[1]) if place else 0
        flaw = Flaw(line, "file", problem)
        raise PolicyFileError(f"{name}{place}: {problem}", (flaw,)) from error


def _place(error: Exception, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f":{mark.line + 1}:{mark.column + 1}"
    if isinstance(error, ReaderError | UnicodeEncodeError):
        bad = next((at for at, char in enumerate(text) if not _printable(char)), 0)
        return f":{text.count(chr(10), 0, bad) + 1}"
    return ""


def _printable(char: str) -> bool:
    return char in "\t\n\r\x85" or ((" " <= char < "\x7f" or char >= "\xa0") and not (
        "\ud800" <= char <= "\udfff" or char in "\ufffe\uffff"
    ))  # fmt: skip


def _problem(error: Exception, text: str) -> str:
    if isinstance(error, _RefusedError):
        return str(error.problem)
    if isinstance(error, ReaderError | UnicodeEncodeError):
        return "not YAML: a control character; remove it"
    problem = str(getattr(error, "problem", None) or "nested too deep or not a value")
    mark = getattr(error, "problem_mark", None)
    at_tab = mark is not None and text[mark.index : mark.index + 1] == "\t"
    return f"not YAML: {problem}{'; indent with spaces, not tabs' if at_tab else ''}"


class _RefusedError(MarkedYAMLError):
    """YAML, but nothing a policy should hold."""


class _Resolver(BaseResolver):
    """Which plain words are no strings: the core schema of YAML 1.2, section 10.3.2."""


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+)"
     r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.0123456789")),
):  # fmt: skip
    _Resolver.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first
    )


class _Refusing(Composer):
    """Composes nodes in Python, whoever parses, so that each can be looked at."""

    _depth = 0
    _nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[attr-defined]
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent):
            raise _refused(
                "aliases (*name) are not allowed; write it out or quote it", event.start_mark
            )
        if getattr(event, "tag", None) is not None:
            raise _refused("tags (!name) are not allowed; leave it out", event.start_mark)
        if self._depth >= MAX_DEPTH:
            raise _refused(f"nested too deep; at most {MAX_DEPTH} levels", event.start_mark)
        if self._nodes > MAX_NODES:
            raise _refused(f"more than {MAX_NODES} keys and values", event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(node, yaml.MappingNode):
            _refuse_doubles(node)
        return node


class PureLoader(_Refusing, _Resolver, yaml.SafeLoader):
    """PyYAML's own parser."""


if yaml.__with_libyaml__:
    _EVENTS: Any = yaml.cyaml.CParser  # type: ignore[attr-defined]

    class FastLoader(_Refusing, _Resolver, _EVENTS, SafeConstructor):  # type: ignore[misc]
        """libyaml's parser, which needs only its events composed and the values made."""

        def __init__(self, text: str) -> None:
            _EVENTS.__init__(self, text)
            Composer.__init__(self)
            SafeConstructor.__init__(self)
            BaseResolver.__init__(self)


_LOADER: Any = FastLoader if yaml.__with_libyaml__ else PureLoader


def _refused(problem: str, mark: Any) -> _RefusedError:
    return _RefusedError(None, None, problem, mark)


def _refuse_doubles(node: yaml.MappingNode) -> None:
    seen: dict[str, yaml.Node] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and seen.setdefault(key.value, key) is not key:
            line = seen[key.value].start_mark.line + 1
            raise _refused(f"{key.value!r} is given twice, first in line {line}; keep one",
                           key.start_mark)  # fmt: skip
