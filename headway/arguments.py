"""Kinds of arguments that several subcommands take."""

import argparse
from pathlib import Path

from policies.catalogue import policy_file
from policies.errors import PolicyError


def address(text: str) -> tuple[str, int]:
    """HOST:PORT, [IPv6]:PORT or :PORT (loopback), for argparse."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r}: give HOST:PORT, such as 127.0.0.1:6653")
    return host.strip("[]") or "127.0.0.1", int(port)


def policy_argument(text: str) -> Path:
    """A policy's file, or the name of a ready policy, for argparse."""
    try:
        return policy_file(Path(text))
    except PolicyError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_agent_arguments(parser: argparse.ArgumentParser) -> None:
    """--agent, --advise-interval and --state, of whatever runs a controller."""
    parser.add_argument(
        "--agent", metavar="NAME|FILE",
        help="who advises on paths: static, least-loaded, online-gradient, a policy that comes "
        "with Headway, or an exported one's file; 'headway policy promote' puts another in its "
        "place (default: nobody, equal splits)",
    )  # fmt: skip
    parser.add_argument("--advise-interval", type=float, metavar="S",
                        help="seconds between questions, 0.1 to 10 (default 0.5)")  # fmt: skip
    parser.add_argument("--state", type=Path, metavar="DIR",
                        help="folder of policies and decisions (default: HEADWAY_STATE, or "
                        "~/.local/state/headway)")  # fmt: skip


def agent_options(args: argparse.Namespace) -> list[str]:
    """The same options again, for a controller in another process."""
    given = {
        "--agent": args.agent,
        "--advise-interval": args.advise_interval,
        "--state": args.state,
    }
    return [text for name, value in given.items() if value is not None
            for text in (name, str(value))]  # fmt: skip
