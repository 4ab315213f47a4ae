"""`headway classify`: what the flows of captures, or of an interface, are."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from classifier.hints import Hints
from classifier.job_form import JobForm, job_of
from classifier.jobs import Job, Jobs
from classifier.prefixes import Network
from classifier.score import read_labels
from headway.arguments import policy_argument
from headway.capture_flows import Judgement, Reading, judge, read_flows, told_judgement
from headway.errors import CommandError
from headway.flow_table import print_reading
from headway.live_flows import watch
from headway.signature_table import print_signatures
from policies.load import load_policy

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_EXIT_ERROR = 2
_MOST_ROWS = 200
_MOST_JOB_BYTES = 16 << 20
_JOBS = TypeAdapter(list[JobForm])
_ANSWERED = ("expires_at", "trouble", "owner")

_EPILOG = """\
A class is told by the first bytes of a flow, by its behaviour where those tell nothing, and by what
is known beforehand: operator rule > job > trusted mark > signature > behaviour > port > default.

  headway classify day.pcap                       pcap or pcapng, also gzipped
  headway classify day.pcap night.pcapng --json   everything, for programs
  tcpdump -w - -i eth0 | headway classify -       from standard input
  headway classify day.pcap --labels labels.csv   how good it is: accuracy, macro-F1, confusion
  headway classify day.pcap --policy mine.yaml    with the rules and ports of a policy
  headway classify day.pcap --jobs jobs.json      with what a scheduler said of its jobs
  headway classify --live eth0                    as it happens (root)
  headway classify --live eth0 --duration 60 --json   a minute, a line of JSON for each decision
  headway classify --signatures                   what is looked for, and where that is from

Columns: 'sure' is the confidence, 'packets' how many with payload it took to decide, of how many;
a class with ? is the default, as nothing is known. Keys of labels: file,l4,client,cport,server,
sport,expected_class, where file is the capture's name without folders.

A damaged capture is read up to the damage: what was read is shown, and the place is told.

exit code: 0 done, 2 a capture, a table of labels or an interface can't be read
"""


def register(subparsers: Subparsers) -> None:
    """Add `classify` to the command line."""
    parser = subparsers.add_parser(
        "classify",
        help="what the flows of a capture, or of an interface, are",
        description="Tell each flow's class, protocol and role, why, and how surely.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="captures; - is standard input")
    parser.add_argument("--live", metavar="INTERFACE", help="listen to an interface instead")
    parser.add_argument(
        "--duration", type=_seconds, metavar="S",
        help="with --live: stop after so many seconds (default: at Ctrl-C)",
    )  # fmt: skip
    parser.add_argument(
        "--labels", type=Path, metavar="CSV",
        help="what the flows are; tells how good the classes are",
    )  # fmt: skip
    parser.add_argument(
        "--policy", type=policy_argument, metavar="FILE",
        help="rules, marks and ports of this policy (default: Headway's own)",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=Path, metavar="FILE", help="jobs as a scheduler registers them, JSON"
    )
    parser.add_argument(
        "--trust-marks", action="store_true", help="believe the DSCP of flows; hosts can lie"
    )
    parser.add_argument(
        "--limit", type=_count, default=_MOST_ROWS, metavar="N",
        help="flows shown in the table (default: %(default)s); JSON has all",
    )  # fmt: skip
    parser.add_argument(
        "--signatures", action="store_true", help="print the table of signatures instead"
    )
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Classify.

    Raises:
        ClassifierError: The labels are wrong, or the interface can't be listened to.
        CommandError: The options don't go together, or the jobs' file is wrong.
        PolicyError: The policy has mistakes.
    """
    _check(args)
    if args.signatures:
        print_signatures(as_json=args.json)
        return 0
    jobs = _read_jobs(args.jobs) if args.jobs else []
    hints = Hints.of(load_policy(args.policy), Jobs(jobs))
    if args.live:
        watch(args.live, hints, trusted=args.trust_marks, duration_s=args.duration,
              as_json=args.json)  # fmt: skip
        return 0
    labels = read_labels(args.labels) if args.labels else None
    with _progress(args.files) as tell:
        reading = read_flows(args.files, hints, trusted=args.trust_marks, tell=tell)
    judgement = None if labels is None else judge(reading.rows, args.files, labels)
    if judgement and not judgement.over_all.flows and reading.rows:
        raise CommandError(f"{args.labels}: no label is for a flow of these captures; its column "
                           "'file' has their names without folders")  # fmt: skip
    if args.json:
        print(json.dumps(_told(reading, judgement), indent=2))
    else:
        print_reading(reading, judgement, args.limit)
    sys.stdout.flush()
    for damage in reading.damages:
        print(f"headway: error: {damage.message}", file=sys.stderr)
    return _EXIT_ERROR if reading.damages else 0


def _check(args: argparse.Namespace) -> None:
    if bool(args.files) + bool(args.live) + args.signatures != 1:
        raise CommandError("give captures to read, or --live INTERFACE, or --signatures")
    if args.labels and not args.files:
        raise CommandError("--labels is for captures")
    if args.duration is not None and not args.live:
        raise CommandError("--duration goes with --live")


def _told(reading: Reading, judgement: Judgement | None) -> dict[str, object]:
    told: dict[str, object] = {
        "flows": [row.told() for row in reading.rows],
        "errors": [
            {"file": one.file, "offset": one.offset, "message": one.message}
            for one in reading.damages
        ],
        "frames": reading.frames,
        "skipped": {"without_flow": reading.without_flow, "malformed": reading.malformed},
    }
    return told if judgement is None else {**told, "score": told_judgement(judgement)}


def _read_jobs(file: Path) -> list[Job]:
    with file.open("rb") as stream:
        raw = stream.read(_MOST_JOB_BYTES + 1)
    if len(raw) > _MOST_JOB_BYTES:
        raise CommandError(f"{file}: larger than {_MOST_JOB_BYTES >> 20} MB")
    try:
        read = json.loads(raw)
        forms = _JOBS.validate_python(_listed(read))
        return [job_of(form, _unknown, math.inf, "") for form in forms]
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise CommandError(f"{file}: job {place}: {first['msg']}") from error
    except RecursionError as error:
        raise CommandError(f"{file}: nested too deep") from error
    except ValueError as error:  # of JSON, of UTF-8, and of names that are no addresses
        raise CommandError(f"{file}: {error}") from error


def _listed(read: object) -> list[object]:
    """One job, a list of them, or what the API answers."""
    if isinstance(read, dict):
        read = read.get("items", read.get("jobs", [read]))
    if not isinstance(read, list):
        raise ValueError("give one job, a list of them, or what /v1/jobs answers")
    return [_written(job) for job in read]


def _written(job: object) -> object:
    """A job as it would be registered: without what only the API's answer has."""
    if not isinstance(job, dict):
        return job
    return {key: value for key, value in job.items() if key not in _ANSWERED and value}


def _unknown(host: str) -> list[Network]:
    raise ValueError(f"host {host!r}: give its address; no controller is asked for names")


@contextmanager
def _progress(files: list[str]) -> Iterator[Callable[[str, int], None]]:
    """A bar a file on stderr, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda file, done: None
        return
    tasks: dict[str, TaskID] = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} bytes"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:

        def tell(file: str, done: int) -> None:
            if file not in tasks:
                path = Path(file)
                tasks[file] = bars.add_task(
                    path.name, total=path.stat().st_size if path.is_file() else None
                )
            bars.update(tasks[file], completed=done)

        yield tell


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: give seconds, such as 60")
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: give a number of flows")
    return int(text)
