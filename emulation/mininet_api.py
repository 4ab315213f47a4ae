"""The only import of Mininet: every other module takes Mininet's classes from here.

Mininet 2.3 imports `distutils`, which warns on Python 3.11 and is gone from 3.12 (there,
setuptools stands in for it), so the import is guarded once, here.
"""

import warnings

from emulation.errors import MissingToolError

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from mininet.cli import CLI
        from mininet.link import Link, TCIntf, TCLink
        from mininet.net import VERSION, Mininet
        from mininet.node import Host, Node, OVSSwitch, Switch
        from mininet.topo import Topo
except ImportError as error:
    raise MissingToolError(
        f"Mininet's Python package can't be imported ({error}); run 'scripts/install.sh emulation'"
    ) from error

__all__ = [
    "CLI", "VERSION", "Host", "Link", "Mininet", "Node", "OVSSwitch", "Switch", "TCIntf",
    "TCLink", "Topo",
]  # fmt: skip
