"""Our topologies and our switch for Mininet's own command line. Not to be imported.

    mn --custom topologies/mn.py --topo leafspine,spines=2,leaves=3,hosts=2 \\
       --switch headway --controller remote

Mininet executes this file under the Python it is installed for and takes `topos` and `switches`
from it, and every other name too, over names of its own: hence the underscores.
"""

import importlib as _importlib
import sys as _sys
from collections.abc import Callable as _Callable
from functools import partial as _partial
from pathlib import Path as _Path
from typing import Any as _Any

# Mininet sets no __file__; the code object knows where it was read from.
_ROOT = _Path(_sys._getframe().f_code.co_filename).resolve().parent.parent
_sys.path.insert(0, str(_ROOT))

_registry = _importlib.import_module("topologies.registry")


def _topo(_name: str, *args: object, **params: object) -> _Any:
    """Build a family's topology for Mininet; a bare argument gets the registry's explanation."""
    topology = _registry.build(",".join([_name, *map(str, args)]), **params)
    return _importlib.import_module("emulation.network").as_mininet_topo(topology)


# By name, not by an import statement: emulation stands above this package, and needs Mininet.
_HeadwaySwitch = _importlib.import_module("emulation.switch").HeadwaySwitch

topos: dict[str, _Callable[..., _Any]] = {
    family.name: _partial(_topo, family.name) for family in _registry.families()
}
switches: dict[str, _Any] = {"headway": _HeadwaySwitch}
