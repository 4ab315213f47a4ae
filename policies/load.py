"""Reads a policy file into a `Policy`, or says what is wrong, where, and how to mend it.

Owns files, YAML and the checks across fields. Never touches a network.
"""

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from yaml.error import MarkedYAMLError

from policies.classes import TrafficClass
from policies.errors import PolicyConflictError, PolicyFileError, PolicySchemaError
from policies.model import ClassPolicy, Policy, QueueSpec, ServicePorts
from policies.schema import ClassModel, PolicyModel, QueueModel, ServiceModel

DEFAULT_POLICY = Path(__file__).with_name("default.yaml")
MAX_BYTES = 1 << 16  # a second or so of the parser; the default has 4 KiB
_MAX_MISTAKES = 20  # shown of one file
_KEYS = {
    name
    for model in (PolicyModel, QueueModel, ClassModel, ServiceModel)
    for name, field in model.model_fields.items()
} | {"class", *(c.value for c in TrafficClass)}


def load_policy(path: Path | None = None) -> Policy:
    """Reads and checks a policy.

    Args:
        path: The YAML file; None is the default policy that comes with Headway.

    Raises:
        PolicyFileError: It can't be read as YAML.
        PolicySchemaError: A key or value is wrong; names file, line and key.
        PolicyConflictError: Values contradict each other.
    """
    path = path or DEFAULT_POLICY
    text = _read(path)
    node, data = _parse(path, text)
    try:
        model = PolicyModel.model_validate(data)
    except ValidationError as error:
        raise PolicySchemaError(_explain(path, node, error)) from error
    _check_conflicts(path, model)
    return _freeze(model)


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PolicyFileError(f"{path}: can't be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise PolicyFileError(f"{path}: {len(raw)} bytes; a policy is at most {MAX_BYTES}")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyFileError(f"{path}: not UTF-8 at byte {error.start}; save it so") from error


class _RefusedError(MarkedYAMLError):
    """YAML, but nothing a policy should hold."""


class _Loader(yaml.SafeLoader):
    """Refuses what YAML allows and a policy never means: aliases, tags, a key given twice.

    Aliases are what a "billion laughs" is made of, tags make the parser raise in many ways, and of
    two equal keys it silently takes the last.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _refused("aliases (*name) are not allowed; write it out", event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _refused("tags (!name) are not allowed; leave it out", event.start_mark)
        node = super().compose_node(parent, index)
        if isinstance(node, yaml.MappingNode):
            _refuse_doubles(node)
        return node


def _refused(problem: str, mark: Any) -> _RefusedError:
    return _RefusedError(None, None, problem, mark)


def _refuse_doubles(node: yaml.MappingNode) -> None:
    seen: dict[str, yaml.Node] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and seen.setdefault(key.value, key) is not key:
            line = seen[key.value].start_mark.line + 1
            raise _refused(f"{key.value!r} is given twice, first in line {line}; keep one",
                           key.start_mark)  # fmt: skip


def _parse(path: Path, text: str) -> tuple[yaml.Node | None, Any]:
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node else None
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "nested too deep or not a value"
        kind = "" if isinstance(error, _RefusedError) else "not YAML: "
        raise PolicyFileError(f"{path}{place}: {kind}{problem}") from error


def _explain(path: Path, root: yaml.Node | None, error: ValidationError) -> str:
    """One line a mistake: file:line: key: what is wrong (and a suggestion)."""
    lines = []
    mistakes = error.errors(include_url=False)
    for item in mistakes[:_MAX_MISTAKES]:
        keys = [str(key) for key in item["loc"] if key != "[key]"]
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = "unknown key" + _suggest(keys[-1])
        elif item["type"] == "enum":
            message += _suggest(str(item["input"]))
        lines.append(f"{path}:{_line(root, keys)}: {'.'.join(keys) or 'file'}: {message}")
    if len(mistakes) > _MAX_MISTAKES:
        lines.append(f"{path}: and {len(mistakes) - _MAX_MISTAKES} more")
    return "\n".join(lines)


def _suggest(word: str) -> str:
    near = difflib.get_close_matches(word, _KEYS, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _line(node: yaml.Node | None, keys: list[str]) -> int:
    """The line of the deepest node that `keys` leads to (1-based)."""
    line = node.start_mark.line + 1 if node else 1
    for key in keys:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if str(k.value) == key), None)
        elif isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
            found = (node.value[int(key)], node.value[int(key)])
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def _check_conflicts(path: Path, model: PolicyModel) -> None:
    missing = [c.value for c in TrafficClass if c not in model.classes]
    if missing:
        raise PolicyConflictError(f"{path}: classes: missing {', '.join(missing)}; give all nine")
    ids = [queue.id for queue in model.queues.values()]
    if len(set(ids)) != len(ids) or 0 not in ids:
        raise PolicyConflictError(f"{path}: queues: ids must differ and one must be 0 (default)")
    total = sum(queue.share for queue in model.queues.values())
    if total > 1 + 1e-9:
        raise PolicyConflictError(f"{path}: queues: shares add up to {total:g}, above 1")
    queue_of_dscp: dict[int, str] = {0: _default_queue(model)}
    for name, entry in model.classes.items():
        if entry.queue not in model.queues:
            raise PolicyConflictError(
                f"{path}: classes.{name.value}.queue: no queue {entry.queue!r}; "
                f"there are {', '.join(model.queues)}"
            )
        if queue_of_dscp.setdefault(entry.dscp, entry.queue) != entry.queue:
            raise PolicyConflictError(
                f"{path}: classes.{name.value}: DSCP {entry.dscp} already means queue "
                f"{queue_of_dscp[entry.dscp]!r}; a mark can name one queue only"
            )


def _default_queue(model: PolicyModel) -> str:
    return next(name for name, queue in model.queues.items() if queue.id == 0)


def _freeze(model: PolicyModel) -> Policy:
    classes = tuple(
        ClassPolicy(name, entry.dscp, model.queues[entry.queue].id, entry.paths)
        for name, entry in sorted(model.classes.items(), key=lambda item: item[0].value)
    )
    queues = sorted(model.queues.items(), key=lambda item: item[1].id)
    return Policy(
        name=model.name,
        queues=tuple(_queue(name, queue, classes) for name, queue in queues),
        classes=classes,
        services=tuple(
            ServicePorts(entry.name, entry.traffic_class, entry.transport, first, last)
            for entry in model.services
            for first, last in entry.ports
        ),
        trusted_ports=model.trusted_ports,
    )


def _queue(name: str, queue: QueueModel, classes: tuple[ClassPolicy, ...]) -> QueueSpec:
    marks = sorted({c.dscp for c in classes if c.queue_id == queue.id}) if queue.id else []
    return QueueSpec(
        queue_id=queue.id, name=name, priority=queue.priority, share=queue.share,
        ceiling=queue.ceiling, dscps=tuple(marks), limit_packets=queue.limit_packets,
    )  # fmt: skip
