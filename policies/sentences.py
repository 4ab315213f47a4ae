"""The operator's words: which sentences are intents, and what each says.

Owns the grammar: `FORMS` is the whole of it, one entry a sentence form, each with an example. Small
words ("the", "of", "for") and the difference between capitals and small letters mean nothing, but
in the names of slices, tiers and time zones.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from functools import lru_cache

from policies.classes import TrafficClass
from policies.model import Rate
from policies.quantities import NUMBER, read_duration, read_rate, read_size
from policies.schedule import DAYS, EVERY_DAY, zone_of

# Words an operator says for a class, beside its name.
CLASS_WORDS = {"checkpoint": TrafficClass.BULK, "checkpoints": TrafficClass.BULK}
_SMALL = ("the", "of", "for", "a", "an", "is", "are", "on", "in", "its")
# What a slice or a tier can't be called, because a sentence would read it as something else.
RESERVED = frozenset((
    *_SMALL, "any", "every", "all", "at", "between", "by", "from", "done", "under", "below", "may",
    "never", "stays", "leaves", "and", "or", "tier", "tiers", "data", "daily", "weekdays",
    "weekends", *DAYS,
))  # fmt: skip
_WEEKDAYS, _WEEKENDS = frozenset(range(5)), frozenset((5, 6))
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Hours:
    """When a sentence holds, as written.

    Attributes:
        start: Local time; None where a deadline says no `from`.
        end: Local time.
        days: Monday is 0.
        zone: IANA name; None is the policy's.
    """

    start: time | None
    end: time
    days: frozenset[int]
    zone: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose traffic: a class, of one slice or (None) of all."""

    traffic_class: TrafficClass
    slice_name: str | None


@dataclass(frozen=True, slots=True)
class Under:
    """A latency target."""

    subject: Subject
    target_s: float


@dataclass(frozen=True, slots=True)
class Bound:
    """At most, or at least, a rate on links; `hours` None is always."""

    subject: Subject
    rate: Rate
    at_least: bool
    uplinks: bool
    hours: Hours | None


@dataclass(frozen=True, slots=True)
class Stays:
    """A slice that may cross only switches of these tiers."""

    slice_name: str
    tiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """So many bytes by a time of day."""

    subject: Subject
    size_bytes: float
    hours: Hours


@dataclass(frozen=True, slots=True)
class Idle:
    """May use whatever nobody else uses."""

    subject: Subject


Sentence = Under | Bound | Stays | Deadline | Idle
_Words = dict[str, str]


@dataclass(frozen=True, slots=True)
class Form:
    """A sentence form: how it reads, and an example to learn from."""

    words: str
    pattern: re.Pattern[str]
    example: str
    read: Callable[[_Words], Sentence]


@lru_cache(maxsize=4096)
def read_sentence(text: str) -> Sentence:
    """What a sentence says.

    Raises:
        ValueError: It is of no known form, or a word in it is wrong; the message has the forms.
    """
    words = " ".join(text.replace("\u00a0", " ").strip().rstrip(".!").split())
    plain = _SMALL_WORDS.sub("", f"{words} ").strip()
    for form in FORMS:
        match = form.pattern.fullmatch(plain)
        if match:
            return form.read({name: value for name, value in match.groupdict().items() if value})
    raise ValueError(_unknown(text, plain))


def _under(words: _Words) -> Sentence:
    return Under(_subject(words), read_duration(words["duration"]))


def _bound(words: _Words) -> Sentence:
    return Bound(
        _subject(words),
        read_rate(words["rate"]),
        at_least=words["bound"].lower() == "least",
        uplinks=words["links"].lower().startswith("uplink"),
        hours=_hours(words) if "start" in words or "days" in words or "zone" in words else None,
    )


def _stays(words: _Words) -> Sentence:
    return Stays(words["slice"], tuple(re.split(r" or ", words["tiers"], flags=re.IGNORECASE)))


def _deadline(words: _Words) -> Sentence:
    return Deadline(_subject(words), read_size(words["size"]), _hours(words))


def _idle(words: _Words) -> Sentence:
    return Idle(_subject(words))


def _subject(words: _Words) -> Subject:
    word = words["class"].lower()
    known = {c.value: c for c in TrafficClass} | CLASS_WORDS
    if word not in known:
        near = difflib.get_close_matches(word, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
        raise ValueError(f"{words['class']!r} is no traffic class; {hint}")
    return Subject(known[word], words.get("slice"))


def _hours(words: _Words) -> Hours:
    zone = words.get("zone")
    if zone is not None:
        zone_of(zone)
    start = _clock(words["start"]) if "start" in words else None
    if start is None and "end" not in words:
        start = time()
    end = _clock(words["end"]) if "end" in words else time()
    return Hours(start, end, _days(words.get("days", "daily").lower()), zone)


def _clock(text: str) -> time:
    hour, _, minute = text.partition(":")
    if (int(hour), int(minute)) == (24, 0):
        return time()
    if int(hour) > 23 or int(minute) > 59:
        raise ValueError(f"{text!r} is no time of day; write 08:00 or 22:30")
    return time(int(hour), int(minute))


def _days(text: str) -> frozenset[int]:
    sets = {"daily": EVERY_DAY, "weekdays": _WEEKDAYS, "weekends": _WEEKENDS}
    if text in sets:
        return sets[text]
    return frozenset(DAYS.index(day[:3]) for day in re.split(r" and |,| ", text) if day)


def _unknown(text: str, plain: str) -> str:
    if _NO_SIZE.fullmatch(plain):
        return f"{text!r}: a size is missing; write 'checkpoint 200 GB done by 06:00'"
    examples = {form.example: form for form in FORMS}
    near = difflib.get_close_matches(plain.lower(), examples, n=1, cutoff=0.3)
    forms = "".join(f"\n    {form.words}" for form in FORMS)
    hint = f"; the nearest is like {near[0]!r}" if near else ""
    return f"can't read {text!r}{hint}. What can be said:{forms}"


_SMALL_WORDS = re.compile(rf"\b(?<![\w-])(?:{'|'.join(_SMALL)}) (?! )", re.IGNORECASE)
_CLASS = r"(?P<class>[a-z][a-z-]*)"
_SLICE = rf"(?P<slice>(?!(?:{'|'.join(sorted(RESERVED))}) )[a-z][a-z0-9_-]*)"
_SUBJECT = rf"{_CLASS}(?: {_SLICE})?"
_TIME = r"\d{1,2}:\d\d"
_DAY = rf"(?:{'|'.join((*_DAY_NAMES, *DAYS))})"
_WHEN = (
    rf"(?: (?P<zone>[a-z]+(?:/[a-z0-9_+-]+){{1,2}}|UTC))?"
    rf"(?: (?P<days>daily|weekdays|weekends|{_DAY}(?:(?: and |, ?){_DAY})*))?"
)
_TIER = r"(?!tiers? )[a-z][a-z0-9_.-]*"
_RATE = rf"{NUMBER} ?(?:%|[a-z]+(?:/[a-z]+)?)?"

_NO_SIZE = re.compile(rf"{_SUBJECT} done by .*", re.IGNORECASE | re.ASCII)


def _form(words: str, pattern: str, example: str, read: Callable[[_Words], Sentence]) -> Form:
    return Form(words, re.compile(pattern, re.IGNORECASE | re.ASCII), example, read)


FORMS = (
    _form(
        "CLASS [of SLICE] under 10 ms",
        rf"{_SUBJECT} (?:under|below|within) (?P<duration>{NUMBER} ?[a-z]*)",
        "inference of tenant-a under 10 ms",
        _under,
    ),
    _form(
        "CLASS [of SLICE] at most|at least 20%|5 Mbit/s of any uplink|link "
        "[between 08:00 and 18:00 [ZONE]] [on weekdays|weekends|mon,tue]",
        rf"{_SUBJECT} at (?P<bound>most|least) (?P<rate>{_RATE}) (?:any|every|each|all) "
        rf"(?P<links>uplinks?|links?)(?: between (?P<start>{_TIME}) and (?P<end>{_TIME}))?{_WHEN}",
        "federated at most 20% of any uplink between 08:00 and 18:00",
        _bound,
    ),
    _form(
        "data of SLICE never leaves tier TIER [or TIER]",
        rf"(?:data )?{_SLICE} (?:never leaves|stays)(?: within)?(?: tiers?)? "
        rf"(?P<tiers>{_TIER}(?: or {_TIER})*)",
        "data of clinic-3 never leaves tier on-premises or edge",
        _stays,
    ),
    _form(
        "CLASS [of SLICE] 200 GB done by 06:00 [from 22:00] [ZONE] [on DAYS]",
        rf"{_SUBJECT} (?P<size>{NUMBER} ?[a-z]*) done by (?P<end>{_TIME})"
        rf"(?: from (?P<start>{_TIME}))?{_WHEN}",
        "checkpoint of tenant-a 200 GB done by 06:00 from 22:00",
        _deadline,
    ),
    _form(
        "CLASS [of SLICE] may use any idle capacity",
        rf"{_SUBJECT} may use (?:any|all) idle capacity",
        "model-distribution may use any idle capacity",
        _idle,
    ),
)
