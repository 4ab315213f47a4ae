"""Rates and delays as people write them: "50M", "1G", "10ms".

This module owns reading and writing units; bounds are the business of `parameters`.
"""

import math
import re

RATE_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
DELAY_UNITS = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}

_QUANTITY = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([a-z]*)", re.ASCII)
_RATE_ENDINGS = re.compile(r"(bit/s|bits|bit|bps|b)$")


def read_rate(raw: object) -> int:
    """Read "50M", "1.5Gbit/s" or a plain number of bit/s. Returns bit/s.

    Raises:
        ValueError: it is not a rate.
    """
    text = _RATE_ENDINGS.sub("", str(raw).strip().lower())
    return round(_quantity(text, RATE_UNITS))


def read_delay(raw: object) -> float:
    """Read "10ms", "50us" or a plain number of seconds. Returns seconds.

    Raises:
        ValueError: it is not a delay.
    """
    return _quantity(str(raw).strip().lower(), DELAY_UNITS)


def read_factor(raw: object) -> float:
    """Read "10k", "1M" or a plain number.

    Raises:
        ValueError: it is not a number.
    """
    return _quantity(str(raw).strip().lower(), RATE_UNITS)


def rate_text(rate_bps: float) -> str:
    """Write a rate in bit/s as a spec takes it: "50M"."""
    unit = next((u for u in "TGMk" if rate_bps >= RATE_UNITS[u.lower()]), "")
    return f"{rate_bps / RATE_UNITS[unit.lower()]:.6g}{unit}"


def delay_text(delay_s: float) -> str:
    """Write a delay in seconds as a spec takes it: "10ms"."""
    if delay_s == 0:
        return "0"
    unit = next((u for u in ("s", "ms") if delay_s >= DELAY_UNITS[u]), "us")
    return f"{delay_s / DELAY_UNITS[unit]:.4g}{unit}"


def _quantity(text: str, units: dict[str, float]) -> float:
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in units:
        raise ValueError(f"not a quantity: {text!r}")
    value = float(match[1]) * units[match[2]]
    if not math.isfinite(value):
        raise ValueError(f"too large: {text!r}")
    return value
