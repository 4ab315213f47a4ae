"""Which interface patterns and selectors can mean one host: against brute force."""

from fnmatch import fnmatchcase
from ipaddress import IPv4Network, ip_network
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.model import Selector
from policies.overlap import Effort, Owned, TooVagueError, overlaps, patterns_meet

CASES = [
    ("s1-*", "s2-*", False),
    ("s1-*", "s1-eth1", True),
    ("s1-*", "*-eth1", True),
    ("s1-*", "s1x-eth1", False),
    ("s1*", "s1?-eth1", True),
    ("*", "anything", True),
    ("*", "*", True),
    ("a*b", "b*a", False),
    ("a*b", "*c", False),
    ("a*b*", "*c", True),
    ("leaf?", "leaf10", False),
    ("leaf??", "leaf1*", True),
    ("leaf1-eth1", "leaf1-eth1", True),
    ("leaf1-eth1", "leaf1-eth11", False),
    ("*a*", "*b*", True),
    ("?a", "a?", True),
]


@pytest.mark.parametrize(("one", "other", "expected"), CASES)
def test_patterns_meet(one: str, other: str, expected: bool) -> None:
    assert patterns_meet(one, other) is expected
    assert patterns_meet(other, one) is expected


NAMES = ["".join(word) for size in range(6) for word in product("ab", repeat=size)]
patterns = st.text("ab*?", max_size=5)


@given(one=patterns, other=patterns)
def test_patterns_meet_where_some_name_matches_both(one: str, other: str) -> None:
    # Two patterns that meet share a name no longer than both their literals together; within
    # five letters that is a proof for "no", and for "yes" wherever one is found.
    both = any(fnmatchcase(name, one) and fnmatchcase(name, other) for name in NAMES)
    literals = sum(char != "*" for char in one + other)
    if both or literals <= 5:
        assert patterns_meet(one, other) is both


def owned(*selectors: Selector) -> list[Owned]:
    return [Owned(f"s{n}", 0, selector) for n, selector in enumerate(selectors)]


def found(members: list[Owned]) -> set[frozenset[str]]:
    return {frozenset((a.slice_name, b.slice_name)) for a, b, _ in overlaps(members)}


TEN, ELEVEN, ONE = ip_network("10.0.0.0/8"), ip_network("11.0.0.0/8"), ip_network("10.1.0.0/16")
SIX = ip_network("2001:db8::/32")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Selector(), Selector(), True),
        (Selector(vlan=1), Selector(vlan=2), False),
        (Selector(vlan=1), Selector(), False),
        (Selector(prefixes=(TEN,)), Selector(prefixes=(ONE,)), True),
        (Selector(prefixes=(TEN,)), Selector(prefixes=(ELEVEN,)), False),
        (Selector(prefixes=(TEN,)), Selector(prefixes=(SIX,)), False),
        (Selector(prefixes=(ELEVEN, TEN)), Selector(prefixes=(SIX, ONE)), True),
        (Selector(prefixes=(TEN,)), Selector(), True),
        (Selector(("a1", "a2")), Selector(("b1", "a2")), True),
        (Selector(("a1",)), Selector(("a2",)), False),
        (Selector(("a1",)), Selector(("a*",)), True),
        (Selector(("a1",), prefixes=(TEN,)), Selector(("a*",), prefixes=(ELEVEN,)), False),
        (Selector(("a1",)), Selector(prefixes=(TEN,)), True),
    ],
)
def test_selectors_overlap(one: Selector, other: Selector, expected: bool) -> None:
    assert bool(found(owned(one, other))) is expected
    assert bool(found(owned(other, one))) is expected


def test_members_of_one_slice_may_overlap() -> None:
    assert not list(overlaps([Owned("s", 0, Selector()), Owned("s", 1, Selector())]))


def test_words_name_the_port_the_tag_and_the_source() -> None:
    members = owned(Selector(("a*",), 7, (TEN,)), Selector(("a1",), 7, (ONE,)))
    ((_, _, words),) = overlaps(members)
    assert words == "port a1, VLAN 7, source 10.1.0.0/16"


networks = st.builds(
    lambda bits, length: IPv4Network((bits << 28, length), strict=False),
    st.integers(0, 15),
    st.integers(0, 4),
)
selectors = st.builds(
    Selector,
    ports=st.lists(st.text("ab*", min_size=1, max_size=3), max_size=2).map(tuple),
    vlan=st.sampled_from([None, 1]),
    prefixes=st.lists(networks, max_size=2).map(tuple),
)


@given(members=st.lists(selectors, max_size=6))
def test_every_overlapping_pair_is_found_and_no_other(members: list[Selector]) -> None:
    def overlapping(one: Selector, other: Selector) -> bool:
        return (
            one.vlan == other.vlan
            and (not one.ports or not other.ports
                 or any(patterns_meet(a, b) for a in one.ports for b in other.ports))
            and (not one.prefixes or not other.prefixes
                 or any(a.overlaps(b) for a in one.prefixes for b in other.prefixes))
        )  # fmt: skip

    expected = {
        frozenset((a.slice_name, b.slice_name))
        for a, b in combinations(owned(*members), 2)
        if overlapping(a.selector, b.selector)
    }
    assert found(owned(*members)) == expected


def wild(slices: int, *patterns: str) -> list[Owned]:
    """Slices with 20 numbered ports of each pattern."""
    return owned(
        *(
            Selector(tuple(p.format(f"{n}x{k}y") for k in range(20) for p in patterns))
            for n in range(slices)
        )
    )


@pytest.mark.parametrize(
    "pattern", ["*-s{}", "s{}-*", "leaf*a*b-s{}", "leaf?-*-{}", "*a-{}", "s{}"]
)
def test_patterns_that_differ_at_an_end_are_not_compared_one_by_one(pattern: str) -> None:
    effort = Effort()
    assert not list(overlaps(wild(60, pattern), effort))
    assert effort.spent < 20_000  # there are 720,000 pairs


def test_thousand_slices_of_their_own_ports_and_a_few_wide_ones_are_cheap() -> None:
    effort = Effort()
    members = [*wild(1000, "leaf{}"), Owned("wide", 0, Selector(("spine*", "*-up", "x*y")))]
    assert not list(overlaps(members, effort))
    assert effort.spent < 200_000


def test_too_many_to_compare_are_refused_where_it_was_given_up() -> None:
    effort = Effort(10_000)
    with pytest.raises(TooVagueError, match="120 port patterns") as error:
        list(overlaps(wild(6, "*{}?"), effort))
    assert "120 of them with wildcards" in str(error.value)
    assert error.value.member.selector.ports
    assert effort.spent < 20_000


def test_vlans_are_not_compared_with_each_other() -> None:
    effort = Effort()
    assert not list(overlaps(owned(*(Selector(("*",), n) for n in range(1, 1000))), effort))
    assert effort.spent < 2_000
