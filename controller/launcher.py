"""Runs the app on os-ken, which has no manager command of its own.

Owns the choice of hub: eventlet, because on os-ken's native threads a dead switch is never reported
(its send thread is waited for and never ends) and Ryu 4.34 knows no other, so both frameworks run
the same way. Eventlet has to patch the standard library before anything else uses it, so `start`
makes a fresh interpreter of this process, which runs this module first of all.
"""

import logging
import os
import signal
import socket
import sys
import warnings
from types import FrameType
from typing import NoReturn

from controller.errors import ControllerError, ListenError


def start(host: str, port: int, *, verbose: bool = False) -> NoReturn:
    """Becomes the controller: listens on host:port until SIGINT or SIGTERM.

    Settings are taken from HEADWAY_* variables (`controller.settings`).

    Raises:
        ListenError: The address can't be bound.
    """
    _check_free(host, port)
    options = ["-v"] if verbose else []
    os.execv(
        sys.executable, [sys.executable, "-m", "controller.launcher", host, str(port), *options]
    )


def _check_free(host: str, port: int) -> None:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise ListenError(
            f"can't listen on {host}:{port}: {error.strerror}; choose another with --listen, or see "
            "what holds it: ss -ltnp"
        ) from error


def _main(host: str, port: int, *, verbose: bool) -> int:
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname).1s %(message)s")
    log = logging.getLogger("headway")
    signal.signal(signal.SIGTERM, _interrupt)
    from controller import framework  # noqa: PLC0415  (after the hub is chosen)

    framework.hub.patch()
    try:
        services = _services(framework, host, port)
        log.info("listening on %s:%s (%s %s)", host, port, framework.NAME, framework.VERSION)
        framework.hub.joinall(services)
    except ControllerError as error:
        log.error("%s", error)
        return 2
    except KeyboardInterrupt:
        log.info("stopped; switches forward on by themselves")
    return 0


def _services(framework: object, host: str, port: int) -> object:
    """Loads and starts the app and what it depends on."""
    conf = framework.cfg.CONF  # type: ignore[attr-defined]
    conf(args=[], project="headway", default_config_files=[])
    conf.set_override("ofp_listen_host", host)
    conf.set_override("ofp_tcp_listen_port", port)
    conf.set_override("ofp_ssl_listen_port", port)  # else it listens on port 6633 as well
    manager = framework.app_manager.AppManager.get_instance()  # type: ignore[attr-defined]
    manager.load_apps(["controller.app"])
    return manager.instantiate_apps(**manager.create_contexts())


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    os.environ["OSKEN_HUB_TYPE"] = "eventlet"
    # Its own resolver asks name servers even for 127.0.0.1, and waits for them.
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    warnings.filterwarnings("ignore", "\\s*Eventlet is deprecated")
    sys.exit(_main(sys.argv[1], int(sys.argv[2]), verbose="-v" in sys.argv[3:]))
