"""`headway up`: an emulated network, its controller, and Mininet's prompt."""

import argparse
import sys
from pathlib import Path
from typing import Any

from headway.arguments import add_agent_arguments, address, agent_options
from policies.load import load_policy
from topologies.registry import build

_EPILOG = """\
examples:
  headway up                                         a leaf-spine and a prompt; try 'pingall'
  headway up --topology ring,n=5 --policy my.yaml
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
    parser.add_argument("--topology", default="leafspine", metavar="SPEC",
                        help="see 'headway topo' (default %(default)s)")  # fmt: skip
    parser.add_argument("--policy", type=Path, metavar="FILE", help="policy (default: built in)")
    parser.add_argument("--listen", type=address, default=("127.0.0.1", 6653), metavar="HOST:PORT",
                        help="where the controller listens (default 127.0.0.1:6653)")  # fmt: skip
    add_agent_arguments(parser)
    parser.add_argument("--log", type=Path, default=Path("headway-controller.log"), metavar="FILE",
                        help="the controller's log (default %(default)s)")  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Checks the arguments before anything is made, then brings all up and down again."""
    topology, policy = build(args.topology), load_policy(args.policy)
    from emulation.command import require_root  # noqa: PLC0415  (--help needs no Mininet)
    from emulation.controlled import controller_process  # noqa: PLC0415
    from emulation.network import emulate  # noqa: PLC0415

    require_root()
    with (
        controller_process(
            args.listen, args.policy, args.log, *agent_options(args), topology=topology
        ) as controller,
        emulate(topology, policy=policy, controller=args.listen, progress=_say) as network,
    ):
        network.wait_connected()
        controller.await_paths(len(topology.links))
        _say(f"ready: {topology.name}, {len(topology.hosts)} hosts; controller log: {args.log}")
        network.prompt()
        controller.check()
    return 0


def _say(line: str) -> None:
    print(f"headway: {line}", file=sys.stderr)
