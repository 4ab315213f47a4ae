"""Which rules, groups and trees the switches should have, given what is known.

Owns the life of a candidate path: its rules go to the core first; when every switch has said so
(barrier) it is ready and ingress groups may use it; when it is retired groups let go of it first,
and its rules leave only after that is confirmed and packets on their way have drained. So no packet
meets half a path, in any order of messages.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from controller import pipeline
from controller.advice.static import static_weights
from controller.discovery import name
from controller.events import Command, Level, Note
from controller.labels import MAX_EDGES, MAX_TREES, split
from controller.paths import Graph, InTree, in_trees, visited
from controller.rules import Output, Rule, Table
from controller.state import End, Hop, Host, Link, State, Switch, Target, Tree
from policies.classes import PathGroup

Hops = dict[int, Hop]
Path = tuple[End, ...]


# --- switches and ports -------------------------------------------------------------------------


def install_base(state: State, switch: Switch) -> None:
    """What every switch has, whatever it is for."""
    switch.mirror.put("base", pipeline.base_rules(state.policy))


def settle_ports(state: State, switch: Switch, now: float) -> bool:
    """Gives each port its role; True once no port is waiting to be told from a fabric port."""
    waiting = False
    host_ports = set(state.host_ports(switch, now))
    for number, port in switch.ports.items():
        rules: list[Rule] = []
        if state.is_fabric((switch.dpid, number)):
            rules = pipeline.fabric_port_rules(number)
        elif number in host_ports:
            trusted = state.is_trusted(port.port.name)
            rules = pipeline.host_port_rules(number, state.policy, trusted=trusted)
            switch.mirror.put_meter(pipeline.port_meter(number, state.settings.punt_pps))
        else:
            waiting = waiting or port.port.up
            if state.hosts_at((switch.dpid, number)):
                continue  # a host's port that is down for now keeps its rules
        switch.mirror.put(("port", number), rules)
    if host_ports and switch.edge is None:
        make_edge(state, switch, _free_edge(state, switch.dpid), now)
    return not waiting


def make_edge(state: State, switch: Switch, edge: int, now: float) -> None:
    """The switch has hosts, or ports for them: it gets a number in labels, and paths to it."""
    switch.edge = edge
    state.topology_changed_at = now
    for host in state.hosts.values():
        _install_host_at(state, host, switch)


def _free_edge(state: State, dpid: int) -> int:
    taken = {switch.edge for switch in state.switches.values()}
    wanted = dpid % MAX_EDGES
    return next(
        e % MAX_EDGES for e in range(wanted, wanted + MAX_EDGES) if e % MAX_EDGES not in taken
    )


# --- hosts --------------------------------------------------------------------------------------


def install_host(state: State, host: Host) -> None:
    """The host's rules on every edge switch that can have them already."""
    for switch in state.edges():
        _install_host_at(state, host, switch)


def _install_host_at(state: State, host: Host, switch: Switch) -> None:
    home = state.switches[host.dpid]
    if home.edge is None:
        return
    rules = pipeline.arp_rules(host)
    if switch is home:
        rules += pipeline.home_rules(host, home.edge)
    elif _has_groups(switch, home.edge):
        rules += pipeline.away_rules(host, home.edge)
    switch.mirror.put(("host", host.mac), rules)


# --- trees --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Map:
    """The network as arrays, and the indices of its edge switches."""

    graph: Graph
    edges: list[int]

    @staticmethod
    def of(state: State, *, only_up: bool) -> "_Map":
        graph = Graph.of(state.switches, state.arcs(only_up=only_up))
        return _Map(graph, [graph.index[switch.dpid] for switch in state.edges()])


def refresh(state: State, now: float) -> Iterator[Command]:
    """Computes the candidate paths of the whole network anew; the same network gives the same."""
    state.topology_changed_at = None
    edges = list(state.edges())
    for dpid in state.targets.keys() - {switch.dpid for switch in edges}:
        del state.targets[dpid]
    for switch in edges:
        state.targets.setdefault(switch.dpid, Target(switch.dpid))
    whole = _Map.of(state, only_up=False)
    for target in state.targets.values():
        _refresh_target(state, target, whole, now)
    trees = sum(len(target.trees) for target in state.targets.values())
    state.refreshed_at = now
    yield Note("paths-computed", f"{len(state.switches)} switches, {len(state.links)} links, "
               f"{len(edges)} edges, {trees} trees")  # fmt: skip


def _refresh_target(state: State, target: Target, whole: _Map, now: float) -> None:
    wanted = _candidates(state, target.dpid, whole)
    if _misses_someone(state, target.dpid, wanted):
        live = _candidates(state, target.dpid, _Map.of(state, only_up=True))
        wanted += [hops for hops in live if hops not in wanted]
    kept = {tree.number: tree for tree in target.trees.values() if tree.hops in wanted}
    for number, tree in target.trees.items():
        if number not in kept:
            target.retired[number] = Tree(number, tree.hops, retired_at=now)
            state.unsent.append(target.retired[number])
    target.trees = kept
    state.paths_version += 1
    known = [tree.hops for tree in kept.values()]
    found = _numbers_found(state, target)
    for hops in wanted:
        if hops not in known:
            _add_tree(state, target, hops, found)
    _compile_transit(state, target)
    regroup(state, target)


def _candidates(state: State, dpid: int, network: _Map) -> list[Hops]:
    settings, graph = state.settings, network.graph
    trees = in_trees(
        graph, graph.index[dpid], network.edges, most=settings.most_trees,
        least=settings.least_trees, protect=len(graph.dpids) <= settings.protect_up_to,
    )  # fmt: skip
    return list(_used_hops(graph, trees, network.edges))


def _used_hops(graph: Graph, trees: list[InTree], sources: list[int]) -> Iterator[Hops]:
    """Each tree's hops at the switches its packets can reach, moved from earlier trees or not."""
    reached = set(sources)
    for tree in trees:
        seen = visited(graph, tree, graph.as_indices(reached))
        rows = [int(v) for v in seen.nonzero()[0]]
        reached.update(rows)
        slots = {v: tree.slot[v] for v in rows if tree.slot[v] >= 0}
        yield {
            graph.dpids[v]: Hop(int(graph.port[v, j]), graph.dpids[graph.neighbour[v, j]])
            for v, j in slots.items()
        }


def _misses_someone(state: State, dpid: int, wanted: list[Hops]) -> bool:
    """True if some edge switch has no live path in `wanted`."""
    if state.links_down == 0:
        return False
    trees = [Tree(0, hops) for hops in wanted]
    return any(
        not any(_is_live(state, tree.path(switch.dpid, dpid)) for tree in trees)
        for switch in state.edges()
        if switch.dpid != dpid
    )


def _is_live(state: State, path: tuple[End, ...]) -> bool:
    return bool(path) and all(state.hop_is_up(end) for end in path)


def _add_tree(
    state: State, target: Target, hops: Hops, found: Mapping[int, Mapping[int, int]]
) -> None:
    """Gives a tree the first number that means nothing else, here or on the switches."""
    for number in range(MAX_TREES):
        if number in target.trees or number in target.retired:
            continue
        known = found.get(number, {})
        if all(dpid in hops and hops[dpid].port == port for dpid, port in known.items()):
            target.trees[number] = Tree(number, hops)
            state.unsent.append(target.trees[number])
            return


def _numbers_found(state: State, target: Target) -> dict[int, dict[int, int]]:
    """Tree number -> {dpid: port} of rules that an earlier run left on switches."""
    found: dict[int, dict[int, int]] = {}
    if state.settled:
        return found
    edge = state.switches[target.dpid].edge
    for switch in state.connected():
        for rule in switch.mirror.actual_rules.values():
            if rule.table == Table.LABEL and rule.priority == pipeline.TREE_PRIORITY:
                number, rule_edge, _ = split(rule.match[0].value if rule.match else 0)
                if rule_edge == edge:
                    found.setdefault(number, {})[switch.dpid] = _port_of(switch, rule)
    return found


def _port_of(switch: Switch, rule: Rule) -> int:
    action = rule.actions[0] if rule.actions else None
    if isinstance(action, Output):
        return action.port
    group = switch.mirror.actual_groups.get(getattr(action, "group_id", 0))
    return group.buckets[0].watch_port if group and group.buckets else 0


def _compile_transit(state: State, target: Target) -> None:
    """Brings the rules for labels towards `target` up to date on every switch they touch."""
    edge = state.edge_of(target.dpid)
    trees = {**target.trees, **target.retired}
    touched = {dpid for tree in trees.values() for dpid in tree.hops}
    for dpid in touched | target.touched:
        hops = {number: tree.hops[dpid] for number, tree in trees.items() if dpid in tree.hops}
        rules, groups = pipeline.transit(edge, hops, hops.keys() & target.trees.keys())
        state.switches[dpid].mirror.put(("transit", target.dpid), rules, groups)
    target.touched = touched


def sent(state: State) -> None:
    """Notes, after a flush, which barriers the trees just changed have to wait for."""
    if not state.unsent:
        return
    waits = {
        s.dpid: s.sent + 1 if s.mirror.dirty and s.connection is None else s.sent
        for s in state.switches.values()
        if s.acked < s.sent or (s.mirror.dirty and s.connection is None)
    }
    for tree in state.unsent:
        tree.waits = waits  # one object for all trees of a flush: confirmed once for all of them
        state.waiting.append(tree)
    state.unsent.clear()


def advance(state: State, now: float) -> None:
    """Takes the trees whose barriers have come back one step on."""
    if not state.waiting:
        state.settled = state.settled or state.is_quiet(now)
        return
    for waits in {id(tree.waits): tree.waits for tree in state.waiting}.values():
        for dpid in [d for d, n in waits.items() if _has_acked(state, d, n)]:
            del waits[dpid]
    done = {id(tree) for tree in state.waiting if _is_confirmed(state, tree, now)}
    if not done:
        return
    state.waiting = [tree for tree in state.waiting if id(tree) not in done]
    for target in state.targets.values():
        ready = [tree for tree in target.trees.values() if id(tree) in done]
        gone = [tree for tree in target.retired.values() if id(tree) in done]
        for tree in ready:
            tree.ready = True
        for tree in gone:
            del target.retired[tree.number]
        state.paths_version += bool(ready or gone)
        if gone:
            _compile_transit(state, target)
        if ready:
            regroup(state, target)


def _is_confirmed(state: State, tree: Tree, now: float) -> bool:
    if tree.retired_at is not None and now - tree.retired_at < state.settings.drain_s:
        return False
    return not tree.waits


def _has_acked(state: State, dpid: int, number: int) -> bool:
    switch = state.switches.get(dpid)
    return switch is None or switch.acked >= number


# --- ingress groups -----------------------------------------------------------------------------


def regroup(state: State, target: Target, lost: Set[End] | None = None) -> None:
    """Brings edge switches' groups towards `target` up to date with what is ready and live.

    Args:
        lost: Only switches with a path over one of these; None for all.
    """
    for switch in state.edges():
        if switch.dpid != target.dpid and (lost is None or _crosses(switch, target, lost)):
            _regroup_pair(state, switch, target)


def _crosses(switch: Switch, target: Target, ends: Set[End]) -> bool:
    trees = target.trees.values()
    return any(not ends.isdisjoint(t.path(switch.dpid, target.dpid)) for t in trees)


def _regroup_pair(state: State, switch: Switch, target: Target) -> None:
    edge = state.edge_of(target.dpid)
    paths: dict[Path, int] = {}
    for number, tree in sorted(target.trees.items()):
        path = tree.path(switch.dpid, target.dpid) if tree.ready else ()
        if _is_live(state, path):
            paths.setdefault(path, number)
    if not paths and not state.settled:
        return  # nothing ready yet: what an earlier run left goes on working
    first_time = not _has_groups(switch, edge)

    def advised(group: PathGroup) -> Mapping[Path, int]:
        agent = state.agent
        return agent.weights(switch.dpid, target.dpid, group, paths.keys()) if agent else {}

    groups = [
        group
        for path_group in PathGroup
        for group in pipeline.ingress_groups(
            path_group, edge, _choices(paths, path_group, advised(path_group))
        )
    ]
    switch.mirror.put(("ingress", target.dpid), (), groups)
    if first_time:
        for host in state.switches[target.dpid].hosts.values():
            _install_host_at(state, host, switch)


def _choices(
    paths: Mapping[Path, int], group: PathGroup, advised: Mapping[Path, int]
) -> list[tuple[int, int, int]]:
    """(tree, output port, weight) of each live path; equal weights where none are advised."""
    weights = [advised[p] for p in paths] if advised else static_weights(list(paths), group)
    ports = [path[0][1] for path in paths]
    return list(zip(paths.values(), ports, weights, strict=True))


def reweight(state: State, pairs: Iterable[tuple[int, int]]) -> None:
    """Brings the groups of (ingress, egress) pairs up to date with the weights in force."""
    for ingress, egress in pairs:
        switch, target = state.switches.get(ingress), state.targets.get(egress)
        if switch and target and switch.edge is not None:
            _regroup_pair(state, switch, target)


def _has_groups(switch: Switch, edge: int) -> bool:
    return pipeline.entry_group_id(PathGroup.LATENCY, edge) in switch.mirror.groups


def reroute(state: State, links: Iterable[Link], now: float) -> Iterator[Command]:
    """Takes links that went down out of every ingress group; finds new paths where none is left."""
    ends = {end for link in links for end in link.ends}
    if not ends:
        return
    whole = _Map.of(state, only_up=False)
    for target in state.targets.values():
        used = any(
            (dpid, hop.port) in ends
            for tree in target.trees.values()
            for dpid, hop in tree.hops.items()
        )
        if not used:
            continue
        regroup(state, target, ends)
        if _misses_someone(state, target.dpid, [t.hops for t in target.trees.values()]):
            _refresh_target(state, target, whole, now)
            yield from _report_unreachable(state, target)


def _report_unreachable(state: State, target: Target) -> Iterator[Command]:
    wanted = [tree.hops for tree in target.trees.values()]
    if _misses_someone(state, target.dpid, wanted):
        port = next(iter(state.switches[target.dpid].ports), 0)
        yield Note("unreachable", f"no path is left from every edge to the switch of "
                   f"{name(state, (target.dpid, port))}", Level.WARNING)  # fmt: skip
