"""Captures of every form are read alike, and damaged ones up to the damage."""

import gzip
import io
import struct
import sys
from pathlib import Path

import pytest
from crafted import block, enhanced, ethernet, interface, ipv4, option, pcap, section, tcp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.capture import Frame, read_capture
from classifier.errors import CaptureError

FRAMES = [ethernet(ipv4(tcp(bytes([number]) * number))) for number in range(5)]
ORDERS = st.sampled_from("<>")


def read(tmp_path: Path, data: bytes) -> tuple[list[Frame], CaptureError | None]:
    file = tmp_path / "made.pcap"
    file.write_bytes(data)
    frames: list[Frame] = []
    try:
        for frame in read_capture(file):
            frames.append(frame)
    except CaptureError as error:
        assert error.file == str(file) and 0 <= error.offset <= len(data)
        return frames, error
    return frames, None


@pytest.mark.parametrize(("ticks", "modified"), [(10**6, False), (10**9, False), (10**6, True)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_pcap(tmp_path: Path, order: str, ticks: int, modified: bool) -> None:
    frames, error = read(tmp_path, pcap(FRAMES, order, ticks, 113, modified))
    assert error is None
    assert frames == [Frame(n + 0.25, 113, frame, len(frame)) for n, frame in enumerate(FRAMES)]


def test_cut_frames_keep_their_length(tmp_path: Path) -> None:
    frames, _ = read(tmp_path, pcap(FRAMES, cut=20))
    assert [(frame.data, frame.length) for frame in frames] == \
        [(frame[:20], len(frame)) for frame in FRAMES]  # fmt: skip


def test_link_type_beside_the_length_of_a_checksum(tmp_path: Path) -> None:
    frames, _ = read(tmp_path, pcap(FRAMES, link_type=0x2400_0001))
    assert {frame.link_type for frame in frames} == {1}


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng(tmp_path: Path, order: str) -> None:
    old = struct.pack(order + "HHIIII", 0, 0, 0, 3_000_000, len(FRAMES[2]), len(FRAMES[2]))
    data = b"".join([
        section(order), interface(1, order), enhanced(FRAMES[0], order=order),
        block(0x0BAD, b"to skip", order),
        block(3, struct.pack(order + "I", len(FRAMES[1])) + FRAMES[1], order),
        block(2, old + FRAMES[2], order),
    ])  # fmt: skip
    frames, error = read(tmp_path, data)
    assert error is None
    assert [frame.data for frame in frames] == FRAMES[:3]
    assert [frame.time for frame in frames] == [1.25, 0.0, 3.0]


def test_interfaces_with_their_own_link_and_clock(tmp_path: Path) -> None:
    nanoseconds = option(9, b"\x09") + option(0, b"")
    binary = option(9, b"\x8a") + option(14, struct.pack("<q", 1000))
    data = b"".join([
        section(), interface(1), interface(101, options=nanoseconds),
        interface(113, options=binary),
        enhanced(b"a" * 20, 1, 1_500_000_000), enhanced(b"b" * 20, 2, 512), enhanced(b"c" * 20, 0),
    ])  # fmt: skip
    frames, error = read(tmp_path, data)
    assert error is None
    assert [(frame.link_type, frame.time) for frame in frames] == \
        [(101, 1.5), (113, 1000.5), (1, 1.25)]  # fmt: skip


def test_sections_of_both_byte_orders(tmp_path: Path) -> None:
    data = b"".join(section(order) + interface(link, order) + enhanced(FRAMES[1], order=order)
                    for order, link in (("<", 1), (">", 101), ("<", 113)))  # fmt: skip
    frames, error = read(tmp_path, data)
    assert error is None and [frame.link_type for frame in frames] == [1, 101, 113]


def test_simple_packets_are_cut_at_the_snap_length(tmp_path: Path) -> None:
    data = section() + interface(snap=10) + block(3, struct.pack("<I", 100) + b"x" * 12)
    frames, _ = read(tmp_path, data)
    assert frames == [Frame(0.0, 1, b"x" * 10, 100)]


def test_gzipped(tmp_path: Path) -> None:
    assert read(tmp_path, gzip.compress(pcap(FRAMES))) == read(tmp_path, pcap(FRAMES))


def test_damaged_gzip(tmp_path: Path) -> None:
    whole = gzip.compress(pcap([bytes(range(200))] * 50))
    for damaged in (whole[:-20], whole[:40] + b"\xff\xff" + whole[42:], whole[:5]):
        _, error = read(tmp_path, damaged)
        assert error is not None


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pcap(FRAMES))))
    assert [frame.data for frame in read_capture("-")] == FRAMES


@pytest.mark.parametrize(("data", "told"), [
    (b"", "empty"), (b"hello, world", "neither pcap nor pcapng"), (b"\xd4\xc3", "neither"),
    (pcap([])[:20], "4 bytes before its header"),
    (section()[:16], "before a block"),
    (section()[:8] + b"????" + section()[12:], "magic"),
    (section() + block(6, bytes(20)), "interface that the section"),
    (section() + block(3, bytes(20)), "interface that the section"),
    (section() + interface() + block(6, bytes(4)), "packet block of 16"),
    (section() + interface() + block(2, bytes(4)), "packet block of 16"),
    (section() + interface() + block(3, b""), "packet block of 12"),
    (section() + block(1, b""), "interface of 12"),
    (section() + interface(options=struct.pack("<HH", 9, 200)), "option longer"),
    (section() + struct.pack("<II", 6, 7) + bytes(8), "block of 7 bytes"),
    (section() + struct.pack("<II", 6, 0x7FFFFFF0) + bytes(8), "no capture has such"),
    (section() + struct.pack("<II", 77, 0x7FFFFFF0) + bytes(8), "before a block"),
    (section() + interface()[:-4] + bytes(4), "two lengths differ"),
    (section() + bytes(3), "middle of a block"),
])  # fmt: skip
def test_what_is_no_capture(tmp_path: Path, data: bytes, told: str) -> None:
    frames, error = read(tmp_path, data)
    assert frames == [] and error is not None and told in str(error)


def test_missing_and_folder(tmp_path: Path) -> None:
    for place, told in ((tmp_path / "none.pcap", "No such file"), (tmp_path, "directory")):
        with pytest.raises(CaptureError, match=told) as caught:
            list(read_capture(place))
        assert str(place) in str(caught.value)


def test_hostile_length_is_told_with_its_place(tmp_path: Path) -> None:
    data = pcap(FRAMES[:2])
    place = len(data)
    frames, error = read(tmp_path, data + struct.pack("<IIII", 1, 1, 0xFFFFFFFF, 60) + bytes(60))
    assert len(frames) == 2 and error is not None and error.offset == place


@pytest.mark.parametrize("data", [
    pcap(FRAMES), section() + interface() + b"".join(map(enhanced, FRAMES)),
])  # fmt: skip
def test_what_was_read_before_a_cut_is_kept(tmp_path: Path, data: bytes) -> None:
    whole, _ = read(tmp_path, data)
    counts = set()
    for end in range(len(data)):
        frames, _ = read(tmp_path, data[:end])
        assert frames == whole[: len(frames)]
        counts.add(len(frames))
    assert counts == set(range(len(FRAMES)))


@settings(max_examples=150, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(st.sampled_from([*map(pcap, [FRAMES]), section() + interface(), section(">"), b""]),
       st.binary(max_size=120))  # fmt: skip
def test_any_bytes(tmp_path: Path, start: bytes, rest: bytes) -> None:
    read(tmp_path, start + rest)


@settings(max_examples=150, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(ORDERS, st.integers(0, 399), st.integers(0, 255))
def test_any_byte_changed(tmp_path: Path, order: str, place: int, value: int) -> None:
    for data in (pcap(FRAMES, order), section(order) + interface(1, order) + b"".join(
            enhanced(frame, order=order) for frame in FRAMES)):  # fmt: skip
        mutant = bytearray(data)
        mutant[place % len(data)] = value
        read(tmp_path, bytes(mutant))
