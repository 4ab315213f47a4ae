"""Policies as JSON documents, and the numbers of slices."""

import json
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.document import from_document, to_document
from policies.errors import PolicyConflictError, PolicyFileError
from policies.intents import effective
from policies.load import load_policy, parse_policy
from policies.model import Policy
from policies.numbers import MOST_SLICES, numbers_of, renumber

NIGHT = datetime(2026, 11, 23, 1, 0, tzinfo=timezone.utc)
TEXT = """\
version: 1
name: mine
time_zone: Europe/Zurich
slices:
  b: {members: [{vlan: 7}], guarantee: 10 Mbit/s, maximum: 20%, weight: 2, talks_to: [c]}
  c: {members: [{prefixes: [10.0.0.0/8, "2001:db8::/32"], ports: [x]}], guarantee: 10%}
tiers: {near: [leaf*, 17]}
intents:
  - inference of b under 10 ms
  - control under 5 ms
  - bulk of c 1 GB done by 06:00
  - gradient at most 20% of any link
  - c stays in tier near
"""


@pytest.mark.parametrize(
    "policy",
    [load_policy(), parse_policy(TEXT, "x"), effective(parse_policy(TEXT, "x"), NIGHT)],
    ids=["default", "as written", "effective"],
)
def test_there_and_back_without_loss(policy: Policy) -> None:
    document = json.loads(json.dumps(to_document(policy)))
    assert from_document(document) == policy


def test_effective_policy_has_everything_in_force() -> None:
    said = effective(parse_policy(TEXT, "x"), NIGHT)
    assert len(said.limits) == 2 and len(said.confinements) == 1 and len(said.targets) == 1


def test_where_it_was_written_is_no_part_of_it() -> None:
    first, second = parse_policy(TEXT, "x"), parse_policy("# moved\n" + TEXT, "y")
    assert first.source != second.source and first.lines != second.lines
    assert [i.line for i in first.intents] != [i.line for i in second.intents]
    assert set(to_document(first)) & {"source", "lines"} == set()


BROKEN = {
    "no object": ([], "policy: an object is needed"),
    "a key too many": ({"extra": 1}, "policy: unknown key 'extra'"),
    "a key missing": ({"name": None}, "policy: lacks"),
    "a name that is none": ({"name": 3}, "policy.name: str is needed; got 3"),
    "no list": ({"slices": {}}, "policy.slices: a list is needed"),
    "a slice that is none": ({"slices": [3]}, "policy.slices[0]: an object is needed"),
    "truth for a number": ({"queues": [{"queue_id": True}]}, "policy.queues[0]: lacks"),
    "unknown class": ({"limits": [{"traffic_class": "x", "slice_name": None, "at_least": None,
                                   "at_most": None, "uplinks": True, "source": ""}]},
                      "policy.limits[0].traffic_class"),
    "no network": ({"slices": [{"name": "a", "number": 1, "members": [{"prefixes": ["x"]}]}]},
                   "policy.slices[0]"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_document_that_is_none_is_refused_with_its_place(case: str) -> None:
    change, words = BROKEN[case]
    document = to_document(load_policy())
    if isinstance(change, dict):
        document.update(change)
        document = {key: value for key, value in document.items() if value is not None}
    else:
        document = change  # type: ignore[assignment]
    with pytest.raises(PolicyFileError) as error:
        from_document(document)
    assert words in str(error.value)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(key=st.sampled_from(sorted(to_document(load_policy()))), value=junk)
def test_anything_in_a_document_is_a_policy_or_an_error(key: str, value: object) -> None:
    document = {**to_document(load_policy()), key: value}
    try:
        from_document(document)
    except PolicyFileError as error:
        assert "policy" in str(error)


# --- numbers --------------------------------------------------------------------------------------


def slices(*names: str) -> Policy:
    body = "".join(f"  {n}: {{members: [{{ports: [p{n}]}}], guarantee: 1 kbit/s}}\n" for n in names)
    return parse_policy(f"version: 1\nname: x\nslices:\n{body or '  {}'}", "x")


def test_numbers_are_by_order_of_name() -> None:
    assert numbers_of(slices("c", "b", "d")) == {"b": 1, "c": 2, "d": 3}


def test_slices_that_stay_keep_their_numbers() -> None:
    assert numbers_of(renumber(slices("b", "c"), {"c": 9, "b": 4})) == {"b": 4, "c": 9}


def test_new_slices_get_numbers_that_nobody_had() -> None:
    said = renumber(slices("b", "c", "d"), {"b": 2, "gone": 1})
    assert numbers_of(said) == {"b": 2, "c": 3, "d": 4}


def test_numbers_given_up_are_taken_when_there_are_no_others() -> None:
    previous = {f"old{n}": n for n in range(1, MOST_SLICES)} | {"b": MOST_SLICES}
    assert numbers_of(renumber(slices("b", "c"), previous)) == {"b": MOST_SLICES, "c": 1}


@pytest.mark.parametrize("previous", [{"b": 0}, {"b": 1024}, {"b": 3, "c": 3}])
def test_numbers_that_are_none_are_refused(previous: dict[str, int]) -> None:
    with pytest.raises(PolicyConflictError):
        renumber(slices("b", "c"), previous)


names = st.sets(st.sampled_from([f"s{n}" for n in range(12)]), max_size=8)


@given(before=names, after=names)
def test_renumbering_keeps_and_never_repeats(before: set[str], after: set[str]) -> None:
    previous = numbers_of(slices(*before))
    numbers = numbers_of(renumber(slices(*after), previous))
    assert len(set(numbers.values())) == len(numbers) == len(after)
    assert all(numbers[name] == previous[name] for name in before & after)
    assert not {numbers[name] for name in after - before} & set(previous.values())
