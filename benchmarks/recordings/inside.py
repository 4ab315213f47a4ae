"""One recording, in namespaces of its own: run by `__main__` through unshare(1).

    unshare --net --pid --mount --fork --kill-child --mount-proc \
        python -m benchmarks.recordings.inside JSON

Hides the machine's own namespaces, hosts file and resolver from what it runs, plays the recording,
and turns the raw capture into the final files. Owns nothing outside of these namespaces but them.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.recordings import catalogue, labels, pcap
from benchmarks.recordings.loss import LossError
from benchmarks.recordings.stage import NETWORK, Stage, StageError, Variant

_MULTICAST = ("224.", "239.")


@dataclass(frozen=True, slots=True)
class Order:
    """What to record, and where its files go."""

    name: str
    output: Path
    python: Path
    variant: Variant
    keep_logs: bool

    @classmethod
    def of(cls, text: str) -> "Order":
        """From JSON."""
        said: dict[str, Any] = json.loads(text)
        return cls(
            said["name"],
            Path(said["output"]),
            Path(said["python"]),
            Variant(**said["variant"]),
            said["keep_logs"],
        )


def main(order: Order) -> int:
    """Records; 1 if the program did not play its part."""
    what = catalogue.load()[order.name]
    folder = Path(tempfile.mkdtemp(prefix="recording-"))
    try:
        if not order.keep_logs:
            # Goes with this mount namespace, also where nobody can tidy up any more.
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], check=True)
        conceal(folder, what.hosts)
        stage = Stage(what.hosts, folder, order.python, order.variant, what.traffic_class)
        with stage:
            what.play(stage)
        if stage.dropped:
            print(f"{what.name}: the capture missed {stage.dropped} frames", file=sys.stderr)
        print(publish(what, stage, order))
    except (StageError, LossError, catalogue.MissingError) as error:
        print(f"{what.name}: {error}", file=sys.stderr)
        return 1
    finally:
        if order.keep_logs:
            print(f"{what.name}: output in {folder}")
        else:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def conceal(folder: Path, hosts: int) -> None:
    """Gives this mount namespace an own list of namespaces, hosts file and resolver."""
    names = "".join(f"{NETWORK}.{host} h{host}\n" for host in range(1, hosts + 1))
    for path, text in (("/etc/hosts", f"127.0.0.1 localhost\n{names}"), ("/etc/resolv.conf", "")):
        own = folder / Path(path).name
        own.write_text(text, encoding="ascii")
        subprocess.run(["mount", "--bind", str(own), path], check=True)
    Path("/run/netns").mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run/netns"], check=True)


def publish(what: catalogue.Recording, stage: Stage, order: Order) -> str:
    """Writes the capture and its rows; returns a line about them."""
    frames = [frame for frame in pcap.read(stage.raw) if _ours(frame)]
    whole = labels.flows(frames)
    clients = {labels.key_of(flow): (flow.client, flow.cport) for flow in whole}
    classes = {labels.key_of(flow): stage.class_of(flow) for flow in whole}
    frames = after(frames, order.variant.join)
    found = labels.flows(frames, clients)
    file = f"{what.name}{order.variant.suffix}.pcap"
    rows = labels.rows(
        file, what.protocol, found, lambda flow: classes[labels.key_of(flow)], what.traffic_class
    )
    about = dict(
        zip(
            labels.RECORDING_COLUMNS,
            (file, what.protocol, what.traffic_class, stage.overrides, labels.LICENCE, what.note),
            strict=True,
        )
    )
    with labels.locked(order.output):
        pcap.write(order.output / file, frames)
        labels.replace(order.output / "labels.csv", labels.RECORDING_COLUMNS, file, [about])
        labels.replace(order.output / "flow_labels.csv", labels.FLOW_COLUMNS, file, rows)
    counts: dict[str, int] = {}
    for row in rows:
        name = str(row["expected_class"])
        counts[name] = counts.get(name, 0) + 1
    size = sum(len(frame.data) for frame in frames) / 1e6
    return f"{file}: {size:.1f} MB, flows {counts}"


def after(frames: list[pcap.Frame], share: float) -> list[pcap.Frame]:
    """What is left when a share of the bytes had passed before the capture began."""
    skip = share * sum(len(frame.data) for frame in frames)
    for number, frame in enumerate(frames):
        if skip <= 0:
            return frames[number:]
        skip -= len(frame.data)
    return []


def _ours(frame: pcap.Frame) -> bool:
    """Whether both ends are on the stage (or a group); programs also call names outside of it."""
    said = labels.segment(frame.data)
    here = (f"{NETWORK}.", *_MULTICAST)
    return said is None or (said.source.startswith(here) and said.target.startswith(here))


if __name__ == "__main__":
    sys.exit(main(Order.of(sys.argv[1])))
