"""Ports that are not there: passed over, told, and given their queues when they are back."""

import logging

import pytest

from emulation import queue_set
from emulation.errors import OpenVSwitchError, QueueRefusedError
from emulation.keeper import Keeper
from emulation.kernel_queues import KernelTree
from emulation.queue_set import Place, QueueSet
from emulation.queues import QueuedPort
from policies.document import to_document
from tests.emulation.small import POLICY, RATE_BPS

NOTHING = KernelTree("", {}, {}, {})


class Machine:
    """Ports of bridges and interfaces, and which ports have their queues."""

    def __init__(self, *names):
        self.bridged, self.interfaces, self.done = set(names), set(names), set()
        self.refuse = lambda: None

    def rows(self, table, *_columns):
        names = self.bridged if table == "Port" else ()
        return [{"name": name, "qos": []} for name in sorted(names)]

    def trees(self, names):
        return {name: NOTHING for name in names if name in self.interfaces}

    def change(self, _places, forms, _rows, changes):
        self.refuse()
        assert set(forms) <= self.bridged & self.interfaces
        self.done |= {item.interface for item in changes}


@pytest.fixture
def machine(monkeypatch):
    made = Machine("zm1", "zm2")
    differs = queue_set._changes
    monkeypatch.setattr(queue_set.ovs, "rows", made.rows)
    monkeypatch.setattr(queue_set, "kernel_trees", made.trees)
    monkeypatch.setattr(queue_set, "_carry_out", made.change)
    monkeypatch.setattr(
        queue_set, "_changes",
        lambda *a: [item for item in differs(*a) if item.interface not in made.done],
    )  # fmt: skip
    return made


@pytest.fixture
def keeper(tmp_path, monkeypatch):
    ports = (QueuedPort(name, RATE_BPS, fabric=False) for name in ("zm1", "zm2"))
    made = Keeper([QueueSet(Place("zm", port, None) for port in ports)], tmp_path / "unused")
    monkeypatch.setattr(made, "_settled", lambda: None)  # it has not been started
    return made


def ask(keeper, what):
    return keeper._do({"do": what, "document": to_document(POLICY)})


@pytest.mark.parametrize("without", ["bridged", "interfaces"])
@pytest.mark.parametrize("gone", [{"zm1"}, {"zm1", "zm2"}])
def test_ports_that_are_not_there_are_told_and_skipped(machine, keeper, without, gone):
    getattr(machine, without).difference_update(gone)
    for what in ("plan", "apply"):
        answer = ask(keeper, what)
        assert answer["missing"] == sorted(gone)
        assert set(answer["changed"]) == {"zm1", "zm2"} - gone
    assert machine.done == {"zm1", "zm2"} - gone


def test_one_line_when_a_port_goes_and_one_when_it_is_back(machine, keeper, caplog):
    caplog.set_level(logging.WARNING)
    ask(keeper, "apply")
    machine.bridged.clear()
    for what in ("plan", "apply", "audit", "apply"):
        assert ask(keeper, what)["missing"] == ["zm1", "zm2"]
    assert caplog.messages == ["not there, so without queues until they are: zm1, zm2"]
    machine.done.clear()
    machine.bridged.add("zm2")
    answer = ask(keeper, "audit")
    assert set(answer["changed"]) == machine.done == {"zm2"}
    assert answer["missing"] == ["zm1"]
    assert caplog.messages[1:] == ["there again: zm2"]


def test_a_port_that_goes_during_a_change_does_not_stop_it(machine, keeper):
    def go():
        machine.refuse = lambda: None
        machine.interfaces.discard("zm1")
        raise OpenVSwitchError("zm1: no such device")

    machine.refuse = go
    answer = ask(keeper, "apply")
    assert set(answer["changed"]) == {"zm2"}
    assert answer["missing"] == ["zm1"]


def test_a_port_that_is_there_and_refuses_is_no_missing_port(machine, keeper):
    def refuse():
        raise OpenVSwitchError("no room")

    machine.interfaces.discard("zm1")
    machine.refuse = refuse
    with pytest.raises(QueueRefusedError, match="no room"):
        ask(keeper, "apply")
    assert keeper._sets[0].policy is None
