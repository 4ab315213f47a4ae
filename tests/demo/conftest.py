"""What the demo's tests share."""

import pytest
from recording import Recorder

from demo.scenario import Scenario, plan_scenario
from topologies.registry import build


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def scenario() -> Scenario:
    return plan_scenario(build("leafspine,spines=2,leaves=4,hosts=3"), seed=1)


@pytest.fixture
def only_way() -> Scenario:
    return plan_scenario(build("dumbbell"), seed=1)
