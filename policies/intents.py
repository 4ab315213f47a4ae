"""Intents: what the operator's sentences mean for the network at a given moment.

Owns the way from `Policy.intents` to `limits`, `confinements`, `targets` and class latencies. Pure:
the moment is an argument. What sentences there are is in `policies.sentences`.

A deadline ("checkpoint 200 GB done by 06:00 from 22:00") becomes a guaranteed rate on every link
for as long as its window lasts: size over the window's real length, which daylight saving time
changes. Without "from" the window begins at midnight, or a day before a deadline at midnight.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import chain

from policies.errors import PolicySchemaError
from policies.model import (
    ClassPolicy,
    Confinement,
    Intent,
    LatencyTarget,
    Limit,
    Policy,
    Rate,
)
from policies.schedule import Window
from policies.sentences import Bound, Deadline, Hours, Sentence, Stays, Under, read_sentence

# Most schedules change within two days; a window of one day of the week may be skipped by a clock
# change and come only in the week after.
_DAYS_AHEAD = (2, 16)


@dataclass(frozen=True, slots=True)
class Promise:
    """One intent, read.

    Attributes:
        index: Its place in `Policy.intents`.
        intent: As written.
        sentence: What it says.
        window: When it holds; None is always.
    """

    index: int
    intent: Intent
    sentence: Sentence
    window: Window | None


def promises(policy: Policy) -> tuple[Promise, ...]:
    """The intents of a policy, read.

    Raises:
        PolicySchemaError: One can't be; a policy that was loaded has none of these.
    """
    return tuple(_read(policy, index, intent) for index, intent in enumerate(policy.intents))


def effective(policy: Policy, at: datetime) -> Policy:
    """The policy as it is at that moment: with the limits and targets that hold then.

    Args:
        policy: As loaded, or an earlier result of this function.
        at: With a time zone.
    """
    _check_aware(at)
    held = promises(policy)
    always = {c.traffic_class: c for c in policy.classes}
    for promise in held:
        said = promise.sentence
        if isinstance(said, Under) and said.subject.slice_name is None:
            entry = always[said.subject.traffic_class]
            always[entry.traffic_class] = _tighter(entry, said.target_s)
    return replace(
        policy,
        classes=tuple(always[c.traffic_class] for c in policy.classes),
        limits=tuple(limit for promise in held for limit in _limits(promise, at)),
        confinements=tuple(
            Confinement(p.sentence.slice_name, p.sentence.tiers, p.intent.text)
            for p in held
            if isinstance(p.sentence, Stays)
        ),
        targets=tuple(target for promise in held for target in _targets(promise)),
    )


def next_change(policy: Policy, at: datetime) -> datetime | None:
    """The next moment (UTC) at which `effective` differs; None if it never does."""
    _check_aware(at)
    for days in _DAYS_AHEAD:
        later = timeline(policy, at, at + timedelta(days=days))
        next(later)
        if change := next(later, None):
            return change[0]
    return None


def timeline(policy: Policy, at: datetime, until: datetime) -> Iterator[tuple[datetime, Policy]]:
    """`effective` at `at` and at every later moment before `until` at which it differs."""
    said = promises(policy)
    now = effective(policy, at)
    yield at, now
    turns: dict[datetime, set[int]] = defaultdict(set)
    for promise in said:
        if promise.window is not None:
            for span in promise.window.spans(at, (until - at).days + 1):
                for moment in span:
                    turns[moment].add(promise.index)
    active = [tuple(_limits(promise, at)) for promise in said]
    for moment in sorted(moment for moment in turns if at < moment < until):
        for index in turns[moment]:
            active[index] = tuple(_limits(said[index], moment))
        limits = tuple(chain.from_iterable(active))
        if limits != now.limits:
            now = replace(now, limits=limits)
            yield moment, now


def _read(policy: Policy, index: int, intent: Intent) -> Promise:
    try:
        sentence = read_sentence(intent.text)
    except ValueError as error:
        raise PolicySchemaError(
            f"{policy.source or policy.name}:{intent.line}: intents.{index}: {error}"
        ) from error
    hours = sentence.hours if isinstance(sentence, Bound | Deadline) else None
    return Promise(index, intent, sentence, _window(hours, policy.time_zone))


def _window(hours: Hours | None, zone: str) -> Window | None:
    if hours is None:
        return None
    start = time() if hours.start is None else hours.start
    return Window(start, hours.end, hours.days, hours.zone or zone)


def _limits(promise: Promise, at: datetime) -> Iterator[Limit]:
    said, span = promise.sentence, promise.window and promise.window.at(at)
    if isinstance(said, Bound) and (span or promise.window is None):
        low, high = (said.rate, None) if said.at_least else (None, said.rate)
        yield Limit(said.subject.traffic_class, said.subject.slice_name, low, high,
                    said.uplinks, promise.intent.text)  # fmt: skip
    if isinstance(said, Deadline) and span:
        begin, end = span
        rate = Rate(bps=8 * said.size_bytes / (end - begin).total_seconds())
        yield Limit(said.subject.traffic_class, said.subject.slice_name, rate, None,
                    False, promise.intent.text)  # fmt: skip


def _targets(promise: Promise) -> Iterator[LatencyTarget]:
    said = promise.sentence
    if isinstance(said, Under) and said.subject.slice_name is not None:
        yield LatencyTarget(said.subject.traffic_class, said.subject.slice_name, said.target_s,
                            promise.intent.text)  # fmt: skip


def _tighter(entry: ClassPolicy, target_s: float) -> ClassPolicy:
    known = entry.latency_s
    return replace(entry, latency_s=target_s if known is None else min(known, target_s))


def _check_aware(at: datetime) -> None:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
