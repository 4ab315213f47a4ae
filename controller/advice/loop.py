"""One turn after another: measure, forecast, ask, judge, change only what pays, verify.

Owns what outlasts a turn: the agent's standing, what is asked and not answered, what was promised
and is to be verified, how often in a row things went wrong. Pure: time comes in as an argument, and
the stopwatch that is handed over is only ever written down.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from controller.advice.change import Change, choose
from controller.advice.demand import DemandMeter, Demands
from controller.advice.guard import Case, Constraint, judge, judge_splits
from controller.advice.network import BoolArray, FloatArray
from controller.advice.records import Limits, Reason, Record, Standing, Verdict
from controller.advice.view import GROUPS, View, utilisation

_RECORDS = 1000
# After these, what the same agent said before may still stand.
_SANE = {Reason.WORSE, Reason.STARVED, Reason.CONSTRAINT, Reason.OUT_OF_RANGE}


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the controller reads off its counters for one turn.

    Attributes:
        totals: (G, K) bytes towards each egress so far, by its ingress.
        read_at: (G, K) when they were read, 0 where they weren't.
        link_up: (E,).
        utilisation: (E,) by port counters.
        current: (G, P) splits the switches have.
        fallback: (G, P) splits they would have without an agent.
        doubt: Why the counters aren't believed; "" if they are.
    """

    totals: FloatArray
    read_at: FloatArray
    link_up: BoolArray
    utilisation: FloatArray
    current: FloatArray
    fallback: FloatArray
    doubt: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One observation: what the advisor is asked about, and what its answer is judged on."""

    number: int
    view: View
    at: float
    demands: Demands
    seen: Seen


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What to do with the switches: `change` some pairs, go back to equal splits, or neither."""

    change: Change | None = None
    fall_back: bool = False
    said: str = ""  # worth a line in the log ...
    kind: str = "agent-refused"  # ... of this kind


NOTHING = Outcome()


@dataclass(slots=True)
class Loop:
    """The agent's place in the controller.

    Attributes:
        limits: How much is believed, how fast it moves.
        clock: A stopwatch, seconds; recorded, never decided on.
        constraints: What the operator forbids.
        agent: Its name; "" while none is there.
        benched: Whether it has to prove itself in shadow.
        outside: Part of what it looked at that its training had not shown, by its own account.
        refusals: How often it was refused, by reason.
        records: The last turns, newest last.
        benchings: How often it was benched.
    """

    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = lambda: 0.0
    constraints: Sequence[Constraint] = ()
    agent: str = ""
    benched: bool = False
    outside: float = 0.0
    refusals: Counter[Reason] = field(default_factory=Counter)
    records: deque[Record] = field(default_factory=lambda: deque(maxlen=_RECORDS))
    benchings: int = 0
    question: Question | None = None  # the last one
    answered: bool = True
    _meter: DemandMeter = field(default_factory=lambda: DemandMeter(len(GROUPS)))
    _promised: FloatArray | None = None  # splits of the last sound advice, to be verified
    _bad: int = 0  # refusals in a row
    _regressions: int = 0
    _good: int = 0  # good decisions in a row while benched
    _changed_at: dict[tuple[tuple[int, int], int], float] = field(default_factory=dict)

    # --- who is there ---------------------------------------------------------------------------

    @property
    def standing(self) -> Standing:
        """What the agent may do now."""
        if not self.agent:
            return Standing.ABSENT
        return Standing.BENCHED if self.benched else Standing.TRUSTED

    def arrived(self, agent: str) -> None:
        """An advisor has connected; restarting it doesn't get it off the bench."""
        self.agent, self.answered = agent, True

    def gone(self) -> Outcome:
        """The advisor is not there any more."""
        self.agent, self.answered, self._promised, self._good = "", True, None, 0
        return Outcome(fall_back=True)

    # --- measure, forecast, verify --------------------------------------------------------------

    def observe(self, view: View, seen: Seen, now: float) -> tuple[Question | None, Outcome]:
        """Takes what was read off the counters; the next question, and what to do at once."""
        record = Record(self.question.number + 1 if self.question else 1, now, self.agent,
                        self.standing)  # fmt: skip
        if self.question is None or self.question.view is not view:
            self._meter.move(view.rows_in(self.question.view if self.question else None))
            self._promised = None
        with self._timed(record, "measure"):
            self._meter.measure(seen.totals, seen.read_at)
        with self._timed(record, "forecast"):
            demands = self._meter.forecast()
        question = Question(record.number, view, now, demands, seen)
        with self._timed(record, "verify"):
            verified = self._verify(question)
        self.question, self.answered = question, False
        self.records.append(record)
        if seen.doubt:
            self.answered = True
            return None, self._refuse(record, Reason.TELEMETRY, seen.doubt)
        if not self.agent:
            self.answered = True
            return None, NOTHING
        return question, verified

    def overdue(self, now: float) -> Outcome:
        """Looks whether an answer should have come by now."""
        question = self.question
        if self.answered or question is None or now - question.at < self.limits.late_s:
            return NOTHING
        self.answered = True
        detail = f"no answer within {self.limits.late_s:g} s"
        return self._refuse(self.records[-1], Reason.LATE, detail)

    def _verify(self, question: Question) -> Outcome:
        """Holds what was promised, and what is in force, against the demands that came."""
        if not self.records:
            return NOTHING
        record, demands = self.records[-1], question.demands.now
        fallback = self._largest(question, question.seen.fallback, demands)
        record.measured = float(question.seen.utilisation.max(initial=0.0))
        record.verified_fallback = fallback
        if self._promised is not None:
            record.verified = self._largest(question, self._promised, demands)
        in_force = self._largest(question, question.seen.current, demands)
        watched = record.verified if self.benched else in_force
        self._promised = None
        if watched is None:
            return NOTHING
        good = watched <= max(fallback * (1 + self.limits.tolerance), fallback + self.limits.slack)
        if self.benched:
            self._good = self._good + 1 if good else 0
            return self._unbench()
        self._regressions = 0 if good else self._regressions + 1
        if self._regressions >= self.limits.regress_after and not self.limits.obey:
            return self._bench(f"{self._regressions} intervals in a row worse than equal splits")
        return NOTHING

    @staticmethod
    def _largest(question: Question, splits: FloatArray, demands: FloatArray) -> float:
        return float(utilisation(question.view.paths, splits, demands).max(initial=0.0))

    # --- judge and change -----------------------------------------------------------------------

    def take(
        self, version: int, number: int, advice: object, link_up: BoolArray, now: float
    ) -> Outcome:
        """Takes an answer.

        Args:
            version: Of the view it is about.
            number: Of the question it answers.
            advice: (P,) or (G, P) split ratios, if it is any good.
            link_up: (E,) at this moment.
            now: Seconds.
        """
        question = self.question
        if question is None or number != question.number or self.answered:
            self.refusals[Reason.LATE] += 1
            return NOTHING
        self.answered, record = True, self.records[-1]
        record.agent, record.standing = self.agent, self.standing
        if version != question.view.version or (link_up != question.seen.link_up).any():
            return self._refuse(record, Reason.STALE, "the network has changed since it was asked")
        with self._timed(record, "guard"):
            case = self._case(question)
            judgement = judge(advice, case, self.limits)
        record.predicted, record.predicted_fallback = judgement.predicted, judgement.fallback
        if judgement.reason or judgement.splits is None:
            reason = judgement.reason or Reason.MALFORMED
            return self._refuse(record, reason, judgement.detail, case)
        self._bad, self._promised = 0, judgement.splits
        if self.standing is not Standing.TRUSTED:
            record.verdict = Verdict.SHADOWED
            return NOTHING
        with self._timed(record, "change"):
            return self._change(record, question, judgement.splits, now)

    def _case(self, question: Question) -> Case:
        return Case(
            question.view.paths, question.seen.link_up, question.demands.cases,
            question.seen.fallback, self.outside, self.constraints,
        )  # fmt: skip

    def _change(
        self, record: Record, question: Question, wanted: FloatArray, now: float
    ) -> Outcome:
        current = question.seen.current
        change = choose(question.view, self._case(question), current, wanted, self._changed_at,
                        now, self.limits)  # fmt: skip
        record.verdict = Verdict.APPLIED if change else Verdict.HELD
        self._promised = change.splits if change else current
        if change is None:
            return NOTHING
        record.changed = len(change.pairs)
        for group, row in change.pairs:
            self._changed_at[question.view.pair(row), group] = now
        return Outcome(change)

    # --- refuse, bench, return ------------------------------------------------------------------

    def _refuse(
        self, record: Record, reason: Reason, detail: str, case: Case | None = None
    ) -> Outcome:
        """Counts it; what is in force stays only if the agent is sane and it is still sound."""
        self.refusals[reason] += 1
        record.verdict, record.reason, record.detail = Verdict.REFUSED, reason, detail
        self._bad += reason.is_fault
        said = f"{self.agent or 'the agent'}: {reason.value}: {detail}"
        if self.benched:
            self._good = 0
            return Outcome(said=said)
        if self._bad >= self.limits.bench_after and not self.limits.obey:
            return self._bench(f"{self._bad} answers in a row refused, the last as {said}")
        if reason is Reason.STALE:
            return Outcome(said=said)
        sound = (
            reason in _SANE
            and case is not None
            and self.question is not None
            and judge_splits(self.question.seen.current, case, self.limits).reason is None
        )
        return Outcome(fall_back=not sound, said=said)

    def _bench(self, why: str) -> Outcome:
        self.benched, self._bad, self._regressions, self._good = True, 0, 0, 0
        self.benchings += 1
        return Outcome(fall_back=True, said=f"benched: {why}; equal splits until it has proved "
                       "itself in shadow", kind="agent-benched")  # fmt: skip

    def _unbench(self) -> Outcome:
        if self._good < self.limits.return_after:
            return NOTHING
        good, self.benched, self._good = self._good, False, 0
        return Outcome(
            said=f"back from the bench after {good} good decisions in shadow", kind="agent-back"
        )

    @contextmanager
    def _timed(self, record: Record, stage: str) -> Iterator[None]:
        start = self.clock()
        yield
        record.seconds[stage] = self.clock() - start
