"""The ready policies that come with Headway, by name.

Each is `ready/NAME.yaml` with a network of its own, `ready/NAME.json`, and a picture of both,
`ready/NAME.svg`. Owns finding them; never reads one.
"""

from pathlib import Path

from policies.errors import PolicyFileError
from policies.mistakes import suggest

_FOLDER = Path(__file__).with_name("ready")


def ready_names() -> tuple[str, ...]:
    """Names of the ready policies, in alphabetical order."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.yaml")))


def policy_file(word: Path) -> Path:
    """The file that `--policy WORD` means: one of that name, else a ready policy.

    Raises:
        PolicyFileError: There is neither; says what there is.
    """
    if word.exists() or word.name != str(word) or word.suffix in (".yaml", ".yml", ".json"):
        return word  # whoever opens it says what is wrong with it
    if word.name in ready_names():
        return _FOLDER / f"{word.name}.yaml"
    raise PolicyFileError(
        f"{word}: no such file, and no ready policy{suggest(word.name, ready_names())}"
    )


def topology_file(policy: Path) -> Path | None:
    """The network that comes with a ready policy; None for any other file."""
    file = policy.with_suffix(".json")
    is_ready = policy.resolve().parent == _FOLDER.resolve() and policy.stem in ready_names()
    return file if is_ready else None


def picture_file(name: str) -> Path:
    """The picture of a ready policy."""
    return _FOLDER / f"{name}.svg"
