import pytest

from demo.errors import ScenarioError
from demo.scenario import place, plan_scenario, survives
from topologies.model import Link
from topologies.registry import build

CARRYING = [
    "leafspine,spines=2,leaves=4,hosts=3",
    "leafspine,spines=1,leaves=2,hosts=2",
    "leafspine,spines=4,leaves=8,hosts=1",
    "fattree,k=4",
    "abilene",
    "dumbbell",
    "ring",
    "edgecloud",
]


@pytest.mark.parametrize("spec", CARRYING)
def test_jobs_meet_on_the_trunks_of_one_switch(spec):
    scenario = plan_scenario(build(spec), seed=1)
    placement = scenario.placement
    assert len(set(placement.ranks)) == 4
    assert scenario.bottleneck()
    assert scenario.leaves_bottleneck(placement.bulk_sender, placement.bulk_receiver)
    assert scenario.leaves_bottleneck(placement.inference_client, placement.inference_server)
    assert scenario.leaves_bottleneck(*scenario.ring_edges()[0])
    assert set(placement.hosts()) <= {host.name for host in scenario.topology.hosts}


def test_with_enough_hosts_nobody_shares_with_the_bulk(scenario):
    placement = scenario.placement
    others = {*placement.ranks, placement.inference_client, placement.inference_server}
    assert not others & {placement.bulk_sender, placement.bulk_receiver}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("leafspine,spines=1,leaves=3,hosts=1", "at least 4 hosts"),
        ("leafspine,spines=2,leaves=1,hosts=5", "one switch"),
    ],
)
def test_a_topology_that_cannot_carry_it_is_refused_with_a_remedy(spec, words):
    with pytest.raises(ScenarioError, match=words):
        place(build(spec))


def test_traffic_fits_the_slowest_trunk():
    slow = plan_scenario(build("leafspine,leaves=4,rate=10M"), seed=1).workload
    fast = plan_scenario(build("leafspine,leaves=4,rate=100M"), seed=1).workload
    assert slow.gradient_bytes < fast.gradient_bytes
    assert slow.requests_per_s * slow.features * 4 * 8 <= 0.1 * 10_000_000


def test_a_trunk_faster_than_a_software_switch_is_told():
    assert plan_scenario(build("leafspine,leaves=4,rate=10G,host_rate=10G"), seed=1).warnings
    assert not plan_scenario(build("leafspine,leaves=4"), seed=1).warnings


def test_survives_knows_whether_there_is_a_second_way():
    fabric, chain = build("leafspine,spines=2,leaves=2"), build("dumbbell")
    assert survives(fabric, "leaf1", "leaf2", fabric.links[0])
    only = chain.links[0]
    assert isinstance(only, Link)
    assert not survives(chain, only.a, only.b, only)
