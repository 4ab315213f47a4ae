"""`python -m benchmarks.recordings.trim FOLDER`: recordings made small enough to keep.

Owns what is left out: of each flow all frames stay, with their times and true lengths, but only the
first packets with payload of each direction keep their bytes; of the rest the headers stay. What a
classifier may look at is whole, and of what people sent nothing else is.
"""

import argparse
import csv
import gzip
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from classifier import capture
from classifier.errors import CaptureError, FrameError
from classifier.frames import parse

KEPT = Path(__file__).with_name("data")
_PACKETS, _FRAME_BYTES = 12, 1600  # with payload, of each direction; and so much of each
_HEADER = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")
_MICROSECONDS = 0xA1B2C3D4


def trimmed(frames: Iterable[capture.Frame]) -> Iterator[tuple[capture.Frame, int]]:
    """Each frame and how many of its bytes stay."""
    seen: Counter[tuple[object, ...]] = Counter()
    for frame in frames:
        kept = len(frame.data)
        try:
            packet = parse(frame.data, frame.link_type)
        except FrameError:
            packet = None
        if packet is not None and packet.payload:
            way = packet[:5]
            seen[way] += 1
            whole = seen[way] <= _PACKETS
            kept = min(kept, _FRAME_BYTES) if whole else kept - len(packet.payload)
        yield frame, kept


def trim(source: Path, target: Path) -> None:
    """Writes a trimmed copy, gzipped, the same bytes for the same recording.

    Raises:
        CaptureError: The recording is damaged.
    """
    frames = list(capture.read_capture(source))
    link_type = frames[0].link_type if frames else 1
    with target.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(_HEADER.pack(_MICROSECONDS, 2, 4, 0, 0, 262_144, link_type))
        for frame, kept in trimmed(frames):
            seconds, rest = divmod(round(frame.time * 1e6), 1_000_000)
            packed.write(_RECORD.pack(seconds, rest, kept, frame.length) + frame.data[:kept])


def main() -> int:
    """Trims the recordings of a folder, with their labels, into another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with NAME.pcap and flow_labels.csv")
    parser.add_argument("--output", type=Path, default=KEPT, help="default: %(default)s")
    parser.add_argument("--most-kb", type=int, default=400, help="leave out what stays larger")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    with (args.folder / "flow_labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kept = []
    for name in dict.fromkeys(row["file"] for row in rows):
        target = args.output / f"{name}.gz"
        try:
            trim(args.folder / name, target)
        except CaptureError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        if target.stat().st_size > args.most_kb * 1024:
            print(f"left out: {name} has {target.stat().st_size // 1024} kB", file=sys.stderr)
            target.unlink()
            continue
        kept += [{**row, "file": target.name} for row in rows if row["file"] == name]
    with (args.output / "flow_labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    return 0


if __name__ == "__main__":
    sys.exit(main())
