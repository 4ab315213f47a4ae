"""`headway clean`: removes what killed runs left behind, and nothing else."""

import argparse
from typing import TYPE_CHECKING

from emulation import cleanup, command

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_DESCRIPTION = """\
Removes the processes, bridges, queues and interfaces of Headway runs whose process is gone.
They are found by a tag that Headway puts on them, not by name: running networks, other
people's bridges and Mininet's own are left alone.
"""


def register(subparsers: "Subparsers") -> None:
    """Adds `clean` to the command line."""
    parser = subparsers.add_parser(
        "clean",
        help="remove what a killed run left behind",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Removes, and says what.

    Raises:
        NotPrivilegedError: Not root.
        OpenVSwitchError: Open vSwitch refused.
    """
    command.require_root()
    found = cleanup.leftovers() if args.dry_run else cleanup.remove_leftovers()
    for things in found:
        print(f"{'would remove' if args.dry_run else 'removed'} {things}")
    if not found:
        print("nothing is left over")
    return 0
