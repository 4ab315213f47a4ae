"""What the agent of an arm did, from the decision log its controller kept.

Owns the counting. It must not start anything, nor judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from controller.advice.registry import MAX_DECISIONS, Registry


@dataclass(frozen=True, slots=True)
class Decisions:
    """How an agent fared in one arm.

    Attributes:
        agent: its name.
        turns: times it was asked.
        verdicts: how many of its answers met which fate.
        refusals: how many were refused, by reason.
        changes: pairs of switches that were given other weights.
        stage_s: median time of each stage of a turn, seconds.
    """

    agent: str
    turns: int
    verdicts: Mapping[str, int]
    refusals: Mapping[str, int]
    changes: int
    stage_s: Mapping[str, float]


def read_decisions(folder: Path, agent: str) -> Decisions:
    """The decisions in a controller's state folder.

    Raises:
        RegistryError: the log can't be read.
    """
    registry = Registry(folder)
    try:
        return count(agent, registry.decisions(MAX_DECISIONS))
    finally:
        registry.close()


def count(agent: str, records: Iterable[Mapping[str, Any]]) -> Decisions:
    """Counts records of turns, as `controller.advice.records.Record.as_json` writes them."""
    asked = [record for record in records if record.get("agent")]
    return Decisions(
        agent=agent,
        turns=len(asked),
        verdicts=_tally(str(record.get("verdict") or "unanswered") for record in asked),
        refusals=_tally(str(record["reason"]) for record in asked if record.get("reason")),
        changes=sum(int(record.get("changed", 0)) for record in asked),
        stage_s=_medians([record.get("seconds", {}) for record in asked]),
    )


def _tally(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _medians(times: Sequence[Mapping[str, float]]) -> dict[str, float]:
    stages = dict.fromkeys(stage for one in times for stage in one)
    return {stage: median(one[stage] for one in times if stage in one) for stage in stages}
