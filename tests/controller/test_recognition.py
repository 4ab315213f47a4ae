"""What the controller makes of copies: rules for flows that are known, and the end of them."""

from dataclasses import replace
from ipaddress import ip_network

import pytest
from fabric import FakeFabric, FakeHost, leaf_spine

from classifier.jobs import Job
from classifier.model import Reason
from controller.events import JobsChanged, Refused
from controller.hinted import MOST_ON_SWITCH
from controller.known_services import BELIEVED_AFTER, EXCEPTION_S, LEASE_S, MARKED_AFTER
from controller.pipeline import Ask
from controller.rules import Table
from controller.settings import Settings
from policies.classes import TrafficClass, Transport
from policies.load import load_policy
from policies.model import OperatorRule, PortRange

SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: a\r\nUser-Agent: Prometheus/2.42.0\r\n\r\n"
SCRAPED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
    b"Content-Length: 30\r\n\r\n# HELP up Up.\n# TYPE up gauge\n"
)
NOISE = bytes(range(7, 207))
ODD_PORTS = (51000, 22222)  # in no table


@pytest.fixture
def fabric() -> FakeFabric:
    return leaf_spine(most_flows=32, tick_s=0.1).start()


class Talk:
    """A TCP connection between two hosts of the fake fabric, one segment at a time."""

    def __init__(self, fabric: FakeFabric, a: FakeHost, b: FakeHost, ports=ODD_PORTS) -> None:
        self.fabric, self.ends, self.ports = fabric, (a, b), ports
        self.next = [1001, 2001]
        self.client(b"", flags=0x02)

    def client(self, payload: bytes, flags: int = 0x18):
        return self._say(0, payload, flags)

    def server(self, payload: bytes):
        return self._say(1, payload, 0x18)

    def _say(self, side: int, payload: bytes, flags: int):
        ports = self.ports if side == 0 else self.ports[::-1]
        frame = self.ends[side].tcp(
            self.ends[1 - side], ports, payload, self.next[side] - (flags & 2 == 2), flags
        )
        self.next[side] += len(payload)
        return self.fabric.emit(self.ends[side], frame)

    @property
    def verdict(self):
        (flow,) = (f for f in self.fabric.state.recognised if f.key.cport == self.ports[0])
        return flow.verdict


def mark_of(fabric: FakeFabric, name: TrafficClass) -> tuple[int, int]:
    entry = fabric.state.policy.class_of(name)
    return entry.dscp, entry.queue_id


def marks(delivered) -> set[tuple[int, int]]:
    return {(packet["ip_dscp"], packet["queue"]) for _, packet in delivered}


def flow_rules(fabric: FakeFabric) -> list[int]:
    return [
        switch.dpid
        for switch in fabric.switches.values()
        for rule in switch.rules.values()
        if (rule.table, rule.priority) == (Table.CLASSIFY, Ask.FLOW)
    ]


def test_a_flow_is_forwarded_from_its_first_packet_and_marked_once_it_is_known(fabric):
    a, b = fabric.hosts[0], fabric.hosts[2]
    talk = Talk(fabric, a, b)
    first = talk.client(SCRAPE)
    assert marks(first) == {mark_of(fabric, TrafficClass.BACKGROUND)}
    copies = fabric.state.copies
    assert marks(talk.client(SCRAPE)) == {mark_of(fabric, TrafficClass.TELEMETRY)}
    assert marks(talk.server(SCRAPED)) == {mark_of(fabric, TrafficClass.TELEMETRY)}
    assert fabric.state.copies == copies  # neither direction is looked at any more
    assert sorted(flow_rules(fabric)) == sorted([a.dpid, b.dpid])
    assert talk.verdict.reason is Reason.SIGNATURE


def test_a_service_on_anothers_port_is_what_it_says_and_not_what_its_port_says(fabric):
    talk = Talk(fabric, fabric.hosts[0], fabric.hosts[2], (51000, 29500))
    assert marks(talk.client(SCRAPE)) == {mark_of(fabric, TrafficClass.GRADIENT)}
    assert marks(talk.client(SCRAPE)) == {mark_of(fabric, TrafficClass.TELEMETRY)}


def test_what_tells_nothing_is_left_alone_after_a_while(fabric):
    talk = Talk(fabric, fabric.hosts[0], fabric.hosts[2])
    for _ in range(60):
        talk.client(NOISE)
        fabric.run(0.1)
    copies = fabric.state.copies
    assert copies >= 50
    talk.client(NOISE)
    assert fabric.state.copies == copies
    assert not talk.verdict.known or talk.verdict.reason is Reason.BEHAVIOUR


def test_rules_go_when_a_flow_has_fallen_silent_and_stay_while_it_speaks(fabric):
    quiet = Talk(fabric, fabric.hosts[0], fabric.hosts[2])
    busy = Talk(fabric, fabric.hosts[1], fabric.hosts[2], (51001, 22222))
    quiet.client(SCRAPE)
    for _ in range(10):
        busy.client(SCRAPE)
        fabric.run(10.0)
    assert [flow.key.cport for flow in fabric.state.recognised] == [51001]
    assert len(flow_rules(fabric)) == 2


def test_the_oldest_makes_room_in_a_flood_of_flows(fabric):
    a, b = fabric.hosts[0], fabric.hosts[2]
    for port in range(40000, 40100):
        Talk(fabric, a, b, (port, port - 20000)).client(SCRAPE)
    assert len(flow_rules(fabric)) <= 2 * 32
    assert len(fabric.state.recognised) == 32
    assert fabric.state.recognised.evicted == 68
    assert {flow.key.cport for flow in fabric.state.recognised} == set(range(40068, 40100))


def test_a_controller_that_starts_anew_leaves_known_flows_as_they_are(fabric):
    talk = Talk(fabric, fabric.hosts[0], fabric.hosts[2])
    talk.client(SCRAPE)
    changes = {s.dpid: s.changes for s in fabric.switches.values()}
    fabric.restart_controller()
    assert {s.dpid: s.changes for s in fabric.switches.values()} == changes
    assert marks(talk.client(SCRAPE)) == {mark_of(fabric, TrafficClass.TELEMETRY)}
    assert talk.verdict.traffic_class is TrafficClass.TELEMETRY


def test_another_policy_marks_known_flows_its_own_way(fabric):
    talk = Talk(fabric, fabric.hosts[0], fabric.hosts[2])
    talk.client(SCRAPE)
    policy = fabric.state.policy
    other = replace(
        policy,
        classes=tuple(
            replace(c, dscp=50) if c.traffic_class is TrafficClass.TELEMETRY else c
            for c in policy.classes
        ),
        queues=tuple(
            replace(q, dscps=(50,)) if q.name == "telemetry" else q for q in policy.queues
        ),
    )
    fabric.obey(other)
    assert {packet["ip_dscp"] for _, packet in talk.client(SCRAPE)} == {50}


def test_a_host_that_is_not_where_it_says_teaches_nothing(fabric):
    a, b, liar = fabric.hosts[0], fabric.hosts[2], fabric.hosts[1]
    forged = FakeHost(a.mac, a.ip, liar.dpid, liar.port)
    Talk(fabric, forged, b).client(SCRAPE)
    assert not len(fabric.state.recognised)


def test_volume_that_contradicts_the_first_look_changes_the_class(fabric):
    a, b = fabric.hosts[0], fabric.hosts[2]
    talk = Talk(fabric, a, b)
    talk.client(b"GET /blob HTTP/1.1\r\nHost: a\r\n\r\n")
    for _ in range(60):
        talk.server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        fabric.run(0.1)
    assert talk.verdict.traffic_class is not TrafficClass.BULK
    for _ in range(5000):
        fabric.switches[b.dpid].hits.update(
            key for key, r in fabric.switches[b.dpid].rules.items() if r.priority == Ask.FLOW
        )
    fabric.run(11.0)
    assert talk.verdict.traffic_class is TrafficClass.BULK
    assert marks(talk.server(NOISE)) == {mark_of(fabric, TrafficClass.BULK)}


def job(name: str, traffic_class: TrafficClass, *hosts: FakeHost, **more) -> Job:
    return Job(name, traffic_class, tuple(ip_network(host.ip) for host in hosts), **more)


def test_flows_of_a_job_are_known_before_they_begin(fabric):
    a, b, other = fabric.hosts[0], fabric.hosts[2], fabric.hosts[3]
    fabric.feed(JobsChanged((job("train-7", TrafficClass.GRADIENT, a, b),)))
    fabric.run(0.2)
    talk = Talk(fabric, a, b)
    assert marks(talk.client(SCRAPE)) == {mark_of(fabric, TrafficClass.GRADIENT)}
    assert fabric.state.copies == 0
    stranger = Talk(fabric, a, other, (51002, 22222))
    assert marks(stranger.client(NOISE)) == {mark_of(fabric, TrafficClass.BACKGROUND)}
    fabric.feed(JobsChanged(()))
    fabric.run(0.2)
    assert marks(talk.client(NOISE)) == {mark_of(fabric, TrafficClass.BACKGROUND)}


def test_a_job_with_ports_goes_before_one_without_and_an_operator_before_both(fabric):
    a, b = fabric.hosts[0], fabric.hosts[2]
    wide = job("wide", TrafficClass.GRADIENT, a, b)
    narrow = job("narrow", TrafficClass.FEDERATED, a, b, ports=(PortRange(22222, 22222),),
                 transport=Transport.TCP)  # fmt: skip
    fabric.feed(JobsChanged((narrow, wide)))
    fabric.run(0.2)
    talk = Talk(fabric, a, b)
    assert marks(talk.client(NOISE)) == {mark_of(fabric, TrafficClass.FEDERATED)}
    rule = OperatorRule("copies", TrafficClass.BULK, to_prefixes=(ip_network(b.ip),))
    fabric.obey(replace(fabric.state.policy, rules=(rule,)))
    assert marks(talk.client(NOISE)) == {mark_of(fabric, TrafficClass.BULK)}
    assert marks(talk.server(NOISE)) == {mark_of(fabric, TrafficClass.BULK)}


def test_a_rule_too_wide_for_entries_holds_for_each_flow_from_its_first_packets(fabric):
    a, b = fabric.hosts[0], fabric.hosts[2]
    many = tuple(ip_network((10 << 24) + i) for i in range(1, 60))
    wide = OperatorRule("wide", TrafficClass.BULK, many, many)
    weaker = OperatorRule("weaker", TrafficClass.CONTROL, to_prefixes=(ip_network(b.ip),))
    fabric.obey(replace(load_policy(), rules=(wide, weaker)))
    talk = Talk(fabric, a, b)
    talk.client(b"")
    assert marks(talk.client(NOISE)) == {mark_of(fabric, TrafficClass.BULK)}


def test_nothing_is_copied_where_classifying_is_off():
    fabric = leaf_spine(classify=False).start()
    talk = Talk(fabric, fabric.hosts[0], fabric.hosts[2])
    assert marks(talk.client(SCRAPE)) == {mark_of(fabric, TrafficClass.BACKGROUND)}
    assert fabric.state.copies == 0
    assert not any(m >= 1 << 16 for s in fabric.switches.values() for m in s.meters)


# --- services -----------------------------------------------------------------------------------


def scrape(fabric, port, payload=SCRAPE, client=0):
    """A new connection's first data, and where it went."""
    talk = Talk(fabric, fabric.hosts[client], fabric.hosts[2], (port, 22222))
    return talk.client(payload)


def test_the_next_flow_of_a_service_is_known_from_its_first_packet(fabric):
    for port in range(40000, 40000 + MARKED_AFTER):
        assert marks(scrape(fabric, port)) == {mark_of(fabric, TrafficClass.BACKGROUND)}
    assert marks(scrape(fabric, 41000)) == {mark_of(fabric, TrafficClass.TELEMETRY)}


def test_a_service_that_was_always_the_same_is_looked_at_now_and_then_only(fabric):
    for port in range(40000, 40000 + BELIEVED_AFTER):
        scrape(fabric, port)
    copies = fabric.state.copies
    for port in range(41000, 41020):
        assert marks(scrape(fabric, port)) == {mark_of(fabric, TrafficClass.TELEMETRY)}
    assert fabric.state.copies == copies
    fabric.run(LEASE_S + 1)
    scrape(fabric, 42000)
    assert fabric.state.copies > copies
    copies = fabric.state.copies
    scrape(fabric, 42001)
    assert fabric.state.copies == copies


def test_what_one_client_says_tells_nothing_of_another(fabric):
    for port in range(40000, 40000 + BELIEVED_AFTER):
        scrape(fabric, port)
    copies = fabric.state.copies
    assert marks(scrape(fabric, 41000, client=1)) == {mark_of(fabric, TrafficClass.BACKGROUND)}
    assert fabric.state.copies > copies


def test_a_service_of_several_classes_is_always_looked_at(fabric):
    infer = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
    infer += b'{"inputs":'
    scrape(fabric, 39999, payload=infer)
    for port in range(40000, 40000 + 2 * BELIEVED_AFTER):
        scrape(fabric, port)
    copies = fabric.state.copies
    talk = Talk(fabric, fabric.hosts[0], fabric.hosts[2], (43000, 22222))
    talk.client(infer)
    assert fabric.state.copies > copies
    assert marks(talk.client(infer)) == {mark_of(fabric, TrafficClass.INFERENCE)}
    fabric.run(EXCEPTION_S)
    for port in range(44000, 44000 + BELIEVED_AFTER):
        scrape(fabric, port)
    copies = fabric.state.copies
    scrape(fabric, 45000)
    assert fabric.state.copies == copies  # that exception is long ago


def test_services_are_remembered_over_a_restart_but_looked_at_again(fabric):
    for port in range(40000, 40000 + BELIEVED_AFTER):
        scrape(fabric, port)
    fabric.restart_controller()
    assert marks(scrape(fabric, 41000)) == {mark_of(fabric, TrafficClass.TELEMETRY)}
    assert fabric.state.copies > 0


def test_a_switch_that_can_not_copy_goes_without_and_is_not_asked_again(fabric):
    fabric.feed(Refused(1, "type 2, code 10", f"flow in table {Table.COPY:d}, priority 100"))
    fabric.run(15.0)
    assert not any(r.table == Table.COPY and r.priority for r in fabric.switches[1].rules.values())
    assert [note.kind for note in fabric.notes].count("no-copies") == 1
    assert any(r.table == Table.COPY and r.priority for r in fabric.switches[2].rules.values())


def test_entries_of_all_sayings_together_are_bounded(fabric):
    many = tuple(
        Job(f"job-{n}", TrafficClass.GRADIENT, tuple(ip_network((11 << 24) + 64 * n + i)
                                                     for i in range(30)))
        for n in range(40)
    )  # fmt: skip
    fabric.feed(JobsChanged(many))
    fabric.run(0.2)
    jobs = [r for r in fabric.switches[1].rules.values() if 20_000 < r.priority <= Ask.JOB]
    assert 3000 < len(jobs) <= MOST_ON_SWITCH


def test_a_job_that_ended_no_longer_holds_for_flows_that_had_no_rules_yet(fabric):
    a, b = fabric.hosts[0], fabric.hosts[2]
    wide = Job("wide", TrafficClass.GRADIENT, tuple(ip_network((10 << 24) + i) for i in range(60)))
    fabric.feed(JobsChanged((wide,)))
    talk = Talk(fabric, a, b)
    fabric.feed(JobsChanged(()))
    talk.client(SCRAPE)
    assert talk.verdict.traffic_class is TrafficClass.TELEMETRY


@pytest.mark.parametrize(("text", "on"), [("", True), ("1", True), ("0", False)])
def test_an_empty_variable_is_none_at_all(text: str, on: bool) -> None:
    assert Settings.from_environment({"HEADWAY_CLASSIFY": text}).classify is on
