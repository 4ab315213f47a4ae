"""`headway advise`: looks at an agent without running it on anything."""

import argparse
import json
from typing import Any

_EPILOG = """
The advisor itself is a process of its own, which 'headway run --agent ...' starts, asks, watches
and restarts. This command opens an agent just as that process would, and says what it found.

examples:
  headway advise online-gradient
  headway advise my-policy.npz --json       exit status 2 if the file is damaged
"""


def register(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "advise", help="check an agent before running it",
        description="Opens an agent as the advisor's process would, and says what it is.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("agent", metavar="NAME|FILE",
                        help="a built-in agent's name, or a policy's file")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Opens it.

    Raises:
        AdviceError: No such agent, or its file is damaged.
    """
    from controller.advice.builtin import find  # noqa: PLC0415  (--help needs no NumPy)

    factory = find(args.agent)
    if args.json:
        about = {"name": factory.name, "sha256": factory.sha256}
        print(json.dumps(about, indent=2))
        return 0
    print(f"{factory.name}: {factory.sha256[:12] or 'built in'}")
    if factory.sha256:
        print("  tells when what it sees is far from the features it was trained on")
    return 0
