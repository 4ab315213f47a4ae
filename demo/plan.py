"""What to run and what comes back: pure data.

Owns the arms, the plan of a demo, the stages it goes through and what one repeat yields.

    alone    each job by itself on the plain network: the physical limit here
    plain    all jobs together; ECMP, one FIFO queue a port
    headway  all jobs together under Headway's policy
    static   the same with a weakened trunk; equal splits over the paths
    agent    the same with that trunk; an agent chooses the splits
    cut      probes only, under Headway, while a link is cut
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from demo.decisions import Decisions
from demo.errors import ScenarioError
from demo.metrics import ArmResult
from demo.outage import Outage
from demo.ports import PortPlan
from demo.scenario import Scenario
from demo.weak import Weakness


class Arm(Enum):
    """The arms, in the order they are spoken of; those on one network run together."""

    ALONE = "alone"
    PLAIN = "plain"
    HEADWAY = "headway"
    STATIC = "static"
    AGENT = "agent"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Stage:
    """What is going on now, for whoever shows progress; `expected_s` is how long it will take."""

    repeat: int
    arm: Arm
    what: str
    expected_s: float


Progress: TypeAlias = Callable[[Stage], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run.

    Attributes:
        policy: the policy file of the arms under Headway; None is the default policy.
        agent: who advises in the arm "agent": a name or a file, as `headway run --agent` takes it.
        weakness: the trunk of the arms "static" and "agent"; without one they don't run.
        ports: where the services listen.
        duration_s: length of each measuring window.
        warmup_s: how long the jobs run before it.
        folder: where the jobs' output goes.
    """

    scenario: Scenario
    folder: Path
    arms: frozenset[Arm] = frozenset(Arm)
    policy: Path | None = None
    agent: str = "online-gradient"
    weakness: Weakness | None = None
    ports: PortPlan = PortPlan.KNOWN
    duration_s: float = 20.0
    warmup_s: float = 3.0
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class Environment:
    """What the network ran on, as it said itself."""

    datapath: str
    congestion_control: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """The results of one pass over the arms."""

    arms: Mapping[Arm, ArmResult]
    outage: Outage | None
    environment: Environment
    decisions: Decisions | None = None


def parse_arms(text: str) -> frozenset[Arm]:
    """Arms from a list such as "alone,plain,headway,static,agent,cut".

    Raises:
        ScenarioError: an unknown arm, or none.
    """
    names = {arm.value: arm for arm in Arm}
    words = [word.strip() for word in text.split(",") if word.strip()]
    unknown = [word for word in words if word not in names]
    if unknown or not words:
        raise ScenarioError(
            f"unknown arm {', '.join(unknown) or '(none given)'}; choose from {', '.join(names)}"
        )
    return frozenset(names[word] for word in words)
