"""What can go wrong in the command itself. Messages say what to do."""


class CommandError(RuntimeError):
    """Base of every mistake of this package that a user can mend."""


class ClientError(CommandError):
    """The controller's API is not there, or refused; its own words are in the message."""
