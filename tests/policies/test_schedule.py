"""Windows of the day: through midnight, on days of the week, when clocks change."""

import sys
import zoneinfo
from datetime import datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.schedule import EVERY_DAY, Window, check_zone, zone_of

ZURICH = "Europe/Zurich"
UTC = timezone.utc
# 2026: forward on Sunday 29 March 02:00 -> 03:00, back on Sunday 25 October 03:00 -> 02:00.


def window(start: str, end: str, days: frozenset[int] = EVERY_DAY, zone: str = ZURICH) -> Window:
    return Window(time.fromisoformat(start), time.fromisoformat(end), days, zone)


def local(text: str, zone: str = ZURICH, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone_of(zone), fold=fold)


@pytest.mark.parametrize(
    ("moment", "inside"),
    [("2026-11-23 07:59:59", False), ("2026-11-23 08:00", True), ("2026-11-23 17:59", True),
     ("2026-11-23 18:00", False)],
)  # fmt: skip
def test_window_of_a_day(moment: str, inside: bool) -> None:
    assert (window("08:00", "18:00").at(local(moment)) is not None) is inside


def test_moment_in_another_zone_is_the_same_moment() -> None:
    assert window("08:00", "18:00").at(datetime(2026, 11, 23, 7, 0, tzinfo=UTC))
    assert not window("08:00", "18:00").at(datetime(2026, 11, 23, 6, 59, tzinfo=UTC))


def test_window_through_midnight_belongs_to_the_day_it_begins_on() -> None:
    friday = window("22:00", "06:00", frozenset((4,)))
    assert friday.at(local("2026-11-28 05:59")), "Saturday morning is Friday's night"
    assert not friday.at(local("2026-11-28 22:30"))
    assert not friday.at(local("2026-11-27 05:00")), "Friday morning is Thursday's"


def test_equal_ends_are_a_whole_day() -> None:
    begin, end = window("00:00", "00:00").at(local("2026-11-23 12:00")) or (None, None)
    assert (begin, end) == (local("2026-11-23 00:00"), local("2026-11-24 00:00"))


def length(found: tuple[datetime, datetime] | None) -> timedelta:
    assert found is not None
    return found[1] - found[0]


def test_night_of_the_clock_change_is_an_hour_shorter_or_longer() -> None:
    night = window("22:00", "06:00")
    assert length(night.at(local("2026-03-28 23:00"))) == timedelta(hours=7)
    assert length(night.at(local("2026-10-24 23:00"))) == timedelta(hours=9)
    assert length(night.at(local("2026-11-24 23:00"))) == timedelta(hours=8)


def test_hour_that_comes_twice_is_covered_twice() -> None:
    twice = window("02:00", "02:30")
    found = twice.at(local("2026-10-25 02:10", fold=0))
    assert found == twice.at(local("2026-10-25 02:10", fold=1))
    assert length(found) == timedelta(minutes=90)


def test_hour_that_is_skipped_is_no_window() -> None:
    jump = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert window("02:10", "02:50").at(jump) is None
    assert (window("01:30", "02:30").at(jump - timedelta(minutes=10)) or (None, None))[1] == jump
    assert (window("02:30", "03:30").at(jump) or (None, None))[0] == jump


zones = st.sampled_from([ZURICH, "UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe",
                         "Pacific/Apia", "Africa/Casablanca"])  # fmt: skip
times = st.times().map(lambda t: t.replace(second=0, microsecond=0, tzinfo=None))
moments = st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1)).map(
    lambda t: t.replace(tzinfo=UTC)
)


@given(start=times, end=times, days=st.frozensets(st.integers(0, 6), min_size=1), zone=zones,
       moment=moments, ahead=st.integers(0, 10 * 86400))  # fmt: skip
def test_between_changes_nothing_changes(
    start: time, end: time, days: frozenset[int], zone: str, moment: datetime, ahead: int
) -> None:
    tested = Window(start, end, days, zone)
    later = moment + timedelta(seconds=ahead)
    changes = {instant for span in tested.spans(moment, 12) for instant in span}
    if not any(moment < change <= later for change in changes):
        assert tested.at(moment) == tested.at(later)


@given(start=times, end=times, zone=zones, moment=moments)
def test_moment_inside_is_inside_what_is_told(
    start: time, end: time, zone: str, moment: datetime
) -> None:
    found = Window(start, end, EVERY_DAY, zone).at(moment)
    if found:
        assert found[0] <= moment < found[1]
        assert found[1] - found[0] <= timedelta(hours=26)


@pytest.mark.parametrize("name", ["Zurich", "europe/zurich", "Mars/Base", "", "/etc/passwd", "a\0b",
                                  "../UTC", 3, None])  # fmt: skip
def test_zone_that_is_none_is_refused(name: object) -> None:
    if name == "europe/zurich" and sys.platform != "linux":
        pytest.skip("file names without case")
    with pytest.raises(ValueError, match="time zone"):
        check_zone(name)


def test_city_alone_is_completed() -> None:
    with pytest.raises(ValueError, match="did you mean Europe/Zurich"):
        check_zone("Zurich")


def test_system_without_time_zones_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tzdata", "tzdata.zoneinfo", "tzdata.zoneinfo.Europe"):
        monkeypatch.setitem(sys.modules, name, None)
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    zone_of.cache_clear()
    try:
        assert check_zone("UTC") == "UTC"
        with pytest.raises(ValueError, match="install tzdata"):
            check_zone(ZURICH)
    finally:
        zoneinfo.reset_tzpath()
        zone_of.cache_clear()
