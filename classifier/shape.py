"""The shape of a flow: bounded statistics of its packets, in a few hundred bytes.

Owns what is counted and how it is forgotten. Knows sizes, sides and times, never bytes or ports,
and decides nothing. Nothing here depends on how a sender cuts its data into packets: what one side
sends without a pause and without an answer is one message, and what both send between two silences
is one burst.
"""

import math
from array import array
from typing import NamedTuple

from classifier.model import Side

MESSAGE_PAUSE_S = 0.003  # a longer one ends a message; tokens of a fast model are 5 ms apart
BIG_BYTES = 2048  # from here on a message is data
BURSTS = 14  # remembered at most
OCTAVE = 1024  # steps of the logarithms that are kept, 0.07% each
SIZE_EDGES = (32, 128, 512, 2048, 8192, 65536, 1 << 20)  # bytes; between the bins of messages
GAP_EDGES_S = (0.000256, 0.001024, 0.004096, 0.016384, 0.065536, 0.262144, 1.048576)

_PAUSE_US = round(MESSAGE_PAUSE_S * 1e6)
_MOST_COUNTED = 1 << 62  # a switch says 2**64 - 1 where it has no counter
_SAME = 2  # steps: 0.2%, less than a byte of 350
# Silences of two kinds: at least so many long ones, so many steps longer than the others.
_KINDS = ((2, 5 * OCTAVE // 2), (4, 4 * OCTAVE // 3))
_RESET = 128  # a burst of so many silences' length: what counts as silence is too long
_KEPT = 2 * BURSTS // 3
_MASK = 0xFFFF
_HALVES = 0x7F7F7F7F7F7F7F7F

# Places in the state. The four histograms of gaps are by (who sent before, who sends now).
_BYTES, _LAST, _SIZES, _GAPS = 2, 4, 6, 8
_SIDE, _OPEN, _QUIET, _START, _BEFORE, _BURSTS, _IDLE = 12, 13, 14, 15, 16, 18, 19
_RING = 20
_WORDS = _RING + BURSTS

# by the number of bits
_SIZE_BIN = tuple(sum(1 << bits > edge for edge in SIZE_EDGES) for bits in range(65))
_GAP_BIN = tuple(sum(1 << bits > edge * 1e6 for edge in GAP_EDGES_S) for bits in range(65))


class Burst(NamedTuple):
    """What both sides sent between two silences.

    Attributes:
        interval_s: From the start of the burst before to this one's.
        idle_s: The silence before it.
        sent: Payload bytes of the client and of the server.
    """

    interval_s: float
    idle_s: float
    sent: tuple[int, int]


class Shape:
    """One flow's statistics. Times are the caller's, in seconds, of any origin.

    Attributes:
        first, last: When the first and the last payload packet were seen.
    """

    __slots__ = ("_state", "first", "last")

    def __init__(self) -> None:
        self.first = 0.0
        self.last = 0.0
        self._state = array("Q", bytes(8 * _WORDS))

    def add(self, now: float, side: Side, payload_bytes: int) -> None:
        """Take one packet in. Packets without payload leave no trace."""
        if not payload_bytes:
            return
        state = self._state
        gap = now - self.last
        if gap < 0 and state[_OPEN]:  # clocks of captures are set back, and merged files differ
            now, gap = self.last, 0.0
        if state[_OPEN] and side == state[_SIDE] and gap < MESSAGE_PAUSE_S:
            state[_OPEN] += payload_bytes
        else:
            if state[_OPEN]:
                self._next_message(now, side, int(gap * 1e6))
            else:
                self.first = now
                state[_QUIET] = _PAUSE_US
            state[_SIDE] = side
            state[_OPEN] = payload_bytes
        self.last = now
        state[side] += 1
        state[_BYTES + side] += payload_bytes

    def count(self, side: Side, packets: int, payload_bytes: int) -> None:
        """Take in packets that were only counted: of their times and order nothing is known."""
        state = self._state
        for at, more in ((side, packets), (_BYTES + side, payload_bytes)):
            state[at] += min(more, max(0, _MOST_COUNTED - state[at]))

    @property
    def packets(self) -> tuple[int, int]:
        """Packets with payload, of the client and of the server."""
        return self._state[0], self._state[1]

    @property
    def bytes(self) -> tuple[int, int]:
        """Payload bytes, of the client and of the server."""
        return self._state[_BYTES], self._state[_BYTES + 1]

    @property
    def duration_s(self) -> float:
        """From the first payload packet to the last."""
        return self.last - self.first

    def sizes(self, side: Side) -> tuple[int, ...]:
        """Finished messages of a side in each bin of `SIZE_EDGES`; old ones count less."""
        return _bins(self._state[_SIZES + side])

    def gaps(self, before: Side, side: Side) -> tuple[int, ...]:
        """Pauses ahead of a side's messages after one of `before`, in bins of `GAP_EDGES_S`."""
        return _bins(self._state[_GAPS + 2 * before + side])

    def alike(self, side: Side, big: bool) -> tuple[int, int]:
        """How many messages of a side were as long as the one before, within 0.2%, of how many.

        Those of `BIG_BYTES` or more apart from the others, as headers go between them. Old ones
        count less.
        """
        pair = self._state[_LAST + side] >> (48 if big else 32) & _MASK
        return pair >> 8, pair & 0xFF

    @property
    def open_bytes(self) -> int:
        """What the message that is still going on has brought so far."""
        return self._state[_OPEN]

    @property
    def open_side(self) -> Side:
        """Whose message is still going on."""
        return Side(self._state[_SIDE])

    def bursts(self) -> list[Burst]:
        """The last bursts, the one that is still going on being the last."""
        return [
            Burst(
                _number(interval) / 1e6,
                _number(idle) / 1e6,
                (round(_number(client)), round(_number(server))),
            )
            for interval, idle, client, server in self.burst_codes()
        ]

    def burst_codes(self) -> list[tuple[int, int, int, int]]:
        """The same as logarithms, `OCTAVE` steps to a factor of two.

        Of the interval and the silence in us, and the bytes of the client and of the server, each
        plus one.
        """
        state = self._state
        if not state[_OPEN]:
            return []
        words = [*state[_RING : _RING + state[_BURSTS]], self._burst()]
        return [(w & _MASK, w >> 16 & _MASK, w >> 32 & _MASK, w >> 48) for w in words]

    def _next_message(self, now: float, side: Side, gap_us: int) -> None:
        state = self._state
        before, size = state[_SIDE], state[_OPEN]
        code = _code(size)
        state[_LAST + before] = _compared(state[_LAST + before], code, size >= BIG_BYTES)
        state[_SIZES + before] = _counted(state[_SIZES + before], _SIZE_BIN[size.bit_length()])
        place = _GAPS + 2 * before + side
        state[place] = _counted(state[place], _GAP_BIN[gap_us.bit_length()])
        if gap_us >= state[_QUIET]:
            self._next_burst(now, gap_us)
        elif gap_us >= _PAUSE_US and self._age_us(now) > _RESET * state[_QUIET]:
            state[_QUIET] = _PAUSE_US

    def _next_burst(self, now: float, idle_us: int) -> None:
        state = self._state
        if state[_BURSTS] == BURSTS:
            self._forget()
        state[_RING + state[_BURSTS]] = self._burst()
        state[_BURSTS] += 1
        interval_us = self._age_us(now)
        state[_START] += interval_us
        state[_IDLE] = _code(interval_us) | _code(idle_us) << 16
        state[_BEFORE] = state[_BYTES]
        state[_BEFORE + 1] = state[_BYTES + 1]

    def _forget(self) -> None:
        """Make room: join bursts that only short silences part, then drop the oldest.

        What is short is told from the silences themselves, so that an iteration of many small
        steps and a long computation ends up as one burst, whether it takes 20 ms or 20 s.
        """
        state = self._state
        words = state[_RING : _RING + BURSTS]
        short = _short([word >> 16 & _MASK for word in words])
        kept: list[int] = []
        later = 0  # how much later the next one kept begins
        for word in words:
            if kept and word >> 16 & _MASK < short:
                kept[-1] = _joined(kept[-1], word)
                later += round(_number(word & _MASK))
            else:
                kept.append(_delayed(word, later))
                later = 0
        state[_IDLE] = _delayed(state[_IDLE], later)
        if len(kept) < BURSTS:
            state[_QUIET] = max(state[_QUIET], round(_number(short)))
        kept = kept[-_KEPT:]
        state[_RING : _RING + len(kept)] = array("Q", kept)
        state[_BURSTS] = len(kept)

    def _burst(self) -> int:
        """The burst that is going on, as the ring holds it."""
        state = self._state
        client, server = (_code(state[_BYTES + side] - state[_BEFORE + side]) for side in (0, 1))
        return state[_IDLE] | client << 32 | server << 48

    def _age_us(self, now: float) -> int:
        return max(0, int((now - self.first) * 1e6) - self._state[_START])


def _code(number: int) -> int:
    """A number of up to 63 bits in 16: its logarithm."""
    return int(math.log2(number + 1) * OCTAVE + 0.5)


def _number(code: int) -> float:
    return float(2 ** (code / OCTAVE)) - 1


def _short(idles: list[int]) -> int:
    """Below this, a silence only parts the steps of something; 0: all are of one kind.

    It is looked for where two neighbours in length differ most.
    """
    idles.sort()
    for most, jump in _KINDS:
        steps = [(idles[at] - idles[at - 1], at) for at in range(1, len(idles) - most + 1)]
        widest, at = max(steps)
        if widest >= jump:
            return idles[at] - widest // 2
    return 0


def _joined(word: int, other: int) -> int:
    """Two bursts as one that begins with the first."""
    sent = [
        _code(round(_number(word >> shift & _MASK) + _number(other >> shift & _MASK)))
        for shift in (32, 48)
    ]
    return word & 0xFFFFFFFF | sent[0] << 32 | sent[1] << 48


def _delayed(word: int, later_us: int) -> int:
    """A burst with a longer interval before it."""
    if not later_us:
        return word
    return word & ~_MASK | _code(round(_number(word & _MASK)) + later_us)


def _compared(word: int, code: int, big: bool) -> int:
    """A side's last lengths and how often they came again, after one more message.

    From the lowest bit: the last small and the last big length, 16 bits each; how many small ones
    and how many of them were as the one before, 8 bits each; the same of the big ones.
    """
    place, counts = (16, 48) if big else (0, 32)
    again = abs(code - (word >> place & _MASK)) <= _SAME
    pair = word >> counts & _MASK
    if pair & 0xFF == 0xFF:
        pair = pair >> 1 & 0x7F7F
    pair += again << 8 | 1
    return word & ~(_MASK << place | _MASK << counts) | code << place | pair << counts


def _counted(word: int, place: int) -> int:
    """A histogram of eight bins of eight bits after one more; a full bin halves all."""
    shift = 8 * place
    if word >> shift & 0xFF == 0xFF:
        word = word >> 1 & _HALVES
    return word + (1 << shift)


def _bins(word: int) -> tuple[int, ...]:
    return tuple(word.to_bytes(8, "little"))
