"""What the demo ran on, for whoever compares figures.

Owns the gathering of versions. It must not fail: what cannot be told is "unknown".
"""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

from demo.plan import Environment

_PACKAGES = ("headway", "torch", "numpy", "os-ken", "prometheus-client")


def describe(network: Environment) -> dict[str, str]:
    """Names and values: datapath, congestion control, kernel, processors and versions."""
    return {
        "datapath": network.datapath,
        "congestion_control": network.congestion_control,
        "open_vswitch": _open_vswitch(),
        "kernel": platform.release(),
        "processors": str(os.cpu_count() or "unknown"),
        "python": platform.python_version(),
        **{package: _version(package) for package in _PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _open_vswitch() -> str:
    """The last word of the first line of `ovs-vsctl --version`."""
    try:
        said = subprocess.run(
            ["ovs-vsctl", "--version"], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return said.stdout.splitlines()[0].rpartition(" ")[2]
