"""What flows are taken for, and how fast, beside nDPI (through nfstream) and a table of ports.

Method: the recordings in benchmarks/recordings/data, by program: `given` and `built` are what
signatures and model were made with; `later` are other programs, recorded when the tables were done
and scored once before anything was learned from them (RESULTS.md has that score; what is measured
here is after). Flows with payload count. Headway decides as `headway classify` does. nDPI names
protocols and no classes: each of its names is given the class that most of the very same flows with
this name are of, which no fixed table can beat. Macro-F1 is over the classes of the collection. For
speed both see the same packets: the first with payload of each recorded flow, again and again from
other addresses, so every packet is a new flow and a decision. Times are of the processor, of all
of nfstream's processes together: the machine may be busy.
"""

import gc
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import ndpi
from benchmarks.flow_classes import (
    Collection,
    Labelled,
    best_mapping,
    collections,
    plain,
    told_by_headway,
    told_by_ndpi,
    told_by_ports,
)
from benchmarks.result import BenchmarkError, Cell, Options, Part, Result
from classifier.capture import read_capture
from classifier.errors import FrameError
from classifier.flows import Classifier
from classifier.frames import SYN, Packet, parse
from classifier.hints import Hints
from classifier.model import TCP
from classifier.score import LabelKey, Outcome, Score, score
from headway.capture_flows import Row
from policies.classes import TrafficClass
from policies.load import load_policy

NEEDS_NETWORK = False
_DECISIONS, _QUICK_DECISIONS = 100_000, 10_000
_SETTLED = 20_000
_AT_A_TIME = 8000  # flows that are open at once, all with their bytes kept
_SOURCE_AT, _FIRST_SOURCE = 26, 10 << 24  # in an Ethernet frame of IPv4

Told = dict[LabelKey, TrafficClass]


def run(options: Options) -> Result:
    """Judges, then times."""
    accuracy: list[tuple[Cell, ...]] = []
    classes: list[tuple[Cell, ...]] = []
    notes: list[str] = []
    known = collections()
    for collection in known:
        options.progress(f"{collection.name}: {len(collection.files)} recordings")
        rows, of_classes = _judged(collection, notes)
        accuracy += rows
        classes += of_classes
    options.progress("speed")
    return Result(
        (
            Part("Classes of flows with payload",
                 ("collection", "flows", "classified by", "accuracy", "macro-F1",
                  "background called gradient", "packets to decide, median"),
                 tuple(accuracy)),
            Part("F1 by class", ("collection", "class", "flows", "Headway", "nDPI", "ports"),
                 tuple(classes)),
            Part("Flows on a port that the table gives another class",
                 ("collection", "flows", "wrong: Headway", "wrong: ports"),
                 tuple(_misplaced(collection) for collection in known)),
            _speed(known, options, notes),
        ),
        tuple(dict.fromkeys(notes)),
    )  # fmt: skip


# --- classes ------------------------------------------------------------------------------------


def _judged(
    collection: Collection, notes: list[str]
) -> tuple[list[tuple[Cell, ...]], list[tuple[Cell, ...]]]:
    flows = collection.flows
    ours = told_by_headway(collection)
    named = _or_none(lambda: told_by_ndpi(collection), notes)
    told: dict[str, Told | None] = {
        "Headway": {key: row.verdict.traffic_class for key, row in ours.items()},
        "nDPI": _mapped(named, flows) if named is not None else None,
        "ports": told_by_ports(collection),
    }
    scores = {who: _score(flows, answers) for who, answers in told.items() if answers is not None}
    rows: list[tuple[Cell, ...]] = []
    for who, judged in scores.items():
        packets = median(_needed(flows, ours)) if who == "Headway" else None
        rows.append(_row(collection.name, who, judged, packets))
    for what, part in _parts(flows):
        if part:
            judged = _score(part, told["Headway"] or {})
            packets = median(_needed(part, ours))
            rows.append(_row(f"{collection.name}, {what}", "Headway", judged, packets))
    of_classes = [
        (collection.name, one.value, _flows(scores, one),
         *(_f1(scores.get(who), one) for who in told))
        for one in TrafficClass
        if _flows(scores, one)
    ]  # fmt: skip
    return rows, of_classes


def _parts(flows: Sequence[Labelled]) -> Iterable[tuple[str, list[Labelled]]]:
    yield "plaintext from its first packet", [f for f in flows if not (f.encrypted or f.joined)]
    yield "encrypted or joined later", [f for f in flows if f.encrypted or f.joined]


def _or_none(
    ask: Callable[[], dict[LabelKey, str]], notes: list[str]
) -> dict[LabelKey, str] | None:
    try:
        return ask()
    except BenchmarkError as error:
        notes.append(str(error))
        return None


def _mapped(named: dict[LabelKey, str], flows: Sequence[Labelled]) -> Told:
    mapping = best_mapping(named, flows)
    return {flow.key: mapping[named.get(flow.key, "")] for flow in flows}


def _score(flows: Iterable[Labelled], told: Told) -> Score:
    return score(Outcome(f.traffic_class, told.get(f.key, TrafficClass.BACKGROUND)) for f in flows)


def _row(name: str, who: str, judged: Score, packets: float | None) -> tuple[Cell, ...]:
    return (name, judged.flows, who, judged.accuracy, judged.macro_f1, _lost(judged), packets)


def _lost(judged: Score) -> Cell:
    """Part of background flows taken for gradient."""
    background = judged.classes.get(TrafficClass.BACKGROUND)
    if background is None or not background.flows:
        return None
    wrong = judged.confusion.get(Outcome(TrafficClass.BACKGROUND, TrafficClass.GRADIENT), 0)
    return wrong / background.flows


def _needed(flows: Iterable[Labelled], ours: dict[LabelKey, Row]) -> list[int]:
    rows = (ours.get(flow.key) for flow in flows)
    return [row.verdict.packets_needed for row in rows if row and row.verdict.known] or [0]


def _flows(scores: dict[str, Score], one: TrafficClass) -> int:
    entry = scores["Headway"].classes.get(one)
    return entry.flows if entry else 0


def _f1(judged: Score | None, one: TrafficClass) -> Cell:
    entry = judged.classes.get(one) if judged else None
    return entry.f1 if entry else None


def _misplaced(collection: Collection) -> tuple[Cell, ...]:
    ports, ours = told_by_ports(collection), told_by_headway(collection)
    told = {key: row.verdict.traffic_class for key, row in ours.items()}
    placed = [
        flow for flow in collection.flows
        if ports[flow.key] not in {TrafficClass.BACKGROUND, flow.traffic_class}
    ]  # fmt: skip
    wrong = sum(told.get(flow.key) is not flow.traffic_class for flow in placed)
    return collection.name, len(placed), wrong, len(placed)


# --- speed --------------------------------------------------------------------------------------


def _speed(known: Sequence[Collection], options: Options, notes: list[str]) -> Part:
    count = _QUICK_DECISIONS if options.quick else _DECISIONS
    frames = list(islice(_new_flows(known), count))
    packets = [packet for packet in map(parse, frames) if packet is not None]
    opened = _each_us(packets, syn=True)
    joined = _each_us(packets, syn=False)
    rows: list[tuple[Cell, ...]] = [
        ("Headway, its SYN was seen before", *_summed(opened), _bytes_each(packets[:_SETTLED])),
        ("Headway, the flow's very first packet", *_summed(joined), None),
    ]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "new-flows.pcap"
        _write(file, frames)
        begin = time.process_time()
        _classify_files([file])
        took_s = time.process_time() - begin
        rows.append(("Headway, the latter from a file", len(frames) / took_s, None, None, None))
        rows.append(_ndpi_row("nDPI (nfstream), from the same file", [file], notes))
    with plain(file for collection in known for file in collection.files) as files:
        begin = time.process_time()
        seen = _classify_files(files)
        took_s = time.process_time() - begin
        notes.append(f"whole recordings, packets a CPU second: Headway {seen / took_s:,.0f}")
        found = _ndpi(files, notes)
        if found:
            notes[-1] += f", nDPI {found.packets / found.cpu_s:,.0f}"
    return Part("First payload of a new flow to its class",
                ("by", "decisions a CPU second", "us, median", "us, p99", "bytes a settled flow"),
                tuple(rows))  # fmt: skip


def _summed(each_us: Sequence[float]) -> tuple[float, float, float]:
    """A rate, the median and the 99th percentile of sorted times."""
    return 1e6 * len(each_us) / sum(each_us), median(each_us), each_us[int(0.99 * len(each_us))]


def _ndpi_row(name: str, files: Sequence[Path], notes: list[str]) -> tuple[Cell, ...]:
    found = _ndpi(files, notes)
    return (name, found.packets / found.cpu_s if found else None, None, None, None)


def _ndpi(files: Sequence[Path], notes: list[str]) -> ndpi.Reading | None:
    try:
        return ndpi.read(files)
    except BenchmarkError as error:
        notes.append(str(error))
        return None


def _new_flows(known: Sequence[Collection]) -> Iterable[bytes]:
    """The first packet with payload of each flow, over and over, each time from another host."""
    firsts = [frame for collection in known for frame in _firsts(collection)]
    for number, frame in enumerate(cycle(firsts)):
        source = struct.pack("!I", _FIRST_SOURCE + number)
        yield frame[:_SOURCE_AT] + source + frame[_SOURCE_AT + 4 :]


def _firsts(collection: Collection) -> Iterable[bytes]:
    """Frames of IPv4."""
    for file in collection.files:
        known: set[tuple[object, ...]] = set()
        for frame in read_capture(file):
            try:
                packet = parse(frame.data, frame.link_type, frame.length)
            except FrameError:
                continue
            if packet is None or not packet.payload or frame.data[12:14] != b"\x08\x00":
                continue
            ends = packet.src, packet.sport, packet.dst, packet.dport
            if ends in known or (*ends[2:], *ends[:2]) in known:
                continue
            known.add(ends)
            yield frame.data


def _each_us(packets: Sequence[Packet], *, syn: bool) -> list[float]:
    """The time of every decision, sorted.

    Args:
        packets: Each the first with payload of a flow.
        syn: Let the handshakes of TCP come before, untimed.
    """
    clock, took = time.process_time_ns, []
    for start in range(0, len(packets), _AT_A_TIME):
        batch = packets[start : start + _AT_A_TIME]
        classifier = Classifier(Hints.of(load_policy()))
        take = classifier.take
        for packet in batch if syn else ():
            if packet.transport == TCP:
                take(0.0, packet._replace(payload=b"", payload_bytes=0, flags=SYN,
                                          seq=packet.seq - 1))  # fmt: skip
        gc.collect()
        for number, packet in enumerate(batch):
            now = number * 1e-5
            begin = clock()
            take(now, packet)
            took.append(clock() - begin)
    return sorted(ns / 1000 for ns in took)


def _bytes_each(packets: Sequence[Packet]) -> float:
    """What a flow takes once it is decided, by the difference of two sizes of the table."""
    half = len(packets) // 2
    classifier = Classifier(Hints.of(load_policy()))
    tracemalloc.start()
    try:
        sizes = []
        for number, packet in enumerate(packets):
            if number == half:
                sizes.append(tracemalloc.get_traced_memory()[0])
            classifier.take(number * 1e-5, packet._replace(payload=bytes(packet.payload)))
        sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    return (sizes[1] - sizes[0]) / (len(packets) - half)


def _classify_files(files: Iterable[Path]) -> int:
    """Packets classified, each file by itself."""
    packets = 0
    for file in files:
        classifier = Classifier(Hints.of(load_policy()))
        for frame in read_capture(file):
            try:
                packet = parse(frame.data, frame.link_type, frame.length)
            except FrameError:
                continue
            if packet is not None:
                classifier.take(frame.time, packet)
                packets += 1
    return packets


def _write(file: Path, frames: Iterable[bytes]) -> None:
    with file.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for number, frame in enumerate(frames):
            seconds, rest = divmod(number * 10, 1_000_000)
            out.write(struct.pack("<IIII", seconds, rest, len(frame), len(frame)) + frame)
