"""Rates, durations and sizes as operators write them: "10 Mbit/s", "20%", "10 ms", "200 GB".

Owns units, and the error that shows how to write one. A number without a unit is refused: a rate
read as bit/s where somebody meant Mbit/s is a network that stands still.
"""

import math
import re

from policies.model import Rate

LEAST_RATE_BPS, MOST_RATE_BPS = 1e3, 4e12  # a meter counts kbit/s in 32 bits (OpenFlow 1.3, 7.3.4)
_RATES = {"bit/s": 1.0, "kbit/s": 1e3, "mbit/s": 1e6, "gbit/s": 1e9, "tbit/s": 1e12,
          "bps": 1.0, "kbps": 1e3, "mbps": 1e6, "gbps": 1e9, "tbps": 1e12}  # fmt: skip
_DURATIONS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
_SIZES = {"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "pb": 1e15,
          "kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30, "tib": 2.0**40}  # fmt: skip
NUMBER = r"\d{1,15}(?:\.\d{1,9})?"
_QUANTITY = re.compile(rf"({NUMBER})\s*([^\d\s]{{0,8}})", re.ASCII)


def read_rate(raw: object) -> Rate:
    """Reads "10 Mbit/s" or "20%".

    Raises:
        ValueError: It is neither, or out of range.
    """
    number, unit = _split(raw, 'a rate; write "10 Mbit/s", or "20%" of each link')
    if unit == "%":
        if not 0 < number <= 100:
            raise ValueError(f"{raw!r}: a share is above 0% and at most 100%")
        return Rate(share=number / 100)
    if unit.lower() not in _RATES:
        raise ValueError(f"{raw!r}: no rate has the unit {unit!r}; {_unit_hint(unit)}")
    rate_bps = round(number * _RATES[unit.lower()], 6)
    if not LEAST_RATE_BPS <= rate_bps <= MOST_RATE_BPS:
        raise ValueError(f"{raw!r}: rates are 1 kbit/s to 4 Tbit/s")
    return Rate(bps=rate_bps)


def read_duration(raw: object) -> float:
    """Reads "10 ms". Returns seconds.

    Raises:
        ValueError: It is no duration, or not within 10 us and 10 s.
    """
    number, unit = _split(raw, 'a duration; write "10 ms"')
    if unit.lower() not in _DURATIONS:
        raise ValueError(f"{raw!r}: no duration has the unit {unit!r}; use us, ms or s")
    seconds = round(number * _DURATIONS[unit.lower()], 12)  # 10 * 1e-6 is below 1e-5
    if not 1e-5 <= seconds <= 10:
        raise ValueError(f"{raw!r}: a latency target is 10 us to 10 s")
    return seconds


def read_size(raw: object) -> float:
    """Reads "200 GB" or "1.5 TiB". Returns bytes.

    Raises:
        ValueError: It is no size, or not within 1 kB and 1 EB.
    """
    number, unit = _split(raw, 'a size; write "200 GB"')
    if unit.lower() not in _SIZES:
        raise ValueError(f"{raw!r}: no size has the unit {unit!r}; use MB, GB, TB or GiB")
    size = number * _SIZES[unit.lower()]
    if not 1e3 <= size <= 1e18:
        raise ValueError(f"{raw!r}: a size is 1 kB to 1,000 PB")
    return size


def rate_words(rate: Rate | float) -> str:
    """A rate as a policy would have it: "12.5 Mbit/s" or "20%"."""
    if isinstance(rate, Rate):
        if rate.bps is None:
            return f"{100 * (rate.share or 0.0):.4g}%"
        rate = rate.bps
    for unit, factor in (("Tbit/s", 1e12), ("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if rate >= 0.99995 * factor:  # what would be rounded to 1000 of the smaller unit
            return f"{rate / factor:.4g} {unit}"
    return f"{rate:.4g} bit/s"


def duration_words(seconds: float) -> str:
    """A duration as a policy would have it: "10 ms"."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= 0.99995 * factor:
            return f"{seconds / factor:.4g} {unit}"
    return f"{seconds / 1e-6:.4g} us"


def _split(raw: object, wanted: str) -> tuple[float, str]:
    match = _QUANTITY.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if match is None or (not match[2] and isinstance(raw, str)):
        unit = " (the unit is missing)" if _is_number(raw) else ""
        raise ValueError(f"{_short(raw)} is not {wanted}{unit}")
    number = float(match[1])
    return (number if math.isfinite(number) else 0.0), match[2]


def _is_number(raw: object) -> bool:
    if isinstance(raw, str):
        return re.fullmatch(NUMBER, raw.strip(), re.ASCII) is not None
    return isinstance(raw, int | float) and not isinstance(raw, bool)


def _short(raw: object) -> str:
    text = repr(raw)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _unit_hint(unit: str) -> str:
    if unit.lower().endswith("b/s"):
        return "write bits, such as Mbit/s (1 MB/s is 8 Mbit/s)"
    return "use kbit/s, Mbit/s, Gbit/s or %"
