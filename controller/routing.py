"""Which rules, groups and trees the switches should have, given what is known.

Owns the life of a candidate path: its rules go to the core first; when every switch has said so
(barrier) it is ready and ingress groups may use it; when it is retired groups let go of it first,
and its rules leave only after that is confirmed and packets on their way have drained. So no packet
meets half a path, in any order of messages.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from controller import pipeline, reachability, slice_pipeline
from controller.advice.static import static_weights
from controller.discovery import name
from controller.events import Command, Level, Note
from controller.labels import MAX_EDGES, MAX_TREES, split
from controller.paths import Graph, InTree, in_trees, visited
from controller.rules import Group, Output, Rule, Table
from controller.state import End, Hop, Link, State, Switch, Target, Tree
from policies.classes import PathGroup

_MOST_CONFINED, _LEAST_CONFINED = 4, 2  # candidate paths on the part confined slices may use

Hops = dict[int, Hop]
Path = tuple[End, ...]


# --- switches and ports -------------------------------------------------------------------------


def install_base(state: State, switch: Switch) -> None:
    """What every switch has, whatever it is for, and what keeps confined slices off it."""
    rules = [*pipeline.base_rules(state.policy)]
    if state.sliced:
        rules += slice_pipeline.base_rules()
    switch.mirror.put("base", rules)
    for number in state.slicing.allowed:
        barred = not state.slicing.may_cross(number, switch.dpid)
        owner = ("confinement", number)
        switch.mirror.put(owner, slice_pipeline.confinement_rules(number) if barred else ())


def settle_ports(state: State, switch: Switch, now: float) -> bool:
    """Gives each port its role; True once no port is waiting to be told from a fabric port."""
    waiting = False
    host_ports = set(state.host_ports(switch, now))
    for number, port in switch.ports.items():
        if state.is_fabric((switch.dpid, number)):
            switch.host_ports.discard(number)
            install_port(state, switch, number)
        elif number in host_ports:
            switch.host_ports.add(number)
            install_port(state, switch, number)
        else:
            waiting = waiting or port.port.up
            if not state.hosts_at((switch.dpid, number)):  # else it is down for now and keeps them
                switch.mirror.put(("port", number), ())
    if state.sliced:
        settle_slices(state, switch)
    if host_ports and switch.edge is None:
        edge = _free_edge(state, switch.dpid)
        if edge is not None:
            make_edge(state, switch, edge, now)
    return not waiting


def install_port(state: State, switch: Switch, number: int) -> None:
    """The rules of a port with a role: with a switch behind it, or else for hosts."""
    sliced, policy = state.sliced, state.policy
    if state.is_fabric((switch.dpid, number)):
        made = slice_pipeline.fabric_port_rules if sliced else pipeline.fabric_port_rules
        switch.mirror.put(("port", number), made(number))
        return
    name = switch.ports[number].port.name
    trusted = state.is_trusted(name)
    if sliced:
        vlans = {
            vlan
            for slice_number in state.slicing.on_port(name, switch.dpid)
            for vlan in state.slicing.vlans(name, slice_number)
        }
        rules = slice_pipeline.host_port_rules(number, policy, sorted(vlans), trusted=trusted)
    else:
        rules = pipeline.host_port_rules(number, policy, trusted=trusted)
    meters = [pipeline.port_meter(number, state.settings.punt_pps)]
    if state.settings.classify and switch.can_copy:
        rules += pipeline.copy_rules(number)
        meters.append(pipeline.copy_meter(number, state.settings.copy_pps))
    switch.mirror.put(("port", number), rules, meters=meters)


def settle_slices(state: State, switch: Switch) -> None:
    """Brings what slices need on a switch up to date with its ports."""
    if not reachability.settle_slices(state, switch) or switch.edge is None:
        return
    reachability.install_at(state, state.hosts.values(), switch)
    if state.slicing.allowed:
        for target in state.targets.values():
            if target.dpid == switch.dpid:
                regroup(state, target)
            else:
                _regroup_pair(state, switch, target)


def make_edge(state: State, switch: Switch, edge: int, now: float) -> None:
    """The switch has hosts, or ports for them: it gets a number in labels, and paths to it."""
    switch.edge = edge
    state.topology_changed_at = now
    reachability.install_at(state, state.hosts.values(), switch)


def _free_edge(state: State, dpid: int) -> int | None:
    """A number in labels for a switch, its own where that is free; None if all are taken."""
    taken = {switch.edge for switch in state.switches.values()}
    wanted = dpid % MAX_EDGES
    free = (e % MAX_EDGES for e in range(wanted, wanted + MAX_EDGES) if e % MAX_EDGES not in taken)
    return next(free, None)


# --- trees --------------------------------------------------------------------------------------


Allowed = frozenset[int] | None  # switches a confined slice may cross; None: all of them


@dataclass(frozen=True, slots=True)
class _Map:
    """The network, or what a confined slice may use of it, as arrays; and its edge switches."""

    allowed: Allowed
    graph: Graph
    edges: list[int]

    @staticmethod
    def of(state: State, allowed: Allowed, *, only_up: bool) -> "_Map":
        inside = [dpid for dpid in state.switches if allowed is None or dpid in allowed]
        graph = Graph.of(inside, state.arcs(only_up=only_up))
        edges = [graph.index[s.dpid] for s in state.edges() if s.dpid in graph.index]
        return _Map(allowed, graph, edges)

    @staticmethod
    def all_of(state: State) -> "list[_Map]":
        """The whole network first, then what slices are confined to, each part once."""
        parts: list[Allowed] = [None, *dict.fromkeys(state.slicing.allowed.values())]
        return [_Map.of(state, part, only_up=False) for part in parts]


def refresh(state: State, now: float) -> Iterator[Command]:
    """Computes the candidate paths of the whole network anew; the same network gives the same."""
    state.topology_changed_at = None
    edges = list(state.edges())
    for dpid in state.targets.keys() - {switch.dpid for switch in edges}:
        del state.targets[dpid]
    for switch in edges:
        state.targets.setdefault(switch.dpid, Target(switch.dpid))
    maps = _Map.all_of(state)
    for target in state.targets.values():
        _refresh_target(state, target, maps, now)
    trees = sum(len(target.trees) for target in state.targets.values())
    state.refreshed_at = now
    yield Note("paths-computed", f"{len(state.switches)} switches, {len(state.links)} links, "
               f"{len(edges)} edges, {trees} trees")  # fmt: skip
    yield from _report_confined(state)


def _refresh_target(state: State, target: Target, maps: list[_Map], now: float) -> None:
    wanted: list[Hops] = []
    for network in maps:
        if target.dpid in network.graph.index:
            candidates = _candidates(state, target.dpid, network)
            wanted += [hops for hops in candidates if hops not in wanted]
            if _misses_someone(state, target.dpid, wanted, network.allowed):
                live_map = _Map.of(state, network.allowed, only_up=True)
                live = _candidates(state, target.dpid, live_map)
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
    part = network.allowed is not None
    trees = in_trees(
        graph, graph.index[dpid], network.edges,
        most=min(_MOST_CONFINED, settings.most_trees) if part else settings.most_trees,
        least=min(_LEAST_CONFINED, settings.least_trees) if part else settings.least_trees,
        protect=not part and len(graph.dpids) <= settings.protect_up_to,
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


def _misses_someone(state: State, dpid: int, wanted: list[Hops], allowed: Allowed = None) -> bool:
    """True if some edge switch has no live path in `wanted`, on the switches allowed."""
    if state.links_down == 0:
        return False
    trees = [Tree(0, hops) for hops in wanted]
    return any(
        not any(_is_live(state, tree.path(switch.dpid, dpid), allowed) for tree in trees)
        for switch in state.edges()
        if switch.dpid != dpid and (allowed is None or switch.dpid in allowed)
    )


def _is_live(state: State, path: Path, allowed: Allowed = None) -> bool:
    return (
        bool(path)
        and all(state.hop_is_up(end) for end in path)
        and (allowed is None or all(dpid in allowed for dpid, _ in path))
    )


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
        _settle(state, now)
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


def _settle(state: State, now: float) -> None:
    """From the first quiet moment on hosts of other slices are seen too: all are known by now."""
    if not state.settled and state.is_quiet(now):
        state.settled = True
        for switch in state.edges() if state.sliced else ():
            reachability.install_at(state, state.hosts.values(), switch)


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
    before = _entries(state, switch, edge)

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
    groups += _confined_groups(state, switch, target, paths)
    switch.mirror.put(("ingress", target.dpid), (), groups)
    if _entries(state, switch, edge) != before:
        egress = state.switches[target.dpid]
        reachability.install_at(state, egress.hosts.values(), switch)


def _entries(state: State, switch: Switch, edge: int) -> list[int]:
    """For whom a switch has entry groups towards an edge: 0 is everyone who isn't confined."""
    numbers = (0, *state.slicing.allowed)
    return [number for number in numbers if reachability.has_groups(switch, edge, number)]


def _confined_groups(
    state: State, switch: Switch, target: Target, paths: Mapping[Path, int]
) -> Iterator[Group]:
    """Groups of the confined slices between two switches: of the paths that stay inside, evenly."""
    edge = state.edge_of(target.dpid)
    for number in _confined_between(state, switch, state.switches[target.dpid]):
        allowed = state.slicing.allowed[number]
        inside = {p: tree for p, tree in paths.items() if all(dpid in allowed for dpid, _ in p)}
        for path_group in PathGroup:
            choices = _choices(inside, path_group, {})
            yield from pipeline.ingress_groups(path_group, edge, choices, number)


def _confined_between(state: State, switch: Switch, egress: Switch) -> list[int]:
    """Confined slices with traffic from one edge switch to another that they both may see."""
    slicing = state.slicing
    return [
        number
        for number, allowed in slicing.allowed.items()
        if number in switch.present
        and egress.dpid in allowed
        and slicing.circle(number) & egress.present
    ]


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


def reroute(state: State, links: Iterable[Link], now: float) -> Iterator[Command]:
    """Takes links that went down out of every ingress group; finds new paths where none is left."""
    ends = {end for link in links for end in link.ends}
    if not ends:
        return
    maps = _Map.all_of(state)
    for target in state.targets.values():
        used = any(
            (dpid, hop.port) in ends
            for tree in target.trees.values()
            for dpid, hop in tree.hops.items()
        )
        if not used:
            continue
        regroup(state, target, ends)
        known = [tree.hops for tree in target.trees.values()]
        inside = [m.allowed for m in maps if target.dpid in m.graph.index]
        if any(_misses_someone(state, target.dpid, known, allowed) for allowed in inside):
            _refresh_target(state, target, maps, now)
            yield from _report_unreachable(state, target)
    yield from _report_confined(state)


def _report_unreachable(state: State, target: Target) -> Iterator[Command]:
    wanted = [tree.hops for tree in target.trees.values()]
    if _misses_someone(state, target.dpid, wanted):
        port = next(iter(state.switches[target.dpid].ports), 0)
        yield Note("unreachable", f"no path is left from every edge to the switch of "
                   f"{name(state, (target.dpid, port))}", Level.WARNING)  # fmt: skip


def _report_confined(state: State) -> Iterator[Command]:
    """Says once, and again when it comes back, that a confined slice has no path left."""
    missing = {
        (number, target.dpid)
        for target in state.targets.values()
        for number in state.slicing.allowed
        if _misses_confined(state, number, target)
    }
    for number, dpid in sorted(missing - state.unreachable):
        entry = state.slicing.slices[number]
        yield Note("unreachable", f"slice {entry.name!r}: no path inside its confinement is left "
                   f"from every edge to switch {dpid:#x}", Level.WARNING)  # fmt: skip
    for number, dpid in sorted(state.unreachable - missing):
        yield Note("reachable", f"slice number {number}: switch {dpid:#x} is reached again")
    state.unreachable = missing


def _misses_confined(state: State, number: int, target: Target) -> bool:
    allowed, egress = state.slicing.allowed[number], state.switches[target.dpid]
    return any(
        number in _confined_between(state, switch, egress)
        and not any(
            _is_live(state, tree.path(switch.dpid, target.dpid), allowed)
            for tree in target.trees.values()
        )
        for switch in state.edges()
        if switch is not egress
    )
