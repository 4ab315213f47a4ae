"""`headway flows`: what each flow is taken for, what that rests on, and why."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

from headway.client import Client, add_api_arguments
from policies.classes import TrafficClass

_PAGE = 1000
_PIPED_WIDTH = 200
_REASONS = (
    "operator rule", "job", "trusted mark", "signature", "behaviour", "port", "default",
)  # fmt: skip
_EPILOG = """
  headway flows                                    those that the controller has looked at
  headway flows --host 10.0.0.1 --class gradient
  headway flows --json                             for programs
  headway flows --explain 10.0.0.1:43210 10.0.0.2:29500       all that speaks about one flow
  headway flows --explain --transport udp [2001:db8::1]:5000 [2001:db8::2]:4791

Strongest first: operator rule, job, trusted mark, signature, behaviour, port, default.
"""


def register(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "flows", help="what each flow is taken for, and why",
        description="Shows the flows that the controller has recognised.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--host", metavar="ADDRESS|NETWORK", help="with an end there")
    parser.add_argument("--class", dest="traffic_class", metavar="CLASS",
                        choices=[entry.value for entry in TrafficClass])  # fmt: skip
    parser.add_argument("--reason", choices=_REASONS, metavar="REASON",
                        help=f"what the class rests on: {', '.join(_REASONS)}")  # fmt: skip
    parser.add_argument("--protocol", metavar="NAME", help="a part of its name")
    parser.add_argument("--slice", metavar="NAME")
    parser.add_argument("--explain", nargs=2, type=_end, metavar=("ADDRESS:PORT", "ADDRESS:PORT"),
                        help="all that speaks about one flow")  # fmt: skip
    parser.add_argument("--transport", choices=["tcp", "udp"], default="tcp",
                        help="of --explain (default tcp)")  # fmt: skip
    parser.add_argument("-n", type=_count, default=100, metavar="N",
                        help="most flows (default %(default)s)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_api_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Shows them.

    Raises:
        ClientError: The controller is not there, or something of the question is wrong.
    """
    client = Client.of(args)
    return _explain(client, args) if args.explain else _list(client, args)


def _list(client: Client, args: argparse.Namespace) -> int:
    asked = {"host": args.host, "class": args.traffic_class, "reason": args.reason,
             "protocol": args.protocol, "slice": args.slice}  # fmt: skip
    told = client.get(f"/v1/flows?{_query(asked | {'limit': args.n})}")
    if args.json:
        print(json.dumps(told["items"], indent=2))
        return 0
    if not told["items"]:
        print("no flows")
        return 0
    _console().print(_table(told["items"]))
    if told["total"] > len(told["items"]):
        print(f"and {told['total'] - len(told['items'])} more; -n shows them")
    return 0


def _explain(client: Client, args: argparse.Namespace) -> int:
    (client_ip, cport), (server_ip, sport) = args.explain
    asked = {"client": client_ip, "cport": cport, "server": server_ip, "sport": sport,
             "transport": args.transport, "slice": args.slice}  # fmt: skip
    told = client.get(f"/v1/flows/explain?{_query(asked)}")
    if args.json:
        print(json.dumps(told, indent=2))
        return 0
    if told["flow"]:
        _console().print(_table([told["flow"]]))
    else:
        print("the controller has not looked at this flow; of its addresses and ports:")
    for opinion in told["opinions"]:
        print(f"  {opinion['reason']:<14} {opinion['class']:<18} {opinion['why']}")
    return 0


def _query(asked: Mapping[str, Any]) -> str:
    return urlencode({key: value for key, value in asked.items() if value is not None})


def _console() -> Console:
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    return Console(width=width, highlight=False, markup=False)


def _table(flows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    sliced = any(flow["slice"] for flow in flows)
    columns = ["flow", *(["slice"] if sliced else []), "class", "protocol", "role", "rests on",
               "sure", "why"]  # fmt: skip
    for column in columns:
        table.add_column(column, justify="right" if column == "sure" else "left")
    for flow in flows:
        row = [_words(flow), *([flow["slice"] or ""] if sliced else []), flow["class"],
               flow["protocol"], flow["role"], flow["reason"], f"{flow['confidence']:.0%}",
               flow["why"]]  # fmt: skip
        table.add_row(*row)
    return table


def _words(flow: Mapping[str, Any]) -> str:
    ends = ((flow["client"], flow["cport"]), (flow["server"], flow["sport"]))
    words = [f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}" for ip, port in ends]
    return f"{flow['transport']} {words[0]} > {words[1]}"


def _end(text: str) -> tuple[str, int]:
    address, colon, port = text.rpartition(":")
    if not colon or not address or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: give ADDRESS:PORT, such as 10.0.0.1:29500")
    return address.strip("[]"), int(port)


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _PAGE:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number from 1 to {_PAGE}")
    return int(text)
