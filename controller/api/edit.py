"""A policy's text with one section changed, and every other byte as it was. Pure."""

import re
from collections.abc import Callable
from typing import Any

import yaml

from policies.errors import PolicyError
from policies.load import DEFAULT_POLICY
from policies.source import decode, parse

_NAME = "the running policy"
_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9 _/.-]*", re.ASCII)


def changed(text: str, name: str, change: Callable[[Any], Any]) -> str:
    """The text with a section that `change` makes of the one there."""
    return with_section(text, name, change(section(text, name)))


def section(text: str, name: str) -> Any:
    """A section of the policy as plain data; the default policy's where it has none."""
    data = parse(_NAME, text).data
    if data.get(name) is not None:
        return data[name]
    return parse(_NAME, decode(_NAME, DEFAULT_POLICY.read_bytes())).data[name]


def with_section(text: str, name: str, value: Any) -> str:
    """The text with this section; comments inside the old one are lost, no others."""
    text = text.removeprefix("\ufeff")
    source = parse(_NAME, text)
    wanted = {**source.data, name: value}
    new = _spliced(text, source.root, name, _dump({name: value}))
    return new if new is not None and _means(new, wanted) else _dump(wanted)


def _means(text: str, wanted: Any) -> bool:
    try:
        return bool(parse(_NAME, text).data == wanted)
    except PolicyError:
        return False


class _Dumper(yaml.SafeDumper):
    """Quotes whatever might be read as more than a word: its YAML is 1.1, ours 1.2."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = None if _WORDS.fullmatch(value) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _dump(data: Any) -> str:
    dumped: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None,
        width=100,
    )  # fmt: skip
    return dumped


def _spliced(text: str, root: yaml.Node | None, name: str, dumped: str) -> str | None:
    """None where the text is in a form that can't be cut."""
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return None
    for key, value in root.value:
        if key.value == name:
            start, end = key.start_mark.index, _end(value)
            return text[:start] + dumped.rstrip("\n") + text[end:]
    return text + ("" if text.endswith("\n") else "\n") + dumped


def _end(node: yaml.Node) -> int:
    """Where a node's own text ends; a block's mark is past the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)
