"""Makes SIGTERM end a process as tidily as Ctrl-C, and lets nothing interrupt the tidying.

Signal handlers are a process's own and can be set only in its main thread; in any other thread
these do nothing.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

_EXIT_OF_SIGTERM = 128 + signal.SIGTERM


@contextlib.contextmanager
def sigterm_unwinds() -> Iterator[None]:
    """While inside, SIGTERM raises SystemExit, so that `finally` blocks run."""
    if not _default_in_main_thread(signal.SIGTERM, signal.SIG_DFL):
        yield
        return
    signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """While inside, SIGINT and SIGTERM wait; they arrive afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _default_in_main_thread(number: signal.Signals, default: signal.Handlers) -> bool:
    in_main = threading.current_thread() is threading.main_thread()
    return in_main and signal.getsignal(number) is default


def _exit(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(_EXIT_OF_SIGTERM)
