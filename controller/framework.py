"""The one place that names an OpenFlow framework: Ryu when it is running us, else os-ken.

Owns the names the shell uses and the guards put in front of the framework's own parsing. Both
frameworks share one API, so the rest of the shell doesn't know which it runs on.
"""

import socket
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from controller.errors import FrameworkError


def _choose() -> str:
    if "ryu.base.app_manager" in sys.modules:
        return "ryu"
    for name in ("os_ken", "ryu"):
        try:
            # The order matters: os-ken's controller module needs its app manager to be there.
            import_module(f"{name}.base.app_manager")
        except ImportError:
            continue
        return name
    raise FrameworkError("no OpenFlow framework: run 'make' for os-ken, or 'make ryu' for Ryu 4.34")


NAME = _choose()


def _module(path: str) -> ModuleType:
    return import_module(f"{NAME}.{path}")


app_manager: Any = _module("base.app_manager")
cfg: Any = _module("cfg")
controller: Any = _module("controller.controller")
event: Any = _module("controller.event")
handler: Any = _module("controller.handler")
hub: Any = _module("lib.hub")
nx_actions: Any = _module("ofproto.nx_actions")
ofp: Any = _module("ofproto.ofproto_v1_3")
ofp_event: Any = _module("controller.ofp_event")
ofp_handler: Any = _module("controller.ofp_handler")
ofp_parser: Any = _module("ofproto.ofproto_v1_3_parser")
ofproto_parser: Any = _module("ofproto.ofproto_parser")

App: Any = getattr(app_manager, "OSKenApp", None) or app_manager.RyuApp
VERSION: str = getattr(import_module(NAME), "version", None) or "unknown"


def green_socket(plain: socket.socket) -> Any:
    """The same socket, taken over: waiting for it lets the hub's other threads run."""
    if getattr(hub, "HUB_TYPE", "eventlet") != "eventlet":
        return plain  # threads of the system
    green = import_module("eventlet.green.socket")
    return green.socket(plain.family, plain.type, fileno=plain.detach())


def off_thread(function: Any, *arguments: Any) -> Any:
    """Calls what computes for long in a thread of the system, so that green threads go on."""
    if getattr(hub, "HUB_TYPE", "eventlet") != "eventlet":
        return function(*arguments)
    return import_module("eventlet.tpool").execute(function, *arguments)
