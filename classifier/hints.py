"""What others say a flow is: the operator's rules, registered jobs, hosts' marks, and ports.

Owns looking it up, in constant time whatever there is of each. Which of them counts more than what
the bytes say, and whether a port's marks are trusted, is decided elsewhere.
"""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from classifier.jobs import Job, Jobs
from classifier.model import FlowKey
from classifier.prefixes import Network, Prefixes, lowest
from policies.classes import TrafficClass, Transport
from policies.model import OperatorRule, Policy, PortRange, ServicePorts

_PORTS = 1 << 16


@dataclass(frozen=True, slots=True)
class Hint:
    """What something says about a flow, and what says so, by its name."""

    traffic_class: TrafficClass
    why: str


@dataclass(frozen=True, slots=True)
class Hints:
    """All that is known of flows before their first byte.

    `jobs` is whoever made this one's: what is put there later counts at once.
    """

    rules: "_Rules"
    jobs: Jobs
    slices: Mapping[str, int]
    marks: Mapping[int, Hint]
    ports: Mapping[int, "_Services"]

    @staticmethod
    def of(policy: Policy, jobs: Jobs | Iterable[Job] = ()) -> "Hints":
        """From a policy and the jobs there are."""
        numbers = {entry.name: entry.number for entry in policy.slices}
        marks: dict[int, Hint] = {}
        for entry in policy.classes:
            if entry.dscp:  # a host that marks nothing says nothing
                marks.setdefault(entry.dscp, Hint(entry.traffic_class, f"DSCP {entry.dscp}"))
        return Hints(
            _Rules(policy.rules, numbers),
            jobs if isinstance(jobs, Jobs) else Jobs(jobs),
            numbers,
            marks,
            {transport.number: _Services(policy.services, transport) for transport in Transport},
        )

    def operator(self, key: FlowKey) -> Hint | None:
        """The first rule of the operator that takes a flow."""
        return self.rules.of(key)

    def job(self, key: FlowKey, now: float | None = None) -> Hint | None:
        """The job a flow belongs to.

        Args:
            key: The flow.
            now: Wall clock, seconds. None, and any clock that is behind it as a machine's uptime
                is, leaves ending jobs to whoever keeps them.
        """
        if not self.jobs:
            return None
        job = self.jobs.of(key, self.slices, now)
        return None if job is None else Hint(job.traffic_class, f"job {job.id}")

    def mark(self, dscp: int) -> Hint | None:
        """What a trusted host means by its mark."""
        return self.marks.get(dscp)

    def port(self, transport: int, cport: int, sport: int) -> Hint | None:
        """The service of a port; the server's port says more than the client's."""
        services = self.ports.get(transport)
        return None if services is None else services.of(sport) or services.of(cport)


class _Services:
    """Ports of one transport protocol, and the first service that each is of."""

    def __init__(self, services: Iterable[ServicePorts], transport: Transport) -> None:
        known = [entry for entry in services if entry.transport is transport]
        self._hints: list[Hint | None] = [None]
        self._at = array("I", bytes(array("I").itemsize * _PORTS))
        for entry in reversed(known):
            count = entry.last - entry.first + 1
            self._at[entry.first : entry.last + 1] = array("I", [len(self._hints)]) * count
            self._hints.append(Hint(entry.traffic_class, f"port of {entry.name}"))

    def of(self, port: int) -> Hint | None:
        return self._hints[self._at[port]] if 0 <= port < _PORTS else None


class _Rules:
    """Rules as bits: each condition says which it leaves, and the lowest one left is the first."""

    def __init__(self, rules: Iterable[OperatorRule], slices: Mapping[str, int]) -> None:
        known = list(rules)
        self._hints = [Hint(rule.traffic_class, f"rule {rule.name}") for rule in known]
        self._from = _Ends(rule.from_prefixes for rule in known)
        self._to = _Ends(rule.to_prefixes for rule in known)
        self._ports = _PortBits(rule.ports for rule in known)
        self._everybody = self._any_transport = 0
        self._slices, self._transports = defaultdict[int, int](int), defaultdict[int, int](int)
        for number, rule in enumerate(known):
            if rule.slice_name is None:
                self._everybody |= 1 << number
            elif rule.slice_name in slices:
                self._slices[slices[rule.slice_name]] |= 1 << number
            if rule.transport is None:
                self._any_transport |= 1 << number
            else:
                self._transports[rule.transport.number] |= 1 << number

    def of(self, key: FlowKey) -> Hint | None:
        if not self._hints:
            return None
        left = self._everybody | self._slices.get(key.domain, 0)
        left &= self._any_transport | self._transports.get(key.transport, 0)
        if not left:
            return None
        forth = self._from.of(key.client) & self._to.of(key.server) & self._ports.of(key.sport)
        back = self._from.of(key.server) & self._to.of(key.client) & self._ports.of(key.cport)
        left &= forth | back
        return self._hints[lowest(left)] if left else None


class _Ends:
    """Which rules one end of a flow may be of."""

    def __init__(self, ends: Iterable[tuple[Network, ...]]) -> None:
        self._any = 0
        self._prefixes = Prefixes()
        for number, networks in enumerate(ends):
            self._any |= (not networks) << number
            for network in networks:
                self._prefixes.add(network, number)

    def of(self, address: bytes) -> int:
        return self._any | self._prefixes.of(address)


class _PortBits:
    """Which rules a port may be of: the same ones between two neighbouring limits."""

    def __init__(self, rules: Iterable[tuple[PortRange, ...]]) -> None:
        bits, turns = 0, defaultdict[int, int](int)  # bits that turn at a port
        for number, ports in enumerate(rules):
            bits |= (not ports) << number
            for first, last in _joined(ports):
                turns[first] ^= 1 << number
                turns[last + 1] ^= 1 << number
        self._limits, self._masks = [0], [bits]
        for limit in sorted(turns):
            bits ^= turns[limit]
            self._limits.append(limit)
            self._masks.append(bits)

    def of(self, port: int) -> int:
        return self._masks[bisect_right(self._limits, port) - 1]


def _joined(ports: Iterable[PortRange]) -> Iterator[tuple[int, int]]:
    """The same ports, none of them twice."""
    after = 0
    for entry in sorted(ports, key=lambda entry: entry.first):
        if entry.last >= after:
            yield max(entry.first, after), entry.last
            after = entry.last + 1
