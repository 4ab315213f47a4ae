"""`headway rollback`: the policy before, in force again."""

import argparse
import json
from typing import Any

from headway.changes import applied_lines
from headway.client import Client, add_api_arguments

_EPILOG = """
Without VERSION: ends a canary if one is being tried, else goes back one step; again, one more.
A rollback is a version of its own in the history, and is itself all or nothing.

  headway rollback -m "tenant-b complains"
  headway rollback 17                      see 'headway history'
"""


def register(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "rollback", help="go back to an earlier policy",
        description="Puts an earlier policy in force again, on every switch or on none.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("version", nargs="?", type=version_argument, metavar="VERSION")
    parser.add_argument("-m", "--why", default="", metavar="TEXT", help="for the history")
    parser.add_argument("--json", action="store_true", help="tell what was done as JSON")
    add_api_arguments(parser)
    parser.set_defaults(run=run)


def version_argument(text: str) -> int:
    """The number of a version, for argparse."""
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r}: give a version's number; see headway history")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Goes back.

    Raises:
        ClientError: The controller is not there, or refused; nothing was changed.
    """
    told = Client.of(args).post("/v1/policy/rollback", {"to": args.version, "why": args.why})
    if args.json:
        print(json.dumps(told, indent=2))
    elif told["outcome"] == "rolled-back":  # a canary was ended
        print(f"version {told['version']} ({told['name']}) is no longer tried")
    else:
        again = f", version {told['equal_to']} again" if told.get("equal_to") else ""
        print("\n".join(applied_lines(told)) + again)
    return 0
