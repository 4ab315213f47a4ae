"""`headway jobs`: says which hosts and ports are a job's, and what its traffic is for."""

import argparse
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from classifier.jobs import ID
from headway.client import Client, add_api_arguments
from headway.errors import CommandError
from policies.classes import TrafficClass, Transport

_PAGE = 1000
_MOST_SHOWN = 3
_TIMES = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_MOST_FILE = 1 << 20
_EXAMPLE = '{"id": "train-7", "class": "gradient", "hosts": ["10.0.0.1", "10.0.0.2"]}'
_EPILOG = """
What a job says counts more than anything its packets show, and less than the policy's own rules.

  headway jobs add train-7 --class gradient --hosts 10.0.0.1,10.0.0.2 --ports 29500,40000-40100 \\
      --slice red --period 0.8 --bytes 400MB --ttl 2h
  headway jobs add chat --class inference --hosts 10.0.3.0/28 --ports 8000 --peers any
  headway jobs add --file job.json         as POST /v1/jobs has it; - reads it from a pipe
  headway jobs list                        those there are
  headway jobs show train-7
  headway jobs renew train-7 --ttl 2h
  headway jobs remove train-7

A job is forgotten after --ttl unless it is renewed, and outlives a restart of the controller.
"""


def register(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "jobs", help="say which hosts and ports are a job's, and what its traffic is for",
        description="Registers jobs with the controller, and shows them.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_list(actions)
    _add_add(actions)
    for name, run, words in (
        ("show", run_show, "all that is known of a job"),
        ("renew", run_renew, "let a job go on for longer"),
        ("remove", run_remove, "forget a job"),
    ):
        action = _action(actions, name, run, words)
        action.add_argument("id", metavar="ID")
        if name == "renew":
            action.add_argument("--ttl", type=_seconds, default=86_400.0, metavar="TIME",
                                help="from now (default 1d)")  # fmt: skip


def _action(actions: Any, name: str, run: Any, words: str) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(name, help=words, description=words)
    action.add_argument("--json", action="store_true", help="as JSON")
    add_api_arguments(action)
    action.set_defaults(run=run)
    return action


def _add_list(actions: Any) -> None:
    action = _action(actions, "list", run_list, "the registered jobs")
    action.add_argument("--class", dest="traffic_class", choices=_CLASSES, metavar="CLASS")
    action.add_argument("--slice", metavar="NAME")


_CLASSES = [entry.value for entry in TrafficClass]


def _add_add(actions: Any) -> None:
    action = _action(actions, "add", run_add, "register a job, over one that has its id")
    action.add_argument("id", nargs="?", metavar="ID", help="such as the launcher's own")
    action.add_argument("--class", dest="traffic_class", choices=_CLASSES, metavar="CLASS",
                        help=f"what its traffic is for: {', '.join(_CLASSES)}")  # fmt: skip
    action.add_argument("--hosts", type=_words, metavar="HOST,...",
                        help="addresses or networks; MAC addresses or names of hosts that the "
                        "controller knows")  # fmt: skip
    action.add_argument("--ports", type=_ports, metavar="PORT,...",
                        help="numbers or FIRST-LAST, at either end (default: any)")  # fmt: skip
    action.add_argument("--transport", choices=[entry.value for entry in Transport])
    action.add_argument("--slice", metavar="NAME", help="whose addresses these are")
    action.add_argument("--peers", choices=["members", "any"], default="members",
                        help="flows between its hosts, or also those with anybody else (default "
                        "members)")  # fmt: skip
    action.add_argument("--period", type=float, metavar="S", help="seconds of an iteration")
    action.add_argument("--bytes", metavar="SIZE",
                        help="what one host sends in an iteration, such as 400MB")  # fmt: skip
    action.add_argument("--ttl", type=_seconds, metavar="TIME",
                        help="until it is forgotten: 90s, 30m, 2h or 7d (default 1d)")  # fmt: skip
    action.add_argument("--owner", default=None, metavar="NAME")
    action.add_argument("-m", "--why", default=None, metavar="TEXT")
    action.add_argument(
        "--file", type=Path, metavar="FILE", help="JSON; what options say counts more"
    )


def run_list(args: argparse.Namespace) -> int:
    """Shows them.

    Raises:
        ClientError: The controller is not there.
    """
    wanted = {"class": args.traffic_class, "slice": args.slice}
    query = "".join(f"&{key}={quote(value)}" for key, value in wanted.items() if value)
    told = Client.of(args).get(f"/v1/jobs?limit={_PAGE}{query}")
    if args.json:
        print(json.dumps(told["items"], indent=2))
        return 0
    if not told["items"]:
        print("no jobs")
    for job in told["items"]:
        print(_line(job))
    if told["total"] > len(told["items"]):
        print(f"and {told['total'] - len(told['items'])} more")
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Shows one; raises ClientError where it isn't there."""
    return _tell(args, Client.of(args).get(_path(args.id)))


def run_add(args: argparse.Namespace) -> int:
    """Registers one.

    Raises:
        CommandError: Something of it is missing, or FILE isn't JSON.
        ClientError: The controller is not there, or refuses it.
    """
    form = _form(args)
    told = Client.of(args).put(_path(str(form["id"])), form)
    if args.json:
        return _tell(args, told)
    print(f"job {told['id']} is registered: {_line(told)}")
    return 0


def run_renew(args: argparse.Namespace) -> int:
    """Lets one go on; raises ClientError where it isn't there."""
    told = Client.of(args).post(f"{_path(args.id)}/renew", {"ttl_s": args.ttl})
    return _done(args, told, f"ends in {_left(told)}")


def run_remove(args: argparse.Namespace) -> int:
    """Forgets one; raises ClientError where it isn't there."""
    return _done(args, Client.of(args).delete(_path(args.id)), "is removed")


def _path(name: str) -> str:
    if not re.fullmatch(ID, name, re.ASCII):
        raise CommandError(f"{name!r} is no job's id; it has letters, digits and _.:@+- alone")
    return f"/v1/jobs/{quote(name)}"


def _form(args: argparse.Namespace) -> dict[str, Any]:
    """What the options and FILE say together."""
    given = {
        "id": args.id, "class": args.traffic_class, "hosts": args.hosts, "ports": args.ports,
        "transport": args.transport, "slice": args.slice,
        "peers": None if args.file and args.peers == "members" else args.peers,
        "period_s": args.period, "bytes": args.bytes, "ttl_s": args.ttl, "owner": args.owner,
        "why": args.why,
    }  # fmt: skip
    form = _read(args.file) if args.file else {}
    form |= {key: value for key, value in given.items() if value is not None}
    names = {"id": "ID", "class": "--class", "hosts": "--hosts"}
    missing = [option for key, option in names.items() if not form.get(key)]
    if missing:
        raise CommandError(f"say {', '.join(missing)}, or give a --file that does")
    return form


def _read(path: Path) -> dict[str, Any]:
    try:
        with sys.stdin.buffer if str(path) == "-" else path.open("rb") as file:
            form = json.loads(file.read(_MOST_FILE + 1))
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path}: not JSON: {error}") from error
    if not isinstance(form, dict):
        raise CommandError(f"{path}: give one job: {_EXAMPLE}")
    return form


def _tell(args: argparse.Namespace, job: Mapping[str, Any]) -> int:
    if args.json:
        print(json.dumps(job, indent=2))
        return 0
    shown = {key: value for key, value in job.items() if key != "expires_at"}
    for key, value in {**shown, "ends in": _left(job)}.items():
        if value not in (None, "", []):
            words = " ".join(map(str, value)) if isinstance(value, list) else value
            print(f"{key:<10} {words}")
    return 0


def _done(args: argparse.Namespace, job: Mapping[str, Any], words: str) -> int:
    if args.json:
        return _tell(args, job)
    print(f"job {job['id']} {words}")
    return 0


def _line(job: Mapping[str, Any]) -> str:
    parts = [f"{job['id']:<20}", f"{job['class']:<18}", f"hosts {_few(job['hosts'])}"]
    if job["ports"]:
        parts.append(f"ports {_few(job['ports'])}")
    parts += [job["transport"]] if job["transport"] else []
    parts += [f"slice {job['slice']}"] if job["slice"] else []
    parts += ["with anybody"] if job["peers"] == "any" else []
    parts.append(f"ends in {_left(job)}")
    parts += [f"({job['trouble']})"] if job["trouble"] else []
    return "  ".join(parts)


def _few(items: Sequence[Any]) -> str:
    more = len(items) - _MOST_SHOWN
    shown = " ".join(map(str, items[:_MOST_SHOWN]))
    return f"{shown} and {more} more" if more > 0 else shown


def _left(job: Mapping[str, Any]) -> str:
    left = max(0.0, job["expires_at"] - time.time())
    for unit, seconds in (("d", 86_400), ("h", 3600), ("min", 60)):
        if left >= 1.9 * seconds:
            return f"{left / seconds:.0f} {unit}"
    return f"{left:.0f} s"


def _words(text: str) -> list[str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise argparse.ArgumentTypeError(f"{text!r}: give at least one, with commas between")
    return words


def _ports(text: str) -> list[int | str]:
    return [int(word) if word.isdecimal() else word for word in _words(text)]


def _seconds(text: str) -> float:
    number = text.rstrip("sminhd ")
    try:
        seconds = float(number) * _TIMES[text[len(number) :].strip() or "s"]
    except (ValueError, KeyError):
        seconds = 0.0
    if not 0 < seconds <= 366 * 86_400:
        raise argparse.ArgumentTypeError(f"{text!r}: give a time such as 90s, 30m, 2h or 7d")
    return seconds
