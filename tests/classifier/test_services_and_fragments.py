"""What is remembered between flows: bounded, and by majority."""

from crafted import A, B, raw

from classifier.fragments import Fragments
from classifier.frames import Fragment, Packet
from classifier.model import Identity
from classifier.services import Services
from policies.classes import TrafficClass

CONTROL, BULK = TrafficClass.CONTROL, TrafficClass.BULK
NAMED = Identity("KServe v2 HTTP", "inference", TrafficClass.INFERENCE, 0.95, "its API")
PLAIN = Identity("HTTP", "", None, 0.9, "RFC 9112")


def place(number: int) -> tuple[int, int, bytes, int]:
    return 0, 6, raw(B), number


def test_majority_is_remembered() -> None:
    services = Services()
    for one in (BULK, CONTROL, CONTROL, BULK, CONTROL):
        services.learn(place(80), PLAIN, one, one.value)
    known = services.get(place(80))
    assert known is not None and (known.traffic_class, known.role) == (CONTROL, "control")


def test_a_change_of_service_is_noticed() -> None:
    services = Services()
    for one in [BULK] * 100 + [CONTROL] * 40:
        services.learn(place(80), PLAIN, one, "")
    known = services.get(place(80))
    assert known is not None and known.traffic_class is CONTROL


def test_names_say_more_than_volume() -> None:
    services = Services()
    for _ in range(9):
        services.learn(place(80), PLAIN, BULK, "file transfer")
    for identity, one in ((NAMED, TrafficClass.INFERENCE), (PLAIN, BULK), (PLAIN, BULK)):
        services.learn(place(80), identity, one, "")
    known = services.get(place(80))
    assert known is not None and known.identity is NAMED


def test_what_one_flow_announced_is_not_the_services() -> None:
    services = Services()
    services.learn(place(80), Identity("HTTP", "", None, 0.9, "", declared=10**9), BULK, "")
    known = services.get(place(80))
    assert known is not None and known.identity.declared == 0


def test_services_are_bounded() -> None:
    services = Services(most=10)
    for number in range(100):
        services.learn(place(number), PLAIN, BULK, "")
        services.learn(place(0), PLAIN, BULK, "")
        assert len(services) <= 10
    assert services.get(place(0)) and services.get(place(99)) and not services.get(place(1))


def part(ident: int, offset: int, more: bool) -> Packet:
    port = 0 if offset else 53
    return Packet(17, raw(A), port, raw(B), port, b"", 8, fragment=Fragment(ident, offset, more))


def test_later_parts_get_the_ports() -> None:
    fragments = Fragments()
    assert fragments.place(part(1, 8, True)) is None
    assert fragments.place(part(1, 0, True)) == part(1, 0, True)
    for offset, more in ((8, True), (16, True), (24, False)):
        placed = fragments.place(part(1, offset, more))
        assert placed is not None and (placed.sport, placed.dport) == (53, 53)
    assert fragments.place(part(1, 32, True)) is None, "the packet is complete"


def test_whole_packets_pass() -> None:
    whole = part(1, 0, True)._replace(fragment=None)
    assert Fragments().place(whole) is whole


def test_fragments_are_bounded_and_apart() -> None:
    fragments = Fragments(most=10)
    for number in range(100):
        fragments.place(part(number, 0, True), domain=number % 2)
    assert fragments.place(part(99, 8, True), domain=1) is not None
    assert fragments.place(part(99, 8, True), domain=0) is None
    assert fragments.place(part(1, 8, True), domain=1) is None
