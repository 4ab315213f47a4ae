"""The queues of the ports of some bridges: made, changed while traffic flows, and kept as they are.

There is one way to do all of it: look at what OVSDB and the kernel have, and do what is missing to
what they shall have (`settle`). Making, changing, undoing and repairing are that. A port that is
not there now, on no bridge or without an interface, is passed over; once it is back, it is like
any other that lacks its queues.

Owns the rows and trees of its ports; other ports, bridges and rows are left alone. Speaks to Open
vSwitch and tc; the numbers are `policies.queues`, the words `emulation.queues`.
"""

import logging
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from emulation import command, kernel, ovs
from emulation.errors import EmulationError, QueueRefusedError
from emulation.kernel_queues import KernelTree, kernel_trees
from emulation.ownership import Run
from emulation.queue_changes import InForce, PortChange, change
from emulation.queues import (
    PORT_ID,
    PortForm,
    QueuedPort,
    class_words,
    owner_words,
    port_form,
    qos_words,
    queue_words,
)
from policies.model import Policy
from policies.queues import PortTree, port_tree

# Of one ovs-vsctl call; the kernel takes 2 MiB of arguments.
_MAX_WORDS_BYTES = 500_000
# The last look finds nothing left to do; more than one is for what others change meanwhile.
_ATTEMPTS = 4
# A network's owner and its keeper's thread may both want to change queues.
_ONE_AT_A_TIME = threading.RLock()
_NOTHING = KernelTree("", {}, {}, {})
_FAILED_LINE = re.compile(r"Command failed -:(\d+)")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A queued port on its bridge.

    Attributes:
        bridge: Name of the bridge.
        port: The port.
        run: Whose rows it gets; None: they outlive this process.
    """

    bridge: str
    port: QueuedPort
    run: Run | None


@dataclass(frozen=True, slots=True)
class _Row:
    """A port's QoS row."""

    uuid: str
    rate_bps: int | None
    queues: Mapping[int, str]
    settings: Mapping[int, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Found:
    """What ports have, of those that are there.

    Attributes:
        trees: In the kernel, of each port that is on a bridge and has an interface.
        rows: In OVSDB, of those that have one.
    """

    trees: Mapping[str, KernelTree]
    rows: Mapping[str, _Row]


class QueueSet:
    """The queues of some ports under one policy.

    Attributes:
        places: The ports by interface.
        policy: In force; None before the first.
        forms: What each port shall have.
        missing: Ports that were not there when last looked for.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self.places = {place.port.interface: place for place in places}
        self.policy: Policy | None = None
        self.forms: dict[str, PortForm] = {}
        self.missing: frozenset[str] = frozenset()

    def trees(self) -> dict[str, PortTree]:
        """The numbers of each port under the policy in force."""
        if self.policy is None:
            return {}
        return {
            name: port_tree(self.policy, place.port.rate_bps, place.port.role)
            for name, place in self.places.items()
        }

    def wanted(self, policy: Policy) -> dict[str, PortForm]:
        """The forms of all ports under a policy.

        Raises:
            QueueRefusedError: A port can't be given what the policy says.
        """
        delayed = any(place.port.delay_s > 0 for place in self.places.values())
        netem = delayed and kernel.has("netem")
        forms = {}
        for name, place in self.places.items():
            tree = port_tree(policy, place.port.rate_bps, place.port.role)
            try:
                forms[name] = port_form(tree, place.port, netem=netem)
            except EmulationError as error:
                raise QueueRefusedError(f"{name}: {error}") from error
        return forms

    def adopt(self, policy: Policy, forms: Mapping[str, PortForm]) -> None:
        """Takes these forms for what its ports shall have from now on."""
        self.policy = policy
        self.forms = {name: forms[name] for name in self.places}

    def initial_words(self, policy: Policy) -> list[str]:
        """ovs-vsctl words that give ports without queues theirs; `repair` then completes them."""
        self.adopt(policy, self.wanted(policy))
        words: list[str] = []
        for name, place in self.places.items():
            words += qos_words(self.forms[name], run=place.run, bridge=place.bridge)
        return words


def apply_policy(sets: Sequence[QueueSet], policy: Policy) -> dict[str, int]:
    """Changes the queues of all these ports that are there to a policy, or of none.

    Returns:
        Changes by interface, of ports that changed.

    Raises:
        QueueRefusedError: A port refused; every port is as it was before.
    """
    wanted = {name: form for one in sets for name, form in one.wanted(policy).items()}
    places = _places(sets)
    with _ONE_AT_A_TIME:
        counts, there = _settle_or_undo(sets, places, wanted)
        for one in sets:
            one.adopt(policy, wanted)
        _note_missing(sets, wanted.keys() - there)
    return counts


def missing(sets: Iterable[QueueSet]) -> list[str]:
    """Ports that were not there when last looked for."""
    return sorted(name for one in sets for name in one.missing)


def _settle_or_undo(
    sets: Sequence[QueueSet], places: Mapping[str, Place], wanted: Mapping[str, PortForm]
) -> tuple[dict[str, int], frozenset[str]]:
    try:
        return settle(places, wanted)
    except EmulationError as error:
        before = {name: form for one in sets for name, form in one.forms.items()}
        try:
            settle({name: places[name] for name in before}, before)
        except EmulationError as again:
            raise QueueRefusedError(f"{error}; and putting it back failed: {again}") from error
        raise QueueRefusedError(str(error)) from error


def plan(sets: Sequence[QueueSet], policy: Policy) -> dict[str, int]:
    """How much `apply_policy` would change, by interface."""
    wanted = {name: form for one in sets for name, form in one.wanted(policy).items()}
    with _ONE_AT_A_TIME:
        found = _find(wanted)
        _note_missing(sets, wanted.keys() - found.trees.keys())
        return _counts(_changes(wanted, found))


def repair(sets: Sequence[QueueSet]) -> dict[str, int]:
    """Puts back what Open vSwitch or somebody else has changed; what it was, by interface."""
    with _ONE_AT_A_TIME:
        forms = {name: form for one in sets for name, form in one.forms.items()}
        counts, there = settle(_places(sets), forms)
        _note_missing(sets, forms.keys() - there)
    return counts


def settle(
    places: Mapping[str, Place], forms: Mapping[str, PortForm]
) -> tuple[dict[str, int], frozenset[str]]:
    """Makes every port that is there what its form says, touching only what differs.

    Returns:
        What the first look found to change, by interface; and the ports that are there.

    Raises:
        QueueRefusedError: Open vSwitch or the kernel refused, or something undoes it.
    """
    first: dict[str, int] | None = None
    for _ in range(_ATTEMPTS):
        found = _find(forms)
        changes = _changes(forms, found)
        if first is None:
            first = _counts(changes)
        if not changes:
            there = frozenset(found.trees)
            return {name: count for name, count in first.items() if name in there}, there
        here = {name: forms[name] for name in found.trees}
        try:
            _carry_out(places, here, found.rows, changes)
        except EmulationError:
            # A port that went meanwhile refuses everything, and is no reason to.
            if _find(forms).trees.keys() == found.trees.keys():
                raise
    raise QueueRefusedError(
        f"{changes[0].interface}: its queues don't stay as they are set; does another program "
        "change them?"
    )


def _note_missing(sets: Sequence[QueueSet], gone: Set[str]) -> None:
    """Remembers which ports are not there, and says so where that is news."""
    before = {name for one in sets for name in one.missing}
    for one in sets:
        one.missing = frozenset(gone & one.places.keys())
    if left := sorted(gone - before):
        _log.warning("not there, so without queues until they are: %s", ", ".join(left))
    if back := sorted(before - gone):
        _log.warning("there again: %s", ", ".join(back))


def _places(sets: Sequence[QueueSet]) -> dict[str, Place]:
    return {name: place for one in sets for name, place in one.places.items()}


def _counts(changes: Iterable[PortChange]) -> dict[str, int]:
    return {item.interface: item.count for item in changes}


def _changes(forms: Mapping[str, PortForm], found: _Found) -> list[PortChange]:
    """What differs, only of ports that are there and where something does."""
    changes = (
        change(_in_force(found.rows.get(name), found.trees[name]), form)
        for name, form in forms.items()
        if name in found.trees
    )
    return [item for item in changes if item.count]


def _in_force(row: _Row | None, tree: KernelTree) -> InForce:
    if row is None:
        # Open vSwitch starts with a fresh tree; what is there now goes.
        return InForce(None, {}, _NOTHING)
    return InForce(row.rate_bps, row.settings, tree)


def _carry_out(
    places: Mapping[str, Place], forms: Mapping[str, PortForm], rows: Mapping[str, _Row],
    changes: Sequence[PortChange],
) -> None:  # fmt: skip
    made = [item for item in changes if item.queues or item.rate_bps is not None]
    dropped = [item for item in changes if item.dropped]
    if new := {item.interface for item in made} - rows.keys():
        _transact(_leftover_words(new))
    _transact(
        _row_words(places[item.interface], forms[item.interface], rows.get(item.interface), item)
        for item in made
    )
    lines = [(item.interface, line) for item in changes for line in item.lines]
    _run_tc(lines + (_weights(forms) if made and not dropped else []))
    _transact(_drop_words(rows[item.interface], item) for item in dropped)
    _run_tc(_weights(forms) if dropped else [])


def _weights(forms: Mapping[str, PortForm]) -> list[tuple[str, str]]:
    """tc lines for what Open vSwitch forgets of every port whenever it has changed one."""
    return [
        (name, f"class replace {class_words(name, item)}")
        for name, form in forms.items()
        for _, item in form.queues
        if item.quantum_bytes is not None
    ]


def _row_words(
    place: Place, form: PortForm, row: _Row | None, wanted: PortChange
) -> list[str]:  # fmt: skip
    """Words that make or set a port's rows."""
    if row is None:
        return qos_words(form, run=place.run, bridge=place.bridge)
    words: list[str] = []
    if wanted.rate_bps is not None:
        words += ["--", "set", "QoS", row.uuid, f"other_config:max-rate={wanted.rate_bps}"]
    for queue, item in wanted.queues:
        if queue in row.queues:
            words += ["--", "set", "Queue", row.queues[queue], *queue_words(item)]
            continue
        name = f"@{form.interface}.{queue}".replace("-", ".")
        owner = owner_words(place.run, place.bridge, form.interface)
        words += ["--", f"--id={name}", "create", "Queue", *owner, *queue_words(item)]
        words += ["--", "set", "QoS", row.uuid, f"queues:{queue}={name}"]
    return words


def _drop_words(row: _Row, wanted: PortChange) -> list[str]:
    words: list[str] = []
    for queue in wanted.dropped:
        words += ["--", "remove", "QoS", row.uuid, "queues", str(queue)]
        words += ["--", "--if-exists", "destroy", "Queue", row.queues[queue]]
    return words


def _leftover_words(interfaces: Set[str]) -> Iterator[list[str]]:
    """Words that destroy what these ports, which have no row, had before they last went."""
    in_use = {row["qos"] for row in ovs.rows("Port", "qos") if row["qos"]}
    for row in ovs.rows("QoS", "_uuid", "external_ids", "queues"):
        if row["external_ids"].get(PORT_ID) in interfaces and row["_uuid"] not in in_use:
            words = ["--", "--if-exists", "destroy", "QoS", row["_uuid"]]
            for queue in row["queues"].values():
                words += ["--", "--if-exists", "destroy", "Queue", queue]
            yield words


def _transact(parts: Iterable[list[str]]) -> None:
    """As few ovs-vsctl transactions as their length allows; a port's words stay together."""
    words: list[str] = []
    for part in parts:
        if words and sum(map(len, words)) + sum(map(len, part)) > _MAX_WORDS_BYTES:
            ovs.vsctl(*words, timeout_s=60)
            words = []
        words += part
    if words:
        ovs.vsctl(*words, timeout_s=60)


def _run_tc(lines: Sequence[tuple[str, str]]) -> None:
    if not lines:
        return
    text = "\n".join(line for _, line in lines)
    done = command.attempt(["tc", "-batch", "-"], text=text, timeout_s=60)
    if done.returncode == 0:
        return
    failed = _FAILED_LINE.search(done.stderr)
    interface, line = lines[min(int(failed[1]), len(lines)) - 1] if failed else lines[0]
    said = done.stderr.strip().splitlines()[0] if done.stderr.strip() else "no reason given"
    raise QueueRefusedError(f"{interface}: the kernel refused 'tc {line[:120]}': {said}")


def _find(interfaces: Iterable[str]) -> _Found:
    """What these ports have now."""
    wanted = set(interfaces)
    on_bridges = {row["name"]: row["qos"] for row in ovs.rows("Port", "name", "qos")
                  if row["name"] in wanted}  # fmt: skip
    trees = kernel_trees(on_bridges)
    return _Found(trees, _rows({n: qos for n, qos in on_bridges.items() if qos and n in trees}))


def _rows(qos_of: Mapping[str, str]) -> dict[str, _Row]:
    """The QoS rows of these ports."""
    if not qos_of:
        return {}
    settings = {
        row["_uuid"]: row["other_config"] for row in ovs.rows("Queue", "_uuid", "other_config")
    }
    qos = {
        row["_uuid"]: row
        for row in ovs.rows("QoS", "_uuid", "external_ids", "other_config", "queues")
    }
    return dict(_read_rows(qos_of, qos, settings))


def _read_rows(
    qos_of: Mapping[str, str], qos: Mapping[str, Mapping[str, object]],
    settings: Mapping[str, Mapping[str, str]],
) -> Iterator[tuple[str, _Row]]:  # fmt: skip
    for name, uuid in qos_of.items():
        row = qos.get(uuid)
        if row is None:  # destroyed between two listings, with its port most likely
            continue
        if row["external_ids"].get(PORT_ID) != name:  # type: ignore[attr-defined]
            raise QueueRefusedError(
                f"{name}: it has a QoS that Headway did not make and will not change; if nobody "
                f"needs it: ovs-vsctl clear Port {name} qos"
            )
        queues: dict[int, str] = dict(row["queues"])  # type: ignore[call-overload]
        config: Mapping[str, str] = row["other_config"]  # type: ignore[assignment]
        rate = int(config.get("max-rate", "0"))
        yield (
            name,
            _Row(uuid, rate, queues, {queue: settings.get(u, {}) for queue, u in queues.items()}),
        )
