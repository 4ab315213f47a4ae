"""What slices shall get, worked out by hand, and the policy that the benchmark runs under."""

import pytest

from benchmarks import slices
from benchmarks.slices import Tenant, expected
from policies.load import parse_policy

TENANTS = (Tenant("one", 0.4), Tenant("two", 0.2, maximum=0.25), Tenant("three", 0.1, weight=3.0))


def test_everybody_gets_the_guarantee_and_leftover_by_weight_up_to_the_maximum():
    # 0.3 is left: 0.05 fills two to its maximum, 0.25 goes one to three.
    shall = expected(TENANTS, {})
    assert shall == pytest.approx({"one": 0.4625, "two": 0.25, "three": 0.2875})


def test_what_a_slice_does_not_ask_for_is_left_over():
    shall = expected(TENANTS, {"one": 0.1})
    assert shall["one"] == pytest.approx(0.1)
    assert sum(shall.values()) == pytest.approx(1.0)


def test_a_link_that_nobody_can_fill_stays_idle():
    assert sum(expected((Tenant("one", 0.1, maximum=0.3),), {}).values()) == pytest.approx(0.3)


def test_its_policy_is_one():
    policy = parse_policy(slices.policy_text("left", "right"), "slices")
    assert [s.name for s in policy.slices] == sorted(t.name for t in slices._TENANTS)
