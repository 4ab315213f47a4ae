"""What can go wrong in starting the controller. Messages say what to do."""


class ControllerError(RuntimeError):
    """Base of every error of this package that a user can mend."""


class SettingsError(ControllerError):
    """A setting has a bad value."""


class ListenError(ControllerError):
    """The address can't be listened on."""


class FrameworkError(ControllerError):
    """No OpenFlow framework, or one we can't work with."""


class ApplyError(ControllerError):
    """A policy could not be put in force; everything is as it was."""


class BusyError(ApplyError):
    """Another change is under way."""


class StoreError(ControllerError):
    """The record of applied policies can't be used."""


class UnknownVersionError(StoreError):
    """The record of applied policies doesn't have what was asked for."""


class JobError(ControllerError):
    """A job can't be registered as it was told; nothing was changed."""


class UnknownJobError(ControllerError):
    """There is no such job, or no more."""
