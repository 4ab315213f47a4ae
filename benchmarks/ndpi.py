"""Flows as nDPI sees them through nfstream; `python -m benchmarks.ndpi FILE…` tells them in JSON.

nfstream runs in a process of its own, as it forks workers and brings pandas.
"""

import json
import os
import subprocess
import sys
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
        cpu_s: All its processes together, without starting Python.
    """

    flows: list[tuple[str, str, str, int, str, int, str]]
    packets: int
    cpu_s: float


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
    return Reading([tuple(flow) for flow in told["flows"]], told["packets"], told["cpu_s"])


def _cpu_s() -> float:
    """Of this process and of those it has waited for."""
    return sum(os.times()[:4])


def main() -> int:
    """Reads each capture and tells its flows, and what that took."""
    try:
        from nfstream import NFStreamer  # noqa: PLC0415
    except ImportError:
        print("nfstream is not installed: pip install nfstream", file=sys.stderr)
        return 1
    flows: list[list[Any]] = []
    packets, begin = 0, _cpu_s()
    for file in map(Path, sys.argv[1:]):
        stream = NFStreamer(
            str(file), idle_timeout=_IDLE_S, active_timeout=_IDLE_S, statistical_analysis=False
        )
        for flow in stream:
            packets += flow.bidirectional_packets
            flows.append([file.name, _NAMES.get(flow.protocol, str(flow.protocol)), flow.src_ip,
                          flow.src_port, flow.dst_ip, flow.dst_port,
                          flow.application_name])  # fmt: skip
    print(json.dumps({"flows": flows, "packets": packets, "cpu_s": _cpu_s() - begin}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
