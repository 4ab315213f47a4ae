"""The keeper of the queues of this machine's switches: changes them on request, and keeps them.

A controller may be anywhere and without privileges; queues are made here, as root. The keeper
listens on a UNIX socket that only its owner may use, one JSON object a line:

    {"do": "apply", "document": {...}} -> {"ok": true, "changed": {"s1-eth1": 3}, "seconds": 0.1}
    {"do": "plan", "document": {...}}  -> the same, with nothing changed
    {"do": "figures"}                  -> what every class of every port has counted
    {"do": "audit"}                    -> what was put back

`document` is an effective policy (`policies.document`); instead of it "policy" may hold the text of
a policy file, with "numbers" (slice to number) and "at" (ISO time; now). What is refused is
answered {"ok": false, "refused": why}, and every port is then as it was before. By itself it looks
every 10 s, and as soon as the kernel tells of a change, whether the queues are still what they
shall be, for Open vSwitch forgets weights after any change of a bridge.

A port that is not there, because its switch was taken down, stops nobody: it is told in "missing":
["s1-eth1"] of apply, plan and audit, and gets its queues within 10 s after it is back.

Owns the socket and one thread; the queues are `emulation.queue_set`'s.
"""

import contextlib
import json
import logging
import math
import selectors
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from emulation import kernel_queues, queue_set
from emulation.errors import EmulationError, KeeperError, QueueRefusedError
from emulation.queue_set import QueueSet
from emulation.queues import class_id, inner_class_id
from policies.document import from_document
from policies.errors import PolicyError
from policies.model import Policy, Rate

MAX_REQUEST_BYTES = 16 << 20
AUDIT_EVERY_S = 10.0
# While ports are missing; nothing tells of their return.
_RETURN_EVERY_S = 5.0
# After a change by somebody else: until it is likely to be over.
_SETTLING_S = 0.1
# Looking takes at most this part of the time, however many queues there are.
_LOOKING_SHARE = 0.2
_PATIENCE_S = 5.0  # with a client, for a whole request
_log = logging.getLogger(__name__)


class Keeper:
    """Keeps the queues of some ports, in a thread of its own between `start` and `stop`.

    Attributes:
        path: Where it listens.
        repaired: Things it has put back so far, by itself or asked to.
    """

    def __init__(self, sets: Sequence[QueueSet], path: Path) -> None:
        self.path = path
        self.repaired = 0
        self._sets = tuple(sets)
        self._thread = threading.Thread(target=self._work, name="queue-keeper", daemon=True)
        self._audit_at = 0.0

    def start(self) -> None:
        """Begins to listen and to keep.

        Raises:
            KeeperError: The socket can't be made there.
        """
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            with contextlib.suppress(FileNotFoundError):
                if not self._answered():
                    self.path.unlink()
            self._listener.bind(str(self.path))
            self.path.chmod(0o600)
        except OSError as error:
            self._listener.close()
            raise KeeperError(
                f"can't listen at {self.path}: {error.strerror or error}; give another socket"
            ) from error
        self._listener.listen(8)
        self._wake, self._wakened = socket.socketpair()
        self._events = kernel_queues.watch()
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and removes the socket; the queues stay."""
        self._wake.close()
        self._thread.join()
        self._listener.close()
        self._events.close()
        self._wakened.close()
        self.path.unlink(missing_ok=True)

    def wait(self) -> None:
        """Returns when it has ended; an interrupt comes through."""
        while self._thread.is_alive():
            self._thread.join(1.0)

    def _answered(self) -> bool:
        """Whether somebody listens there already."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(self.path))
            except ConnectionRefusedError:
                return False
        return True

    def _work(self) -> None:
        with selectors.DefaultSelector() as selector:
            for item in (self._listener, self._events, self._wakened):
                selector.register(item, selectors.EVENT_READ)
            self._audit_at = time.monotonic() + AUDIT_EVERY_S
            while True:
                wait_s = max(0.0, self._audit_at - time.monotonic())
                ready = {key.fileobj for key, _ in selector.select(wait_s)}
                if self._wakened in ready:
                    return
                if self._listener in ready:
                    self._serve()
                if self._events in ready:
                    kernel_queues.drain(self._events)
                    self._audit_at = min(self._audit_at, time.monotonic() + _SETTLING_S)
                    time.sleep(_SETTLING_S / 10)  # they come in hundreds
                if time.monotonic() >= self._audit_at:
                    self._look_after()

    def _look_after(self) -> None:
        began = time.monotonic()
        try:
            self._audit()
        except EmulationError as error:
            _log.warning("queues can't be looked after: %s", error)
        took_s = time.monotonic() - began
        # Not again at once, whatever the kernel tells.
        time.sleep(min(1.0, took_s * (1 / _LOOKING_SHARE - 1)) if took_s > _SETTLING_S else 0.0)

    def _audit(self) -> dict[str, int]:
        try:
            found = queue_set.repair(self._sets)
        finally:
            self._settled()
        if found:
            self.repaired += sum(found.values())
            _log.info("put back %d settings of queues on %d ports", sum(found.values()), len(found))
        return found

    def _settled(self) -> None:
        """What the kernel tells of until now was our own doing, or has just been looked at."""
        kernel_queues.drain(self._events)
        every_s = _RETURN_EVERY_S if queue_set.missing(self._sets) else AUDIT_EVERY_S
        self._audit_at = time.monotonic() + every_s

    def _serve(self) -> None:
        """One client, one request after another; whatever it does, it ends soon."""
        client, _ = self._listener.accept()
        with client, contextlib.suppress(OSError):
            while line := _request_line(client):
                client.sendall(json.dumps(self._answer(line)).encode() + b"\n")

    def _answer(self, line: bytes) -> dict[str, Any]:
        began = time.monotonic()
        try:
            answer = self._do(_read(line))
        except (EmulationError, PolicyError) as error:
            return {"ok": False, "refused": str(error), "ports": []}
        return {"ok": True, **answer, "seconds": round(time.monotonic() - began, 3)}

    def _do(self, request: Mapping[str, Any]) -> dict[str, Any]:
        match request.get("do"):
            case "apply":
                policy = _policy(request)
                try:
                    return self._changed(queue_set.apply_policy(self._sets, policy))
                finally:
                    self._settled()
            case "plan":
                return self._changed(queue_set.plan(self._sets, _policy(request)))
            case "figures":
                return {"ports": figures(self._sets)}
            case "audit":
                return {**self._changed(self._audit()), "repaired": self.repaired}
            case other:
                raise KeeperError(f"can't do {other!r}; there are apply, plan, figures and audit")

    def _changed(self, counts: Mapping[str, int]) -> dict[str, Any]:
        return {"changed": counts, "missing": queue_set.missing(self._sets)}


def figures(sets: Sequence[QueueSet]) -> dict[str, Any]:
    """What every class has counted, by port, slice and class.

    The slice "" has the service queue, or all queues where there are no slices.
    """
    found: dict[str, Any] = {}
    for one in sets:
        for name, tree in one.trees().items():
            counted = kernel_queues.passed(name)
            classes = {"": {node.name: class_id(node.queue_id) for node in
                            (tree.classes or (tree.service,))}}  # fmt: skip
            for owner in tree.slices:
                classes[owner.name] = {node.name: inner_class_id(owner.number, node.queue_id)
                                       for node in owner.classes}  # fmt: skip
            found[name] = {
                owner: {
                    label: {"bytes": c.bytes_total, "packets": c.packets_total,
                            "drops": c.drops_total, "backlog": c.backlog_bytes}
                    for label, classid in of.items() if (c := counted.get(classid))
                }
                for owner, of in classes.items()
            }  # fmt: skip
    return found


@contextlib.contextmanager
def socket_path() -> Iterator[Path]:
    """A place for a keeper's socket that only this user can reach, good while inside."""
    with tempfile.TemporaryDirectory(prefix="headway-queues-") as folder:
        yield Path(folder, "keeper.sock")


@contextlib.contextmanager
def keeping(sets: Sequence[QueueSet], path: Path) -> Iterator[Keeper]:
    """A keeper at work while inside."""
    keeper = Keeper(sets, path)
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.stop()


def _request_line(client: socket.socket) -> bytes:
    """One line of a client's, b"" when it has gone or dawdles."""
    deadline = time.monotonic() + _PATIENCE_S
    parts: list[bytes] = []
    size = 0
    while size <= MAX_REQUEST_BYTES:
        client.settimeout(max(0.01, deadline - time.monotonic()))
        part = client.recv(1 << 16)
        parts.append(part)
        size += len(part)
        if part.endswith(b"\n"):
            return b"".join(parts)
        if not part or time.monotonic() > deadline:
            return b""
    refused = f"a request is at most {MAX_REQUEST_BYTES} bytes"
    client.sendall(json.dumps({"ok": False, "refused": refused, "ports": []}).encode() + b"\n")
    return b""


def _read(line: bytes) -> Mapping[str, Any]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise KeeperError(f"not one JSON object on one line: {error}") from error
    if not isinstance(request, dict):
        raise KeeperError("a request is a JSON object")
    return request


def _policy(request: Mapping[str, Any]) -> Policy:
    if "document" in request:
        policy = from_document(request["document"])
    elif isinstance(request.get("policy"), str):
        policy = _from_text(request)
    else:
        raise KeeperError("give 'document', an effective policy, or 'policy', a file's text")
    _check(policy)
    return policy


def _from_text(request: Mapping[str, Any]) -> Policy:
    # Not at the top: they need packages that Mininet's own Python may not have.
    from policies.intents import effective  # noqa: PLC0415
    from policies.load import parse_policy  # noqa: PLC0415
    from policies.numbers import renumber  # noqa: PLC0415

    numbers = request.get("numbers") or {}
    if not isinstance(numbers, dict) or not all(isinstance(n, int) for n in numbers.values()):
        raise KeeperError("'numbers' maps slices to their numbers")
    try:
        at = datetime.fromisoformat(str(request["at"])) if request.get("at") else _now()
    except ValueError as error:
        raise KeeperError(f"'at' is an ISO time with its zone: {error}") from error
    if at.tzinfo is None:
        raise KeeperError("'at' needs its time zone, such as 2026-01-31T08:00:00+00:00")
    return effective(renumber(parse_policy(request["policy"], "policy"), numbers), at)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _check(policy: Policy) -> None:
    """Refuses numbers that no policy file could hold: a document may come from anywhere."""
    numbers = [s.number for s in policy.slices]
    rates = [
        *(s.guarantee for s in policy.slices),
        *(s.maximum for s in policy.slices),
        *(limit.at_least for limit in policy.limits),
        *(limit.at_most for limit in policy.limits),
    ]
    queue_ids = [q.queue_id for q in policy.queues]
    used = {entry.queue_id for entry in policy.classes}
    classes = {entry.traffic_class for entry in policy.classes}
    named = {name for s in policy.slices for name in (*s.classes, s.default_class)}
    named |= {limit.traffic_class for limit in policy.limits}
    right = (
        (0 in queue_ids and len(set(queue_ids)) == len(queue_ids), "queue ids"),
        (all(0 <= i < 16 for i in queue_ids) and used <= set(queue_ids), "queue ids"),
        (named <= classes, "classes"),
        (all(s.default_class in s.classes for s in policy.slices), "default classes"),
        (all(0 <= q.priority <= 7 and 0 < q.limit_packets <= 10_000 for q in policy.queues),
         "priorities and limits"),
        (all(0 <= q.share <= 1 and 0 < q.ceiling <= 1 for q in policy.queues), "shares"),
        (all(0 <= d < 64 for q in policy.queues for d in q.dscps), "DSCPs"),
        (all(0 <= c.dscp < 64 for c in policy.classes), "DSCPs"),
        (all(0 < n < 1024 for n in numbers) and len(set(numbers)) == len(numbers),
         "slice numbers"),
        (all(1e-3 <= s.weight <= 1e3 for s in policy.slices), "weights"),
        (all(r is None or _sound(r) for r in rates), "rates"),
    )  # fmt: skip
    if wrong := next((what for holds, what in right if not holds), None):
        raise KeeperError(f"{wrong} of this policy are out of range")


def _sound(rate: Rate) -> bool:
    return all(v is None or (math.isfinite(v) and 0 <= v <= 1e15) for v in (rate.bps, rate.share))


def require_kept(sets: Sequence[QueueSet]) -> None:
    """Raises QueueRefusedError where there is nothing to keep."""
    if not any(one.places for one in sets):
        raise QueueRefusedError("no port with a link rate here; nothing to keep")
