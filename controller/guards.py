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


def install() -> None:
    """Puts the guards in front of the framework; doing it again changes nothing."""
    if framework.controller.Datapath is not GuardedDatapath:
        framework.controller.Datapath = GuardedDatapath
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


class GuardedDatapath(framework.controller.Datapath):  # type: ignore[misc]
    """A connection that has to introduce itself in time, and whose end is never a traceback."""

    _open = 0

    def serve(self) -> None:
        """Runs the connection to its end."""
        if GuardedDatapath._open >= MAX_CONNECTIONS:
            refuse(self, "too-many-connections", f"{MAX_CONNECTIONS} connections are open already")
            return
        GuardedDatapath._open += 1
        deadline = framework.hub.spawn_after(HANDSHAKE_TIMEOUT_S, self._check_handshake)
        try:
            super().serve()
        except Exception as error:  # the boundary: whatever one peer breaks ends with that peer
            refuse(self, "connection-error", f"{type(error).__name__}: {error}")
        finally:
            GuardedDatapath._open -= 1
            deadline.cancel()

    def _check_handshake(self) -> None:
        waiting = (framework.handler.HANDSHAKE_DISPATCHER, framework.handler.CONFIG_DISPATCHER)
        if self.state in waiting:
            refuse(self, "handshake-timeout", f"no handshake within {HANDSHAKE_TIMEOUT_S:g} s")
