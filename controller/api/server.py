"""The API's socket: where it listens, TLS, and what a client may cost.

Runs on eventlet's WSGI server, which is what the hub's own is on both frameworks; called directly,
because the hub's wrapper passes on no limit. One connection carries one request, so nothing is read
after an answer, and each must have told its request in `HEADERS_S`, its body in `BODY_S`.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from controller import framework
from controller.advice.registry import default_folder
from controller.api import site as site_module
from controller.api.access import Tokens, make_own, own_tokens
from controller.api.interface import FlowsShown, PolicyManager, Site, no_flows
from controller.errors import SettingsError
from controller.notes import LOG, NoteLog
from controller.settings import Settings
from controller.state import State

HEADERS_S, BODY_S, SILENT_S = 10.0, 20.0, 20.0
MAX_CONNECTIONS = 64
_BACKLOG = 64
_AGAIN_S = 0.2  # after the server's loop ended, as it does when accepting fails


def serve(
    settings: Settings,
    state: State,
    manager: PolicyManager,
    notes: NoteLog,
    flows: FlowsShown = no_flows,
) -> None:
    """Starts the API at `settings.api`; empty is none.

    Raises:
        SettingsError: The address, a token file, certificate or key can't be used.
    """
    if not settings.api:
        return
    host, port = _address(settings.api)
    context = _tls(settings)
    _refuse_open(settings, host)
    tokens = Tokens(_token_file(settings, port))
    pause, aside = partial(framework.hub.sleep, 0), framework.off_thread
    site = Site(state, manager, notes, tokens, pause, aside, _deadline, flows)
    app = site_module.build(site, time.monotonic)
    listener = framework.green_socket(_listen(settings.api, host, port))
    scheme = "https" if context else "http"
    LOG.info("API at %s://%s", scheme, settings.api)
    framework.hub.spawn(_serve_forever, listener, app, context)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsError(f"API {text!r}: give HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]") or "127.0.0.1", int(port)


def _refuse_open(settings: Settings, host: str) -> None:
    """Tokens must not cross a network in the clear."""
    if not settings.api_cert and not settings.api_insecure and not _is_loopback(host):
        raise SettingsError(
            f"API {settings.api!r}: other machines can reach it, and tokens would be readable on "
            "the way; give --api-cert and --api-key (HEADWAY_API_CERT, HEADWAY_API_KEY), or use "
            "127.0.0.1, or set HEADWAY_API_INSECURE=1"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token_file(settings: Settings, port: int) -> Path:
    if settings.api_tokens:
        return Path(settings.api_tokens)
    folder = Path(settings.state) if settings.state else default_folder()
    path = own_tokens(folder, port)
    make_own(path)
    return path


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.api_cert:
        if settings.api_key:
            raise SettingsError("an API key without a certificate: give both")
        return None
    # The hub has put its own in the library's place, whose handshake lets green threads run.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.api_cert, settings.api_key or None, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise SettingsError(
            f"certificate {settings.api_cert!r} with key {settings.api_key!r}: {error}; give a PEM "
            "chain and the PEM key that fits it, without a password"
        ) from error
    return context


def _no_password() -> str:
    raise ValueError("the key asks for a password")


def _listen(text: str, host: str, port: int) -> socket.socket:
    """A socket of our own: the hub's would share its port with whoever asks."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SettingsError(f"API {text!r}: {error.strerror}; choose another HOST:PORT") from error


def _deadline() -> AbstractContextManager[Any]:
    limit: AbstractContextManager[Any] = import_module("eventlet").Timeout(BODY_S, TimeoutError())
    return limit


# --- eventlet -------------------------------------------------------------------------------------


def _serve_forever(listener: Any, app: Any, context: ssl.SSLContext | None) -> None:
    wsgi = import_module("eventlet.wsgi")
    while True:
        try:
            wsgi.server(
                listener.dup(), app, protocol=_protocol(wsgi, context), max_size=MAX_CONNECTIONS,
                keepalive=False, socket_timeout=SILENT_S, log_output=False, debug=False,
                environ={"wsgi.url_scheme": "https"} if context else None,
            )  # fmt: skip
        except OSError as error:
            LOG.warning("API: %s", error)
        framework.hub.sleep(_AGAIN_S)


def _protocol(wsgi: Any, context: ssl.SSLContext | None) -> Callable[[Any, Any], Any]:
    """How one connection is spoken with."""
    eventlet = import_module("eventlet")

    class Protocol(wsgi.HttpProtocol):  # type: ignore[misc]
        """Bounded in time until the headers are there; TLS is begun here, and not by accept()."""

        def handle_one_request(self) -> None:
            self._deadline = eventlet.Timeout(HEADERS_S, TimeoutError())
            try:
                super().handle_one_request()
            finally:
                self._deadline.cancel()

        def get_environ(self) -> Any:
            self._deadline.cancel()  # the headers are there
            return super().get_environ()

    def speak(connection: Any, server: Any) -> None:
        if context is not None:
            connection[1] = context.wrap_socket(
                connection[1], server_side=True, do_handshake_on_connect=False
            )
            connection[1].settimeout(SILENT_S)
        try:
            Protocol(connection, server)
        except (OSError, ssl.SSLError, UnicodeError):
            connection[1].close()  # a client that left, or doesn't speak HTTP or TLS

    return speak
