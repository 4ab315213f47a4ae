"""Runs the app on os-ken, which has no manager command of its own.

Owns the choice of hub: eventlet, because on os-ken's native threads a dead switch is never reported
(its send thread is waited for and never ends) and Ryu 4.34 knows no other, so both frameworks run
the same way. Must be imported before anything that is to be monkey-patched.
"""

import logging
import os
import signal
import socket
import warnings
from types import FrameType

from controller.errors import ListenError


def run(host: str, port: int, *, verbose: bool = False) -> None:
    """Listens on host:port and controls what connects, until SIGINT or SIGTERM.

    Raises:
        ListenError: The address can't be bound.
        SettingsError: A HEADWAY_* variable is wrong.
        PolicyError: The policy file is wrong.
    """
    _check_free(host, port)
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(asctime)s %(levelname).1s %(message)s"
    )
    os.environ["OSKEN_HUB_TYPE"] = "eventlet"
    warnings.filterwarnings("ignore", "\\s*Eventlet is deprecated")
    signal.signal(signal.SIGTERM, _interrupt)
    from controller import framework  # noqa: PLC0415  (after the hub is chosen)

    framework.hub.patch()
    conf = framework.cfg.CONF
    conf(args=[], project="headway", default_config_files=[])
    conf.set_override("ofp_listen_host", host)
    conf.set_override("ofp_tcp_listen_port", port)
    conf.set_override("ofp_ssl_listen_port", port)
    manager = framework.app_manager.AppManager.get_instance()
    try:
        manager.load_apps(["controller.app"])
        services = manager.instantiate_apps(**manager.create_contexts())
        logging.getLogger("headway").info("listening on %s:%s (%s)", host, port, framework.NAME)
        framework.hub.joinall(services)
    except KeyboardInterrupt:
        logging.getLogger("headway").info("stopped; switches forward on by themselves")


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


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
