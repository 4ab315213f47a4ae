"""Which slice a frame belongs to under a policy, and who may see whom. Pure; no state, no tables.

Owns the reading of a policy's slices: a frozen index, made once for a policy, that answers in the
time of one look-up however many slices and ports there are. VLAN 0 stands for untagged here.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase, translate
from ipaddress import IPv4Network, IPv6Network

from policies.model import Policy, Selector, Slice

FIRST_QUEUE = 16  # the queue of slice n is 16 + n, see `policies.queues`
FIRST_METER = 1 << 15  # the meter of slice n is 32768 + n; below are the ports' own
_WILD = re.compile(r"[*?\[]")
_NOBODY: frozenset[int] = frozenset()


class Tagging(Enum):
    """Whether the hosts of a slice tag their frames."""

    NEVER = "never"
    ALWAYS = "always"
    SOME = "some do"


@dataclass(frozen=True, slots=True)
class Prefix:
    """A range of IPv4 (`bits` 32) or IPv6 (128) addresses."""

    bits: int
    value: int
    mask: int

    @staticmethod
    def of(network: IPv4Network | IPv6Network) -> "Prefix":
        """The same range as integers."""
        return Prefix(network.max_prefixlen, int(network.network_address), int(network.netmask))

    def has(self, address: bytes) -> bool:
        """True for 4 or 16 raw bytes in this range."""
        inside = int.from_bytes(address, "big") & self.mask == self.value
        return inside and 8 * len(address) == self.bits


@dataclass(frozen=True, slots=True)
class Member:
    """A selector of a slice, as far as it is left once the port is known."""

    number: int
    vlan: int
    prefixes: tuple[Prefix, ...]

    def takes(self, vlan: int, address: bytes | None) -> bool:
        """Whether a frame with that tag and source address is of this slice."""
        if vlan != self.vlan:
            return False
        return not self.prefixes or (
            address is not None and any(prefix.has(address) for prefix in self.prefixes)
        )


@dataclass(frozen=True, slots=True)
class Slicing:
    """The index of one policy.

    Attributes:
        policy: The policy it is of.
        slices: By number.
        talks: Other slices that each may exchange traffic with, by number; it counts both ways.
        allowed: Switches (datapath ids) that confined slices may cross, by number; others are free.
        tagging: Whether their hosts tag their frames, by number.
    """

    policy: Policy
    slices: Mapping[int, Slice]
    talks: Mapping[int, frozenset[int]]
    allowed: Mapping[int, frozenset[int]]
    tagging: Mapping[int, Tagging]
    _exact: Mapping[str, tuple[tuple[int, Member], ...]] = field(repr=False)
    _wild: tuple[tuple[re.Pattern[str], int, Member], ...] = field(repr=False)
    _known: dict[str, tuple[Member, ...]] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def of(
        policy: Policy,
        names: Mapping[int, str] | None = None,
        tiers: Mapping[str, frozenset[int]] | None = None,
    ) -> "Slicing":
        """Reads a policy.

        Args:
            policy: An effective policy: with the confinements that hold now.
            names: Names of switches by datapath id, as far as they are known.
            tiers: The topology's own tiers; the policy's come before them.
        """
        by_name = {entry.name: entry.number for entry in policy.slices}
        exact: dict[str, list[tuple[int, Member]]] = {}
        wild: list[tuple[re.Pattern[str], int, Member]] = []
        order = 0
        for entry in policy.slices:
            for selector in entry.members:
                member = _member(entry.number, selector)
                for pattern in selector.ports or ("*",):
                    if _WILD.search(pattern):
                        wild.append((re.compile(translate(pattern)), order, member))
                    else:
                        exact.setdefault(pattern, []).append((order, member))
                order += 1
        return Slicing(
            policy,
            {entry.number: entry for entry in policy.slices},
            _talks(policy, by_name),
            _allowed(policy, by_name, names or {}, tiers or {}),
            {entry.number: _tagging(entry) for entry in policy.slices},
            {name: tuple(members) for name, members in exact.items()},
            tuple(wild),
        )

    def members(self, port_name: str) -> tuple[Member, ...]:
        """Who can be on a port, the first in the file first."""
        known = self._known.get(port_name)
        if known is None:
            found = dict(self._exact.get(port_name, ()))
            found |= {o: member for like, o, member in self._wild if like.match(port_name)}
            known = tuple(member for _, member in sorted(found.items()))
            if len(self._known) >= 1 << 16:  # names come from switches
                self._known.clear()
            self._known[port_name] = known
        return known

    def slice_of(self, port_name: str, vlan: int, address: bytes | None) -> int | None:
        """The slice of a frame, None for none.

        Args:
            port_name: Of the port it came in by.
            vlan: Its VLAN id, 0 for none.
            address: Its source address, 4 or 16 bytes. None, and the unspecified address of a
                host that has none yet, belong to a slice told by addresses only if no other slice
                can be meant; so does a link-local one, in a slice with IPv6 prefixes.
        """
        members = self.members(port_name)
        for member in members:
            if member.takes(vlan, address):
                return member.number
        if address is not None and any(address) and not is_link_local(address):
            return None
        here = {m.number for m in members if m.vlan == vlan}
        return here.pop() if len(here) == 1 else None

    def on_port(self, port_name: str, dpid: int) -> frozenset[int]:
        """Numbers of the slices that can be on a port of that switch."""
        return frozenset(
            m.number for m in self.members(port_name) if self.may_cross(m.number, dpid)
        )

    def vlans(self, port_name: str, number: int) -> tuple[int, ...]:
        """The VLANs a slice has on a port."""
        return tuple(sorted({m.vlan for m in self.members(port_name) if m.number == number}))

    def prefixes(self, port_name: str, vlan: int, number: int) -> tuple[Prefix, ...] | None:
        """Source addresses a slice may use there; () is any, None that it isn't there."""
        ranges = [
            m.prefixes for m in self.members(port_name) if (m.number, m.vlan) == (number, vlan)
        ]
        if not ranges:
            return None
        return () if () in ranges else tuple(dict.fromkeys(p for r in ranges for p in r))

    def sharing(self, port_name: str, vlan: int) -> frozenset[int]:
        """Slices that are told apart by nothing but source addresses there."""
        return frozenset(m.number for m in self.members(port_name) if m.vlan == vlan)

    def circle(self, number: int) -> frozenset[int]:
        """The slice itself and everyone it may exchange traffic with."""
        return self.talks.get(number, _NOBODY) | {number}

    def may_cross(self, number: int, dpid: int) -> bool:
        """False on switches that a confined slice stays away from."""
        allowed = self.allowed.get(number)
        return allowed is None or dpid in allowed


def is_link_local(address: bytes) -> bool:
    """True in fe80::/10, RFC 4291 section 2.5.6."""
    return len(address) == 16 and address[0] == 0xFE and address[1] & 0xC0 == 0x80


def _member(number: int, selector: Selector) -> Member:
    return Member(number, selector.vlan or 0, tuple(map(Prefix.of, selector.prefixes)))


def _tagging(entry: Slice) -> Tagging:
    tagged = {bool(selector.vlan) for selector in entry.members}
    if len(tagged) > 1:
        return Tagging.SOME
    return Tagging.ALWAYS if True in tagged else Tagging.NEVER


def _talks(policy: Policy, by_name: Mapping[str, int]) -> dict[int, frozenset[int]]:
    talks: dict[int, set[int]] = {number: set() for number in by_name.values()}
    for entry in policy.slices:
        for other in entry.talks_to:
            if other in by_name and other != entry.name:
                talks[entry.number].add(by_name[other])
                talks[by_name[other]].add(entry.number)
    return {number: frozenset(others) for number, others in talks.items()}


def _allowed(
    policy: Policy,
    by_name: Mapping[str, int],
    names: Mapping[int, str],
    tiers: Mapping[str, frozenset[int]],
) -> dict[int, frozenset[int]]:
    """Where each confined slice may go; within all its confinements if it has several."""
    known = {**tiers, **{t.name: switches_like(t.switches, names) for t in policy.tiers}}
    allowed: dict[int, frozenset[int]] = {}
    for confinement in policy.confinements:
        number = by_name.get(confinement.slice_name)
        if number is not None:
            inside = _NOBODY.union(*(known.get(tier, _NOBODY) for tier in confinement.tiers))
            allowed[number] = allowed.get(number, inside) & inside
    return allowed


def switches_like(patterns: Iterable[str], names: Mapping[int, str]) -> frozenset[int]:
    """Datapath ids of switches by patterns of their names, or by datapath ids such as 0x5b01."""
    found = set()
    for pattern in patterns:
        found |= {dpid for dpid, name in names.items() if fnmatchcase(name, pattern)}
        if re.fullmatch(r"0x[0-9a-fA-F]{1,16}|[0-9]{1,20}", pattern):
            found.add(int(pattern, 0) if pattern.startswith("0x") else int(pattern))
    return frozenset(found)
