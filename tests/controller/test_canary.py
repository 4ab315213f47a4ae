"""Trials: who tries a policy, what they are given, and how they are judged."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from controller.canary import Figures, Track, blend, chosen, verdict
from policies.classes import TrafficClass
from policies.load import load_policy
from policies.model import Limit, Policy, Rate, Selector, Slice

BUSY = Figures(10e6, 10_000, 0, 10)


def sliced(**guarantees: float) -> Policy:
    slices = tuple(
        Slice(name, number, (Selector((f"{name}-eth*",)),), Rate(bps), None, 1.0,
              tuple(TrafficClass), TrafficClass.BACKGROUND)
        for number, (name, bps) in enumerate(guarantees.items(), 1)
    )  # fmt: skip
    return dataclasses.replace(load_policy(), slices=slices)


def test_of_the_slices_that_change_the_share_tries_first():
    old = sliced(a=1e6, b=1e6, c=1e6, d=1e6, e=1e6)
    new = sliced(a=1e6, b=2e6, c=2e6, d=2e6, e=2e6)
    assert chosen(old, new, 0.5) == ("b", "c")
    assert chosen(old, new, 0.01) == ("b",)
    assert chosen(old, old, 0.5) == ()


def test_a_blend_is_new_for_those_and_old_for_the_rest():
    old, new = sliced(a=1e6, b=1e6), sliced(a=2e6, b=2e6)
    limits = tuple(
        Limit(TrafficClass.BULK, name, None, Rate(1e6), True, "x") for name in ("a", "b", None)
    )
    mixed = blend(old, dataclasses.replace(new, limits=limits), ("b",))
    assert [s.guarantee.bps for s in mixed.slices] == [1e6, 2e6]
    assert [limit.slice_name for limit in mixed.limits] == ["b"]


def test_harm_that_only_they_suffer_is_a_reason_to_go_back():
    lossy = dataclasses.replace(BUSY, lost_packets=1000)
    assert not verdict((BUSY, lossy), (BUSY, BUSY), ["b"]).promote
    slow = dataclasses.replace(BUSY, sent_bytes=5e6)
    assert not verdict((BUSY, slow), (BUSY, BUSY), ["b"]).promote


def test_what_happens_to_everybody_is_not():
    lossy = dataclasses.replace(BUSY, lost_packets=1000)
    assert verdict((BUSY, lossy), (BUSY, lossy), ["b"]).promote
    slow = dataclasses.replace(BUSY, sent_bytes=5e6)
    assert verdict((BUSY, slow), (BUSY, slow), ["b"]).promote


def test_the_idle_are_not_harmed():
    assert verdict((Figures(), Figures()), (BUSY, BUSY), ["b"]).promote


def test_what_was_normal_is_over_about_as_long():
    track = Track()
    for second in range(0, 65, 5):
        track.note({"a": Figures(1000.0 * second, second, 0, second)})
    assert track.lately(20)["a"].seconds == 20
    assert track.lately(20)["a"].bps == 8000


def test_a_trial_is_nothing_normal():
    track = Track()
    for second, sent in ((0, 0), (5, 5000), (10, 5001), (15, 5002), (20, 10_002)):
        track.note({"a": Figures(sent, sent, 0, second)}, normal=second not in {10, 15})
    assert track.lately(60)["a"] == Figures(10_000, 10_000, 0, 10)


def test_others_that_hardly_send_are_no_yardstick():
    slow, trickle = dataclasses.replace(BUSY, sent_bytes=5e6), Figures(1e5, 100, 0, 10)
    assert not verdict((BUSY, slow), (trickle, Figures(1e4, 10, 0, 10)), ["b"]).promote


@given(st.lists(st.floats(0, 1e9), min_size=12, max_size=12))
def test_a_verdict_is_always_given(values):
    f = [Figures(*values[i : i + 3], 10.0) for i in range(0, 12, 3)]
    assert verdict((f[0], f[1]), (f[2], f[3]), ["a"]).why
