"""What can be wrong with a topology: one class per mistake. Every message names the remedy.

This module owns the error classes and the "did you mean"; it must not import its siblings.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class TopologyError(ValueError):
    """Base of every topology mistake; catch this one to report any of them."""


class SpecSyntaxError(TopologyError):
    """A spec is not of the form `name,key=value,...`."""


class UnknownFamilyError(TopologyError):
    """No topology family has this name."""


class UnknownParameterError(TopologyError):
    """The family has no parameter of this name."""


class MissingParameterError(TopologyError):
    """A parameter without a default was left out."""


class ParameterValueError(TopologyError):
    """A parameter's value can't be read as what it should be."""


class SizeError(TopologyError):
    """A parameter's value is out of its bounds."""


class NodeNameError(TopologyError):
    """A name that Mininet's prompt or the kernel can't use."""


class InterfaceNameError(TopologyError):
    """A node's name leaves no room for `-ethN` in Linux's 15 characters."""


class DuplicateNameError(TopologyError):
    """Two nodes share one name."""


class DatapathIdError(TopologyError):
    """A datapath id outside 1..2^64-1."""


class DuplicateDatapathIdError(TopologyError):
    """Two switches share one datapath id."""


class AddressError(TopologyError):
    """A host's MAC or IP address that no host can have."""


class DuplicateAddressError(TopologyError):
    """Two hosts share one MAC or IP address."""


class RateError(TopologyError):
    """A link rate that is not a positive number of bit/s."""


class DelayError(TopologyError):
    """A link delay that is negative or not finite."""


class SelfLoopError(TopologyError):
    """A link from a switch to itself."""


class ParallelLinkError(TopologyError):
    """Two links between the same two switches."""


class UnknownSwitchError(TopologyError):
    """A link or a host names a switch that isn't there."""


class NoSwitchError(TopologyError):
    """A topology without switches."""


class DisconnectedError(TopologyError):
    """Some switches can't reach the others."""


class FileFormatError(TopologyError):
    """A topology file is missing, unreadable, or not of a form we know."""


class UnknownNetworkError(TopologyError):
    """`topohub` has no network of this name."""


class MissingPackageError(TopologyError):
    """An optional package is not installed."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'spines'?"`, or `""` where no known word is close."""
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
