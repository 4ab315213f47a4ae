"""Flows as nDPI sees them through nfstream; `python -m benchmarks.ndpi FILE…` tells them in JSON.

nfstream runs in a process of its own, as it forks workers and brings pandas.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.result import BenchmarkError

_NAMES = {6: "tcp", 17: "udp", 132: "sctp"}
_IDLE_S = 1 << 30  # a flow is one row, however long it pauses


@dataclass(frozen=True, slots=True)
class Reading:
    """What nDPI made of captures.

    Attributes:
        flows: File, transport, ends (host, port, host, port) and protocol by nDPI's name.
        packets: Read.
        took_s: Without starting Python.
    """

    flows: list[tuple[str, str, str, int, str, int, str]]
    packets: int
    took_s: float


def read(files: Sequence[Path]) -> Reading:
    """Reads captures.

    Raises:
        BenchmarkError: nfstream is not installed, or failed.
    """
    command = [sys.executable, "-m", "benchmarks.ndpi", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"nfstream: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    told = json.loads(done.stdout)
    return Reading([tuple(flow) for flow in told["flows"]], told["packets"], told["took_s"])


def main() -> int:
    """Reads each capture and tells its flows, and how long that took."""
    try:
        from nfstream import NFStreamer  # noqa: PLC0415
    except ImportError:
        print("nfstream is not installed: pip install nfstream", file=sys.stderr)
        return 1
    flows: list[list[Any]] = []
    packets, begin = 0, time.perf_counter()
    for file in map(Path, sys.argv[1:]):
        stream = NFStreamer(
            str(file), idle_timeout=_IDLE_S, active_timeout=_IDLE_S, statistical_analysis=False
        )
        for flow in stream:
            packets += flow.bidirectional_packets
            flows.append([file.name, _NAMES.get(flow.protocol, str(flow.protocol)), flow.src_ip,
                          flow.src_port, flow.dst_ip, flow.dst_port,
                          flow.application_name])  # fmt: skip
    took_s = time.perf_counter() - begin
    print(json.dumps({"flows": flows, "packets": packets, "took_s": took_s}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
