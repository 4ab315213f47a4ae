"""Makes sockets in a host's network namespace from this process.

Owns entering a namespace and coming back. A socket stays in the namespace it was made in, so one
process can hold the ends of all connections of an emulated network, with one clock.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterator

from emulation.errors import NotPrivilegedError

_NEW_NET = 0x40000000  # CLONE_NEWNET, setns(2)
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(pid: int) -> Iterator[None]:
    """While inside, this thread makes its sockets in the network namespace of a process.

    Args:
        pid: A process in it, such as the one of `Network.host(name)`.

    Raises:
        NotPrivilegedError: Entering is not allowed.
    """
    with contextlib.ExitStack() as stack:
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        stack.callback(os.close, own)
        there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        stack.callback(os.close, there)
        _enter(there)
        stack.callback(_enter, own)
        yield


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _NEW_NET):
        reason = os.strerror(ctypes.get_errno())
        raise NotPrivilegedError(f"can't enter a host's namespace ({reason}); use sudo")
