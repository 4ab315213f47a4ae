"""`headway plan`: what applying a policy would change on the running network."""

import argparse
import json
from pathlib import Path
from typing import Any

from headway.arguments import policy_argument
from headway.changes import policy_lines, queue_lines, rule_lines
from headway.client import Client, add_api_arguments
from policies.load import load_policy
from policies.source import decode

_EPILOG = """
The file is checked here first, then by the controller, against the network it has. Nothing changes.

  headway plan mine.yaml
  headway plan mine.yaml --json       everything, for programs

See also: headway check (what it would mean), headway apply (do it).
"""


def register(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "plan", help="what applying a policy would change on the running network",
        description="Tells the difference between a policy and the running network.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("file", type=policy_argument, metavar="FILE|NAME")
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_api_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Asks, and tells.

    Raises:
        PolicyError: The file has mistakes.
        ClientError: The controller is not there, or refused.
    """
    text = checked_text(args.file)
    told = ask_plan(Client.of(args), args.file, text)
    print(json.dumps(told, indent=2) if args.json else "\n".join(lines(told)))
    return 0


def checked_text(file: Path) -> str:
    """The text of a policy's file, whose mistakes are told before anybody is asked."""
    load_policy(file)
    return decode(str(file), file.read_bytes())


def ask_plan(client: Client, file: Path, text: str) -> dict[str, Any]:
    """The controller's answer."""
    told: dict[str, Any] = client.post("/v1/policy/plan", {"policy": text, "name": file.name})
    return told


def lines(told: dict[str, Any]) -> list[str]:
    """A plan, for people."""
    warnings = told.get("report", {}).get("warnings", [])
    trouble = told.get("queues_trouble")
    kept = told.get("queues_kept", True)
    queues = [f"queues: {trouble}"] if trouble else queue_lines(told["queues"], kept=kept)
    return [
        f"{told['name']}, against version {told['version']}:",
        *policy_lines(told["policy"]),
        *rule_lines(told["rules"]),
        *queues,
        *(f"warning: {entry.get('place')}: {entry.get('message')}" for entry in warnings),
    ]
