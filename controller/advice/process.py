"""The advisor's own process: reads observations from its socket, answers with splits.

    python -m controller.advice.process --fd N --state FOLDER AGENT

Started by the controller's shell (`controller.advisor`). Owns its end of the socket, the registry
and the snapshot. Hanging or dying costs nobody else anything; it ends with its socket.
"""

import argparse
import contextlib
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from controller.advice.builtin import Factory, find
from controller.advice.crew import Answer, Crew, Member
from controller.advice.errors import AdviceError, RegistryError
from controller.advice.messages import Message, encode, read
from controller.advice.network import CandidatePaths, Network
from controller.advice.registry import Registry, Role, Version
from controller.advice.snapshot import save

_SNAPSHOT_S = 1.0


class Staff:
    """Which policies have which role now: the base agent, and what the registry says."""

    def __init__(self, base: str, folder: Path) -> None:
        self.base, self.folder = base, folder
        self.notes: list[str] = []
        self._registry: Registry | None = None
        self._stamp: int | None = None
        self._factories: dict[str, Factory] = {}
        try:
            self._registry = Registry(folder)
        except RegistryError as error:
            self.notes.append(f"no registry: {error}")
        self.members = self._members()

    def changed(self) -> bool:
        """Looks whether roles have changed; True if `members` are others now."""
        try:
            if self._registry is None or self._registry.stamp == self._stamp:
                return False
            before, self.members = self.members, self._members()
        except AdviceError as error:
            self.notes.append(str(error))
            return False
        return before != self.members

    def _members(self) -> list[Member]:
        roles = {}
        if self._registry:
            self._stamp = self._registry.stamp
            roles = self._registry.roles()
        active = roles.get(Role.ACTIVE)
        found = [Member(Role.ACTIVE, self._active(active.version if active else None))]
        for role in (Role.CANARY, Role.SHADOW):
            holding = roles.get(role)
            if holding and holding.version:
                try:
                    found.append(Member(role, self._factory(holding.version), holding.share))
                except AdviceError as error:
                    self.notes.append(f"{role.value} left out: {error}")
        return found

    def _active(self, version: Version | None) -> Factory:
        """The promoted policy; the base agent if there is none, or it is damaged."""
        if version:
            try:
                return self._factory(version)
            except AdviceError as error:
                self.notes.append(f"the promoted policy can't be used: {error}")
        return self._named(self.base)

    def _factory(self, version: Version) -> Factory:
        factory = self._named(str(version.file))
        if factory.sha256 != version.sha256:
            raise RegistryError(
                f"{version.file} is not what was imported; import {version.name} again"
            )
        return Factory(version.name, factory.make, factory.sha256)

    def _named(self, agent: str) -> Factory:
        if agent not in self._factories:
            self._factories[agent] = find(agent)
        return self._factories[agent]

    def withdraw(self, role: Role, why: str) -> None:
        """A policy has lost its role; so it is written down."""
        self.notes.append(f"{role.value} ended: {why}")
        self._write(lambda registry: registry.withdraw(role, why))
        self._stamp = None  # our own changes don't show in the file's stamp

    def demote(self, why: str) -> None:
        """The active policy has been benched: the one before it, if this one was promoted."""
        self._write(lambda registry: registry.demote(why))
        self._stamp = None

    def log(self, record: dict[str, Any]) -> None:
        """Keeps a decision."""
        self._write(lambda registry: registry.log(record))

    def _write(self, change: Callable[[Registry], object]) -> None:
        if self._registry is None:
            return
        try:
            change(self._registry)
        except RegistryError as error:
            self.notes.append(str(error))


class Desk:
    """Answers messages, one after another."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff
        self._network: Message | None = None
        self._crew: Crew | None = None
        self._hosts: object = []
        self._benched = True  # a restart must not demote anyone for what was before
        self._saved_at = -np.inf
        self._to_keep: tuple[Message, Message, Answer] | None = None

    def take(self, message: Message) -> Message | None:
        """One message; the answer, if it asks for one."""
        if message.kind == "network":
            self._network, self._crew = message, None
            return None
        if message.kind != "observation" or self._network is None:
            raise AdviceError(f"a {message.kind} message, not expected here")
        return self._advise(self._network, message)

    def _advise(self, network: Message, seen: Message) -> Message:
        start = time.perf_counter()
        version = network.number("version")
        if seen.number("version") != version:
            raise AdviceError("an observation of a network that was not described")
        self._follow_standing(seen)
        if self._staff.changed() and self._crew:
            self._crew.assign(self._staff.members)
        crew = self._crew = self._crew or self._new_crew(network)
        demands = seen.array("demands", "f8", 2).sum(0)
        fallback = seen.array("fallback", "f8", 2)[0]
        answer = crew.advise(demands, seen.array("link_up", "b1", 1), fallback)
        advise_s = time.perf_counter() - start
        self._to_keep = network, seen, answer
        notes, self._staff.notes = self._staff.notes, []
        return Message("advice", {
            "version": version, "number": seen.number("number"), "agent": crew.active.name,
            "advise_s": advise_s, "notes": notes[:8],
            "drift": list(answer.drift), "outside": crew.outside,
            "scores": answer.scores,
        }, {"splits": answer.splits})  # fmt: skip

    def after_answer(self) -> None:
        """What can wait until the answer has been given."""
        if self._crew and self._to_keep:
            self._keep(*self._to_keep, self._crew.active.name)
            self._to_keep = None
            self._crew.think()

    def _new_crew(self, network: Message) -> Crew:
        nodes = tuple(network.values.get("nodes") or ())
        graph = Network(nodes, network.array("ends", "i4", 2), network.array("capacity", "f8", 1))
        paths = CandidatePaths(
            graph, network.array("pairs", "i4", 2), network.array("pair", "i4", 1),
            network.array("hops", "i4", 2),
        )  # fmt: skip
        dpids = network.values.get("dpids") or nodes
        names = [f"{dpids[a]}>{dpids[b]}" for a, b in paths.pairs]
        return Crew(paths, names, self._staff.members)

    def _follow_standing(self, seen: Message) -> None:
        benched = seen.values.get("standing") == "benched"
        if benched and not self._benched:
            self._staff.demote("the guard benched it")
        self._benched = benched

    def _keep(self, network: Message, seen: Message, answer: Answer, agent: str) -> None:
        """Roles lost, the decision log, the snapshot; what can't be written does no harm."""
        for role, why in answer.fallen.items():
            self._staff.withdraw(role, why)
        record = seen.values.get("record")
        if seen.values.get("hosts") is not None:
            self._hosts = seen.values["hosts"]
        if isinstance(record, dict):
            self._staff.log({**record, "scores": answer.scores})
        if time.monotonic() - self._saved_at < _SNAPSHOT_S:
            return
        self._saved_at = time.monotonic()
        about = {"time": time.time(), "agent": agent, "last": record,
                 "standing": seen.text("standing"), "hosts": self._hosts}  # fmt: skip
        try:
            save(self._staff.folder, network, seen, about)
        except OSError as error:
            self._staff.notes.append(f"no snapshot: {error}")


def serve(connection: socket.socket, base: str, folder: Path, *, demote: bool = False) -> int:
    """Answers until the other end closes; what is wrong with the agent is said before leaving.

    Args:
        connection: To the controller.
        base: The agent while none is promoted.
        folder: The state folder.
        demote: The advisor died or hung several times in a row: roll back what was promoted.
    """
    try:
        if demote:
            _demote(folder)
        desk = Desk(staff := Staff(base, folder))
        connection.sendall(encode(Message("hello", {"agent": staff.members[0].factory.name})))
        while (message := read(connection.recv)) is not None:
            if (answer := desk.take(message)) is not None:
                connection.sendall(encode(answer))
                desk.after_answer()
    except AdviceError as error:
        connection.sendall(encode(Message("error", {"text": str(error)})))
        return 2
    except ConnectionError:
        return 0  # the controller has gone
    return 0


def _demote(folder: Path) -> None:
    with contextlib.suppress(RegistryError):  # the staff tells it
        registry = Registry(folder)
        registry.demote("its advisor died or hung several times in a row")
        registry.close()


def main(argv: Sequence[str] | None = None) -> int:
    """The process."""
    parser = argparse.ArgumentParser(prog="controller.advice.process")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--demote", action="store_true", help="roll back what was promoted")
    parser.add_argument("agent")
    args = parser.parse_args(argv)
    os.set_inheritable(args.fd, False)
    with socket.socket(fileno=args.fd) as connection:
        connection.setblocking(True)  # a hub that patches sockets has made both ends what it needs
        return serve(connection, args.agent, args.state, demote=args.demote)


if __name__ == "__main__":
    sys.exit(main())
