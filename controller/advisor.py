"""The advisor beside the controller: started, asked, watched, ended, started again.

Owns that process and the controller's end of its socket. Whatever it does, nothing here waits for
it: a question that can't be sent is replaced by the next one, and an advisor that doesn't answer is
killed. Decides nothing about traffic.
"""

import ipaddress
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller import framework
from controller.advice.errors import MessageError
from controller.advice.messages import Message, encode, plain, read
from controller.advice.registry import default_folder
from controller.advice.view import GROUPS
from controller.events import AdviceReceived, AdvisorDown, AdvisorUp, Event, Observe
from controller.settings import Settings

_ROOT = Path(__file__).resolve().parents[1]
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_LONG_LIFE_S = 60.0  # after which the next start need not wait long
_MOST_SHORT_LIVES = 3  # then a promoted policy is taken to be the reason
_HELLO_S = 20.0
_SILENCE_INTERVALS, _LEAST_SILENCE_S = 4, 2.0
_LOOK_S = 0.1
_MOST_NOTES = 8

Post = Callable[[Event], None]


@dataclass(slots=True)
class _Life:
    """One advisor, from start to end."""

    process: "subprocess.Popen[bytes]"
    connection: socket.socket
    asked_at: float  # since when an answer, or the hello, is outstanding; inf: none is
    greeted: bool = False
    hung: bool = False
    ended: bool = False
    described: int = -1  # version of the network it was told


class AdvisorProcess:
    """Keeps an advisor alive; `ask` it, and its answers come as events."""

    def __init__(self, settings: Settings, post: Post) -> None:
        self._settings, self._post = settings, post
        self._life: _Life | None = None
        self._next: Observe | None = None
        self._short_lives = 0  # in a row
        self._wake = framework.hub.Event()

    def start(self) -> None:
        """Begins its lives."""
        framework.hub.spawn(self._live)

    def ask(self, question: Observe) -> None:
        """Puts a question; one that has not been sent yet is forgotten."""
        self._next = question
        self._wake.set()

    # --- its lives ------------------------------------------------------------------------------

    def _live(self) -> None:
        wait = _FIRST_WAIT_S
        while True:
            began = time.monotonic()
            reason = self._one_life()
            self._post(AdvisorDown(reason))
            self._short_lives += 1
            if time.monotonic() - began > _LONG_LIFE_S:
                wait, self._short_lives = _FIRST_WAIT_S, 0
            framework.hub.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_S)

    def _one_life(self) -> str:
        try:
            life = self._life = self._born()
        except OSError as error:
            return f"can't start it: {error}"
        framework.hub.spawn(self._write, life)
        framework.hub.spawn(self._watch, life)
        try:
            reason = self._read(life)
        except (MessageError, OSError) as error:
            reason = str(error)
        life.ended, self._life = True, None
        self._wake.set()
        life.process.kill()
        life.connection.close()
        while life.process.poll() is None:
            framework.hub.sleep(_LOOK_S / 10)
        if life.hung:
            return "it did not answer and was killed"
        return reason or f"it ended with status {life.process.returncode}"

    def _born(self) -> _Life:
        plain_end, theirs = socket.socketpair()
        ours = framework.green_socket(plain_end)
        state = str(self._settings.state or default_folder())
        argv = [sys.executable, "-m", "controller.advice.process", "--fd", str(theirs.fileno()),
                "--state", state, self._settings.agent]  # fmt: skip
        if self._short_lives >= _MOST_SHORT_LIVES:
            argv.append("--demote")
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # it has one core
        try:
            process = subprocess.Popen(
                argv, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environment
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return _Life(process, ours, time.monotonic())

    def _watch(self, life: _Life) -> None:
        """Kills an advisor that does not answer."""
        silence = max(_SILENCE_INTERVALS * self._settings.advise_interval_s, _LEAST_SILENCE_S)
        while not life.ended:
            allowed = silence if life.greeted else _HELLO_S
            if time.monotonic() - life.asked_at > allowed:
                life.hung = True
                life.process.kill()  # its socket ends, and so does the reader
                return
            framework.hub.sleep(_LOOK_S)

    # --- the socket -----------------------------------------------------------------------------

    def _write(self, life: _Life) -> None:
        while not life.ended:
            self._wake.clear()
            question, self._next = self._next, None
            if question is None:
                self._wake.wait()
            elif life.greeted and not self._send(life, question):
                return

    @staticmethod
    def _send(life: _Life, question: Observe) -> bool:
        life.asked_at = min(life.asked_at, time.monotonic())
        try:
            if life.described != question.view.version:
                life.connection.sendall(encode(described(question)))
                life.described = question.view.version
            life.connection.sendall(encode(observed(question)))
        except (OSError, MessageError):
            return False  # the reader notices
        return True

    def _read(self, life: _Life) -> str:
        """Takes what it says until it has ended; why it has, if it told."""
        while (message := read(life.connection.recv)) is not None:
            life.asked_at = float("inf")
            if message.kind == "hello":
                life.greeted = True
                self._post(AdvisorUp(message.text("agent")))
            elif message.kind == "advice" and life.greeted:
                self._post(received(message))
            elif message.kind == "error":
                return message.text("text", 500)
            else:
                raise MessageError(f"a {message.kind} message, not expected here")
        return ""


# --- messages -----------------------------------------------------------------------------------


def described(question: Observe) -> Message:
    """What the network is like; said once for each version."""
    view = question.view
    paths, network = view.paths, view.paths.network
    return Message(
        "network",
        {"version": view.version, "nodes": list(network.nodes), "dpids": list(view.dpids),
         "places": dict(view.places),
         "groups": [group.value for group in GROUPS]},
        {"ends": network.ends, "capacity": network.capacity, "pairs": paths.pairs,
         "pair": paths.pair, "hops": paths.hops},
    )  # fmt: skip


def observed(question: Observe) -> Message:
    """One observation."""
    values: dict[str, Any] = {
        "version": question.view.version,
        "number": question.number,
        "standing": question.standing.value,
        "record": question.record.as_json() if question.record else None,
    }
    if question.hosts is not None:
        values["hosts"] = [
            [_mac(mac), [_address(ip) for ip in ips], dpid] for mac, ips, dpid in question.hosts
        ]
    return Message("observation", values, {
        "demands": question.demands, "forecast": question.forecast, "link_up": question.link_up,
        "utilisation": question.utilisation, "current": question.current,
        "fallback": question.fallback,
    })  # fmt: skip


def received(message: Message) -> AdviceReceived:
    """Somebody's answer as an event.

    Raises:
        MessageError: It isn't one.
    """
    splits = message.arrays.get("splits")
    if splits is None:
        raise MessageError("an advice message without splits")
    return AdviceReceived(
        message.number("version"), message.number("number"), message.text("agent") or "unnamed",
        splits, message.seconds("advise_s"),
        _texts(message, "notes"), _texts(message, "drift"), message.seconds("outside"),
    )  # fmt: skip


def _texts(message: Message, name: str) -> tuple[str, ...]:
    texts = message.values.get(name)
    if not isinstance(texts, list):
        return ()
    return tuple(plain(text, 300) for text in texts[:_MOST_NOTES])


def _mac(number: int) -> str:
    return number.to_bytes(6, "big").hex(":")


def _address(number: int) -> str:
    return str(ipaddress.ip_address(number))
