"""What stands between a peer on the OpenFlow port and the framework's own code.

Owns three guards, put in place once: every message passes the nested-length check of `wire` before
the library's parser (one malformed message hangs that for ever), a peer that doesn't finish its
handshake is dropped, and a peer that stops answering echo requests is noticed within seconds.
"""

import logging
from collections import Counter
from typing import Any

from controller import framework, wire

LOG = logging.getLogger("headway.guards")

HANDSHAKE_TIMEOUT_S = 5.0
ECHO_INTERVAL_S = 1.0
UNREPLIED_ECHOES = 2
MAX_CONNECTIONS = 2000
MAX_ECHO_BYTES = 1024

counts: Counter[str] = Counter()


_open = 0


def install() -> None:
    """Puts the guards in front of the framework; doing it again changes nothing.

    Functions are replaced, not the class: the framework finds its own class by its name.
    """
    datapath = framework.controller.Datapath
    if getattr(datapath.serve, "guarded", False):
        return
    datapath.serve = _guarded(datapath.serve)
    framework.ofproto_parser.msg = _checked(framework.ofproto_parser.msg)
    framework.cfg.CONF.set_override("echo_request_interval", ECHO_INTERVAL_S)
    framework.cfg.CONF.set_override("maximum_unreplied_echo_requests", UNREPLIED_ECHOES)


def refuse(datapath: Any, kind: str, why: str) -> None:
    """Counts, says and closes."""
    counts[kind] += 1
    if counts[kind] <= 10 or counts[kind] % 1000 == 0:
        LOG.warning("%s: %s: connection closed (%s so far)", _peer(datapath), why, counts[kind])
    datapath.close()


def _peer(datapath: Any) -> str:
    host, port = (*datapath.address, 0)[:2]
    return f"switch {datapath.id:#x}" if datapath.id is not None else f"peer {host}:{port}"


def _checked(parse: Any) -> Any:
    def msg(datapath: Any, version: int, kind: int, length: int, xid: int, data: bytes) -> Any:
        if datapath.state == framework.handler.DEAD_DISPATCHER:
            return None
        try:
            wire.check(bytes(data))
        except wire.WireError as error:
            refuse(datapath, "malformed-openflow", f"malformed OpenFlow message ({error})")
            return None
        return parse(datapath, version, kind, length, xid, data)

    return msg


def _guarded(serve: Any) -> Any:
    """A connection that has to introduce itself in time, and whose end is never a traceback."""

    def guarded_serve(datapath: Any) -> None:
        global _open  # noqa: PLW0603  (one process, one port, one count)
        if _open >= MAX_CONNECTIONS:
            refuse(datapath, "too-many-connections", f"{MAX_CONNECTIONS} are open already")
            return
        _open += 1
        deadline = framework.hub.spawn_after(HANDSHAKE_TIMEOUT_S, _check_handshake, datapath)
        try:
            serve(datapath)
        except Exception as error:  # the boundary: whatever one peer breaks ends with that peer
            refuse(datapath, "connection-error", f"{type(error).__name__}: {error}")
        finally:
            _open -= 1
            deadline.cancel()

    guarded_serve.guarded = True  # type: ignore[attr-defined]
    return guarded_serve


def _check_handshake(datapath: Any) -> None:
    waiting = (framework.handler.HANDSHAKE_DISPATCHER, framework.handler.CONFIG_DISPATCHER)
    if datapath.state in waiting:
        refuse(datapath, "handshake-timeout", f"no handshake within {HANDSHAKE_TIMEOUT_S:g} s")
