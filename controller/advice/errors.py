"""What can be wrong with a network, its paths, or a policy that decides over them."""

from controller.errors import ControllerError


class AdviceError(ControllerError):
    """Base of every error of `controller.advice`; its message says what to do."""


class NetworkError(AdviceError):
    """Arrays that are no network: wrong shape, an unknown node, a capacity of 0."""


class PathError(AdviceError):
    """Candidate paths that don't fit their network, or pairs without any."""
