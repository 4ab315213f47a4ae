"""What can go wrong while emulating. Every message says what to do about it."""


class EmulationError(RuntimeError):
    """Base of every emulation failure."""


class CommandFailedError(EmulationError):
    """An external command failed; the message holds the command and what it printed."""


class NotPrivilegedError(EmulationError):
    """Making namespaces, queues and bridges needs root."""


class MissingToolError(EmulationError):
    """A program or Python package that emulation needs is not installed."""


class OpenVSwitchError(EmulationError):
    """Open vSwitch is not running and could not be started, or refused a change."""


class NameTakenError(EmulationError):
    """A bridge or interface of that name exists and is not ours to replace."""


class QueueConflictError(EmulationError):
    """Something else claims the root qdisc of a port whose link rate the queue tree owns."""


class SilentQueueError(EmulationError):
    """A queue exists on paper, but packets of its class do not reach it."""


class NotConnectedError(EmulationError):
    """Switches did not reach the controller in time."""


class UnknownNodeError(EmulationError):
    """No host, switch or link of that name in this network."""


class ControllerProcessError(EmulationError):
    """The controller beside the network did not start, or has ended."""


class FilterTooLongError(EmulationError):
    """Telling the frames of a port apart takes more instructions than the kernel allows."""


class QueueRefusedError(EmulationError):
    """A port did not take its queues; everything is as it was before."""


class KeeperError(EmulationError):
    """The keeper of the queues can't be asked, or its socket can't be made."""


class ApiRefusedError(EmulationError):
    """The controller refused what its API was asked for."""
