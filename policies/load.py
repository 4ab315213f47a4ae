"""Reads a policy file into a `Policy`, or says what is wrong, where, and how to mend it.

Owns the way from text to `Policy`. Never touches a network.
"""

from functools import cache
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from policies.catalogue import policy_file
from policies.conflicts import find_conflicts
from policies.errors import PolicyConflictError, PolicyFileError, PolicySchemaError
from policies.freeze import freeze
from policies.mistakes import MOST_SHOWN, flaws_of, located, told
from policies.model import Policy
from policies.schema import PolicyModel
from policies.source import MAX_BYTES, Source, decode, parse

__all__ = ["DEFAULT_POLICY", "MAX_BYTES", "load_policy", "parse_policy"]

DEFAULT_POLICY = Path(__file__).with_name("default.yaml")


def load_policy(path: Path | None = None) -> Policy:
    """Reads and checks a policy file.

    Args:
        path: The YAML file, or a ready policy's name (`policies.catalogue`); None is the default
            policy that comes with Headway.

    Raises:
        PolicyFileError: It can't be read as YAML.
        PolicySchemaError: A key or value is wrong; names file, line and key.
        PolicyConflictError: Values contradict each other.
    """
    path = policy_file(path) if path else DEFAULT_POLICY
    return parse_policy(decode(str(path), _read(path)), str(path))


def parse_policy(text: str, name: str) -> Policy:
    """Reads and checks the text of a policy.

    Args:
        text: YAML.
        name: What to call it in messages, such as a file name.

    Raises:
        PolicyFileError: It is no YAML, or too much.
        PolicySchemaError: A key or value is wrong; names place and line.
        PolicyConflictError: Values contradict each other.
    """
    source = parse(name, text)
    model = _complete(_validated(source))
    conflicts = list(islice(find_conflicts(model), MOST_SHOWN + 1))
    if conflicts:
        flaws = located(source, conflicts)
        raise PolicyConflictError(told(source, flaws), flaws)
    return freeze(model, source)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # /dev/zero has no end
    except OSError as error:
        raise PolicyFileError(f"{path}: can't be read: {error.strerror}") from error
    except ValueError as error:  # a NUL in the name
        raise PolicyFileError(f"{str(path)!r}: can't be read: {error}") from error


def _validated(source: Source) -> PolicyModel:
    try:
        return PolicyModel.model_validate(source.data)
    except ValidationError as error:
        flaws = flaws_of(source, error)
        raise PolicySchemaError(told(source, flaws), flaws) from error


def _complete(model: PolicyModel) -> PolicyModel:
    """With the default's queues, classes and services where it gives none."""
    if None not in (model.queues, model.classes, model.services):
        return model
    default = _default()
    return model.model_copy(
        update={
            name: getattr(default, name)
            for name in ("queues", "classes", "services")
            if getattr(model, name) is None
        }
    )


@cache
def _default() -> PolicyModel:
    path = str(DEFAULT_POLICY)
    return _validated(parse(path, decode(path, _read(DEFAULT_POLICY))))
