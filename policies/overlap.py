"""Whether two slices can mean the same host.

Owns the intersection of interface patterns and of selectors. Two selectors overlap when one switch
port, one VLAN and one source address can satisfy both.
"""

import re
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

from policies.model import Selector

_WILD = re.compile(r"[*?]")
_STARS = re.compile(r"\*+")
MOST_EFFORT = 1_000_000  # about a second; 1,000 slices of 20 ports of their own take 100,000
_MEETING = 6  # effort of comparing two patterns letter by letter
Networks = Sequence[IPv4Network | IPv6Network]


@dataclass(frozen=True, slots=True)
class Owned:
    """A selector, whose it is, and where in the list."""

    slice_name: str
    index: int
    selector: Selector


class TooVagueError(ValueError):
    """So many patterns may match the same ports that comparing them would take minutes.

    Attributes:
        member: Where it was given up.
    """

    def __init__(self, member: Owned, message: str) -> None:
        super().__init__(message)
        self.member = member


class Effort:
    """What comparing has cost so far, about a microsecond each, and the most it may."""

    def __init__(self, most: int = MOST_EFFORT) -> None:
        self.spent = 0
        self._most = most

    def spend(self, cost: int) -> bool:
        """Adds it; whether there is still some left."""
        self.spent += cost
        return self.spent <= self._most


_Pair = tuple[Owned, Owned, str]  # and the port they may share


def overlaps(members: Iterable[Owned], effort: Effort | None = None) -> Iterator[_Pair]:
    """Pairs of selectors of different slices that can mean one host, and how, in words.

    Args:
        members: Of all slices.
        effort: Counts the comparisons and bounds them.

    Raises:
        TooVagueError: Too many to compare.
    """
    effort = effort or Effort()
    by_vlan: dict[int | None, list[Owned]] = defaultdict(list)
    for member in members:
        by_vlan[member.selector.vlan].append(member)
    found: set[tuple[str, int, str, int]] = set()
    for vlan, rivals in by_vlan.items():
        for one, other, port in _Rivals(rivals, effort).pairs():
            pair = (one.slice_name, one.index, other.slice_name, other.index)
            if pair in found:
                continue
            if prefix := _common_prefix(one.selector.prefixes, other.selector.prefixes):
                found.add(pair)
                yield one, other, f"port {port}, {_tag(vlan)}, {prefix}"


def _tag(vlan: int | None) -> str:
    return f"VLAN {vlan}" if vlan else "untagged"


class _Rivals:
    """Members of one VLAN by the patterns of their ports."""

    def __init__(self, rivals: Sequence[Owned], effort: Effort) -> None:
        self._effort = effort
        self._of: dict[str, list[Owned]] = defaultdict(list)
        for rival in rivals:
            for pattern in dict.fromkeys(rival.selector.ports or ("*",)):
                self._of[pattern].append(rival)

    def pairs(self) -> Iterator[_Pair]:
        """Pairs of different slices that share a port, most of which share an address too."""
        for pattern, rivals in self._of.items():
            self._spend(pattern, sum(len(r.selector.prefixes) + 1 for r in rivals))
            for one, other in _sharing_addresses(rivals):
                yield from self._pair(pattern, one, other, pattern)
        for wider, pattern in self._nested():
            self._spend(pattern, _MEETING)
            if patterns_meet(wider, pattern):
                port = pattern if _is_wild(wider) else wider
                for one in self._of[wider]:
                    for other in self._of[pattern]:
                        yield from self._pair(pattern, one, other, port)

    def _nested(self) -> Iterator[tuple[str, str]]:
        """Pairs of patterns, one at least with a wildcard, whose literal starts and ends agree.

        A name that matches both begins with both literal starts, so one of them begins with the
        other; the same holds for the ends. `outer` is the starts the next one may begin with.
        """
        outer: list[tuple[str, _Ends]] = []
        for pattern in sorted(self._of, key=lambda p: (_start(p), not _is_wild(p))):
            start, end = _start(pattern), _end(pattern)
            while outer and not start.startswith(outer[-1][0]):
                outer.pop()
            for _, ends in outer:
                self._spend(pattern, 1 + len(end) // 4)
                yield from ((wider, pattern) for wider in ends.nesting(end))
            if _is_wild(pattern):
                if not outer or outer[-1][0] != start:
                    outer.append((start, _Ends()))
                outer[-1][1].add(pattern)

    def _pair(self, pattern: str, one: Owned, other: Owned, port: str) -> Iterator[_Pair]:
        left, right = len(one.selector.prefixes), len(other.selector.prefixes)
        self._spend(pattern, 1 + left * right)
        if one.slice_name != other.slice_name:
            yield one, other, port

    def _spend(self, pattern: str, cost: int) -> None:
        if self._effort.spend(cost):
            return
        member = self._of[pattern][0]
        wild = sum(map(_is_wild, self._of))
        raise TooVagueError(
            member,
            f"{len(self._of)} port patterns of the members ({_tag(member.selector.vlan)}), {wild} "
            "of them with wildcards, and their prefixes are too many to compare with each other; "
            "begin patterns with the name of a switch, give prefixes or ports but not both, or "
            "give slices their own VLANs",
        )


class _Ends:
    """Patterns with the same literal start, by their literal ends."""

    def __init__(self) -> None:
        self._sorted: list[tuple[str, str]] = []  # the end backwards, and the pattern

    def add(self, pattern: str) -> None:
        insort(self._sorted, (_end(pattern)[::-1], pattern))

    def nesting(self, end: str) -> Iterator[str]:
        """Those whose literal end is an end of this one, or the other way round."""
        backwards, known = end[::-1], self._sorted
        for size in range(len(end)):
            at = bisect_left(known, (backwards[:size], ""))
            if at == len(known):
                return
            while at < len(known) and known[at][0] == backwards[:size]:
                yield known[at][1]
                at += 1
        for at in range(bisect_left(known, (backwards, "")), len(known)):
            if not known[at][0].startswith(backwards):
                return
            yield known[at][1]


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
    return _agree(_start(one), _start(other)) and _meet(one, other)


def _agree(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _common_prefix(one: Networks, other: Networks) -> str:
    if not one or not other:
        return f"source {(one or other)[0]}" if one or other else "any source"
    for left in one:
        for right in other:
            if left.version == right.version and left.overlaps(right):
                return f"source {max(left, right, key=lambda network: network.prefixlen)}"
    return ""


def _is_wild(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=65536)
def _start(pattern: str) -> str:
    """What every name that matches starts with."""
    return _WILD.split(pattern, maxsplit=1)[0]


@lru_cache(maxsize=65536)
def _end(pattern: str) -> str:
    """What every name that matches ends with."""
    return _WILD.split(pattern)[-1]


def _meet(one: str, other: str) -> bool:
    """Walks both patterns at once; bit n of `reached` is: n letters into `other` can be here."""
    places = _places(other)
    stars, single = places.get("*", 0), places.get("?", 0)
    every = sum(places.values())  # each place has one letter
    reached = 1 | (1 & stars) << 1
    for char in one:
        if char == "*":  # anything from the first place on
            reached = (2 * every + 1) & -(reached & -reached)
            continue
        fits = every & ~stars if char == "?" else places.get(char, 0) | single
        step = (reached & fits) << 1 | (reached & stars)
        reached = step | (step & stars) << 1  # a star may also stand for nothing
        if not reached:
            return False
    return reached > every  # the end was reached


@lru_cache(maxsize=65536)
def _places(pattern: str) -> dict[str, int]:
    """Where each letter is, as bits; several stars in a row are one."""
    places: dict[str, int] = defaultdict(int)
    for at, char in enumerate(_STARS.sub("*", pattern)):
        places[char] |= 1 << at
    return dict(places)
