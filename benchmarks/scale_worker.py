"""One size of the benchmark `scale`, in a process of its own so that its peak memory is its own.

Drives the product's functions: `paths.in_trees` for every egress switch, and `core.decide` on a
state whose switches and links are put there directly, with switches that confirm every barrier.
Prints one JSON object a finished step, so that a size that is cut short still tells how far it got.

    python -m benchmarks.scale_worker TOPOLOGY [paths decide per-pair]
"""

import itertools
import json
import resource
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import mean

from controller import hosts, paths, reachability, routing
from controller.core import decide
from controller.events import Barrier, BarrierReply, Command, Event, Note, Port, PortChanged, Tick
from controller.mirror import Mirror
from controller.pipeline import GROUP_NUMBER
from controller.settings import Settings
from controller.state import Host, Link, PortState, State, Switch
from emulation.attachments import Attachment, attachments
from policies.load import load_policy
from topologies.model import Topology
from topologies.registry import build

_NEVER = float("inf")
_START_S = 1000.0


def main(argv: list[str]) -> int:
    """Runs the steps named, in order."""
    topology = build(argv[0])
    for step in argv[1:]:
        begin = time.perf_counter()
        _tell(step, begin, STEPS[step](topology))
    return 0


def _tell(step: str, begin: float, figures: dict[str, float]) -> None:
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures = {"seconds": time.perf_counter() - begin, **figures, "peak_mib": peak_kib / 1024}
    print(json.dumps({"step": step, **figures}), flush=True)


# --- the network as the controller would know it --------------------------------------------------


def known_state(topology: Topology) -> State:
    """The state once discovery is done: every switch, link and host known, no path computed."""
    state = State(load_policy(), Settings(key=bytes(32)), settled=True)
    ports = attachments(topology)
    for switch in topology.switches:
        state.switches[switch.dpid] = _switch(switch.dpid)
        routing.install_base(state, state.switches[switch.dpid])
    dpids = {switch.name: switch.dpid for switch in topology.switches}
    for port in ports:
        _cable(state, port, dpids)
    for number, dpid in enumerate(sorted({dpids[host.switch] for host in topology.hosts})):
        routing.make_edge(state, state.switches[dpid], number, _START_S)
    for known in state.switches.values():
        routing.settle_ports(state, known, _START_S)
    _place_hosts(state, topology, ports, dpids)
    state.next_probe = state.next_poll = _NEVER
    state.last_tick = _START_S
    return state


def _switch(dpid: int) -> Switch:
    return Switch(
        dpid, Mirror(dpid), connection=dpid, connected_at=0.0, ready=True, next_audit=_NEVER
    )


def _cable(state: State, port: Attachment, dpids: dict[str, int]) -> None:
    dpid = dpids[port.switch]
    state.switches[dpid].ports[port.port_no] = PortState(
        Port(port.port_no, port.interface, True), 0
    )
    if port.peer in dpids:
        near, far = (dpid, port.port_no), (dpids[port.peer], port.peer_port_no)
        ends = (min(near, far), max(near, far))
        link = state.links.setdefault(ends, Link(ends, up=True))
        state.link_at[near] = link


def _place_hosts(
    state: State, topology: Topology, ports: tuple[Attachment, ...], dpids: dict[str, int]
) -> None:
    at = {port.peer: port for port in ports if port.peer not in dpids}
    numbers: Counter[str] = Counter()
    for entry in topology.hosts:
        ip = int.from_bytes(bytes(int(part) for part in entry.address.split(".")), "big")
        host = Host(int(entry.mac.replace(":", ""), 16), dpids[entry.switch],
                    at[entry.name].port_no, numbers[entry.switch], (ip,))  # fmt: skip
        numbers[entry.switch] += 1
        hosts.place(state, host)
        reachability.install_hosts(state, [host])


# --- steps ----------------------------------------------------------------------------------------


def compute_paths(topology: Topology) -> dict[str, float]:
    """`paths.in_trees` towards every edge switch."""
    state = known_state(topology)
    begin = time.perf_counter()
    graph = paths.Graph.of(state.switches, state.arcs(only_up=False))
    settings = state.settings
    sources = [graph.index[switch.dpid] for switch in state.edges()]
    trees = [
        len(paths.in_trees(
            graph, target, sources, most=settings.most_trees, least=settings.least_trees,
            protect=len(graph.dpids) <= settings.protect_up_to,
        ))
        for target in sources
    ]  # fmt: skip
    return {
        "seconds": time.perf_counter() - begin, "switches": len(graph.dpids),
        "links": len(state.links), "edges": len(sources), "trees": sum(trees),
    }  # fmt: skip


def compile_rules(topology: Topology) -> dict[str, float]:
    """Everything from a known network to switches that have all their rules: `core.decide`."""
    begin = time.perf_counter()
    state = known_state(topology)
    known_s = time.perf_counter() - begin
    counts: Counter[str] = Counter()
    now = _START_S + state.settings.quiet_s + 1.0
    first_s = _feed(state, Tick(), now, counts)
    while state.waiting or not state.is_quiet(now):
        now += state.settings.tick_s
        _feed(state, Tick(), now, counts)
    figures: dict[str, float] = {
        "seconds": time.perf_counter() - begin, "hosts_s": known_s, "refresh_s": first_s,
        "changes": counts["changes"], **_sizes(state),
        "trees": sum(len(target.trees) for target in state.targets.values()),
    }  # fmt: skip
    return {**figures, **_reroute(state, now)}


def _reroute(state: State, now: float) -> dict[str, float]:
    """Cuts one link, in the core where there is one there, and times what both ends' news cost."""
    edges = {switch.dpid for switch in state.edges()}
    link = min(state.links.values(), key=lambda e: (sum(d in edges for d, _ in e.ends), e.ends))
    counts: Counter[str] = Counter()
    begin = time.perf_counter()
    for dpid, port in sorted(link.ends, key=lambda end: end[0] in edges):
        known = state.switches[dpid].ports[port].port
        _feed(state, PortChanged(dpid, replace(known, up=False)), now, counts)
    return {"reroute_s": time.perf_counter() - begin, "reroute_changes": counts["changes"]}


def _feed(state: State, event: Event, now: float, counts: Counter[str]) -> float:
    """Gives an event and answers every barrier; returns how long the first `decide` took."""
    begin = time.perf_counter()
    commands = decide(state, event, now)
    first_s = time.perf_counter() - begin
    waiting = deque(_answers(commands, counts))
    while waiting:
        waiting.extend(_answers(decide(state, waiting.popleft(), now), counts))
    return first_s


def _answers(commands: list[Command], counts: Counter[str]) -> Iterator[Event]:
    for command in commands:
        if isinstance(command, Barrier):
            yield BarrierReply(command.dpid, command.number)
        elif not isinstance(command, Note):
            counts["changes"] += 1


def _sizes(state: State) -> dict[str, float]:
    tiers = {
        "edge": [switch for switch in state.switches.values() if switch.edge is not None],
        "core": [switch for switch in state.switches.values() if switch.edge is None],
    }
    figures: dict[str, float] = {}
    for tier, switches in tiers.items():
        rules = [len(switch.mirror.rules) for switch in switches]
        groups = [len(switch.mirror.groups) for switch in switches]
        figures |= {
            f"{tier}_rules_max": max(rules), f"{tier}_rules_mean": mean(rules),
            f"{tier}_groups_max": max(groups),
        }  # fmt: skip
    figures["host_rules_each"] = len(GROUP_NUMBER) + 1
    return figures


def per_pair(topology: Topology) -> dict[str, float]:
    """The rival: every shortest path between every two edge switches, a rule for each host pair.

    Paths by networkx (nothing of the product needs that); every host pair gets one of them and a
    rule (source, destination) at each switch on it, which is what reactive forwarding ends up with.
    """
    import networkx as nx  # type: ignore[import-untyped]  # noqa: PLC0415

    graph = nx.Graph((link.a, link.b) for link in topology.links)
    at: dict[str, list[str]] = {}
    for host in topology.hosts:
        at.setdefault(host.switch, []).append(host.mac)
    begin = time.perf_counter()
    found = {
        pair: list(nx.all_shortest_paths(graph, *pair)) for pair in itertools.permutations(at, 2)
    }
    paths_s = time.perf_counter() - begin
    rules = _pair_rules(at, found)
    sizes = {name: len(entries) for name, entries in rules.items()}
    edge = [sizes[name] for name in at]
    core = [size for name, size in sizes.items() if name not in at]
    return {
        "seconds": time.perf_counter() - begin, "paths_s": paths_s,
        "paths": sum(map(len, found.values())), "edge_rules_max": max(edge),
        "core_rules_max": max(core), "rules": sum(sizes.values()),
    }  # fmt: skip


def _pair_rules(
    at: dict[str, list[str]], found: dict[tuple[str, str], list[list[str]]]
) -> dict[str, dict[tuple[str, str], str]]:
    rules: dict[str, dict[tuple[str, str], str]] = {}
    for (source, target), choices in found.items():
        for number, pair in enumerate(itertools.product(at[source], at[target])):
            path = choices[number % len(choices)]
            for here, ahead in itertools.pairwise([*path, pair[1]]):
                rules.setdefault(here, {})[pair] = ahead
    for switch, macs in at.items():
        for pair in itertools.permutations(macs, 2):
            rules.setdefault(switch, {})[pair] = pair[1]
    return rules


STEPS: dict[str, Callable[[Topology], dict[str, float]]] = {
    "paths": compute_paths,
    "decide": compile_rules,
    "per-pair": per_pair,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
