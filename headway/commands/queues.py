"""`headway queues`: keeps the queues of one's own switches on this machine, for a controller."""

import argparse
import logging
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from policies.intents import effective
from policies.load import load_policy
from topologies.model import Topology
from topologies.registry import build

_SOCKET = Path("/run/headway/queues.sock")
_EPILOG = """\
examples:
  headway queues --links my-network.json
  headway queues --links my-network.json --name leaf1-eth1=ens3 --name leaf1-eth2=ens4
  HEADWAY_QUEUES=/run/headway/queues.sock headway run --links my-network.json --policy my.yaml

FILE tells switches, links and rates, as 'headway topo SPEC --json' prints it. Ports are called
SWITCH-ethN in it: hosts first, then links, as they are listed; --name tells other names. Ports that
are on no bridge of this machine are left to the keeper of theirs; one that goes later gets its
queues when it is back. Queues stay as they are until the controller, or --policy, says what they
shall be; and they stay when this command ends.
"""


def register(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "queues", help="make and keep the queues of your own Open vSwitch bridges",
        description="Makes the queues of Open vSwitch bridges on this machine as a controller asks "
        "over a UNIX socket, and puts back what others change, until Ctrl-C. Needs root.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--links", type=Path, required=True, metavar="FILE",
                        help="switches, links and rates")  # fmt: skip
    parser.add_argument("--listen", type=Path, default=_SOCKET, metavar="SOCKET",
                        help="where controllers ask (default %(default)s)")  # fmt: skip
    parser.add_argument("--policy", type=Path, metavar="FILE",
                        help="make the queues of this policy at once")  # fmt: skip
    parser.add_argument("--name", type=_renaming, action="append", default=[],
                        metavar="PORT=INTERFACE",
                        help="what a port of FILE is called on this machine")  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Checks everything first, then keeps until it is interrupted."""
    topology = build(f"file:{args.links}")
    policy = effective(load_policy(args.policy), datetime.now(timezone.utc))
    from emulation import queue_set  # noqa: PLC0415  (--help needs no Open vSwitch)
    from emulation.command import require_root  # noqa: PLC0415
    from emulation.keeper import keeping, require_kept  # noqa: PLC0415

    require_root()
    logging.basicConfig(level=logging.INFO, format="headway: %(message)s")
    sets = [queue_set.QueueSet(_places(topology, dict(args.name)))]
    require_kept(sets)
    if args.policy:
        changed = queue_set.apply_policy(sets, policy)
        _say(f"{sum(changed.values())} changes on {len(changed)} ports for {policy.name}")
    args.listen.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with keeping(sets, args.listen) as keeper:
        _say(f"keeping the queues of {len(sets[0].places)} ports; HEADWAY_QUEUES={args.listen}")
        keeper.wait()
    return 0


def _places(topology: Topology, names: Mapping[str, str]) -> Iterator[Any]:
    """The document's ports that are on a bridge of this machine."""
    from emulation import ovs  # noqa: PLC0415
    from emulation.attachments import attachments  # noqa: PLC0415
    from emulation.errors import UnknownNodeError  # noqa: PLC0415
    from emulation.queue_set import Place  # noqa: PLC0415
    from emulation.queues import QueuedPort  # noqa: PLC0415

    switches = {switch.name for switch in topology.switches}
    ports = attachments(topology)
    if stranger := next((name for name in names if name not in {p.interface for p in ports}), None):
        raise UnknownNodeError(f"--name: {topology.name} has no port {stranger!r}")
    bridges = ovs.bridge_of_port()
    for port in ports:
        interface = names.get(port.interface, port.interface)
        if bridge := bridges.get(interface):
            # Without the delay: a real link has it already.
            queued = QueuedPort(interface, port.rate_bps, fabric=port.peer in switches)
            yield Place(bridge, queued, None)


def _renaming(text: str) -> tuple[str, str]:
    port, _, interface = text.partition("=")
    if not port or not interface:
        raise argparse.ArgumentTypeError(f"{text!r}: give PORT=INTERFACE, such as leaf1-eth1=ens3")
    return port, interface


def _say(line: str) -> None:
    print(f"headway: {line}", file=sys.stderr)
