"""Queue trees on real switches: changed while traffic flows, all or nothing, and kept."""

import json
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from emulation import command, ovs, queue_set
from emulation.errors import FilterTooLongError, KeeperError, QueueRefusedError
from emulation.keeper import Keeper, keeping, socket_path
from emulation.kernel_queues import kernel_trees, passed
from emulation.queues import PORT_ID
from emulation.selftest import probe_queues, require_passed
from policies.document import to_document
from policies.model import Rate
from tests.emulation.small import NOWHERE, POLICY, RATE_BPS, TOPOLOGY, sliced
from topologies.model import Host, Switch, Topology

pytestmark = pytest.mark.root
PORTS = {f"zq{s}-eth{p}" for s in (1, 2) for p in (1, 2, 3)}
STREAM = """
import socket, sys, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 46 << 2)
out.connect((sys.argv[1], 9000))
began = time.monotonic()
for n in range(int(sys.argv[2])):
    time.sleep(max(0, began + n / 1000 - time.monotonic()))
    out.send(n.to_bytes(4, "big") + bytes(96))
"""
COUNT = """
import socket, sys
into = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
into.bind(("", 9000)); into.settimeout(float(sys.argv[1])); seen = []
print("ready", flush=True)
try:
    while True: seen.append(into.recv(200)[:4])
except TimeoutError: pass
print(len(seen), len(set(seen)))
"""


@pytest.fixture(scope="module")
def network():
    from emulation.network import emulate

    with emulate(TOPOLOGY, policy=POLICY, controller=NOWHERE) as running:
        for switch in ("zq1", "zq2"):
            command.run(["ovs-ofctl", "-O", "OpenFlow13", "add-flow", switch, "actions=NORMAL"])
        yield running


@pytest.fixture(autouse=True)
def _as_it_was(request):
    yield
    if "network" in request.fixturenames:
        ask(request.getfixturevalue("network"), "apply", document=to_document(POLICY))


def ask(network, what, **words):
    return raw(network.keeper.path, json.dumps({"do": what, **words}).encode() + b"\n")


def raw(path, request):
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(str(path))
        line.sendall(request)
        with line.makefile() as answer:
            return json.loads(answer.readline())


def eventually(condition, timeout_s=3.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_plan_says_what_apply_does_and_then_there_is_nothing_left(network):
    document = to_document(sliced(1, 2))
    planned = ask(network, "plan", document=document)
    assert set(planned["changed"]) == PORTS
    applied = ask(network, "apply", document=document)
    assert applied["changed"] == planned["changed"]
    assert ask(network, "plan", document=document)["changed"] == {}
    require_passed(network.probe_queues())


def test_one_slice_changes_and_the_others_are_not_touched(network):
    policy = sliced(1, 2, 3)
    ask(network, "apply", document=to_document(policy))
    before = kernel_trees(PORTS)
    slices = (*policy.slices[:2], replace(policy.slices[2], guarantee=Rate(bps=3e6)))
    changed = ask(network, "apply", document=to_document(replace(policy, slices=slices)))["changed"]
    # The slice's queue, and the two classes and the root of its inner tree where they differ.
    assert set(changed.values()) == {3}
    after = kernel_trees(PORTS)
    for port in PORTS:
        # A leaf that was replaced would have another handle.
        assert after[port].leaves == before[port].leaves
        assert after[port].classes["1:12"] == before[port].classes["1:12"]


def test_no_packet_is_lost_while_policies_change(network):
    counter = network.popen("zqh3", [sys.executable, "-c", COUNT, "2"], stdout=subprocess.PIPE)
    assert counter.stdout.readline() == b"ready\n"
    sender = network.popen("zqh1", [sys.executable, "-c", STREAM, "10.90.0.3", "3000"])
    rounds = 0
    while sender.poll() is None:
        for policy in (sliced(1, 2), sliced(2, 3, 4, guarantee_bps=1e6), POLICY):
            assert ask(network, "apply", document=to_document(policy))["ok"]
            rounds += 1
    with counter.stdout as lines:
        received, distinct = map(int, lines.read().split())
    assert rounds > 6
    assert (received, distinct) == (3000, 3000)


def test_what_others_change_is_put_back(network):
    ask(network, "apply", document=to_document(sliced(1, 2)))
    changes = (
        ["tc", "class", "change", "dev", "zq1-eth3", "parent", "1:fffe", "classid", "1:12", "htb",
         "rate", "1mbit"],
        ["tc", "filter", "del", "dev", "zq1-eth1", "parent", "1:"],
        ["tc", "qdisc", "replace", "dev", "zq1-eth1", "parent", "1:12", "pfifo"],
        ["tc", "qdisc", "del", "dev", "zq2-eth3", "root"],
    )  # fmt: skip
    queues = [switch.queues for switch in network.mininet.switches]
    for change in changes:
        command.run(change)
        eventually(lambda: not queue_set.plan(queues, sliced(1, 2)))
    require_passed(network.probe_queues())


def test_weights_survive_a_change_of_another_bridge(network):
    """Open vSwitch writes every class again then, and knows no weights."""
    ask(network, "apply", document=to_document(sliced(1, 2)))
    turns = kernel_trees(["zq1-eth3"])["zq1-eth3"].classes["1:12"].quantum_bytes
    before = network.keeper.repaired
    ovs.vsctl("add-br", "zqother", "--", "set", "Bridge", "zqother", "datapath_type=netdev")
    ovs.vsctl("del-br", "zqother")
    eventually(lambda: network.keeper.repaired > before)
    assert kernel_trees(["zq1-eth3"])["zq1-eth3"].classes["1:12"].quantum_bytes == turns


def test_a_port_that_refuses_leaves_every_port_as_it_was(network, monkeypatch):
    """The last port's words are spoilt, as a kernel without room would refuse them."""
    ask(network, "apply", document=to_document(sliced(1)))
    before = kernel_trees(PORTS)
    spoilt = queue_set._run_tc

    def refuse(lines):
        if any("403:" in line for _, line in lines):
            lines = [*lines, ("zq2-eth3", "class replace dev zq2-eth3 parent 999: htb rate 1mbit")]
        spoilt(lines)

    monkeypatch.setattr(queue_set, "_run_tc", refuse)
    answer = ask(network, "apply", document=to_document(sliced(1, 3)))
    assert not answer["ok"]
    assert answer["refused"].startswith("zq2-eth3: the kernel refused 'tc class replace")
    monkeypatch.undo()
    after = kernel_trees(PORTS)
    assert {p: t.classes for p, t in after.items()} == {p: t.classes for p, t in before.items()}
    assert ask(network, "plan", document=to_document(sliced(1)))["changed"] == {}


@pytest.mark.parametrize(
    ("request_bytes", "refused"),
    [
        (b"nonsense\n", "not one JSON object"),
        (b"[]\n", "a request is a JSON object"),
        (b"[" * 100_000 + b"\n", "not one JSON object"),
        (b'{"do": "explode"}\n', "can't do 'explode'"),
        (b'{"do": "apply"}\n', "give 'document'"),
        (b'{"do": "apply", "document": {"name": 1}}\n', "policy"),
        (b'{"do": "apply", "policy": "version: 9"}\n', "version"),
        (b'{"do": "apply", "policy": "", "at": "yesterday"}\n', "'at' is an ISO time"),
    ],
)
def test_nonsense_is_answered_and_changes_nothing(network, request_bytes, refused):
    answer = raw(network.keeper.path, request_bytes)
    assert answer["ok"] is False
    assert refused in answer["refused"]
    assert ask(network, "plan", document=to_document(POLICY))["changed"] == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"weight": 0.0},
        {"weight": float("nan")},
        {"number": 0},
        {"number": 2000},
        {"guarantee": Rate(bps=float("inf"))},
        {"guarantee": Rate(share=-1.0)},
        {"classes": ()},
    ],
)
def test_numbers_that_no_file_could_hold_are_refused(network, changes):
    policy = sliced(1)
    policy = replace(policy, slices=(replace(policy.slices[0], **changes),))
    answer = ask(network, "apply", document=to_document(policy))
    assert answer["ok"] is False


def test_a_policy_may_come_as_text(network):
    from policies.load import DEFAULT_POLICY

    text = DEFAULT_POLICY.read_text(encoding="utf-8")
    assert ask(network, "apply", policy=text, at="2026-01-31T08:00:00+00:00")["ok"]
    require_passed(network.probe_queues())


def test_clients_that_vanish_or_dawdle_stop_nobody(network):
    for part in (b"", b'{"do": "fig', json.dumps({"do": "figures"}).encode() + b"\n"):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(network.keeper.path))
            line.sendall(part)
    assert ask(network, "figures")["ok"]


def test_figures_tell_every_port_slice_and_class(network):
    ask(network, "apply", document=to_document(sliced(1, 2)))
    network.probe_queues()
    ports = ask(network, "figures")["ports"]
    assert set(ports) == PORTS
    assert set(ports["zq1-eth3"]) == {"", "s1", "s2"}
    assert ports["zq1-eth3"]["s1"]["urgent"]["packets"] >= 2
    assert passed("zq1-eth3")["401:2"].packets_total >= 2


def test_only_its_owner_may_ask(network):
    assert network.keeper.path.stat().st_mode & 0o777 == 0o600
    assert network.keeper.path.parent.stat().st_mode & 0o777 == 0o700


def test_two_keepers_cant_have_one_socket(network):
    with pytest.raises(KeeperError, match="give another socket"):
        Keeper([], network.keeper.path).start()
    assert ask(network, "figures")["ok"]


def test_a_socket_left_behind_is_taken_over():
    with socket_path() as path:
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(path))
        left.close()
        with keeping([], path):
            assert raw(path, b'{"do": "figures"}\n')["ok"]
        assert not path.exists()


def test_a_sliced_network_is_sliced_from_the_start():
    from emulation.network import emulate

    host = Host("zqsh1", "02:00:00:00:5a:21", "10.93.0.1/24", "zqs1", RATE_BPS)
    alone = Topology("alone", (Switch("zqs1", 0x5A06),), (host,), ())
    with emulate(alone, policy=sliced(1, 2), controller=NOWHERE) as running:
        probes = probe_queues(running.switch("zqs1"))
        assert {probe.queue for probe in probes} == {
            f"s{n}/{name}" for n in (1, 2) for name in ("bulk", "urgent")
        }
        # Pointing it at its controller made Open vSwitch forget the weights once more.
        eventually(lambda: running.switch("zqs1").plan_policy(sliced(1, 2)) == {})


def test_a_port_that_goes_stops_nobody_and_gets_its_queues_when_it_is_back():
    from emulation.queue_set import Place, QueueSet
    from emulation.queues import QueuedPort

    def add_port():
        command.run(["ip", "link", "add", "zqg1", "type", "veth", "peer", "name", "zqg2"])
        ovs.vsctl("add-port", "zqgone", "zqg1", "--", "add-port", "zqgone", "zqg2")

    def rows():
        return [row for row in ovs.rows("QoS", "external_ids")
                if row["external_ids"].get(PORT_ID) in ("zqg1", "zqg2")]  # fmt: skip

    names = ["zqg1", "zqg2"]
    sets = [QueueSet(Place("zqgone", QueuedPort(n, RATE_BPS, fabric=True), None) for n in names)]
    add_bridge = ("add-br", "zqgone", "--", "set", "Bridge", "zqgone", "datapath_type=netdev")
    with socket_path() as path, keeping(sets, path), ExitStack() as stack:
        stack.callback(_leave_nothing)
        ovs.vsctl(*add_bridge)
        add_port()
        answer = ask_at(path, "apply", sliced(1))
        assert (set(answer["changed"]), answer["missing"]) == (set(names), [])
        # One's row alone, then the interfaces, then the switch with all of it.
        ovs.vsctl("del-port", "zqgone", "zqg1")
        assert ask_at(path, "plan", sliced(1, 2))["missing"] == ["zqg1"]
        answer = ask_at(path, "apply", sliced(1, 2))
        assert (set(answer["changed"]), answer["missing"]) == ({"zqg2"}, ["zqg1"])
        command.run(["ip", "link", "del", "zqg1"])
        assert ask_at(path, "apply", sliced(1))["missing"] == names
        ovs.vsctl("del-br", "zqgone")
        answer = ask_at(path, "apply", sliced(1, 2, 3))
        assert (answer["ok"], answer["changed"], answer["missing"]) == (True, {}, names)
        ovs.vsctl(*add_bridge)
        add_port()
        eventually(lambda: not sets[0].missing, timeout_s=10)
        assert ask_at(path, "plan", sliced(1, 2, 3))["changed"] == {}
        assert len(rows()) == 2


def ask_at(path, what, policy):
    request = {"do": what, "document": to_document(policy)}
    return raw(path, json.dumps(request).encode() + b"\n")


def _leave_nothing():
    ovs.vsctl("--if-exists", "del-br", "zqgone")
    command.attempt(["ip", "link", "del", "zqg1"])
    for table in ("QoS", "Queue"):
        for row in ovs.rows(table, "_uuid", "external_ids"):
            if row["external_ids"].get(PORT_ID) in ("zqg1", "zqg2"):
                ovs.vsctl("destroy", table, row["_uuid"])


def test_more_than_a_program_can_tell_is_refused_with_the_port():
    from ipaddress import ip_network

    from emulation.queue_set import Place, QueueSet
    from emulation.queues import QueuedPort
    from policies.model import Selector

    prefixes = tuple(ip_network((0x20010DB8 << 96 | n << 64, 64)) for n in range(600))
    policy = sliced(1, 2)
    slices = tuple(replace(s, members=(Selector(prefixes=prefixes),)) for s in policy.slices)
    ports = QueueSet([Place("zq", QueuedPort("zq-eth1", RATE_BPS, fabric=False), None)])
    with pytest.raises(QueueRefusedError, match=r"zq-eth1: .*instructions"):
        ports.wanted(replace(policy, slices=slices))
    assert issubclass(FilterTooLongError, Exception)
