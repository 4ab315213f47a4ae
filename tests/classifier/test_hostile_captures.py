"""`headway classify` on hostile files: the place is named, results are kept, memory stays bounded.

Work is counted in lines of our code where it must not grow faster than the input, never in time.
"""

from __future__ import annotations

import gzip
import json
import signal
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from crafted import block, enhanced, ethernet, interface, ipv4, ipv6, pcap, section, tcp

import classifier
from classifier.flows import MOST_UNDECIDED, Classifier
from classifier.fragments import MOST_PACKETS
from classifier.frames import SYN, Fragment, Packet
from classifier.hints import Hints
from classifier.model import OPENING_BYTES, TCP, UDP
from classifier.opening import Opening
from classifier.paths import target_claims
from classifier.services import MOST_SERVICES
from classifier.signatures import identify
from headway.cli import main
from policies.load import load_policy

GET = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
GOOD = [ethernet(ipv4(tcp(GET, sport=40_000 + port))) for port in range(3)]
OURS = str(Path(classifier.__file__).parent)
_MB = 1 << 20


def classify(capsys: pytest.CaptureFixture[str], *files: Path) -> tuple[int, dict[str, Any], str]:
    code = main(["classify", "--json", *map(str, files)])
    out, err = capsys.readouterr()
    return code, json.loads(out), err


@pytest.fixture(scope="module", autouse=True)
def warm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is loaded once, such as the model of behaviour, is no input's doing."""
    file = tmp_path_factory.mktemp("warm") / "good.pcap"
    file.write_bytes(pcap([ethernet(ipv4(tcp(b"?" * 9, seq=9 * number))) for number in range(60)]))
    assert main(["classify", "--json", str(file)]) == 0


@contextmanager
def peak_memory(most: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] <= most
    finally:
        tracemalloc.stop()


def steps_of(work: Any) -> int:
    """Lines of the classifier that run."""
    count = 0

    def line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += 1
        return line

    before = sys.gettrace()
    sys.settrace(lambda frame, *_: line if frame.f_code.co_filename.startswith(OURS) else None)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def new() -> Classifier:
    return Classifier(Hints.of(load_policy(None)))


# --- Files --------------------------------------------------------------------------------------

PCAP, PCAPNG = pcap(GOOD), section() + interface() + b"".join(map(enhanced, GOOD))
DAMAGES = {
    "record's header cut": (PCAP + bytes(9), len(PCAP), "7 bytes before a record's header"),
    "frame cut": (PCAP + struct.pack("<IIII", 1, 1, 90, 90) + bytes(50), len(PCAP) + 16,
                  "40 bytes"),
    "a gigabyte claimed": (PCAP + struct.pack("<IIII", 1, 1, 1 << 30, 60), len(PCAP), "no capture"),
    "most that a frame may claim": (PCAP + struct.pack("<IIII", 1, 1, 1 << 20, 60),
                                    len(PCAP) + 16, "before a frame"),
    "pcapng cut": (PCAPNG + enhanced(GOOD[0])[:-3], len(PCAPNG), "3 bytes before a block"),
    "pcapng block of a gigabyte": (PCAPNG + struct.pack("<III", 6, 1 << 30, 0), len(PCAPNG),
                                   "no capture"),
    "pcapng unknown block of a gigabyte": (PCAPNG + struct.pack("<III", 99, 1 << 30, 0),
                                           len(PCAPNG), "before a block"),
    "pcapng block of nothing": (PCAPNG + struct.pack("<III", 6, 0, 0), len(PCAPNG), "block of 0"),
    "pcapng frame of a gigabyte": (
        PCAPNG + block(6, struct.pack("<IIIII", 0, 0, 0, 1 << 30, 60) + bytes(60)), len(PCAPNG),
        "a frame of"),
    "pcapng interface unknown": (PCAPNG + enhanced(GOOD[0], 7), len(PCAPNG), "doesn't have"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_and_the_rest_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                          damage: str) -> None:  # fmt: skip
    data, offset, words = DAMAGES[damage]
    file = tmp_path / "hostile.pcap"
    file.write_bytes(data)
    with peak_memory(8 * _MB):
        code, told, err = classify(capsys, file)
    assert code == 2
    assert f"headway: error: {file}: at byte {offset}: " in err and words in err
    assert [(one["file"], one["offset"]) for one in told["errors"]] == [(str(file), offset)]
    assert {flow["cport"] for flow in told["flows"]} == {40_000, 40_001, 40_002}
    assert {flow["class"] for flow in told["flows"]} == {"telemetry"}


def test_a_damaged_file_leaves_the_others_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]
                                                ) -> None:  # fmt: skip
    good, bad, none = tmp_path / "good.pcap", tmp_path / "bad.pcap", tmp_path / "none.pcap"
    good.write_bytes(PCAP)
    bad.write_bytes(PCAPNG[:-5])
    code, told, err = classify(capsys, bad, none, good)
    assert code == 2
    assert [one["file"] for one in told["errors"]] == [str(bad), str(none)]
    assert [flow["file"] for flow in told["flows"]] == ["bad.pcap"] * 2 + ["good.pcap"] * 3
    assert str(none) in err


def test_no_cut_is_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cut.pcap"
    whole = [24]
    for frame in GOOD[:2]:
        whole.append(whole[-1] + 16 + len(frame))
    for end in sorted(
        {*range(0, whole[-1], 17), *(place + by for place in whole for by in (-1, 0))}
    ):
        file.write_bytes(PCAP[:end])
        code, told, err = classify(capsys, file)
        complete = sum(end >= place for place in whole[1:])
        assert len(told["flows"]) == complete and told["frames"] == complete
        assert (code == 2) is (end not in whole) is bool(err)


def test_gzip_bomb_is_read_in_pieces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bomb.pcap.gz"
    bomb = struct.pack("<III", 99, 64 * _MB, 0) + bytes(64 * _MB - 16) + struct.pack("<I", 64 * _MB)
    file.write_bytes(gzip.compress(PCAPNG + bomb, 9))
    assert file.stat().st_size < _MB
    with peak_memory(8 * _MB):
        code, told, _ = classify(capsys, file)
    assert code == 0 and told["frames"] == 3


def test_contradictions_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "odd.pcap"
    odd = [ethernet(b"\x60" + bytes(60)), ethernet(ipv4(tcp(GET), total=19)), b"", bytes(10),
           ethernet(ipv6(bytes([60, 0] + [0] * 6) * 40, 60), 0x86DD),
           ethernet(bytes(4) * 40, 0x8847), ethernet(GET, 0x8100, (0x8100,) * 40)]  # fmt: skip
    file.write_bytes(pcap([*odd, *GOOD]))
    code, told, err = classify(capsys, file)
    assert code == 0 and err == "" and len(told["flows"]) == 3
    assert told["skipped"]["malformed"] == 5 and told["skipped"]["without_flow"] == 2


def test_times_of_any_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "times.pcapng"
    seconds = struct.pack("<HHB3xHHq", 9, 1, 0, 14, 8, (1 << 63) - 1)
    before = struct.pack("<HHB3xHHq", 9, 1, 0, 14, 8, -(1 << 63))
    frames = [enhanced(GOOD[0], number, ticks) for ticks in (0, 1 << 63, 1, (1 << 64) - 1, 5)
              for number in (0, 1, 2)]  # fmt: skip
    file.write_bytes(section() + interface(options=seconds) + interface(options=before) +
                     interface() + b"".join(frames))  # fmt: skip
    code, told, _ = classify(capsys, file)
    assert code == 0 and told["frames"] == len(frames) and len(told["flows"]) == 1


# --- Floods -------------------------------------------------------------------------------------


def test_a_flood_of_flows_is_bounded() -> None:
    """The table is soon full; then nothing grows any more."""
    flows = Classifier(Hints.of(load_policy(None)), most_flows=512, most_undecided=64)
    take = flows.take

    def flood(first: int, last: int) -> None:
        for number in range(first, last):
            ends = number.to_bytes(4, "big"), 1 + number % 65535, bytes(4), 80
            take(number / 1000, Packet(TCP, *ends, b"?" * 20, 20, 0x18, 1))

    flood(0, 6000)
    tracemalloc.start()
    try:
        flood(6000, 9000)
        before = tracemalloc.get_traced_memory()[0]
        flood(9000, 12_000)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(flows) == 512 and len(flows._undecided) <= 64
    assert len(flows._services) <= MOST_SERVICES and len(flows._verdicts) <= 4096
    assert grown < _MB // 8


@pytest.mark.slow
def test_a_capture_of_a_million_flows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows are kept, a line each; openings and shapes only of those in the table."""
    file, limit = tmp_path / "flood.pcap", tmp_path / "limit.py"
    frame = bytearray(ethernet(ipv4(tcp(b"?" * 8))))
    with file.open("wb") as stream:
        stream.write(pcap([]))
        for number in range(1_000_000):
            frame[26:30] = number.to_bytes(4, "big")
            stream.write(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)
    limit.write_text(
        "import json, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
        "from headway.cli import main\n"
        "sys.exit(main(['classify', '--limit', '1', sys.argv[1]]))\n"
    )
    done = subprocess.run([sys.executable, str(limit), str(file)], capture_output=True, text=True,
                          timeout=1200, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_undecided_openings_are_bounded() -> None:
    """10 MB at the very most, whatever arrives."""
    flows = new()
    piece = bytes(OPENING_BYTES // 2)
    for number in range(MOST_UNDECIDED + 100):
        ends = number.to_bytes(4, "big"), 40_000, bytes(4), 80
        flows.take(0.0, Packet(TCP, *ends, b"", 0, SYN, 1))
        flows.take(0.0, Packet(TCP, *ends, piece, len(piece), 0x18, 900))
    held = sum(flow._client is not None for flow in flows.flows)
    assert held <= MOST_UNDECIDED


def test_fragments_of_many_packets_are_bounded() -> None:
    flows = new()
    for number in range(3 * MOST_PACKETS):
        part = Fragment(number, 0, True)
        flows.take(0.0, Packet(UDP, b"abcd", 1, b"efgh", 2, b"x", 9, fragment=part))
        flows.take(
            0.0, Packet(UDP, b"abcd", 0, b"efgh", 0, b"", 9, fragment=Fragment(number, 64, True))
        )
    assert len(flows._fragments._ports) == MOST_PACKETS
    assert len(flows) == 1


def test_overlapping_fragments_take_a_step_each() -> None:
    def work(count: int) -> int:
        flows = new()
        parts = [Packet(UDP, b"abcd", 1, b"efgh", 2, b"x", 9, fragment=Fragment(1, 0, True))]
        later = [Fragment(1, 8 * (number % 9 + 1), True) for number in range(count)]
        parts += [Packet(UDP, b"abcd", 0, b"efgh", 0, b"", 9, fragment=one) for one in later]
        return steps_of(lambda: [flows.take(0.0, part) for part in parts])

    assert work(4000) <= 3 * work(2000)


@pytest.mark.parametrize("step", [-1, 1, 2, 7, 599])
def test_overlapping_segments_take_a_step_each(step: int) -> None:
    """A segment costs the same however many came before it, and memory is that of one opening."""
    payload = b"x" * 600

    def work(count: int) -> int:
        opening = Opening(1)
        return steps_of(
            lambda: [opening.add(2 + number * step % 1100, payload) for number in range(count)]
        )

    with peak_memory(_MB):
        few, many = work(500), work(1000)
    assert many <= 2.2 * few and many <= 40 * 1000


def test_a_flow_is_asked_seldom() -> None:
    """A flow that tells nothing costs no more looks at its bytes after the first few packets."""
    packets = [Packet(TCP, b"abcd", 40_000, b"efgh", 7, bytes([number * 37 & 255] * 9), 9, 0x18,
                      number * 9) for number in range(4000)]  # fmt: skip

    def work(count: int) -> int:
        flows = new()
        return steps_of(lambda: [flows.take(now / 9, packets[now]) for now in range(count)])

    assert work(4000) - work(2000) <= 200 * 2000


def _h2(kind: int, flags: int, payload: bytes) -> bytes:
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags, 0, 0, 0, 1]) + payload


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
BOMBS = {
    "HPACK: indexed fields": PREFACE + _h2(1, 4, b"\x82" * 1140),
    "HPACK: tiny literals": PREFACE + _h2(1, 4, b"\x40\x01a\x01b" * 220),
    "HPACK: an entry of the table, often": PREFACE
    + _h2(1, 4, b"\x40\x01a\x7e" + b"h" * 126 + b"\xbe" * 1000),
    "HPACK: continuations": PREFACE + _h2(1, 0, b"\x82") + _h2(9, 0, b"\x82") * 110,
    "HPACK: Huffman": PREFACE + _h2(1, 4, b"\x44\xff\x80\x07" + b"\x00" * 1100),
    "HTTP: fields": b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 290,
    "HTTP: requests": b"GET / HTTP/1.1\r\n\r\n" * 66,
    "HTTP: query": b"GET /?" + b"a&" * 590 + b" HTTP/1.1\r\n\r\n",
    "HTTP: path": b"GET " + b"/a" * 580 + b" HTTP/1.1\r\n\r\n",
    "HTTP: JSON": b"POST / HTTP/1.1\r\n\r\n" + b'{"jsonrpc":' * 106,
    "TLS: extensions": b"\x16\x03\x01\x04\xa0\x01\0\x04\x9c\x03\x03" + bytes(33)
    + b"\0\2\x13\1\1\0\x04\x70" + b"\0\x15\0\0" * 280,
    "Redis": b"*1\r\n" * 300,
    "MQTT": b"\xc0\0" * 600,
    "OpenFlow": b"\4\0\0\x08\0\0\0\1" * 150,
    "BER": b"\x30\x80" * 600,
    "zeros": bytes(1200),
    "ones": b"\xff" * 1200,
    "blanks": b" " * 1200,
    "lines": b"\r\n" * 600,
}  # fmt: skip


PATHS = {
    "two stars": b"/v2/models/a" + b"/files" * 5000 + b"//",
    "a star behind anything": b"/a" + b"/info/lfs" * 3000 + b"//",
    "stars and names": b"/a/b/resolve" + b"/a" * 10_000 + b"//",
    "a star before names": b"/v2/a" + b"/blobs/uploads" * 2000 + b"//",
    "slashes": b"/v2/models" + b"/" * 30_000,
    "colons": b"/v1/models/a/versions/" + b":" * 30_000 + b"/",
}


@pytest.mark.parametrize("kind", PATHS)
def test_no_path_is_tried_again_and_again(kind: str) -> None:
    """Lines with stars once took time with the cube of a path's length; hours, for these."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(kind)

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    try:
        target_claims(b"GET", PATHS[kind])
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("bomb", BOMBS)
def test_an_opening_takes_a_bounded_number_of_steps(bomb: str) -> None:
    data = BOMBS[bomb]
    assert len(data) <= OPENING_BYTES

    def work(size: int) -> int:
        return steps_of(lambda: [identify(transport, 80, *sides) for transport in (TCP, UDP)
                                 for sides in ((data[:size], b""), (b"", data[:size]),
                                               (data[:size], data[:size]))])  # fmt: skip

    with peak_memory(_MB):
        half, whole = work(600), work(1200)
    assert whole <= 3 * half + 3000 and whole <= 6 * 20_000
