"""What can be wrong with a policy file. Every message names the file, the place and the remedy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong.

    Attributes:
        line: In the file, from 1; 0 where it is not known.
        place: Dotted keys, such as "slices.tenant-a.guarantee"; "file" is the whole.
        message: What, and the remedy.
    """

    line: int
    place: str
    message: str


class PolicyError(ValueError):
    """Base of every policy mistake.

    Attributes:
        flaws: What the message says, one by one, for programs.
    """

    def __init__(self, message: str, flaws: tuple[Flaw, ...] = ()) -> None:
        super().__init__(message)
        self.flaws = flaws or (Flaw(0, "file", message),)


class PolicyFileError(PolicyError):
    """The file is missing, unreadable, too large, not UTF-8 or not YAML."""


class PolicySchemaError(PolicyError):
    """A key is unknown or missing, or a value has the wrong type or is out of range."""


class PolicyConflictError(PolicyError):
    """Each value is fine by itself, but together they can't hold."""
