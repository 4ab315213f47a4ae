"""The recorder's pure parts: pcap files, flows and their rows, ports and variants."""

import csv
import struct
from pathlib import Path

import pytest

from benchmarks.recordings import catalogue, labels, pcap
from benchmarks.recordings.inside import after
from benchmarks.recordings.stage import FOREIGN_PORTS, Stage, Variant

SYN, ACK, PUSH = 0x02, 0x10, 0x18


def frame(source: str, target: str, payload: bytes = b"", flags: int = ACK, at_ms: int = 0):
    """A TCP segment between `1:5000`-style ends of 10.0.0.0/24, padded as a wire would."""
    (a, sport), (b, dport) = (map(int, end.split(":")) for end in (source, target))
    tcp = struct.pack("!HHIIBBHHH", sport, dport, 0, 0, 0x50, flags, 0, 0, 0) + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
    packet = head + bytes([10, 0, 0, a]) + bytes([10, 0, 0, b]) + tcp
    return pcap.Frame(at_ms * 1_000_000, (bytes(12) + b"\x08\x00" + packet).ljust(60, b"\0"))


def datagram(source: str, target: str, payload: bytes):
    (a, sport), (b, dport) = (map(int, end.split(":")) for end in (source, target))
    udp = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    addresses = bytes(15) + bytes([a]) + bytes(15) + bytes([b])
    head = struct.pack("!IHBB", 6 << 28, len(udp), 17, 64)
    return pcap.Frame(0, bytes(12) + b"\x86\xdd" + head + addresses + udp)


CONVERSATION = [
    frame("1:4000", "2:80", flags=SYN),
    frame("2:80", "1:4000", flags=SYN | ACK, at_ms=1),
    frame("1:4000", "2:80", b"hello", PUSH, at_ms=2),
    frame("2:80", "1:4000", b"x" * 100, PUSH, at_ms=502),
]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    pcap.write(path, CONVERSATION)
    assert list(pcap.read(path)) == CONVERSATION


def test_a_half_written_frame_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    pcap.write(path, CONVERSATION)
    path.write_bytes(path.read_bytes()[:-1])
    assert list(pcap.read(path)) == CONVERSATION[:-1]


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(b"not a capture, but long enough to be one")
    with pytest.raises(ValueError, match=r"a\.pcap"):
        list(pcap.read(path))


def test_a_flow_counts_both_directions_and_no_padding() -> None:
    (flow,) = labels.flows(CONVERSATION)
    assert (flow.client, flow.cport, flow.server, flow.sport) == ("10.0.0.1", 4000, "10.0.0.2", 80)
    assert (flow.packets, flow.payload_packets, flow.up, flow.down) == (4, 2, 5, 100)
    assert flow.bytes == sum(len(f.data) for f in CONVERSATION)
    assert flow.duration_s == pytest.approx(0.502)
    assert flow.syn_seen


@pytest.mark.parametrize("first", [1, 3])
def test_the_client_is_who_sent_the_syn_or_who_is_known(first: int) -> None:
    known = {labels.key_of(flow): (flow.client, flow.cport) for flow in labels.flows(CONVERSATION)}
    (flow,) = labels.flows(CONVERSATION[first:], known)
    assert (flow.client, flow.cport) == ("10.0.0.1", 4000)
    assert (flow.up, flow.down) == ({1: 5, 3: 0}[first], 100)
    assert flow.syn_seen == (first == 1)


def test_a_syn_that_comes_late_turns_the_flow() -> None:
    (flow,) = labels.flows([CONVERSATION[3], CONVERSATION[0]])
    assert (flow.client, flow.up, flow.down) == ("10.0.0.1", 0, 100)


def test_datagrams_over_ipv6_are_flows_too() -> None:
    (flow,) = labels.flows([datagram("1:5353", "2:53", b"q"), datagram("2:53", "1:5353", b"ab")])
    assert (flow.l4, flow.server, flow.sport, flow.up, flow.down) == ("udp", "::2", 53, 1, 2)
    assert not flow.syn_seen


@pytest.mark.parametrize("data", [b"", bytes(14), bytes(12) + b"\x08\x00" + bytes(20), bytes(90)])
def test_other_frames_have_no_flow(data: bytes) -> None:
    assert labels.segment(data) is None


def test_rows_replace_those_of_the_same_capture(tmp_path: Path) -> None:
    path = tmp_path / "flow_labels.csv"
    found = labels.flows(CONVERSATION)
    for file, name in (("a.pcap", "bulk"), ("b.pcap", "control"), ("a.pcap", "gradient")):
        rows = labels.rows(file, "test", found, lambda _flow: None, name)
        labels.replace(path, labels.FLOW_COLUMNS, file, rows)
    with path.open(encoding="utf-8", newline="") as source:
        read = list(csv.DictReader(source))
    assert [(row["file"], row["expected_class"]) for row in read] == [
        ("b.pcap", "control"),
        ("a.pcap", "gradient"),
    ]
    assert read[0]["syn_seen"] == "1"
    assert read[0]["duration_s"] == "0.502"


def test_joining_late_leaves_the_rest_of_the_bytes() -> None:
    sizes = [len(f.data) for f in CONVERSATION]
    assert after(CONVERSATION, 0.0) == CONVERSATION
    assert after(CONVERSATION, (sizes[0] + 1) / sum(sizes)) == CONVERSATION[2:]


def stage(tmp_path: Path, variant: Variant) -> Stage:
    return Stage(2, tmp_path, Path("python"), variant, "gradient")


def test_ports_and_rules_say_the_class(tmp_path: Path) -> None:
    here = stage(tmp_path, Variant())
    assert here.port(80, "control") == 80
    (flow,) = labels.flows(CONVERSATION)
    assert here.class_of(flow) == "control"
    assert here.overrides == "tcp/80=control"
    here.label(lambda f: "bulk" if f.down > 50 else None)
    assert here.class_of(flow) == "bulk"
    flow.sport = 81
    flow.down = 0
    assert here.class_of(flow) == "gradient"


def test_foreign_ports_differ_and_keep_to_their_seed(tmp_path: Path) -> None:
    chosen = [
        [stage_.port(29500), stage_.port(8000), stage_.port(29500)]
        for stage_ in (stage(tmp_path, Variant("foreign", seed=3)) for _ in range(2))
    ]
    assert chosen[0] == chosen[1]
    assert chosen[0][0] == chosen[0][2] != chosen[0][1]
    assert chosen[0][0] != 29500
    assert set(chosen[0]) <= set(FOREIGN_PORTS)


def test_every_recording_has_a_class_and_a_file_name() -> None:
    classes = {
        "control", "gradient", "inference", "federated", "model-distribution", "messaging",
        "telemetry", "bulk", "background",
    }  # fmt: skip
    for name, what in catalogue.load().items():
        assert what.traffic_class in classes, name
        assert name.replace("-", "").replace(".", "").isalnum(), name
        assert "," not in name
        assert what.protocol
        assert 1 <= what.hosts < 250
