"""What can go wrong in starting the controller. Messages say what to do."""


class ControllerError(RuntimeError):
    """Base of every error of this package that a user can mend."""


class SettingsError(ControllerError):
    """A setting has a bad value."""


class ListenError(ControllerError):
    """The address can't be listened on."""


class FrameworkError(ControllerError):
    """No OpenFlow framework, or one we can't work with."""
