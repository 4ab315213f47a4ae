import json

import pytest

from controller.advice.registry import Registry
from demo.decisions import count, read_decisions
from demo.errors import ScenarioError
from demo.weak import Weakness, read_weakness, weaken


def rates(scenario):
    return {(link.a, link.b): link.rate_bps for link in scenario.topology.links}


def test_a_weak_trunk_is_written_as_ends_and_part(scenario):
    weakness = read_weakness("leaf1-spine2=0.4", scenario)
    assert weakness == Weakness(("leaf1", "spine2"), 0.4)
    assert str(weakness) == "leaf1-spine2=0.4"
    assert read_weakness("none", scenario) is None


def test_left_to_itself_it_weakens_a_trunk_of_the_bulk_senders_switch(scenario):
    weakness = read_weakness("auto", scenario)
    assert weakness is not None
    near = scenario.host(scenario.placement.bulk_sender).switch
    assert near in weakness.ends
    assert 0 < weakness.part < 1


def test_where_every_trunk_is_the_only_way_none_is_weakened(only_way):
    assert read_weakness("auto", only_way) is None


@pytest.mark.parametrize(
    "text", ["leaf1-spine1", "leaf1-spine1=0", "leaf1-spine1=1.5", "leaf1-spine1=x", "nan", ""]
)
def test_a_part_that_is_none_is_refused(scenario, text):
    with pytest.raises(ScenarioError, match=r"such as leaf1-spine1=0\.1"):
        read_weakness(text, scenario)


def test_an_unknown_trunk_is_refused_with_those_there_are(scenario):
    with pytest.raises(ScenarioError, match="leaf1-spine1, "):
        read_weakness("leaf1-leaf2=0.5", scenario)


def test_only_that_trunk_loses_rate_and_the_jobs_stay(scenario):
    weak = weaken(scenario, Weakness(("spine1", "leaf1"), 0.4))
    before, after = rates(scenario), rates(weak)
    assert [ends for ends in before if before[ends] != after[ends]] == [("leaf1", "spine1")]
    assert after["leaf1", "spine1"] == 0.4 * before["leaf1", "spine1"]
    assert (weak.placement, weak.workload, weak.seed) == (
        scenario.placement,
        scenario.workload,
        scenario.seed,
    )


def turn(**more):
    return {"agent": "a", "verdict": "held", "reason": None, "changed": 0, "seconds": {}, **more}


def test_decisions_are_counted_by_fate_and_reason():
    done = count("a", [
        turn(verdict="applied", changed=3, seconds={"guard": 0.002}),
        turn(seconds={"guard": 0.004}),
        turn(verdict="refused", reason="late"),
        turn(verdict=None),
        turn(agent=""),  # nobody was there
    ])  # fmt: skip
    assert done.turns == 4
    assert done.verdicts == {"applied": 1, "held": 1, "refused": 1, "unanswered": 1}
    assert done.refusals == {"late": 1}
    assert done.changes == 3
    assert done.stage_s == {"guard": pytest.approx(0.003)}


def test_decisions_are_read_from_a_controllers_state_folder(tmp_path):
    registry = Registry(tmp_path)
    registry.log(json.loads(json.dumps(turn(verdict="applied", changed=1))))
    registry.close()
    assert read_decisions(tmp_path, "a").verdicts == {"applied": 1}
