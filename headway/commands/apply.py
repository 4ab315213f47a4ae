"""`headway apply`: puts a policy in force on the running network."""

import argparse
import json
import sys
import time
from typing import Any

from headway.arguments import policy_argument
from headway.changes import applied_lines
from headway.client import Client, add_api_arguments
from headway.commands import plan
from headway.errors import ClientError, CommandError

_LOOK_S = 1.0  # between looks at a canary
_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "": 1.0}
_EPILOG = """
All or nothing: a switch or queue that refuses makes everything go back. Who, when and why are kept;
'headway history' shows them and 'headway rollback' goes back, also after a restart.

  headway apply mine.yaml -m "tenant-c pays for more"
  headway apply mine.yaml --yes                        without asking, for scripts
  headway apply mine.yaml --canary 10% --bake 5m       a tenth of the slices it changes first; it is
                                                       taken back by itself if they fare worse
  headway apply mine.yaml --canary 10% --bake 0        until somebody says:
  headway apply --promote                              for everybody, now
  headway rollback                                     or for nobody
"""


def register(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "apply", help="put a policy in force on the running network",
        description="Puts a policy in force, on every switch or on none.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("file", nargs="?", type=policy_argument, metavar="FILE|NAME")
    parser.add_argument("-m", "--why", default="", metavar="TEXT", help="for the history")
    parser.add_argument("--canary", type=_share, metavar="SHARE",
                        help="first only this share of the slices it changes: 10%% or "
                        "0.1")  # fmt: skip
    parser.add_argument("--bake", type=_seconds, default=60.0, metavar="TIME",
                        help="how long those try it: 60s, 5m; 0 until --promote (default "
                        "60s)")  # fmt: skip
    parser.add_argument("--promote", action="store_true",
                        help="no FILE: what a canary tries, for everybody")  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="don't ask")
    parser.add_argument("--json", action="store_true", help="tell what was done as JSON")
    add_api_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Plans, asks, applies, and waits for the end of a canary.

    Raises:
        PolicyError: The file has mistakes.
        ClientError: The controller is not there, or refused; nothing was changed.
    """
    if bool(args.file) == args.promote:
        raise CommandError("give a FILE to apply, or --promote")
    client = Client.of(args) if args.promote else None
    if client:
        return _tell(args, client.post("/v1/policy/promote", {}))
    return _apply(args)


def _apply(args: argparse.Namespace) -> int:
    text = plan.checked_text(args.file)
    client = Client.of(args)
    if not args.yes and not _agreed(plan.lines(plan.ask_plan(client, args.file, text))):
        return 1
    told = client.post("/v1/policy/apply", {
        "policy": text, "name": args.file.name, "why": args.why, "canary": args.canary,
        "bake_s": args.bake,
    })  # fmt: skip
    code = _tell(args, told)
    if not told.get("canary") or not args.bake:
        return code
    return _wait(args, client, told["version"])


def _agreed(lines: list[str]) -> bool:
    if not sys.stdin.isatty():
        raise CommandError("nobody to ask here; --yes applies without asking")
    print("\n".join(lines))
    return input("apply? [y/N] ").strip().lower() in {"y", "yes"}


def _tell(args: argparse.Namespace, told: dict[str, Any]) -> int:
    print(json.dumps(told, indent=2) if args.json else "\n".join(applied_lines(told)))
    return 0


def _wait(args: argparse.Namespace, client: Client, version: int) -> int:
    """Until the canary is promoted or taken back."""
    _progress(f"tried for {args.bake:g} s; Ctrl-C leaves it to the controller")
    while (client.get("/v1/policy")["canary"] or {}).get("version") == version:
        time.sleep(_LOOK_S)
    told = client.get(f"/v1/history/{version}")
    if told["outcome"] != "applied":
        raise ClientError(f"version {version} was {told['outcome']}: {told['detail']}")
    _progress(f"version {version} is in force for everybody")
    return 0


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _share(text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give a share above 0, such as 10% or 0.1")
    return share


def _seconds(text: str) -> float:
    number = text.rstrip("smhin ")
    try:
        seconds = float(number) * _UNITS[text[len(number) :].strip()]
    except (ValueError, KeyError):
        seconds = -1.0
    if not 0 <= seconds <= 7 * 86400:
        raise argparse.ArgumentTypeError(f"{text!r}: give a time such as 60s, 5m or 2h")
    return seconds
