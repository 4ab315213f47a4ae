"""What is said about a piece of advice: why it was refused, what became of it, how long it took.

Owns these words and the limits the judges keep to. No arithmetic.
"""

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any


class Reason(Enum):
    """Why advice was refused. The value is the label in metrics and in the decision log."""

    LATE = "late"
    STALE = "stale"
    MALFORMED = "malformed"
    DEAD_LINK = "dead-link"
    CONSTRAINT = "constraint"
    OUT_OF_RANGE = "out-of-range"
    WORSE = "worse-than-fallback"
    STARVED = "starved"
    TELEMETRY = "telemetry"

    @property
    def is_fault(self) -> bool:
        """Whether it counts against the agent: the network may change under anyone."""
        return self not in {Reason.STALE, Reason.TELEMETRY}


class Standing(Enum):
    """What the agent may do now."""

    ABSENT = "absent"  # no advisor is connected; the fallback rules
    TRUSTED = "trusted"  # accepted advice is carried out
    BENCHED = "benched"  # advice is judged and verified, the fallback rules


class Verdict(Enum):
    """What became of one answer."""

    APPLIED = "applied"
    HELD = "held"  # sound, but no change pays
    SHADOWED = "shadowed"  # sound, and the agent is benched
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the guard believes and how fast the loop may move.

    Attributes:
        tolerance: Relative excess over the fallback's largest utilisation that is let pass.
        slack: The same, absolute: on an idle network nothing is worse than anything.
        least_gain: Relative fall of the largest utilisation (or of its mean square) that a change
            must promise.
        churn_cost: Gain asked for besides, for moving all traffic; in proportion for less.
        dwell_s: How long a pair keeps its splits.
        most_changes: Pairs changed in one interval, the most gainful first.
        least_step: Share of a pair's traffic below which a change isn't worth a message.
        bench_after: Refusals in a row that bench the agent.
        regress_after: Verified regressions in a row that do.
        return_after: Good decisions in a row, predicted and verified, that bring it back.
        largest_share: Most of a pair's traffic on one path of several; 1 is no bound.
        most_outside: Part of what a policy looks at that may lie outside its training.
        full: Utilisation of a link that is saturated.
        late_s: Seconds within which an answer has to come.
        stale_s: Age of counters that are not believed.
        obey: For experiments: splits that are some and keep off dead links are carried out as they
            are, at once; nothing is compared with the fallback and nobody is benched.
    """

    tolerance: float = 0.02
    slack: float = 0.01
    least_gain: float = 0.03
    churn_cost: float = 0.02
    dwell_s: float = 1.0
    most_changes: int = 64
    least_step: float = 0.04
    bench_after: int = 5
    regress_after: int = 3
    return_after: int = 10
    largest_share: float = 1.0
    most_outside: float = 0.25
    full: float = 1.0
    late_s: float = 0.4
    stale_s: float = 5.0
    obey: bool = False


@dataclass(slots=True)
class Record:
    """One turn of the loop, filled in as it goes on. Utilisations are of the busiest link.

    Attributes:
        number: Of the observation.
        at: When it was made, on the controller's clock.
        agent: Who advised.
        standing: Of the agent when it was judged.
        verdict: None until there is an answer.
        reason: Of a refusal.
        detail: The same in words.
        changed: Pairs given other weights.
        predicted: Under the advice, over the demands it was judged on.
        predicted_fallback: Under equal splits, over the same.
        verified: Under the advice, over the demands that then came.
        verified_fallback: Under equal splits, over the same.
        measured: As port counters told of the interval after it.
        seconds: Time each stage took: measure, forecast, advise, wait, guard, change, verify.
    """

    number: int
    at: float
    agent: str = ""
    standing: Standing = Standing.ABSENT
    verdict: Verdict | None = None
    reason: Reason | None = None
    detail: str = ""
    changed: int = 0
    predicted: float | None = None
    predicted_fallback: float | None = None
    verified: float | None = None
    verified_fallback: float | None = None
    measured: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the decision log."""
        plain = asdict(self)
        for name in ("standing", "verdict", "reason"):
            plain[name] = plain[name].value if plain[name] else None
        return plain
