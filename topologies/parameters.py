"""The kinds of parameter a family can take, each with its bounds and how it is read.

A family writes them into its signature, which is thereby the only place that names a default:

    def ring(*, n: Annotated[int, count(3, 512, "switches")] = 4, ...) -> Topology:

This module owns reading one value; `family` owns a family's list of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from topologies.errors import ParameterValueError, SizeError
from topologies.units import delay_text, rate_text, read_delay, read_factor, read_rate

# What tc can shape and a host can send; the floor also catches "rate=10" where 10M is meant.
RATE_MIN_BPS, RATE_MAX_BPS = 1_000, 100_000_000_000
DELAY_MAX_S = 1.0
SCALE_MIN, SCALE_MAX = 1e-12, 1e12


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of parameter.

    Attributes:
        help: what it sets, in a few words.
        form: what a value looks like; follows "must be" in a message.
        bounds: least and greatest value, as text; "" where values have no order.
        read: turns text or a number into a value; ValueError where it can't.
        text: writes a value as a spec takes it.
        low: least value; None where values have no order.
        high: greatest value.
        step: values are its multiples.
    """

    help: str
    form: str
    bounds: str
    read: Callable[[object], Any]
    text: Callable[[Any], str] = str
    low: float | None = None
    high: float | None = None
    step: int | None = None

    @property
    def requirement(self) -> str:
        """What a value must be: its form and its bounds."""
        return f"{self.form}, {self.bounds}" if self.bounds else self.form

    def allows(self, value: Any) -> bool:
        """Whether a value that was read is within the bounds."""
        return (
            (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
            and (self.step is None or value % self.step == 0)
        )


def count(low: int, high: int, help: str, *, even: bool = False) -> Kind:
    """Describe a whole number, bounds included."""
    form = "even" if even else "a whole number"
    return Kind(help, form, f"{low}..{high}", _read_count, str, low, high, step=2 if even else 1)


def rate(help: str) -> Kind:
    """Describe a link rate, each way, bit/s."""
    low, high = RATE_MIN_BPS, RATE_MAX_BPS
    bounds = f"{rate_text(low)}..{rate_text(high)} bit/s"
    return Kind(help, "a rate such as 50M", bounds, read_rate, rate_text, low, high)


def delay(help: str) -> Kind:
    """Describe a one-way delay, seconds."""
    bounds = f"0..{delay_text(DELAY_MAX_S)}"
    return Kind(help, "a delay such as 10ms", bounds, read_delay, delay_text, 0, DELAY_MAX_S)


def scale(help: str) -> Kind:
    """Describe a positive factor."""
    low, high = SCALE_MIN, SCALE_MAX
    form = "a number such as 1000 or 10k"
    return Kind(help, form, f"{low:g}..{high:g}", read_factor, rate_text, low, high)


def text(help: str) -> Kind:
    """Describe a word, such as a path."""
    return Kind(help, "a word that isn't empty", "", _read_text)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a family.

    Attributes:
        name: as a spec writes it, without a unit: "host_rate".
        argument: as the family's function calls it, with its unit: "host_rate_bps".
        default: what holds when it is left out; None where the family works it out.
        required: there is no default.
    """

    name: str
    argument: str
    kind: Kind
    default: object
    required: bool

    @property
    def default_text(self) -> str:
        """The default as a spec would write it; "" where there is none to write."""
        return "" if self.default is None else self.kind.text(self.default)

    def parse(self, family: str, raw: object) -> object:
        """Read a value and hold it to the bounds.

        Raises:
            ParameterValueError: it can't be read.
            SizeError: it is out of bounds.
        """
        message = f"{family} {self.name} must be {self.kind.requirement}; got {raw}"
        try:
            value: object = self.kind.read(raw)
        except ValueError:
            raise ParameterValueError(message) from None
        if not self.kind.allows(value):
            raise SizeError(message)
        return value


def _read_count(raw: object) -> int:
    if isinstance(raw, (bool, float)):
        raise ValueError(f"not a whole number: {raw}")
    return int(str(raw))


def _read_text(raw: object) -> str:
    if not (word := str(raw).strip()):
        raise ValueError("empty")
    return word
