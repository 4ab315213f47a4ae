"""What the figures were measured on, as words for RESULTS.md. Changes nothing."""

import os
import platform
from collections.abc import Iterator

from emulation import ovs


def describe(*, network: bool) -> Iterator[str]:
    """One phrase each: cores, kernel, Python and, for a live benchmark, Open vSwitch."""
    yield f"{len(os.sched_getaffinity(0))} cores"
    yield f"Linux {platform.release()} {platform.machine()}"
    yield f"Python {platform.python_version()}"
    yield f"load {os.getloadavg()[0]:.1f} at the start"
    if network:
        yield f"Open vSwitch {ovs.version() or 'absent'}, {ovs.detect_datapath().value} datapath"
