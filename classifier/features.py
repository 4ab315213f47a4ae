"""What a shape is described by, in numbers that mean the same at any rate, packet size and side.

Owns the list of features, which the shipped model is bound to. Must not use absolute sides: who
began isn't known of a flow that was joined midway, so the side that sent more comes first.
"""

from math import log2

from classifier.model import Side
from classifier.shape import OCTAVE, Shape

NAMES = (
    "bytes", "bytes back", "bytes ratio", "packet", "packet back", "packets", "duration", "rate",
    *(f"messages {size}" for size in ("32", "128", "512", "2k", "8k", "64k", "1M", "more")),
    *(f"messages back {size}" for size in ("32", "128", "512", "2k", "8k", "64k", "1M", "more")),
    "in a row", "in a row back",
    *(f"pause {gap}" for gap in ("1 ms", "4 ms", "16 ms", "66 ms", "262 ms", "1 s", "more")),
    "answer", "answer spread", "question", "question spread",
    "alike small", "alike big", "alike small back", "alike big back",
    "bursts", "interval", "interval spread", "silence", "silence share", "volume",
    "volume spread", "volume back", "balance", "busy",
)  # fmt: skip


def features(shape: Shape) -> list[float]:
    """The numbers called `NAMES`; of a shape with at least one packet."""
    more = Side.SERVER if shape.bytes[1] > shape.bytes[0] else Side.CLIENT
    less = Side(1 - more)
    return [
        *_volumes(shape, more, less),
        *_messages(shape, more, less),
        *_pauses(shape, more, less),
        *_bursts(shape, more, less),
    ]


def _volumes(shape: Shape, more: Side, less: Side) -> list[float]:
    sent, packets, duration = shape.bytes, shape.packets, shape.duration_s
    most, least = log2(sent[more] + 1), log2(sent[less] + 1)
    return [
        most,
        least,
        most - least,
        log2(sent[more] / (packets[more] or 1) + 1),
        log2(sent[less] / (packets[less] or 1) + 1),
        log2(packets[0] + packets[1] or 1),
        log2(duration + 0.001),
        most - log2(duration + 0.001),
    ]


def _messages(shape: Shape, more: Side, less: Side) -> list[float]:
    """Shares of the bins of message sizes; half of one belongs to each that is unseen."""
    found: list[float] = []
    for side in (more, less):
        sizes = shape.sizes(side)
        total = sum(sizes) + 0.5
        found += [size / total for size in sizes]
    return found


def _pauses(shape: Shape, more: Side, less: Side) -> list[float]:
    row, row_back = shape.gaps(more, more), shape.gaps(less, less)
    question, answer = shape.gaps(more, less), shape.gaps(less, more)
    turns = sum(question) + sum(answer)
    on, back = sum(row), sum(row_back)
    total = turns + on + back + 0.5
    both = [one + other for one, other in zip(row, row_back, strict=True)]
    same = on + back + 0.5
    return [
        on / total,
        back / total,
        (both[0] + both[1]) / same,
        *(count / same for count in both[2:]),
        *_centre(answer),
        *_centre(question),
        *(_again(shape, side, big) for side in (more, less) for big in (False, True)),
    ]


def _again(shape: Shape, side: Side, big: bool) -> float:
    again, number = shape.alike(side, big)
    return again / (number + 0.5)


def _centre(counts: tuple[int, ...]) -> tuple[float, float]:
    """Mean and variance of the bin; -1 where there is none."""
    total = sum(counts)
    if not total:
        return -1.0, 0.0
    mean = sum(place * count for place, count in enumerate(counts)) / total
    squares = sum(place * place * count for place, count in enumerate(counts)) / total
    return mean, squares - mean * mean


def _bursts(shape: Shape, more: Side, less: Side) -> list[float]:
    codes = shape.burst_codes() or [(0, 0, 0, 0)]  # all were only counted
    number = len(codes)
    if number == 1:
        volumes = codes[0][2 + more] / OCTAVE, codes[0][2 + less] / OCTAVE
        return [1.0, 0.0, 0.0, 0.0, 0.0, volumes[0], 0.0, volumes[1], volumes[0] - volumes[1], 1.0]
    later = codes[1:]
    interval, interval_spread = _middle([code[0] for code in later])
    silence = sorted(code[1] for code in later)[(number - 1) // 2]
    volume, volume_spread = _middle([code[2 + more] for code in codes])
    back = sorted(code[2 + less] for code in codes)[number // 2]
    busy = sum(code[2] > 0 and code[3] > 0 for code in codes)
    balance = sum(code[2 + more] - code[2 + less] for code in codes)
    return [
        float(number),
        interval / OCTAVE,
        interval_spread / OCTAVE,
        silence / OCTAVE,
        (interval - silence) / OCTAVE,
        volume / OCTAVE,
        volume_spread / OCTAVE,
        back / OCTAVE,
        balance / number / OCTAVE,
        busy / number,
    ]


def _middle(codes: list[int]) -> tuple[int, int]:
    """Median and the distance between the quartiles."""
    codes.sort()
    number = len(codes)
    return codes[number // 2], codes[3 * number // 4] - codes[number // 4]
