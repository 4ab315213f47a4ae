"""`headway run`: the controller, on os-ken."""

import argparse
import os
from pathlib import Path
from typing import Any

from controller.errors import ListenError
from headway.arguments import add_agent_arguments, address, policy_argument
from policies.load import load_policy

_EXAMPLES = """
examples:
  headway run                                    control switches that connect to 127.0.0.1:6653
  headway run --listen 0.0.0.0:6653              ... from anywhere
  headway run --policy my.yaml --metrics 127.0.0.1:9180
  headway run --agent online-gradient --links my-network.json
  headway run --queues /run/headway/queues.sock  ... with 'headway queues' on the switches' machine
  headway run --api 0.0.0.0:8443 --api-cert cert.pem --api-key key.pem --api-tokens tokens
  sudo mn --custom topologies/mn.py --topo ring,n=4 --switch headway --controller remote
"""


def register(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "run",
        help="run the controller",
        description="Runs the controller until Ctrl-C. Stopping it stops no traffic.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--listen", default="127.0.0.1:6653", metavar="HOST:PORT", type=address,
                        help="where switches connect (default %(default)s)")  # fmt: skip
    parser.add_argument("--policy", type=policy_argument, metavar="FILE|NAME",
                        help="a policy to begin with, or a ready one's name (default: the last "
                        "one applied, else built in)")  # fmt: skip
    parser.add_argument("--fresh", action="store_true",
                        help="begin with that policy even if another was applied "
                        "since")  # fmt: skip
    parser.add_argument(
        "--telemetry-interval", type=float, default=1.0, metavar="S",
        help="seconds between reads of counters, from 0.1 (default %(default)s)",
    )  # fmt: skip
    add_agent_arguments(parser)
    parser.add_argument("--links", type=Path, metavar="FILE",
                        help="rates of links, as 'headway topo SPEC --json' prints; else what "
                        "ports tell of their speed is believed")  # fmt: skip
    parser.add_argument("--metrics", type=address, metavar="HOST:PORT",
                        help="serve Prometheus metrics there")  # fmt: skip
    parser.add_argument("--api", default="127.0.0.1:8080", metavar="HOST:PORT",
                        help="serve the REST API there; 'off' for none (default "
                        "%(default)s)")  # fmt: skip
    parser.add_argument("--api-tokens", type=Path, metavar="FILE",
                        help="who may ask: lines of 'reader|operator TOKEN [NAME]', mode 0600 "
                        "(default: one operator's token, made in the state folder)")  # fmt: skip
    parser.add_argument("--api-cert", type=Path, metavar="FILE", help="PEM chain, for TLS")
    parser.add_argument("--api-key", type=Path, metavar="FILE", help="its PEM key")
    parser.add_argument("--no-classify", action="store_true",
                        help="copy no packets to find out what flows are: go by rules, jobs, "
                        "marks and ports")  # fmt: skip
    parser.add_argument("--queues", type=Path, metavar="SOCKET",
                        help="of the keeper of the ports' queues ('headway queues')")  # fmt: skip
    parser.add_argument("-v", "--verbose", action="store_true", help="log the framework too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Checks what can be checked first, then hands over to the launcher."""
    load_policy(args.policy)
    os.environ["HEADWAY_POLICY"] = str(args.policy.resolve()) if args.policy else ""
    os.environ["HEADWAY_TELEMETRY_INTERVAL_S"] = str(args.telemetry_interval)
    if args.no_classify:
        os.environ["HEADWAY_CLASSIFY"] = "0"
    _pass_on_agent(args)
    _pass_on_api(args)
    if args.metrics == args.listen:
        raise ListenError("--metrics and --listen name the same port; give them different ones")
    os.environ["HEADWAY_METRICS"] = "{}:{}".format(*args.metrics) if args.metrics else ""
    from controller import launcher  # noqa: PLC0415  (its framework is for this command alone)
    from controller.settings import Settings  # noqa: PLC0415

    Settings.from_environment(os.environ)
    launcher.start(*args.listen, verbose=args.verbose)


def _pass_on_api(args: argparse.Namespace) -> None:
    """Options win over HEADWAY_* variables that are set already."""
    os.environ["HEADWAY_API"] = "" if args.api == "off" else args.api
    if args.fresh:
        os.environ["HEADWAY_FRESH"] = "1"
    for name in ("api_tokens", "api_cert", "api_key", "queues"):
        path: Path | None = getattr(args, name)
        if path:
            os.environ[f"HEADWAY_{name.upper()}"] = str(path.resolve())


def _pass_on_agent(args: argparse.Namespace) -> None:
    """Options win over HEADWAY_* variables that are set already."""
    if args.agent:
        # A file may be meant, and the advisor runs elsewhere.
        file = Path(args.agent)
        os.environ["HEADWAY_AGENT"] = str(file.resolve()) if file.is_file() else args.agent
    if args.advise_interval is not None:
        os.environ["HEADWAY_ADVISE_INTERVAL_S"] = str(args.advise_interval)
    if args.state:
        os.environ["HEADWAY_STATE"] = str(args.state.resolve())
    if args.links:
        os.environ["HEADWAY_LINKS"] = str(args.links.resolve())
    if agent := os.environ.get("HEADWAY_AGENT"):
        from controller.advice.builtin import check  # noqa: PLC0415  (only with an agent)

        check(agent)
    if links := os.environ.get("HEADWAY_LINKS"):
        from controller.advice.capacities import Capacities  # noqa: PLC0415

        Capacities.load(links)
