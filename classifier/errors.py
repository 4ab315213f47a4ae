"""What can go wrong in reading traffic. Messages name the place and what to do."""


class ClassifierError(RuntimeError):
    """Base of every error of this package that a user can mend."""


class CaptureError(ClassifierError):
    """A capture can't be read, or not to its end; what was read before holds.

    Attributes:
        file: As the user named it.
        offset: Bytes from its beginning, uncompressed, to what is wrong.
    """

    def __init__(self, file: str, offset: int, what: str) -> None:
        super().__init__(f"{file}: at byte {offset}: {what}")
        self.file = file
        self.offset = offset
        self.what = what


class InterfaceError(ClassifierError):
    """An interface can't be listened to."""


class LabelsError(ClassifierError):
    """The table of labels is wrong; the message names its line."""


class JobsFullError(ClassifierError):
    """There is no room for another job."""


class FrameError(ValueError):
    """A frame contradicts itself; a host sent it, and nobody can mend it."""
