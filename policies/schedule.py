"""Hours of the day: when something holds, in which time zone.

Owns windows ("between 08:00 and 18:00 on weekdays") and what daylight saving time does to them. A
window begins the first time the clock on the wall shows its start and ends the last time it shows
its end; an hour that a day skips begins and ends when the clock jumps. Never reads a clock.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Part of a day, again and again.

    Attributes:
        start: Local time it begins at.
        end: Local time it ends at; not after `start` means the next day.
        days: Days it begins on, Monday is 0.
        zone: IANA name.
    """

    start: time
    end: time
    days: frozenset[int]
    zone: str

    def at(self, moment: datetime) -> tuple[datetime, datetime] | None:
        """Begin and end (UTC) of the one that `moment` is in, if any; the end is outside."""
        return next((span for span in self.spans(moment, 1) if span[0] <= moment), None)

    def spans(self, moment: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Begin and end (UTC) of those of the next days that end after `moment`, in order."""
        near = moment.astimezone(zone_of(self.zone)).date()
        for ahead in range(-1, days + 1):
            begin, end = self._on(near + ahead * _DAY)
            if begin < end and moment < end:
                yield begin, end

    def _on(self, day: date) -> tuple[datetime, datetime]:
        """Begin and end of the one that begins on this day; equal where there is none."""
        zone = zone_of(self.zone)
        begin = _instant(datetime.combine(day, self.start), zone, last=False)
        if day.weekday() not in self.days:
            return begin, begin
        end_day = day if self.end > self.start else day + _DAY
        return begin, max(begin, _instant(datetime.combine(end_day, self.end), zone, last=True))


def check_zone(name: object) -> str:
    """The name, if there is such a time zone.

    Raises:
        ValueError: There is none of this name, or this system knows none at all.
    """
    if not isinstance(name, str):
        raise ValueError(f"{name!r} is no time zone; write a name such as Europe/Zurich")
    zone_of(name)
    return name


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """The time zone of an IANA name; UTC needs no data.

    Raises:
        ValueError: As `check_zone`.
    """
    if name == "UTC":
        return timezone.utc
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; "../x"; "Europe" is a folder
        raise ValueError(_no_zone(name)) from None


def _no_zone(name: str) -> str:
    known = available_timezones()
    if not known:
        return "this system knows no time zones: install tzdata (apt-get, or pip), or use UTC"
    plain = {zone.lower(): zone for zone in known}
    near = difflib.get_close_matches(name[:64].lower(), plain, n=1, cutoff=0.5)
    near = near or [zone for zone in plain if zone.rpartition("/")[2] == name.lower()]
    hint = f"; did you mean {plain[near[0]]}?" if near else "; write a name such as Europe/Zurich"
    return f"no time zone {name[:64]!r}{hint}"


def _instant(local: datetime, zone: tzinfo, last: bool) -> datetime:
    """When the clock on the wall shows `local` (PEP 495), UTC."""
    folds = [local.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc) for fold in (0, 1)]
    shown = [when for when in folds if when.astimezone(zone).replace(tzinfo=None) == local]
    if shown:
        return max(shown) if last else min(shown)
    return _jump(min(folds), max(folds), zone)


def _jump(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The second in which the zone's offset changes between the two."""
    old = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)
