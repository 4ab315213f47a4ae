"""`headway history`: every policy that was put in force, or tried to: who, when, why."""

import argparse
import difflib
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from headway.client import Client, add_api_arguments
from headway.commands.rollback import version_argument

_PAGE = 1000
_EPILOG = """
  headway history                  the last versions, newest first
  headway history 17 > old.yaml    the text of one
  headway history 17 --diff        how it differs from the one in force
"""


def register(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "history", help="policies applied before: who, when, why",
        description="Shows the versions of the policy that the controller has kept.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("version", nargs="?", type=version_argument, metavar="VERSION",
                        help="show its text")  # fmt: skip
    parser.add_argument("--diff", action="store_true",
                        help="show what changed from VERSION (or, without one, from the version "
                        "before) to the one in force")  # fmt: skip
    parser.add_argument("-n", type=_count, default=20, metavar="N",
                        help="most versions (default %(default)s)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_api_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Shows them.

    Raises:
        ClientError: The controller is not there, or has no such version.
    """
    client = Client.of(args)
    if args.diff:
        return _diff(client, args.version)
    if args.version:
        return _one(client, args)
    told = client.get(f"/v1/history?limit={args.n}")
    running = client.get("/v1/policy")["version"]
    if args.json:
        print(json.dumps(told["items"], indent=2))
        return 0
    for entry in told["items"]:
        print(_line(entry, running))
    if told["total"] > len(told["items"]):
        print(f"and {told['total'] - len(told['items'])} older ones; -n {_PAGE} shows them")
    return 0


def _one(client: Client, args: argparse.Namespace) -> int:
    told = client.get(f"/v1/history/{args.version}")
    if args.json:
        print(json.dumps(told, indent=2))
    else:
        sys.stdout.write(told["text"])
    return 0


def _diff(client: Client, version: int | None) -> int:
    running = client.get("/v1/policy")
    number = version or _before(client, running["version"])
    old = client.get(f"/v1/history/{number}")
    sys.stdout.writelines(
        difflib.unified_diff(
            _lines(old["text"]), _lines(running["text"]),
            f"version {number} ({old['name']})",
            f"version {running['version']} ({running['name']}), in force",
        )
    )  # fmt: skip
    return 0


def _before(client: Client, version: int) -> int:
    """The last version applied before this one; itself if there is none."""
    items = client.get(f"/v1/history?limit={_PAGE}")["items"]
    known = (e["version"] for e in items if e["version"] < version and e["outcome"] == "applied")
    return next(known, version)


def _lines(text: str) -> list[str]:
    return [line + "\n" for line in text.splitlines()]


def _line(entry: Mapping[str, Any], running: int) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["at"]))
    mark = "*" if entry["version"] == running else " "
    equal = f"= {entry['equal_to']}" if entry.get("equal_to") else ""
    told = f"{mark}{entry['version']:>4}  {when}  {entry['outcome']:<11} {entry['kind']:<8} "
    told += f"{entry['name']:<16} {entry['who']:<10} {equal:<6} {entry['why']}"
    if entry["detail"]:
        told += f" ({entry['detail']})"
    return told.rstrip()


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _PAGE:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number from 1 to {_PAGE}")
    return int(text)
