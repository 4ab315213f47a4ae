"""Whether two slices can mean the same host.

Owns the intersection of interface patterns and of selectors. Two selectors overlap when one switch
port, one VLAN and one source address can satisfy both.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

from policies.model import Selector

_FIRST_WILD = re.compile(r"[*?]")
_MOST_COMPARISONS = 2_000_000  # a second or two; 1,000 slices of their own ports need 1,000
Networks = Sequence[IPv4Network | IPv6Network]


class TooVagueError(ValueError):
    """So many patterns may match the same ports that comparing them would take minutes."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A selector, whose it is, and where in the list."""

    slice_name: str
    index: int
    selector: Selector


def overlaps(members: Iterable[Owned]) -> Iterator[tuple[Owned, Owned, str]]:
    """Pairs of selectors of different slices that can mean one host, and how, in words.

    Raises:
        TooVagueError: Too many to compare.
    """
    by_vlan: dict[int | None, list[Owned]] = defaultdict(list)
    for member in members:
        by_vlan[member.selector.vlan].append(member)
    found: set[tuple[str, int, str, int]] = set()
    for vlan, rivals in by_vlan.items():
        for one, other in _limited(_candidates(rivals)):
            pair = (one.slice_name, one.index, other.slice_name, other.index)
            if one.slice_name == other.slice_name or pair in found:
                continue
            if prefix := _common_prefix(one.selector.prefixes, other.selector.prefixes):
                found.add(pair)
                port = common_port(one.selector.ports, other.selector.ports)
                yield one, other, f"{port}, {f'VLAN {vlan}' if vlan else 'untagged'}, {prefix}"


def _limited(pairs: Iterable[tuple[Owned, Owned] | None]) -> Iterator[tuple[Owned, Owned]]:
    """The pairs, as long as there are not too many of them and of the Nones between them."""
    for count, pair in enumerate(pairs):
        if count > _MOST_COMPARISONS:
            raise TooVagueError(
                "too many members may be on the same ports; name ports or VLANs more exactly"
            )
        if pair is not None:
            yield pair


def _candidates(rivals: Sequence[Owned]) -> Iterator[tuple[Owned, Owned] | None]:
    """Pairs that may share a port and an address; None for each comparison without result."""
    by_pattern: dict[str, list[Owned]] = defaultdict(list)
    for rival in rivals:
        for pattern in rival.selector.ports or ("*",):
            by_pattern[pattern].append(rival)
    outer: list[str] = []  # patterns whose literal start the next one's may begin with
    for pattern in sorted(by_pattern, key=_literal_start):
        yield from _sharing_addresses(by_pattern[pattern])
        start = _literal_start(pattern)
        while outer and not start.startswith(_literal_start(outer[-1])):
            outer.pop()
        for wider in outer:
            yield None
            if patterns_meet(wider, pattern):
                yield from ((a, b) for a in by_pattern[wider] for b in by_pattern[pattern])
        outer.append(pattern)


def _sharing_addresses(rivals: Sequence[Owned]) -> Iterator[tuple[Owned, Owned]]:
    """Pairs with a source address in common; networks nest, so a stack of wider ones will do."""
    spans = sorted(
        (version, first, -last, index)
        for index, rival in enumerate(rivals)
        for version, first, last in _spans(rival.selector.prefixes)
    )
    wider: list[tuple[int, int, int]] = []
    for version, first, negative_last, index in spans:
        while wider and (wider[-1][0] != version or wider[-1][1] < first):
            wider.pop()
        yield from ((rivals[other], rivals[index]) for _, _, other in wider)
        wider.append((version, -negative_last, index))


def _spans(prefixes: Networks) -> Iterator[tuple[int, int, int]]:
    if not prefixes:
        yield from ((4, 0, 2**32 - 1), (6, 0, 2**128 - 1))
    for network in prefixes:
        yield network.version, int(network.network_address), int(network.broadcast_address)


def patterns_meet(one: str, other: str) -> bool:
    """Whether some name matches both patterns, of which `*` and `?` are the wildcards."""
    if not (_is_wild(one) or _is_wild(other)):
        return one == other
    start, other_start = _literal_start(one), _literal_start(other)
    if not (start.startswith(other_start) or other_start.startswith(start)):
        return False
    return _meet(one, other)


def common_port(ports: Sequence[str], others: Sequence[str]) -> str:
    """Words for ports that both lists of patterns match, "" where there are none."""
    if not ports or not others:
        return f"port {(ports or others or ('*',))[0]}"
    for one in ports:
        for other in others:
            if patterns_meet(one, other):
                return f"port {other if _is_wild(one) else one}"
    return ""


def _common_prefix(one: Networks, other: Networks) -> str:
    if not one or not other:
        return f"source {(one or other)[0]}" if one or other else "any source"
    for left in one:
        for right in other:
            if left.version == right.version and left.overlaps(right):
                return f"source {max(left, right, key=lambda network: network.prefixlen)}"
    return ""


def _is_wild(pattern: str) -> bool:
    return _FIRST_WILD.search(pattern) is not None


@lru_cache(maxsize=4096)
def _literal_start(pattern: str) -> str:
    """What every name that matches starts with."""
    return _FIRST_WILD.split(pattern, maxsplit=1)[0]


@lru_cache(maxsize=65536)
def _meet(one: str, other: str) -> bool:
    """Walks both patterns at once; `reached` holds how far in `other` each step of `one` can be."""
    reached = _skip_stars({0}, other)
    for char in one:
        step = set()
        for at in reached:
            rest = other[at : at + 1]
            if char == "*":
                step |= set(range(at, len(other) + 1))
            elif rest == "*":
                step.add(at)
            elif rest and (char == rest or "?" in (char, rest)):
                step.add(at + 1)
        reached = _skip_stars(step, other)
    return len(other) in reached


def _skip_stars(reached: set[int], pattern: str) -> set[int]:
    """A star may also stand for nothing."""
    for at in sorted(reached):
        end = at
        while pattern[end : end + 1] == "*":
            end += 1
            reached.add(end)
    return reached
