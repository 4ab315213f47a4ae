"""Who is whose client, when a flow is decided and decided again, and that memory is bounded."""

import gc
import itertools
import tracemalloc
from collections.abc import Iterable, Iterator
from ipaddress import ip_network

import pytest
from crafted import ACK, FIN, PSH, SYN, A, B, raw
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import flows as flows_module
from classifier import precedence
from classifier.behaviour import Guess
from classifier.flows import PATIENCE, Classifier, Flow
from classifier.frames import Fragment, Packet
from classifier.hints import Hints
from classifier.jobs import Job
from classifier.model import FlowKey, Identity, Reason
from policies.classes import TrafficClass
from policies.load import load_policy

HINTS = Hints.of(load_policy())
C = "10.0.0.3"
KNOWN = Identity("Known", "greeting", TrafficClass.CONTROL, 0.95, "its specification")
VAGUE = Identity("SSH", "", None, 0.95, "RFC 4253")
WEAK = Identity("Rare", "", TrafficClass.MESSAGING, 0.4, "a guess")


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world of a few protocols, each told by a word that a stream begins with."""

    def identify(transport: int, sport: int, client: bytes, server: bytes) -> Identity | None:
        for said in (client, server):
            for word, identity in ((b"KNOWN", KNOWN), (b"VAGUE", VAGUE), (b"WEAK", WEAK)):
                if said.startswith(word):
                    return identity
        return None

    monkeypatch.setattr(flows_module, "identify", identify)
    monkeypatch.setattr(precedence, "guess", lambda shape, protocol="": None)


def packet(payload: bytes = b"", src: str = A, sport: int = 40000, dst: str = B, dport: int = 9999,
           flags: int = PSH | ACK, seq: int = 1, **rest: object) -> Packet:  # fmt: skip
    whole = Packet(6, raw(src), sport, raw(dst), dport, payload, len(payload), flags, seq)
    return whole._replace(**rest)  # type: ignore[arg-type]


def answer(payload: bytes = b"", **rest: object) -> Packet:
    given = {"src": B, "sport": 9999, "dst": A, "dport": 40000, **rest}
    return packet(payload, **given)  # type: ignore[arg-type]


def only(classifier: Classifier) -> Flow:
    (flow,) = classifier.flows
    return flow


def taken(packets: Iterable[Packet], **options: object) -> Classifier:
    classifier = Classifier(HINTS, **options)  # type: ignore[arg-type]
    for number, one in enumerate(packets):
        classifier.take(number / 100, one)
    return classifier


FORTH = FlowKey(0, 6, raw(A), 40000, raw(B), 9999)


@pytest.mark.parametrize(("first", "client"), [
    (packet(flags=SYN, sport=80, dport=40000), A),
    (packet(flags=SYN | ACK, sport=40000, dport=50000), B),
    (packet(b"?", sport=80, dport=40000), B),
    (packet(b"?", sport=40000, dport=80), A),
    (packet(b"?", sport=8080, dport=22), A),
    (packet(b"?", sport=22, dport=8080), B),
    (packet(b"?", sport=50000, dport=40000), A),
    (packet(b"?", sport=40000, dport=50000), A),
    (packet(b"?", sport=53, dport=40000, transport=17), B),
    (packet(b"?", sport=7400, dport=40000, transport=17), A),
    (packet(b"?", sport=123, dport=123, transport=17), A),
])  # fmt: skip
def test_client(first: Packet, client: str) -> None:
    assert only(taken([first])).key.client == raw(client)


def test_a_known_server_tells_who_the_client_is() -> None:
    classifier = taken([packet(flags=SYN, dport=50000), packet(b"KNOWN", seq=2, dport=50000)])
    classifier.take(1, packet(b"?", src=B, sport=50000, dst=C, dport=45000))
    assert {flow.key.server for flow in classifier.flows} == {raw(B)}


def test_first_bytes_decide() -> None:
    classifier = Classifier(HINTS)
    new = classifier.take(0, packet(flags=SYN))
    assert new is not None and not new.verdict.known
    assert classifier.take(0, answer(flags=SYN | ACK)) is None
    decided = classifier.take(0, packet(b"KNOWN", seq=2))
    assert decided is only(classifier) and decided.settled
    verdict = decided.verdict
    assert (verdict.traffic_class, verdict.reason, verdict.protocol, verdict.why) == \
        (TrafficClass.CONTROL, Reason.SIGNATURE, "Known", "its specification")  # fmt: skip
    assert verdict.packets_needed == 1 and verdict.confidence == pytest.approx(0.95)
    assert classifier.take(0, answer(b"...")) is None


def test_server_that_speaks_first() -> None:
    decided = taken([packet(flags=SYN), answer(flags=SYN | ACK), answer(b"KNOWN", seq=2)])
    assert only(decided).verdict.protocol == "Known"


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_bytes_over_several_packets(cut: int) -> None:
    word = b"KNOWN"
    pieces = [packet(word[at : at + cut], seq=2 + at) for at in range(0, len(word), cut)]
    for order in itertools.permutations(pieces):
        flow = only(taken([packet(flags=SYN), *order, *order]))
        assert flow.verdict.protocol == "Known" and flow.verdict.packets_needed == len(pieces)


def test_joined_in_the_middle_doubts_a_little() -> None:
    flow = only(taken([packet(b"...rest", seq=5), answer(b"...", seq=9), packet(b"KNOWN", seq=77)]))
    assert flow.verdict.protocol == "Known" and 0.6 < flow.verdict.confidence < 0.9


def test_first_bytes_lost() -> None:
    flow = only(taken([packet(flags=SYN), packet(b"...", seq=900), packet(b"KNOWN", seq=903)]))
    assert flow.verdict.protocol == "Known" and flow.verdict.confidence < 0.9


def test_openings_are_dropped_after_a_while() -> None:
    nothing = [packet(b"?", seq=2 + number) for number in range(PATIENCE)]
    assert not only(taken([packet(flags=SYN), *nothing[:-1]])).settled
    assert only(taken([packet(flags=SYN), *nothing])).settled


def test_datagrams_are_openings_of_their_own() -> None:
    flow = only(taken([packet(b"?", transport=17), packet(b"KNOWN", transport=17)]))
    assert flow.verdict.protocol == "Known" and flow.verdict.confidence > 0.9


def test_roles_are_decided_again() -> None:
    packets = [packet(flags=SYN), packet(b"VAGUE", seq=2)]
    classifier = taken(packets)
    assert only(classifier).verdict.traffic_class is TrafficClass.BACKGROUND
    changes = [classifier.take(1 + n / 1e4, answer(b"x" * 1400, payload_bytes=60000, seq=n * 60000))
               for n in range(40)]  # fmt: skip
    (flow,) = {change for change in changes if change}
    assert flow.verdict.traffic_class is TrafficClass.BULK and flow.verdict.packets_needed > 3


def test_same_server_tells_flows_that_say_nothing() -> None:
    silent = packet(flags=SYN, src=C, sport=41000)
    classifier = taken([silent, packet(flags=SYN), packet(b"KNOWN", seq=2),
                        packet(flags=SYN, src=C, sport=41001)])  # fmt: skip
    verdicts = {flow.key.cport: flow.verdict for flow in classifier.flows}
    assert verdicts[41001].protocol == "Known" and verdicts[41001].reason is Reason.SIGNATURE
    assert verdicts[41001].confidence < verdicts[40000].confidence
    assert not verdicts[41000].known
    assert [flow.key.cport for flow in classifier.conclude()] == [41000]
    assert {flow.verdict.protocol for flow in classifier.flows} == {"Known"}


def test_port_and_default_are_last() -> None:
    port = only(taken([packet(flags=SYN, dport=1883)])).verdict
    assert port.reason is Reason.PORT and port.known and port.confidence < 0.5
    default = only(taken([packet(flags=SYN, dport=9999)])).verdict
    assert default.reason is Reason.DEFAULT and not default.known
    assert default.traffic_class is TrafficClass.BACKGROUND


def test_behaviour_between_signature_and_port(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Guess(TrafficClass.GRADIENT, "iterations", 0.7)
    monkeypatch.setattr(precedence, "guess", lambda shape, protocol="": seen)
    told = only(taken([packet(b"?", dport=1883)])).verdict
    assert (told.reason, told.traffic_class) == (Reason.BEHAVIOUR, TrafficClass.GRADIENT)
    assert only(taken([packet(flags=SYN), packet(b"KNOWN", seq=2)])).verdict.reason is \
        Reason.SIGNATURE  # fmt: skip
    weak = only(taken([packet(flags=SYN), packet(b"WEAK", seq=2)])).verdict
    assert weak.reason is Reason.BEHAVIOUR and "contradicts" in weak.why and weak.protocol == "Rare"


def test_jobs_and_trusted_marks_go_before_bytes() -> None:
    job = Job(id="7", traffic_class=TrafficClass.FEDERATED,
              prefixes=(ip_network("10.0.0.0/24"),))  # fmt: skip
    packets = [packet(flags=SYN, dscp=46), packet(b"KNOWN", seq=2)]
    classifier = Classifier(Hints.of(load_policy(), [job]))
    for one in packets:
        classifier.take(0, one, trusted=True)
    verdict = only(classifier).verdict
    assert (verdict.reason, verdict.protocol) == (Reason.JOB, "Known") and "7" in verdict.why
    for trusted, reason in ((True, Reason.MARK), (False, Reason.SIGNATURE)):
        classifier = Classifier(HINTS)
        for one in packets:
            classifier.take(0, one._replace(dscp=next(iter(HINTS.marks))), trusted=trusted)
        assert only(classifier).verdict.reason is reason


def test_port_reuse_begins_another_flow() -> None:
    gone: list[Flow] = []
    life = [packet(flags=SYN), packet(b"KNOWN", seq=2), answer(flags=FIN | ACK)]
    classifier = taken([*life, packet(flags=SYN, seq=90000)], on_gone=gone.append)
    assert [flow.verdict.protocol for flow in gone] == ["Known"] and len(classifier) == 1
    classifier.take(9, packet(b"WEAK", seq=90001))
    assert only(classifier).verdict.protocol == "Rare" and only(classifier).seen == 1


def test_other_end_may_begin_the_next_flow() -> None:
    classifier = taken([packet(flags=SYN), packet(flags=FIN | ACK), answer(flags=SYN, seq=7)])
    assert only(classifier).key.client == raw(B)


@pytest.mark.parametrize("again", [
    [packet(flags=SYN)], [packet(flags=FIN | ACK), packet(flags=SYN)],
    [packet(b"KNO", seq=2), packet(flags=SYN, seq=70)],
])  # fmt: skip
def test_repeated_syn_begins_nothing(again: list[Packet]) -> None:
    gone: list[Flow] = []
    classifier = taken([packet(flags=SYN), *again, packet(b"KNOWN", seq=2)], on_gone=gone.append)
    assert not gone and only(classifier).verdict.protocol == "Known"


def test_syn_after_silence_begins_another_flow() -> None:
    classifier = taken([packet(flags=SYN), packet(b"KNOWN", seq=2)])
    classifier.take(1000, packet(flags=SYN, seq=5))
    assert only(classifier).seen == 0


def test_fragments_are_of_their_first_ones_flow() -> None:
    first = packet(b"KNOWN", transport=17, fragment=Fragment(3, 0, True))
    later = packet(sport=0, dport=0, transport=17, payload_bytes=500, fragment=Fragment(3, 8, True))
    lost = later._replace(fragment=Fragment(4, 8, False))
    flow = only(taken([first, later, lost]))
    assert flow.seen == 2 and sum(flow.shape.bytes) == 505 and flow.verdict.protocol == "Known"


def test_domains_are_apart() -> None:
    classifier = Classifier(HINTS)
    for domain in (1, 2):
        classifier.take(0, packet(b"?"), domain)
    assert [flow.key.domain for flow in classifier.flows] == [1, 2]


def flood(count: int) -> Iterator[Packet]:
    for number in range(count):
        yield packet(b"?" * 100, src=f"10.1.{number >> 8 & 255}.{number & 255}", seq=number)


def test_eviction_of_the_least_recently_seen() -> None:
    gone: list[Flow] = []
    classifier = Classifier(HINTS, most_flows=10, most_undecided=5, on_gone=gone.append)
    for number, one in enumerate(flood(100)):
        classifier.take(number, packet(b"?" * 100, seq=number * 100))
        classifier.take(number, one)
        assert len(classifier) <= 10
        assert sum(not flow.settled for flow in classifier.flows) <= 5
    assert len(gone) == 91
    assert next(classifier.recent).key.client == raw("10.1.0.99")
    assert classifier.get(FORTH) is not None, "seen all the time"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.sampled_from(
    [SYN, SYN | ACK, ACK, FIN | ACK, 4, 0, 63]), st.binary(max_size=8), st.integers(0, 9)),
    max_size=120), st.integers(1, 8))  # fmt: skip
def test_bounds_hold_on_any_packets(
    story: list[tuple[int, bool, int, bytes, int]], most: int
) -> None:
    classifier = Classifier(HINTS, most_flows=most, most_undecided=max(1, most // 2))
    for now, (host, back, flags, payload, seq) in enumerate(story):
        make = answer if back else packet
        end = {"dport": 40000 + host} if back else {"sport": 40000 + host}
        flow = classifier.take(now * 20, make(payload, flags=flags, seq=seq, **end))
        assert len(classifier) <= most
        assert flow is None or classifier.get(flow.key) is flow
        assert sum(not one.settled for one in classifier.flows) <= max(1, most // 2)
        assert all(one.seen == sum(one.shape.packets) for one in classifier.flows)
    for one in classifier.flows:
        classifier.reconsider(one)


def settled(count: int) -> Classifier:
    """Flows from as many hosts, each with so many packets that no opening is kept."""
    classifier = Classifier(HINTS)
    payload = bytes(100)
    for number in range(count):
        src = f"10.2.{number >> 8}.{number & 255}"
        classifier.take(0.5, packet(flags=SYN, src=src, seq=number))
        for part in range(PATIENCE):
            seq = number + 1 + part * 100
            classifier.take(1.5 + part, packet(payload, src=src, seq=seq))
    return classifier


def test_a_settled_flow_takes_a_kilobyte_at_most() -> None:
    settled(10)  # what is made once is not the flows'
    gc.collect()
    tracemalloc.start()
    try:
        classifier = settled(1500)
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert all(flow.settled for flow in classifier.flows)
    assert used / len(classifier) <= 1024
