"""Rates are what they claim: within capacity, fair, by priority, and as a plain loop finds them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fluid_loop import allocate_by_loop
from policies.load import load_policy
from rl_agent.jobs.fluid import Flows, QueueTree, allocate, link_load, max_min

TREE = QueueTree.of(load_policy().queues)


@st.composite
def cases(draw, most_flows=14):
    """A few links, some flows over up to four of them, any queues, some with a demand."""
    links = draw(st.integers(2, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    flows = draw(st.integers(1, most_flows))
    hops = np.full((flows, 4), links, np.int32)
    for row in hops:
        length = rng.integers(1, min(4, links) + 1)
        row[:length] = rng.choice(links, length, replace=False)
    demand = np.where(rng.random(flows) < 0.5, rng.uniform(0.01, 5.0, flows), np.inf)
    queue = rng.integers(0, len(TREE.level), flows).astype(np.int32)
    return Flows(hops, queue, demand), rng.uniform(0.5, 10.0, links)


@settings(deadline=None, max_examples=60)
@given(cases())
def test_rates_equal_those_of_the_plain_loop(case):
    flows, capacity = case
    rate = allocate(flows, capacity, TREE)
    np.testing.assert_allclose(rate, allocate_by_loop(flows, capacity, TREE), rtol=1e-6, atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(cases())
def test_no_link_carries_more_than_it_can_and_no_flow_more_than_it_wants(case):
    flows, capacity = case
    rate = allocate(flows, capacity, TREE)
    assert (rate >= 0).all() and (rate <= flows.demand * (1 + 1e-9)).all()
    assert (link_load(flows.hops, rate, len(capacity)) <= capacity * (1 + 1e-9)).all()


@settings(deadline=None, max_examples=60)
@given(cases())
def test_nobody_waits_while_all_its_links_have_room(case):
    """Work is conserved but for guarantees of later queues, lost where those are held up."""
    flows, capacity = case
    rate = allocate(flows, capacity, TREE)
    reserved = np.array([TREE.share[TREE.level > level].sum() for level in TREE.level])
    load = np.append(link_load(flows.hops, rate, len(capacity)) / capacity, 0.0)
    full = load[flows.hops] >= 1 - 1e-6 - reserved[flows.queue][:, None]
    assert (full.any(1) | (rate >= flows.demand * (1 - 1e-6))).all()


@settings(deadline=None, max_examples=60)
@given(cases())
def test_max_min_gives_each_flow_a_link_where_nobody_has_more(case):
    """The definition: on some full link of its way a flow that wants more has the largest rate."""
    flows, capacity = case
    rate = max_min(flows.hops, capacity, flows.demand)
    load = link_load(flows.hops, rate, len(capacity))
    for hops, mine, demand in zip(flows.hops, rate, flows.demand, strict=True):
        most = [rate[(flows.hops == e).any(1)].max() for e in hops
                if e < len(capacity) and load[e] >= capacity[e] * (1 - 1e-6)]  # fmt: skip
        assert mine >= demand * (1 - 1e-6) or any(mine >= m * (1 - 1e-6) for m in most)


def test_a_batch_is_one_network_of_many_parts():
    """Parts with links of their own get the rates each would get alone."""
    rng = np.random.default_rng(3)
    parts = []
    for _ in range(4):
        hops = np.stack([rng.permutation(6)[:3] for _ in range(10)]).astype(np.int32)
        queue = rng.integers(0, 9, 10).astype(np.int32)
        parts.append((Flows(hops, queue, np.full(10, np.inf)), rng.uniform(1, 4, 6)))
    together = Flows(
        np.concatenate([flows.hops + 6 * i for i, (flows, _) in enumerate(parts)]),
        np.concatenate([flows.queue for flows, _ in parts]),
        np.full(40, np.inf),
    )
    rate = allocate(together, np.concatenate([capacity for _, capacity in parts]), TREE)
    alone = [allocate(flows, capacity, TREE) for flows, capacity in parts]
    np.testing.assert_allclose(rate, np.concatenate(alone))


@pytest.mark.parametrize("urgent, late", [("inference", "bulk"), ("control", "gradient")])
def test_priority_takes_all_but_the_guarantee_of_the_rest(urgent, late):
    names = [queue.name for queue in load_policy().queues]
    queue = np.array([names.index(urgent), names.index(late)], np.int32)
    both = Flows(np.zeros((2, 1), np.int32), queue, np.full(2, np.inf))
    rate = allocate(both, np.array([100.0]), TREE)
    guaranteed = 100.0 * TREE.share[queue[1]]
    np.testing.assert_allclose(rate, [100.0 - guaranteed, guaranteed])


def test_a_ceiling_holds_even_on_an_empty_link():
    tree = QueueTree(np.zeros(2, np.int32), np.array([0.5, 0.5]), np.array([0.3, 1.0]))
    hops = np.zeros((3, 1), np.int32)
    alone = Flows(hops[:1], np.zeros(1, np.int32), np.full(1, np.inf))
    np.testing.assert_allclose(allocate(alone, np.array([10.0]), tree), [3.0])
    mixed = Flows(hops, np.array([0, 0, 1], np.int32), np.full(3, np.inf))
    np.testing.assert_allclose(allocate(mixed, np.array([10.0]), tree), [1.5, 1.5, 7.0])
