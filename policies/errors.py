"""What can be wrong with a policy file. Every message names the file, the place and the remedy."""


class PolicyError(ValueError):
    """Base of every policy mistake."""


class PolicyFileError(PolicyError):
    """The file is missing, unreadable, too large, not UTF-8 or not YAML."""


class PolicySchemaError(PolicyError):
    """A key is unknown or missing, or a value has the wrong type or is out of range."""


class PolicyConflictError(PolicyError):
    """Each value is fine by itself, but together they can't hold."""
