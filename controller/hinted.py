"""Rules of CLASSIFY for what operators and schedulers say about flows before these begin.

Owns their entries, and no decision: which of them counts is `classifier`'s. A saying that would
take too many entries gets none, nor does any weaker one: then the classifier says the same of each
flow from its first packets.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network
from itertools import islice, product

from classifier.jobs import Job
from controller import pipeline, slice_pipeline
from controller.pipeline import Ask, Fields
from controller.rules import Rule
from controller.state import State, Switch
from policies.classes import TrafficClass, Transport
from policies.model import PortRange

MOST_ENTRIES, MOST_ON_SWITCH = 1024, 4096  # of one saying, and of all, on one switch

_Networks = Sequence[IPv4Network | IPv6Network]


def install(state: State, switch: Switch) -> None:
    """Brings the rules of the policy and of the jobs at one switch up to date."""
    switch.mirror.put("hints", _rules(state, switch))


def _rules(state: State, switch: Switch) -> Iterator[Rule]:
    """Up to the first saying that is too wide, or one too many."""
    numbers = {entry.name: entry.number for entry in state.policy.slices}
    left = MOST_ON_SWITCH
    for priority, traffic_class, slice_name, conditions in _sayings(state, switch):
        if slice_name is not None and slice_name not in numbers:
            continue
        most = min(MOST_ENTRIES, left)
        entries = list(islice(conditions, most + 1))
        if len(entries) > most:
            return
        left -= len(entries)
        for fields in entries:
            if slice_name is not None:
                fields["metadata"] = slice_pipeline.metadata_of(numbers[slice_name])
            entry = state.policy.class_of(traffic_class)
            yield pipeline.class_rule(state.policy, priority, entry, fields)


def _sayings(
    state: State, switch: Switch
) -> Iterator[tuple[int, TrafficClass, str | None, Iterator[Fields]]]:
    """Priority, class, slice and packets of each, the strongest first."""
    for order, rule in enumerate(state.policy.rules):
        conditions = _between(rule.from_prefixes, rule.to_prefixes, rule.ports, rule.transport)
        yield Ask.OPERATOR - order, rule.traffic_class, rule.slice_name, conditions
    for order, job in enumerate(state.jobs):
        yield Ask.JOB - order, job.traffic_class, job.slice_name, _of_job(state, switch, job)


def _between(
    first: _Networks, second: _Networks, ports: Sequence[PortRange], transport: Transport | None
) -> Iterator[Fields]:
    """Flows between two sets of addresses, with a port of `ports` at the second."""
    yield from _one_way(first, second, ports, "dst", transport)
    yield from _one_way(second, first, ports, "src", transport)


def _one_way(
    sources: _Networks, targets: _Networks, ports: Sequence[PortRange], port_of: str,
    transport: Transport | None,
) -> Iterator[Fields]:  # fmt: skip
    for ip, eth_type, version in (("ipv4", pipeline.IPV4, 4), ("ipv6", pipeline.IPV6, 6)):
        ends = product(_of_version(sources, version), _of_version(targets, version))
        for source, target in ends:
            for fields in _ports(ports, port_of, transport):
                yield {
                    "eth_type": eth_type,
                    **_within(f"{ip}_src", source),
                    **_within(f"{ip}_dst", target),
                    **fields,
                }


def _of_version(networks: _Networks, version: int) -> Iterable[IPv4Network | IPv6Network | None]:
    return [n for n in networks if n.version == version] if networks else [None]


def _within(name: str, network: IPv4Network | IPv6Network | None) -> Fields:
    if network is None or network.prefixlen == 0:
        return {}
    value = int(network.network_address)
    exact = network.prefixlen == network.max_prefixlen
    return {name: value if exact else (value, int(network.netmask))}


def _ports(
    ports: Sequence[PortRange], port_of: str, transport: Transport | None
) -> Iterator[Fields]:
    if not ports and transport is None:
        yield {}
        return
    for kind in [transport] if transport else Transport:
        if not ports:
            yield {"ip_proto": kind.number}
        for entry in ports:
            for value in pipeline.port_prefixes(entry.first, entry.last):
                yield {"ip_proto": kind.number, f"{kind.value}_{port_of}": value}


def _of_job(state: State, switch: Switch, job: Job) -> Iterator[Fields]:
    """Flows of a job that enter at a switch: from hosts that are not known to be elsewhere."""
    here = [network for network in job.prefixes if _may_enter(state, switch, job, network)]
    for port_of in ("dst", "src") if job.ports else ("dst",):
        if here:
            targets = () if job.any_peer else job.prefixes
            yield from _one_way(here, targets, job.ports, port_of, job.transport)
        if job.any_peer:
            yield from _one_way((), job.prefixes, job.ports, port_of, job.transport)


def _may_enter(state: State, switch: Switch, job: Job, network: IPv4Network | IPv6Network) -> bool:
    if network.prefixlen != network.max_prefixlen:
        return True
    address = int(network.network_address)
    places = {
        state.hosts[number, mac].dpid
        for (number, ip), mac in _known(state, address)
        if (number, mac) in state.hosts
    }
    return not places or switch.dpid in places


def _known(state: State, address: int) -> Iterator[tuple[tuple[int, int], int]]:
    for number in state.slices_of.get(("ip", address), ()) if state.sliced else (0,):
        mac = state.host_of_ip.get((number, address))
        if mac is not None:
            yield (number, address), mac
