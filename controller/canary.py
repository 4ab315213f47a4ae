"""Whether a policy that some slices try out does them good or harm, against those that don't.

Figures in, a verdict out. Rates differ between tenants and hours, so nothing is compared
directly: each side is compared with itself before, and the two changes with each other (a
difference in differences), which takes out what happened to everybody.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from controller.slicing import FIRST_QUEUE
from controller.state import State
from policies.model import Policy, Slice

# How much worse than the others before it is taken back: far above the noise of second-long
# counters, far below what users would call an outage.
MOST_EXTRA_LOSS = 0.02  # of packets offered
LEAST_GOODPUT = 0.75  # of what it would have been
_KEPT = 128  # readings; at the manager's pace ten minutes
_IDLE_BPS = 10_000.0  # a slice that sent less tells nothing
_TELLING = 0.1  # of what the slices that try it sent


@dataclass(frozen=True, slots=True)
class Figures:
    """What slices sent and lost: bytes and packets put on links, packets that queues or meters
    dropped, and for how many seconds (of cumulative figures: when they were read).
    """

    sent_bytes: float = 0.0
    sent_packets: float = 0.0
    lost_packets: float = 0.0
    seconds: float = 0.0

    @property
    def loss(self) -> float:
        """Part of the packets lost, 0 to 1."""
        offered = self.sent_packets + self.lost_packets
        return self.lost_packets / offered if offered else 0.0

    @property
    def bps(self) -> float:
        """Bit/s."""
        return 8 * self.sent_bytes / self.seconds if self.seconds else 0.0

    def since(self, earlier: "Figures") -> "Figures":
        """What came after `earlier`; counters that went back (a restart) count from nought."""
        return Figures(
            max(0.0, self.sent_bytes - earlier.sent_bytes),
            max(0.0, self.sent_packets - earlier.sent_packets),
            max(0.0, self.lost_packets - earlier.lost_packets),
            self.seconds - earlier.seconds,
        )

    @staticmethod
    def total(parts: Iterable["Figures"]) -> "Figures":
        """All together, over the longest of their times."""
        known = list(parts)
        return Figures(
            sum(f.sent_bytes for f in known), sum(f.sent_packets for f in known),
            sum(f.lost_packets for f in known), max((f.seconds for f in known), default=0.0),
        )  # fmt: skip


def slice_figures(state: State) -> dict[str, Figures]:
    """Counters of every slice of the policy in force, summed over the network.

    What crosses several links counts on each, before a trial as during it.
    """
    names = {part.number: part.name for part in state.policy.slices}
    packets: Counter[int] = Counter()
    for (_, _, queue), counters in state.telemetry.queues.items():
        packets[queue - FIRST_QUEUE] += counters.tx_packets
    return {
        names[number]: Figures(
            traffic.bytes_total, packets[number], traffic.dropped_total,
            max((rate.read_at for rate in traffic.tx.values()), default=0.0),
        )
        for number, traffic in state.telemetry.by_slice().items()
        if number in names
    }  # fmt: skip


class Track:
    """What every slice did lately while nothing was tried, to know what is normal."""

    def __init__(self) -> None:
        self._last: Mapping[str, Figures] = {}
        self._kept: deque[Mapping[str, Figures]] = deque(maxlen=_KEPT)

    def note(self, now: Mapping[str, Figures], *, normal: bool = True) -> None:
        """Takes counters just read; what came since the last ones counts if it was `normal`."""
        if normal and self._last:
            self._kept.append(_between(self._last, now))
        self._last = now

    def lately(self, seconds: float) -> dict[str, Figures]:
        """What each slice did in about the last `seconds` of normal life, as far as is known."""
        total: dict[str, Figures] = {}
        for part in reversed(self._kept):
            if max((f.seconds for f in total.values()), default=0.0) >= seconds:
                break
            total = {name: _add(total.get(name, Figures()), f) for name, f in part.items()}
        return total


def _between(earlier: Mapping[str, Figures], now: Mapping[str, Figures]) -> dict[str, Figures]:
    return {name: f.since(earlier[name]) for name, f in now.items() if name in earlier}


def _add(a: Figures, b: Figures) -> Figures:
    return Figures(
        a.sent_bytes + b.sent_bytes, a.sent_packets + b.sent_packets,
        a.lost_packets + b.lost_packets, a.seconds + b.seconds,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to go on, and why, in words."""

    promote: bool
    why: str


def chosen(running: Policy, wanted: Policy, share: float) -> tuple[str, ...]:
    """The slices that try the new policy first: of those it changes, the given share, at least one.

    In order of name, so that the same two policies give the same slices.
    """
    now = {part.name: part for part in running.slices}
    changed = sorted(s.name for s in wanted.slices if s.name in now and now[s.name] != s)
    return tuple(changed[: max(1, round(share * len(changed)))])


def blend(running: Policy, wanted: Policy, names: Iterable[str]) -> Policy:
    """The running policy with the slices `names`, and what speaks of them alone, as wanted."""
    new: Mapping[str, Slice] = {part.name: part for part in wanted.slices}
    picked = set(names)
    return replace(
        running,
        slices=tuple(new[s.name] if s.name in picked else s for s in running.slices),
        limits=tuple(x for x in running.limits if x.slice_name not in picked)
        + tuple(x for x in wanted.limits if x.slice_name in picked),
        confinements=tuple(x for x in running.confinements if x.slice_name not in picked)
        + tuple(x for x in wanted.confinements if x.slice_name in picked),
    )


def verdict(
    trying: tuple[Figures, Figures], others: tuple[Figures, Figures], names: Iterable[str]
) -> Verdict:
    """Judges a trial.

    Args:
        trying: Of the slices that try it, (before, during).
        others: Of all others.
        names: Of the slices that try it, for the words.
    """
    who = ", ".join(names)
    extra = (trying[1].loss - trying[0].loss) - (others[1].loss - others[0].loss)
    if extra > MOST_EXTRA_LOSS:
        return Verdict(False, f"{who}: loss went from {trying[0].loss:.1%} to {trying[1].loss:.1%}"
                       f", {extra:.1%} more than for the others")  # fmt: skip
    if trying[0].bps < _IDLE_BPS:
        return Verdict(True, f"{who}: idle before, or not known then; no loss to be seen")
    change = (trying[1].bps + _IDLE_BPS) / (trying[0].bps + _IDLE_BPS)
    # Others that hardly send tell nothing about what happened to everybody.
    telling = others[0].bps >= _TELLING * trying[0].bps
    general = (others[1].bps + _IDLE_BPS) / (others[0].bps + _IDLE_BPS) if telling else 1.0
    told = f"{who}: {_mbps(trying[0])} before, {_mbps(trying[1])} during; loss {trying[1].loss:.1%}"
    if change < LEAST_GOODPUT * min(1.0, general):
        return Verdict(False, f"{told}; the others kept {general:.0%} of theirs")
    return Verdict(True, told)


def _mbps(figures: Figures) -> str:
    return f"{figures.bps / 1e6:.2f} Mbit/s"
