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
from typing import Any, NoReturn

from controller.errors import ListenError

_LOOK_S = 0.1  # between looks for a signal


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
            f"can't listen on {host}:{port}: {error.strerror}; choose another with --listen, or "
            "see what holds it: ss -ltnp"
        ) from error


def _main(host: str, port: int, *, verbose: bool) -> int:
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname).1s %(message)s")
    log = logging.getLogger("headway")
    from controller import framework  # noqa: PLC0415  (after the hub is chosen)

    framework.hub.patch()
    # An exception from a signal handler would end whichever green thread happens to run.
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: signals.append(number))
    ended: list[Any] = []
    for service in _services(framework, host, port):
        framework.hub.spawn(_wait_for_end, service, ended)
    log.info("listening on %s:%s (%s)", host, port, framework.NAME)
    while not signals and not ended:
        framework.hub.sleep(_LOOK_S)
    if signals:
        log.info("stopped; switches forward on by themselves")
        return 0
    log.error("can't go on: a part of the controller ended; the lines above say why")
    return 1


def _wait_for_end(service: Any, ended: list[Any]) -> None:
    service.wait()
    ended.append(service)


def _services(framework: Any, host: str, port: int) -> list[Any]:
    """Loads and starts the app and what it depends on."""
    conf = framework.cfg.CONF
    conf(args=[], project="headway", default_config_files=[])
    conf.set_override("ofp_listen_host", host)
    conf.set_override("ofp_tcp_listen_port", port)
    conf.set_override("ofp_ssl_listen_port", port)  # else it listens on port 6633 as well
    manager = framework.app_manager.AppManager.get_instance()
    manager.load_apps(["controller.app"])
    services: list[Any] = manager.instantiate_apps(**manager.create_contexts())
    return services


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)
    os.environ["OSKEN_HUB_TYPE"] = "eventlet"
    # Its own resolver asks name servers even for 127.0.0.1, and waits for them.
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    warnings.filterwarnings("ignore", "\\s*Eventlet is deprecated")
    sys.exit(_main(sys.argv[1], int(sys.argv[2]), verbose="-v" in sys.argv[3:]))
