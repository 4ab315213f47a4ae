"""Sentences of operators, what they mean, and when."""

import contextlib
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.classes import TrafficClass
from policies.intents import effective, next_change, timeline
from policies.load import parse_policy
from policies.model import Confinement, LatencyTarget, Limit, Policy, Rate
from policies.schedule import zone_of
from policies.sentences import CLASS_WORDS, FORMS, RESERVED, Deadline, Hours, read_sentence

UTC = timezone.utc
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday


def policy(*sentences: str, zone: str = "UTC") -> Policy:
    intents = "".join(f"  - {sentence}\n" for sentence in sentences)
    return parse_policy(
        f"version: 1\nname: x\ntime_zone: {zone}\nslices:\n"
        "  tenant-a: {members: [{ports: [a]}], guarantee: 10%}\n"
        "  clinic-3: {members: [{ports: [b]}], guarantee: 10%}\n"
        f"intents:\n{intents or '  []'}",
        "x.yaml",
    )


def limits(at: datetime, *sentences: str, zone: str = "UTC") -> tuple[Limit, ...]:
    return effective(policy(*sentences, zone=zone), at).limits


# --- the grammar ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.words)
def test_example_of_a_form_is_of_that_form_and_no_other(form) -> None:  # type: ignore[no-untyped-def]
    said = read_sentence(form.example)
    assert type(said) is type(form.read(_groups(form)))
    plain = form.example.replace(" of ", " ")
    assert [other for other in FORMS if other.pattern.fullmatch(plain)] == [form]


def _groups(form) -> dict[str, str]:  # type: ignore[no-untyped-def]
    match = form.pattern.fullmatch(form.example.replace(" of ", " "))
    return {name: value for name, value in match.groupdict().items() if value}


SAME = [
    ("inference of tenant-a under 10 ms", "Inference  of the tenant-a IS UNDER 10ms."),
    ("inference under 10 ms", "the inference is below 10 ms"),
    ("federated at most 20% of any uplink between 08:00 and 18:00",
     "Federated at most 20 % of every uplink between 8:00 and 18:00 daily"),
    ("gradient at least 30% of any link on mon,tue",
     "gradient at least 30% of all links on Monday and Tuesday"),
    ("data of clinic-3 never leaves tier near or far", "clinic-3 stays in tiers near or far"),
    ("bulk of tenant-a 200 GB done by 06:00", "checkpoint for tenant-a 200GB done by 06:00"),
    ("bulk may use any idle capacity", "checkpoints may use all idle capacity!"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_small_words_and_capitals_mean_nothing(one: str, other: str) -> None:
    assert read_sentence(one) == read_sentence(other)


def test_names_keep_their_capitals() -> None:
    assert read_sentence("data of Clinic-3 never leaves tier Cloud") != read_sentence(
        "data of clinic-3 never leaves tier cloud"
    )


def test_deadline_reads_its_window() -> None:
    said = read_sentence("checkpoint 1 TB done by 24:00 from 22:30 Europe/Zurich on weekends")
    assert isinstance(said, Deadline) and said.size_bytes == 1e12
    assert said.hours.zone == "Europe/Zurich" and said.hours.days == {5, 6}
    assert (said.hours.start, said.hours.end) != (None, None) and isinstance(said.hours, Hours)


NOT_SAID = {
    "be quick": "can't read 'be quick'",
    "checkpoint done by 06:00": "a size is missing; write 'checkpoint 200 GB done by 06:00'",
    "inferense under 10 ms": "did you mean 'inference'?",
    "inference under 10 hours": "no duration has the unit 'hours'",
    "inference under 100 s": "10 us to 10 s",
    "federated at most 0% of any uplink": "above 0%",
    "federated at most 5 of any uplink": "the unit is missing",
    "federated at most 5% of any uplink between 08:00 and 25:00": "'25:00' is no time of day",
    "federated at most 5% of any uplink between 08:00 and 18:00 Mars/Base": "no time zone",
    "checkpoint 200 furlongs done by 06:00": "no size has the unit",
    "checkpoint 2 B done by 06:00": "no size has the unit",
    "checkpoint 9999999999 PB done by 06:00": "1 kB to 1,000 PB",
    "data of clinic-3 never leaves": "What can be said",
}


@pytest.mark.parametrize("text", NOT_SAID)
def test_what_can_t_be_read_is_told(text: str) -> None:
    with pytest.raises(ValueError) as error:
        read_sentence(text)
    assert NOT_SAID[text] in str(error.value)


@given(st.lists(st.sampled_from(
    [*RESERVED, *CLASS_WORDS, "inference", "tenant-a", "10", "10 ms", "20%", "08:00", "uplink",
     "Europe/Zurich", "most", "least", "use", "idle", "capacity", "200 GB", ".", "-", "\u00a0"]
), max_size=12).map(" ".join) | st.text(max_size=60))  # fmt: skip
def test_anything_is_a_sentence_or_an_error(text: str) -> None:
    try:
        read_sentence(text)
    except ValueError as error:
        assert str(error)


def test_hard_sentences_are_read_in_time() -> None:
    start = datetime.now(UTC)
    for text in ("a " * 100, "a-" * 100, "inference " + "of " * 60, "data x stays " + "a or " * 35,
                 "federated at most 1% of any uplink on " + "mon," * 35):  # fmt: skip
        with contextlib.suppress(ValueError):
            read_sentence(text[:200])
    assert datetime.now(UTC) - start < timedelta(seconds=2)


# --- what it means --------------------------------------------------------------------------------


def test_no_intents_change_nothing() -> None:
    plain = policy()
    assert effective(plain, NOON) == plain and next_change(plain, NOON) is None


def test_latency_of_everybody_is_the_classs() -> None:
    said = effective(policy("inference under 10 ms", "inference under 20 ms"), NOON)
    assert said.class_of(TrafficClass.INFERENCE).latency_s == 0.01
    assert said.targets == () and effective(said, NOON) == said


def test_latency_of_a_slice_is_a_target() -> None:
    text = "inference of tenant-a under 10 ms"
    said = effective(policy(text), NOON)
    assert said.targets == (LatencyTarget(TrafficClass.INFERENCE, "tenant-a", 0.01, text),)
    assert said.class_of(TrafficClass.INFERENCE).latency_s is None


def test_bounds_hold_in_their_hours_alone() -> None:
    text = "federated at most 20% of any uplink between 08:00 and 18:00"
    at_most = Limit(TrafficClass.FEDERATED, None, None, Rate(share=0.2), True, text)
    assert limits(NOON, text) == (at_most,)
    assert limits(NOON.replace(hour=19), text) == ()
    assert next_change(policy(text), NOON) == NOON.replace(hour=18)
    assert next_change(policy(text), NOON.replace(hour=19)) == NOON.replace(day=24, hour=8)


def test_hours_are_of_the_policys_zone_unless_the_sentence_names_one() -> None:
    text = "federated at most 20% of any uplink between 08:00 and 18:00"
    early = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
    assert limits(early, text) == ()
    assert len(limits(early, text, zone="Europe/Zurich")) == 1
    assert len(limits(early, f"{text} Europe/Zurich")) == 1
    assert limits(early, f"{text} UTC", zone="Europe/Zurich") == ()


def test_lower_bound_without_hours_always_holds() -> None:
    text = "gradient of clinic-3 at least 5 Mbit/s of any link"
    assert limits(NOON, text) == (
        Limit(TrafficClass.GRADIENT, "clinic-3", Rate(bps=5e6), None, False, text),
    )
    assert next_change(policy(text), NOON) is None


def test_days_alone_are_whole_days() -> None:
    text = "federated at most 20% of any uplink on weekends"
    assert limits(NOON, text) == ()
    assert next_change(policy(text), NOON) == datetime(2026, 11, 28, tzinfo=UTC)
    assert next_change(policy(text), NOON.replace(day=28)) == datetime(2026, 11, 30, tzinfo=UTC)


def test_confinement() -> None:
    text = "data of clinic-3 never leaves tier on-premises or edge"
    said = effective(policy(text), NOON)
    assert said.confinements == (Confinement("clinic-3", ("on-premises", "edge"), text),)


def test_deadline_is_a_rate_for_as_long_as_its_window() -> None:
    text = "checkpoint of tenant-a 18 GB done by 06:00 from 01:00"
    assert limits(NOON, text) == ()
    (limit,) = limits(NOON.replace(hour=3), text)
    assert limit.at_least == Rate(bps=8e6) and not limit.uplinks
    assert (limit.traffic_class, limit.slice_name) == (TrafficClass.BULK, "tenant-a")


def test_deadline_without_from_begins_at_midnight() -> None:
    (limit,) = limits(NOON.replace(hour=3), "bulk 18 GB done by 05:00")
    assert limit.at_least == Rate(bps=8e6)
    assert limits(NOON.replace(hour=5), "bulk 18 GB done by 05:00") == ()
    (limit,) = limits(NOON, "bulk 10.8 GB done by 24:00")
    assert limit.at_least == Rate(bps=1e6)


def test_deadline_in_a_short_night_needs_more() -> None:
    text = "bulk 25.2 GB done by 06:00 from 22:00 Europe/Zurich"
    (limit,) = limits(datetime(2026, 3, 28, 23, 0, tzinfo=UTC), text)
    assert limit.at_least == Rate(bps=8e6), "seven hours, not eight"


def test_idle_capacity_needs_no_limit() -> None:
    assert limits(NOON, "model-distribution may use any idle capacity") == ()


def test_naive_time_is_a_mistake_of_the_caller() -> None:
    for ask in (effective, next_change):
        with pytest.raises(ValueError, match="no time zone"):
            ask(policy(), datetime(2026, 1, 1))


def test_effective_of_effective_is_of_the_later_moment() -> None:
    text = "federated at most 20% of any uplink between 08:00 and 18:00"
    early = effective(policy(text), NOON)
    assert effective(early, NOON.replace(hour=20)) == effective(policy(text), NOON.replace(hour=20))


def test_hour_that_comes_twice_does_not_end_a_whole_day() -> None:
    text = "federated at most 20% of any uplink between 02:30 and 02:30 Europe/Zurich"
    week = list(timeline(policy(text), datetime(2026, 10, 22, tzinfo=UTC), NOON))
    assert len(week) == 1


# --- properties -----------------------------------------------------------------------------------

clocks = st.times().map(lambda t: f"{t.hour:02}:{t.minute:02}")
zone_words = st.sampled_from(["", " Europe/Zurich", " America/New_York", " Australia/Lord_Howe"])
day_words = st.sampled_from(["", " on weekdays", " on sun", " on mon,wed", " on weekends"])
scheduled = st.builds(
    "federated at most {}% of any uplink between {} and {}{}{}".format,
    st.integers(1, 100), clocks, clocks, zone_words, day_words,
) | st.builds(
    "checkpoint {} GB done by {} from {}{}{}".format,
    st.integers(1, 100), clocks, clocks, zone_words, day_words,
)  # fmt: skip
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(
    lambda t: t.replace(tzinfo=UTC)
)


@settings(max_examples=60)
@given(texts=st.lists(scheduled, max_size=3, unique=True), at=moments,
       parts=st.lists(st.floats(0, 0.999), min_size=3, max_size=3))  # fmt: skip
def test_effective_is_constant_between_changes(
    texts: list[str], at: datetime, parts: list[float]
) -> None:
    said = policy(*texts, zone="Asia/Kathmandu")
    points = [at]
    for _ in range(4):
        change = next_change(said, points[-1])
        if change is None:
            break
        points.append(change)
    for (start, end), part in zip(pairwise(points), parts, strict=False):
        assert start < end
        between = start + part * (end - start)
        assert effective(said, between) == effective(said, start)
        assert effective(said, end) != effective(said, end - timedelta(microseconds=1))
    week = list(timeline(said, at, at + timedelta(days=7)))
    assert [moment for moment, _ in week][: len(points)] == [
        point for point in points if point < at + timedelta(days=7)
    ][: len(week)]
    assert all(now == effective(said, moment) for moment, now in week)


@settings(max_examples=40)
@given(text=scheduled, day=st.dates(datetime(2026, 3, 1).date(), datetime(2026, 11, 30).date()),
       clock=st.times())  # fmt: skip
def test_window_is_the_clock_on_the_wall(text: str, day, clock) -> None:  # type: ignore[no-untyped-def]
    said = read_sentence(text)
    start, end, zone = said.hours.start, said.hours.end, said.hours.zone or "Asia/Kathmandu"
    at = datetime.combine(day, clock.replace(tzinfo=None)).replace(tzinfo=zone_of(zone))
    moment = at.astimezone(UTC)
    shown = moment.astimezone(zone_of(zone))
    offsets = {(at + timedelta(hours=h)).astimezone(UTC).astimezone(zone_of(zone)).utcoffset()
               for h in range(-48, 49, 2)}  # fmt: skip
    if len(offsets) > 1:  # the nights when clocks change have tests of their own
        return
    now = shown.time()
    begins = day if start < end or now >= start else day - timedelta(days=1)
    inside = start <= now < end if start < end else now >= start or now < end
    holds = bool(effective(policy(text, zone="Asia/Kathmandu"), moment).limits)
    assert holds == (inside and begins.weekday() in said.hours.days)
