"""`python -m benchmarks.recordings`: records programs in turn into pcap files with labels."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.recordings import catalogue
from benchmarks.recordings.stage import Variant

_UNSHARE = ("--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc")


def main(argv: Sequence[str] | None = None) -> int:
    """Records what is asked for; 1 if something could not be recorded."""
    args = _parser().parse_args(argv)
    all_recordings = catalogue.load()
    if args.list:
        for what in all_recordings.values():
            needs = ", ".join([*what.pip, *what.apt.values()])
            print(f"{what.name:32}{what.traffic_class:20}{what.protocol} [{needs}]")
        return 0
    unknown = [name for name in args.names if name not in all_recordings]
    if unknown:
        print(f"no recording named {', '.join(unknown)}; --list shows all", file=sys.stderr)
        return 2
    args.output.mkdir(parents=True, exist_ok=True)
    variant = Variant(args.ports, args.seed, args.mtu, args.loss, args.join)
    failed = 0
    for name in args.names or all_recordings:
        failed += _record(all_recordings[name], variant, args)
    return 1 if failed else 0


def _record(what: catalogue.Recording, variant: Variant, args: argparse.Namespace) -> int:
    try:
        python = catalogue.prepare(what, args.cache)
    except catalogue.MissingError as error:
        print(f"{what.name}: {error}", file=sys.stderr)
        return 1
    if args.prepare:
        return 0
    order = {
        "name": what.name,
        "output": str(args.output.resolve()),
        "python": str(python.absolute()),
        "variant": asdict(variant),
        "keep_logs": args.keep_logs,
    }
    words = [sys.executable, "-m", "benchmarks.recordings.inside", json.dumps(order)]
    # Whatever ends this process ends unshare, whose end is that of the whole PID namespace.
    tied = [catalogue.find("setpriv"), "--pdeathsig", "KILL", catalogue.find("unshare"), *_UNSHARE]
    return subprocess.run([*tied, *words], check=False).returncode


def _parser() -> argparse.ArgumentParser:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headway-recordings"
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recordings",
        description="Records real programs between network namespaces (root): NAME.pcap, and rows "
        "of labels.csv and flow_labels.csv. Python packages go into virtual environments of their "
        "own; Debian packages are named where they are missing.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to record; all by default")
    parser.add_argument("--list", action="store_true", help="say what can be recorded")
    parser.add_argument("--output", type=Path, default=Path("recordings"), metavar="DIR")
    parser.add_argument("--cache", type=Path, default=cache, metavar="DIR", help=f"({cache})")
    parser.add_argument("--prepare", action="store_true", help="only install the packages")
    parser.add_argument(
        "--ports",
        choices=("default", "random", "foreign"),
        default="default",
        help="server ports: the programs' own, random ones, or those of other services",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the ports")
    parser.add_argument("--mtu", type=int, default=1500)
    parser.add_argument("--loss", type=float, default=0.0, metavar="SHARE", help="0.01: 1%%")
    parser.add_argument(
        "--join",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="begin the capture when this share of the bytes has passed",
    )
    parser.add_argument("--keep-logs", action="store_true", help="leave the programs' output")
    return parser


if __name__ == "__main__":
    sys.exit(main())
