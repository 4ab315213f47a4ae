"""What can be wrong with a network, its paths, or a policy that decides over them."""

from controller.errors import ControllerError


class AdviceError(ControllerError):
    """Base of every error of `controller.advice`; its message says what to do."""


class NetworkError(AdviceError):
    """Arrays that are no network: wrong shape, an unknown node, a capacity of 0."""


class PathError(AdviceError):
    """Candidate paths that don't fit their network, or pairs without any."""


class MessageError(AdviceError):
    """What came from the other side of the advisor's socket is no message of ours."""


class UnknownAgentError(AdviceError):
    """No agent of that name, or a file that holds none."""


class RegistryError(AdviceError):
    """The registry of policies can't be read, or doesn't have what was asked for."""


class SnapshotError(AdviceError):
    """No snapshot of a running loop, or not of that pair."""


class PolicyFileError(AdviceError):
    """A policy file that is none, truncated, tampered with, or of another version."""


class GivenError(AdviceError):
    """The file of given splits is not in its form."""
