"""One protocol, several roles: volume and shape tell them apart; bytes that told stand."""

import pytest

from classifier.model import Identity, Side
from classifier.roles import TABLE, resolve
from classifier.shape import Shape
from policies.classes import TrafficClass

C, S = Side.CLIENT, Side.SERVER


def named(protocol: str, **more: object) -> Identity:
    said: dict[str, object] = {
        "role": "", "traffic_class": None, "confidence": 0.97, "source": "its specification",
    }  # fmt: skip
    return Identity(protocol, **{**said, **more})  # type: ignore[arg-type]


def exchanged(*messages: tuple[Side, int], pause_s: float = 0.05, mss: int = 1448) -> Shape:
    shape, now = Shape(), 0.0
    for side, size in messages:
        for at in range(0, size, mss):
            shape.add(now, side, min(mss, size - at))
            now += 1e-5
        now += pause_s
    return shape


SMALL = [(C, 64), (S, 64), (C, 120), (S, 200)] * 5


@pytest.mark.parametrize(
    ("protocol", "large", "small"),
    [
        ("SSH", "bulk", "background"),
        ("HTTP", "bulk", "background"),
        ("ZMTP", "gradient", "messaging"),
        ("MQTT", "federated", "messaging"),
        ("Spark RPC", "bulk", "control"),
        ("Dask", "bulk", "control"),
        ("TensorPipe", "gradient", "control"),
    ],
)
@pytest.mark.parametrize("mss", [1448, 8948, 65160])
def test_volume_tells(protocol: str, large: str, small: str, mss: int) -> None:
    few = resolve(named(protocol), exchanged(*SMALL, mss=mss))
    assert few.traffic_class is TrafficClass(small)
    much = resolve(named(protocol), exchanged(*SMALL, (C, 4_000_000), (S, 50), mss=mss))
    assert much.traffic_class is TrafficClass(large)
    assert much.role != few.role


def test_bursts_of_short_packets_count_behind_a_multiplexer() -> None:
    averaged = exchanged(*SMALL, (C, 100_000), (S, 100_000), mss=380)
    assert resolve(named("libp2p"), averaged).traffic_class is TrafficClass.GRADIENT
    asked = exchanged(*SMALL * 50, mss=380)
    assert resolve(named("libp2p"), asked).traffic_class is TrafficClass.CONTROL


@pytest.mark.parametrize("protocol", ["HTTP", "ZMTP", "MQTT"])
def test_a_declared_length_tells_with_the_first_packet(protocol: str) -> None:
    limit = TABLE[protocol].limit_bytes
    first = exchanged((C, 300))
    assert resolve(named(protocol, declared=limit), first).traffic_class is TABLE[protocol].large
    little = resolve(named(protocol, declared=limit // 10), first)
    assert little.traffic_class is TABLE[protocol].small


def test_many_short_messages_are_no_long_one() -> None:
    shape = Shape()
    for turn in range(20_000):
        shape.add(turn * 1e-4, C, 200)
    assert resolve(named("MQTT"), shape).traffic_class is TrafficClass.MESSAGING


def test_bytes_that_told_are_left_alone() -> None:
    shape = exchanged((C, 5_000_000))
    topic = named("MQTT", traffic_class=TrafficClass.TELEMETRY, role="metrics")
    assert resolve(topic, shape) is topic
    served = named("HTTP", traffic_class=TrafficClass.INFERENCE, role="inference request")
    assert resolve(served, shape) is served
    store = named("PyTorch TCPStore", traffic_class=TrafficClass.CONTROL)
    assert resolve(store, shape) is store


def test_volume_overrules_a_small_role_where_the_table_says_so() -> None:
    page = named("HTTP", traffic_class=TrafficClass.BACKGROUND, role="page")
    assert resolve(page, exchanged(*SMALL)) is page
    assert resolve(page, exchanged((C, 300), (S, 5_000_000))).traffic_class is TrafficClass.BULK


def test_unknown_protocols_stay_unknown() -> None:
    bare = named("something new")
    assert resolve(bare, exchanged((C, 5_000_000))) is bare


def test_surer_with_more_but_never_surer_than_the_protocol() -> None:
    def sure(*messages: tuple[Side, int]) -> float:
        return resolve(named("ZMTP"), exchanged(*messages)).confidence

    assert sure(*SMALL[:4]) < sure(*SMALL * 5) < sure((C, 5_000_000)) <= 0.97
    assert sure((C, 70_000)) < sure((C, 700_000))


def test_the_roles_that_bytes_gave_stay_in_words() -> None:
    found = resolve(named("ZMTP", role="subscriber"), exchanged(*SMALL))
    assert (found.role, found.traffic_class) == ("subscriber", TrafficClass.MESSAGING)


def test_a_flow_without_payload_yet() -> None:
    assert resolve(named("SSH"), Shape()).traffic_class is TrafficClass.BACKGROUND


def test_every_line_names_its_source() -> None:
    assert all(roles.why for roles in TABLE.values())
