"""`headway up`: an emulated network, its controller, and Mininet's prompt."""

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from headway.arguments import add_agent_arguments, address, agent_options, policy_argument
from policies.catalogue import topology_file
from policies.check import check
from policies.load import load_policy
from topologies.registry import build

_EPILOG = """\
examples:
  headway up                                         a leaf-spine and a prompt; try 'pingall'
  headway up --topology ring,n=5 --policy my.yaml
  headway up --policy campus                         a ready policy on its own network
  headway up --topology file:B4.json,scale=10k      a network of your own
  headway up --agent online-gradient                 paths follow the traffic
  echo pingall | headway up --topology dumbbell      commands from a pipe, then down again

at the prompt: 'nodes', 'pingall', 'h1 ping h2', 'link spine1 leaf1 down', 'help',
'sh ovs-ofctl -O OpenFlow13 dump-flows leaf1'; 'exit' or Ctrl-D takes everything down.
"""


def register(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "up", help="emulate a network, controlled, with Mininet's prompt",
        description="Starts an emulated network and its controller together and gives Mininet's "
        "prompt. Needs root.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "--topology", metavar="SPEC",
        help="see 'headway topo' (default: a ready policy's own, else leafspine)",
    )  # fmt: skip
    parser.add_argument("--policy", type=policy_argument, metavar="FILE|NAME",
                        help="a policy, or a ready one's name (default: built in)")  # fmt: skip
    parser.add_argument("--listen", type=address, default=("127.0.0.1", 6653), metavar="HOST:PORT",
                        help="where the controller listens (default 127.0.0.1:6653)")  # fmt: skip
    parser.add_argument("--api", type=address, default=("127.0.0.1", 8080), metavar="HOST:PORT",
                        help="where its REST API listens (default 127.0.0.1:8080)")  # fmt: skip
    add_agent_arguments(parser)
    parser.add_argument("--log", type=Path, default=Path("headway-controller.log"), metavar="FILE",
                        help="the controller's log (default %(default)s)")  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Checks the arguments before anything is made, then brings all up and down again."""
    topology, policy = build(_spec(args)), load_policy(args.policy)
    report = check(policy, topology, datetime.now(timezone.utc))
    from emulation.command import require_root  # noqa: PLC0415  (--help needs no Mininet)
    from emulation.controlled import controller_process  # noqa: PLC0415
    from emulation.keeper import socket_path  # noqa: PLC0415
    from emulation.network import emulate  # noqa: PLC0415
    from emulation.vlans import seat_hosts  # noqa: PLC0415

    require_root()
    with (
        socket_path() as queues,
        controller_process(
            args.listen,
            args.policy,
            args.log,
            *agent_options(args),
            topology=topology,
            queues=queues,
            api=args.api,
        ) as controller,
        emulate(
            topology, policy=policy, controller=args.listen, progress=_say, queues=queues
        ) as network,
    ):
        for seat in seat_hosts(network, policy):
            _say(str(seat))
        network.wait_connected()
        controller.await_paths(len(topology.links))
        for line in report.lines(report.warnings):
            _say(f"warning: {line}")
        _say(f"ready: {topology.name}, {len(topology.hosts)} hosts; controller log: {args.log}")
        _say("its API, for 'headway apply' and others: http://{}:{}".format(*args.api))
        network.prompt()
        controller.check()
    return 0


def _spec(args: argparse.Namespace) -> str:
    own = topology_file(args.policy) if args.policy else None
    return args.topology or (f"file:{own}" if own else "leafspine")


def _say(line: str) -> None:
    print(f"headway: {line}", file=sys.stderr)
