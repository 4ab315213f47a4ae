"""What stands between a peer on the OpenFlow port and the framework's own code.

Owns the guards, put in place once: every message passes the nested-length check of `wire` and comes
in its turn before the library's parser sees it (one malformed message hangs that for ever); a
handshake ends in time and in size; a peer that stops answering echo requests is noticed within
seconds; a switch without OpenFlow 1.3 is told so; running out of file descriptors ends nothing.
What they do is counted by kind. Decides nothing about switches that behave.
"""

import contextlib
import resource
import socket
import time
import weakref
from collections import Counter
from typing import Any

from controller import framework, wire
from controller.events import Level, Note
from controller.notes import NoteLog

HANDSHAKE_TIMEOUT_S = 5.0
MAX_HANDSHAKE_BYTES = 1 << 20  # 16,000 port descriptions
ECHO_INTERVAL_S = 1.0
UNREPLIED_ECHOES = 2
MAX_CONNECTIONS = 2000
_OTHER_FILES = 100  # descriptors that are not connections

_HANDSHAKE, _CONFIG = (
    framework.handler.HANDSHAKE_DISPATCHER,
    framework.handler.CONFIG_DISPATCHER,
)
_DEAD = framework.handler.DEAD_DISPATCHER

_log = NoteLog()
counts: Counter[str] = _log.counts
_open = 0


def install() -> None:
    """Puts the guards in front of the framework; doing it again changes nothing.

    Functions are replaced, not the class: the framework finds its own class by its name.
    """
    datapath = framework.controller.Datapath
    if hasattr(datapath, "refused"):
        return
    datapath.refused = False
    datapath.handshake_bytes = 0
    datapath.serve = _guarded(datapath.serve)
    datapath._echo_request_loop = _watched(datapath._echo_request_loop)
    framework.ofproto_parser.msg = _checked(framework.ofproto_parser.msg)
    framework.ofp_handler.OFPHandler._hello_failed = _wrong_version
    framework.hub.StreamServer.serve_forever = _accept_forever
    framework.cfg.CONF.set_override("echo_request_interval", ECHO_INTERVAL_S)
    framework.cfg.CONF.set_override("maximum_unreplied_echo_requests", UNREPLIED_ECHOES)


def refuse(datapath: Any, kind: str, why: str) -> None:
    """Counts, says and closes, once for each connection; may be called from any green thread."""
    if not datapath.refused:
        note(datapath, kind, f"{why}; connection closed")
        close(datapath)


def close(datapath: Any) -> None:
    """Ends a connection; nothing more that it says is listened to."""
    datapath.refused = True
    # In a thread of its own: closing tells the app, which waits when the app's queue is full, and
    # it may be the app that closes.
    framework.hub.spawn(_close, datapath)


def note(datapath: Any, kind: str, what: str) -> None:
    """Counts and says something about a peer."""
    _say(kind, f"{_peer(datapath)}: {what}")


def _say(kind: str, text: str) -> None:
    _log.take(Note(kind, text, Level.WARNING), time.monotonic())


def _close(datapath: Any) -> None:
    datapath.close()
    # Its own close leaves our reader waiting for the peer's, which may have been faster.
    with contextlib.suppress(OSError):
        datapath.socket.shutdown(socket.SHUT_RDWR)


def _peer(datapath: Any) -> str:
    host, port = (*datapath.address, 0)[:2]
    return f"switch {datapath.id:#x}" if datapath.id is not None else f"peer {host}:{port}"


# --- messages -----------------------------------------------------------------------------------


def _checked(parse: Any) -> Any:
    def msg(datapath: Any, version: int, kind: int, length: int, xid: int, data: bytes) -> Any:
        if datapath.refused or datapath.state == _DEAD:
            return None
        try:
            wire.check(data)
        except wire.WireError as error:
            refuse(datapath, "malformed-openflow", f"malformed OpenFlow message ({error})")
            return None
        if not _in_turn(datapath, kind, length):
            return None
        # A whole message proves life as an echo does, and the echo may be queued behind megabytes
        # of statistics.
        datapath.unreplied_echo_requests.clear()
        return parse(datapath, version, kind, length, xid, data)

    return msg


def _in_turn(datapath: Any, kind: int, length: int) -> bool:
    """Hello comes first and once (section 6.3.1), and a handshake isn't endless; else refuses."""
    handshaking = datapath.state in (_HANDSHAKE, _CONFIG)
    first = datapath.state == _HANDSHAKE
    if first and kind not in (framework.ofp.OFPT_HELLO, framework.ofp.OFPT_ERROR):
        refuse(datapath, "out-of-turn", f"message of type {kind} before hello")
    elif not first and kind == framework.ofp.OFPT_HELLO:
        refuse(datapath, "out-of-turn", "a second hello")
    elif handshaking:
        datapath.handshake_bytes += length
        if datapath.handshake_bytes > MAX_HANDSHAKE_BYTES:
            refuse(datapath, "endless-handshake", f"more than {MAX_HANDSHAKE_BYTES} bytes of it")
    return not datapath.refused


def _wrong_version(_handler: Any, datapath: Any, _why: str) -> None:
    """Replaces the framework's answer to a hello without OpenFlow 1.3, which logs every one."""
    note(datapath, "wrong-version", "a switch that does not offer OpenFlow 1.3; refused. Let it: "
         "ovs-vsctl set bridge NAME protocols=OpenFlow13")  # fmt: skip
    error = framework.ofp_parser.OFPErrorMsg(
        datapath, framework.ofp.OFPET_HELLO_FAILED, framework.ofp.OFPHFC_INCOMPATIBLE,
        "OpenFlow 1.3 only",
    )  # fmt: skip
    datapath.send_msg(error, close_socket=True)


# --- connections --------------------------------------------------------------------------------


def _accept_forever(server: Any) -> None:
    """Replaces the framework's loop, which ends at the first connection it can't accept."""
    server.server.listen(MAX_CONNECTIONS)  # it lets 50 wait: a storm would delay honest switches
    while True:
        try:
            connection, address = server.server.accept()
        except OSError as error:
            _say("accept-failed", f"can't accept a connection: {error.strerror}")
            framework.hub.sleep(0.1)
        else:
            framework.hub.spawn(server.handle, connection, address)


def _most_connections() -> int:
    """`MAX_CONNECTIONS`, or what file descriptors allow after asking for as many as are needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        soft = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(MAX_CONNECTIONS, soft - _OTHER_FILES)


def _guarded(serve: Any) -> Any:
    """A connection that has to introduce itself in time, and whose end is never a traceback."""
    most = _most_connections()

    def guarded_serve(datapath: Any) -> None:
        global _open  # noqa: PLW0603  (one process, one port, one count)
        if _open >= most:
            refuse(datapath, "too-many-connections", f"{most} are open already")
            return
        _open += 1
        # Never cancelled, which would keep this frame alive as part of an exception: by a weak
        # reference a timer that is not needed any more holds nothing.
        framework.hub.spawn_after(HANDSHAKE_TIMEOUT_S, _check_handshake, weakref.ref(datapath))
        try:
            serve(datapath)
        except Exception as error:  # the boundary: whatever one peer breaks ends with that peer
            refuse(datapath, "connection-error", f"{type(error).__name__}: {error}")
        finally:
            _open -= 1

    return guarded_serve


def _check_handshake(reference: Any) -> None:
    datapath = reference()
    if datapath and datapath.state in (_HANDSHAKE, _CONFIG):
        refuse(datapath, "handshake-timeout", f"no handshake within {HANDSHAKE_TIMEOUT_S:g} s")


def _watched(echo_forever: Any) -> Any:
    """Echo requests from the end of the handshake on, which has a limit of its own."""

    def echo_loop(datapath: Any) -> None:
        while datapath.state in (_HANDSHAKE, _CONFIG):
            framework.hub.sleep(ECHO_INTERVAL_S / 4)
        echo_forever(datapath)
        if len(datapath.unreplied_echo_requests) > UNREPLIED_ECHOES:
            refuse(datapath, "echo-timeout", "echo requests are not answered")

    return echo_loop
