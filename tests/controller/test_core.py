"""The core against the fake fabric: paths, hosts, faults and restarts, without a network."""

import itertools
import random

import pytest
from fabric import FakeFabric, FakeHost, LoopError, leaf_spine, ring
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.events import PacketIn, Port, PortChanged, SwitchUp
from controller.rules import Output, Rule, SetField, Table, match


@pytest.fixture
def fabric() -> FakeFabric:
    return leaf_spine().start()


def assert_all_reach(fabric: FakeFabric) -> None:
    missing = [(a.mac, b.mac) for a, b in fabric.pairs() if not fabric.reaches(a, b)]
    assert not missing


def test_every_host_reaches_every_host(fabric: FakeFabric) -> None:
    assert_all_reach(fabric)


def test_traffic_between_leaves_is_spread_over_both_spines(fabric: FakeFabric) -> None:
    a, b = fabric.hosts[0], fabric.hosts[2]
    assert len(fabric.trace(a, b)) == 2  # one delivery per equal path the group may choose


def test_a_host_keeps_its_own_address_across_the_fabric(fabric: FakeFabric) -> None:
    a, b = fabric.hosts[0], fabric.hosts[2]
    for _, packet in fabric.trace(a, b):
        assert (packet["eth_src"], packet["eth_dst"]) == (a.mac, b.mac)


def test_arp_for_a_known_host_is_answered_by_the_switch(fabric: FakeFabric) -> None:
    a, b = fabric.hosts[0], fabric.hosts[-1]
    fabric.delivered = []
    fabric.say(a, a.arp(b.ip))
    ((end, reply),) = fabric.delivered
    assert end == (a.dpid, a.port)
    assert (reply["arp_op"], reply["arp_sha"], reply["arp_spa"]) == (2, b.mac, b.ip)
    assert (reply["eth_dst"], reply["arp_tpa"]) == (a.mac, a.ip)


def test_arp_for_an_unknown_host_reaches_host_ports_only_and_not_its_own() -> None:
    fabric = leaf_spine(hosts=1)
    for dpid in fabric.switches:
        fabric.connect(dpid)
    fabric.run(2.0)
    fabric.delivered = []
    asking = fabric.hosts[0]
    fabric.say(asking, asking.arp(fabric.hosts[1].ip))
    assert {end for end, _ in fabric.delivered} == {(h.dpid, h.port) for h in fabric.hosts[1:]}


def test_class_marks_and_queues_are_the_same_on_every_hop(fabric: FakeFabric) -> None:
    a, b = fabric.hosts[0], fabric.hosts[2]
    inference = fabric.state.policy.class_of(
        next(
            c.traffic_class
            for c in fabric.state.policy.classes
            if c.traffic_class.value == "gradient"
        )
    )
    for _, packet in fabric.trace(a, b, port=4791):
        assert (packet["ip_dscp"], packet["queue"]) == (inference.dscp, inference.queue_id)


def test_a_mark_written_by_a_host_is_not_believed(fabric: FakeFabric) -> None:
    a, b = fabric.hosts[0], fabric.hosts[2]
    for _, packet in fabric.trace(a, b, port=5001, dscp=46):
        assert (packet["ip_dscp"], packet["queue"]) == (0, 0)


def test_labels_forged_by_a_host_are_dropped(fabric: FakeFabric) -> None:
    a = fabric.hosts[0]
    forged = FakeHost(0x064800003000, 1, 0, 0)
    assert fabric.trace(a, forged) == []


# --- failures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("spine", [101, 102])
@pytest.mark.parametrize("leaf", [1, 2, 3])
def test_a_cut_link_is_survived_without_the_controller(leaf: int, spine: int) -> None:
    fabric = leaf_spine().start()
    fabric.cut(leaf, spine, tell=False)
    assert_all_reach(fabric)


def test_a_cut_link_is_taken_out_of_ingress_groups_at_once(fabric: FakeFabric) -> None:
    fabric.cut(2, 101)
    a, b = fabric.hosts[0], fabric.hosts[2]
    assert len(fabric.trace(a, b)) == 1
    assert_all_reach(fabric)


def test_a_mended_link_is_used_again(fabric: FakeFabric) -> None:
    fabric.cut(2, 101)
    fabric.run(3.0)
    fabric.mend(2, 101)
    fabric.run(3.0)
    assert len(fabric.trace(fabric.hosts[0], fabric.hosts[2])) == 2


def test_silent_loss_is_noticed_by_missing_probes(fabric: FakeFabric) -> None:
    silent = {end: peer for end, peer in fabric.peers.items() if {end[0], peer[0]} == {1, 101}}
    for end in silent:
        fabric.peers[end] = (0xDEAD, 1)
    fabric.switches[0xDEAD] = type(fabric.switches[1])(0xDEAD, {1: True})
    fabric.run(6.0)
    assert fabric.noted("link-down") == 1
    fabric.peers |= silent
    assert len(fabric.trace(fabric.hosts[0], fabric.hosts[2])) == 1


def test_a_partition_is_reported_and_mends() -> None:
    fabric = ring(4).start()
    fabric.cut(1, 2)
    fabric.cut(3, 4)
    assert fabric.noted("unreachable")
    assert not fabric.reaches(fabric.hosts[0], fabric.hosts[1])
    assert fabric.reaches(fabric.hosts[0], fabric.hosts[3])
    fabric.mend(1, 2)
    fabric.mend(3, 4)
    fabric.run(4.0)
    assert_all_reach(fabric)


def test_two_cuts_in_a_grid_get_new_paths_where_no_candidate_is_left() -> None:
    size = 4
    cables = [(r * size + c, r * size + c + 1) for r in range(size) for c in range(1, size)]
    cables += [
        (r * size + c, r * size + size + c) for r in range(size - 1) for c in range(1, size + 1)
    ]
    fabric = FakeFabric(cables, [1, 4, 13, 16]).start()
    for cut in [(1, 2), (3, 4), (12, 16), (6, 10), (9, 13)]:
        fabric.cut(*cut)
    fabric.run(3.0)
    assert_all_reach(fabric)


# --- restarts -----------------------------------------------------------------------------------


def test_a_restarted_controller_changes_nothing(fabric: FakeFabric) -> None:
    before = {dpid: (dict(s.rules), dict(s.groups)) for dpid, s in fabric.switches.items()}
    for switch in fabric.switches.values():
        switch.changes = 0
    fabric.restart_controller()
    assert {d: s.changes for d, s in fabric.switches.items()} == dict.fromkeys(fabric.switches, 0)
    assert {d: (s.rules, s.groups) for d, s in fabric.switches.items()} == before
    assert_all_reach(fabric)


def test_hosts_are_reached_throughout_a_restart(fabric: FakeFabric) -> None:
    fabric.state = type(fabric.state)(fabric.state.policy, fabric.settings)
    for dpid in fabric.switches:
        fabric.connect(dpid)
        assert_all_reach(fabric)
    for _ in range(40):
        fabric.run(0.1)
        assert_all_reach(fabric)


def test_a_switch_that_lost_its_tables_gets_them_back(fabric: FakeFabric) -> None:
    spine = fabric.switches[101]
    fabric.disconnect(101)
    spine.wipe()
    fabric.connect(101)
    fabric.run(1.0)
    assert_all_reach(fabric)


def test_tampered_rules_are_repaired(fabric: FakeFabric) -> None:
    leaf = fabric.switches[1]
    key = next(k for k, r in leaf.rules.items() if r.table == Table.ROUTE and r.priority == 100)
    leaf.lose(key)
    fabric.run(fabric.settings.audit_interval_s + 1)
    assert key in leaf.rules
    assert fabric.noted("tables-repaired") == 1


def test_the_same_event_twice_sends_nothing_more(fabric: FakeFabric) -> None:
    for switch in fabric.switches.values():
        switch.changes = 0
    for host in fabric.hosts:
        fabric.feed(PacketIn(host.dpid, host.port, host.arp(host.ip)))
    for dpid, switch in fabric.switches.items():
        for number in switch.ports:
            fabric.feed(PortChanged(dpid, Port(number, f"s{dpid}-eth{number}", True)))
    fabric.run(1.0)
    assert sum(s.changes for s in fabric.switches.values()) == 0


# --- identity and hostility ---------------------------------------------------------------------


def test_a_second_switch_with_the_same_datapath_id_is_refused(fabric: FakeFabric) -> None:
    fabric.feed(SwitchUp(1, 99, ()))
    assert fabric.noted("switch-refused") == 1
    assert fabric.state.switches[1].connection != 99
    assert_all_reach(fabric)


def test_datapath_id_zero_is_refused(fabric: FakeFabric) -> None:
    fabric.feed(SwitchUp(0, 99, ()))
    assert fabric.noted("switch-refused") == 1


def test_a_host_can_not_take_anothers_place_while_that_is_up(fabric: FakeFabric) -> None:
    victim, attacker = fabric.hosts[0], fabric.hosts[-1]
    stolen = FakeHost(victim.mac, victim.ip, attacker.dpid, attacker.port)
    fabric.say(stolen, stolen.arp(stolen.ip))
    assert fabric.noted("host-hijack") == 1
    assert_all_reach(fabric)


def test_a_host_may_move_once_its_old_port_is_down(fabric: FakeFabric) -> None:
    old, port = fabric.hosts[0], fabric.hosts[-1]
    fabric.switches[old.dpid].ports[old.port] = False
    fabric.feed(PortChanged(old.dpid, Port(old.port, "gone", False)))
    moved = FakeHost(old.mac, old.ip, port.dpid, port.port)
    fabric.say(moved, moved.arp(moved.ip))
    assert fabric.reaches(fabric.hosts[2], moved)


def test_an_address_in_use_can_not_be_claimed(fabric: FakeFabric) -> None:
    victim, attacker = fabric.hosts[0], fabric.hosts[-1]
    liar = FakeHost(attacker.mac, victim.ip, attacker.dpid, attacker.port)
    fabric.feed(PacketIn(liar.dpid, liar.port, liar.arp(liar.ip)))
    assert fabric.noted("arp-spoof") == 1
    fabric.delivered = []
    other = fabric.hosts[2]
    fabric.say(other, other.arp(victim.ip))
    assert fabric.delivered[0][1]["arp_sha"] == victim.mac


def test_addresses_on_one_port_are_bounded() -> None:
    fabric = leaf_spine(hosts=1, hosts_per_port=4).start()
    at = fabric.hosts[0]
    for i in range(10):
        flood = FakeHost(0x0A00_0000_0000 + i, 0x0B000000 + i, at.dpid, at.port)
        fabric.say(flood, flood.arp(flood.ip))
    assert len(fabric.state.switches[at.dpid].hosts) == 4
    assert fabric.noted("host-limit") == 7


def test_lldp_seen_before_is_refused(fabric: FakeFabric) -> None:
    frames = []
    fabric.held = []
    fabric.run(1.5)
    frames = [c for c in fabric.held if type(c).__name__ == "SendFrame" and c.dpid == 101]
    fabric.held = None
    peer = fabric.peers[101, frames[0].ports[0]]
    fabric.feed(PacketIn(*peer, frames[0].frame))
    fabric.feed(PacketIn(3, fabric.hosts[-1].port, frames[0].frame))
    assert fabric.noted("lldp-replayed") == 1
    assert not fabric.state.is_fabric((3, fabric.hosts[-1].port))


def test_lldp_relayed_between_two_hosts_makes_no_link(fabric: FakeFabric) -> None:
    fabric.held = []
    fabric.run(1.5)
    sent = [c for c in fabric.held if type(c).__name__ == "SendFrame"]
    fabric.held = None
    a, b = fabric.hosts[0], fabric.hosts[-1]
    frame = next(c.frame for c in sent if (c.dpid, c.ports[0]) == (a.dpid, a.port))
    fabric.feed(PacketIn(b.dpid, b.port, frame))
    assert fabric.noted("link-on-host-port") == 1
    assert_all_reach(fabric)


@given(st.binary(max_size=200))
def test_no_frame_breaks_the_core(frame: bytes) -> None:
    fabric = _SHARED
    host = fabric.hosts[0]
    fabric.feed(PacketIn(host.dpid, host.port, frame))


_SHARED = leaf_spine(hosts=1).start()


# --- properties ---------------------------------------------------------------------------------


@st.composite
def networks(draw: st.DrawFn) -> FakeFabric:
    """A random connected network with hosts on some switches, up and running."""
    size = draw(st.integers(2, 7))
    cables = {(draw(st.integers(1, i - 1)), i) for i in range(2, size + 1)}
    extra = st.tuples(st.integers(1, size), st.integers(1, size)).filter(lambda e: e[0] < e[1])
    cables |= set(draw(st.lists(extra, max_size=6)))
    hosts = draw(st.lists(st.integers(1, size), min_size=2, max_size=4, unique=True))
    return FakeFabric(sorted(cables), hosts).start()


@settings(max_examples=25, deadline=None)
@given(networks(), st.data())
def test_any_failures_seen_by_no_controller_make_no_loop(
    fabric: FakeFabric, data: st.DataObject
) -> None:
    cables = sorted({tuple(sorted((a[0], b[0]))) for a, b in fabric.peers.items()})
    for cut in data.draw(st.lists(st.sampled_from(cables), max_size=4, unique=True)):
        fabric.cut(*cut, tell=False)
    for a, b in fabric.pairs():
        assert all(end == (b.dpid, b.port) for end, _ in fabric.trace(a, b))


@settings(max_examples=25, deadline=None)
@given(networks(), st.data())
def test_whatever_is_cut_what_is_connected_stays_reachable(
    fabric: FakeFabric, data: st.DataObject
) -> None:
    cables = sorted({tuple(sorted((a[0], b[0]))) for a, b in fabric.peers.items()})
    cut = data.draw(st.lists(st.sampled_from(cables), max_size=3, unique=True))
    for a, b in cut:
        fabric.cut(a, b)
    fabric.run(3.0)
    left = [cable for cable in cables if cable not in cut]
    for a, b in fabric.pairs():
        assert fabric.reaches(a, b) == _connected(left, a.dpid, b.dpid)


def _connected(cables: list[tuple[int, ...]], a: int, b: int) -> bool:
    seen, grown = {a}, True
    while grown:
        grown = False
        for x, y in cables:
            if (x in seen) != (y in seen):
                seen |= {x, y}
                grown = True
    return b in seen


_RING = [(1, 2), (2, 3), (3, 4), (4, 5), (5, 1)]


@pytest.mark.parametrize("cuts", list(itertools.combinations(_RING, 2)))
def test_two_failures_at_once_make_no_loop_in_a_ring(cuts: tuple[tuple[int, int], ...]) -> None:
    fabric = ring(5).start()
    for cut in cuts:
        fabric.cut(*cut, tell=False)
    for a, b in fabric.pairs():
        assert all(end == (b.dpid, b.port) for end, _ in fabric.trace(a, b))


@pytest.mark.parametrize("seed", range(8))
def test_new_paths_are_taken_without_losing_a_packet(seed: int) -> None:
    """Commands reach each switch at its own pace, and at every moment everybody is reached."""
    fabric = ring(6).start()
    rng = random.Random(seed)
    before = {dpid: len(switch.rules) for dpid, switch in fabric.switches.items()}
    fabric.held = []
    fabric.add_cable(1, 4)
    for _ in range(150):
        fabric.run(0.05)
        for _ in range(rng.randint(0, 6)):
            waiting = sorted({command.dpid for command in fabric.held if hasattr(command, "dpid")})
            if waiting:
                fabric.release(rng.choice(waiting), rng.randint(1, 20))
        assert_all_reach(fabric)
    assert {d: len(s.rules) for d, s in fabric.switches.items()} != before


@pytest.mark.parametrize("seed", range(4))
def test_a_restart_with_slow_switches_loses_nothing(seed: int) -> None:
    fabric = leaf_spine(hosts=1).start()
    rng = random.Random(seed)
    fabric.state = type(fabric.state)(fabric.state.policy, fabric.settings)
    fabric.held = []
    for dpid in fabric.switches:
        fabric.connect(dpid)
    for _ in range(100):
        fabric.run(0.05)
        waiting = sorted({command.dpid for command in fabric.held if hasattr(command, "dpid")})
        if waiting:
            fabric.release(rng.choice(waiting), rng.randint(1, 30))
        assert_all_reach(fabric)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_a_failure_with_slow_switches_makes_no_loop_and_misdelivers_nothing(seed: int) -> None:
    fabric = ring(5).start()
    rng = random.Random(seed)
    fabric.held = []
    fabric.cut(1, 2)
    fabric.cut(3, 4, tell=bool(rng.getrandbits(1)))
    while fabric.held:
        waiting = sorted({getattr(command, "dpid", 1) for command in fabric.held})
        fabric.release(rng.choice(waiting), rng.randint(1, 4))
        for a, b in fabric.pairs():
            try:
                ends = fabric.trace(a, b)
            except LoopError as error:
                pytest.fail(str(error))
            assert all(end == (b.dpid, b.port) for end, _ in ends)


# --- what others left ---------------------------------------------------------------------------


def test_rules_that_only_look_like_ours_are_removed_and_believed_by_nobody() -> None:
    fabric = leaf_spine(hosts=1)
    alien = [
        Rule(Table.LABEL, 300, ()),
        Rule(Table.LABEL, 200, ()),
        Rule(Table.CLASSIFY, 910, match(eth_type=0x0806)),
        Rule(Table.LABEL, 300, match(eth_dst=5), (SetField("eth_dst", 7), Output(1))),
    ]
    fabric.switches[1].rules = {rule.key: rule for rule in alien}
    fabric.start()
    assert not {rule.key for rule in alien} & fabric.switches[1].rules.keys()
    assert_all_reach(fabric)


def test_audits_go_on_after_a_barrier_reply_was_lost_with_its_connection(
    fabric: FakeFabric,
) -> None:
    host = fabric.hosts[0]
    fabric.held = []
    late = FakeHost(0x0200_0000_0099, 10 << 24 | 99, host.dpid, host.port)
    fabric.say(late, late.arp(late.ip))
    fabric.held = None  # what was held, barriers too, never arrives
    for dpid in fabric.switches:
        fabric.disconnect(dpid)
        fabric.connect(dpid)
    fabric.run(1.0)
    leaf = fabric.switches[1]
    key = next(k for k, r in leaf.rules.items() if r.table == Table.ROUTE and r.priority == 100)
    leaf.lose(key)
    fabric.run(fabric.settings.audit_interval_s + 2)
    assert key in leaf.rules
