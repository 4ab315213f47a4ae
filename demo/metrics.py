"""From what jobs wrote down to an arm's figures: pure.

Owns what is counted and how: which records belong to the window, percentiles, goodput,
utilisation. It must not start jobs or print. A job that finished nothing in its window gives None
and a note, never an exception: that is a result, and on a plain network a likely one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

from demo.programs import JobKind
from demo.records import Iteration, Record, Request, Scrape, Transfer
from demo.scenario import Scenario
from demo.window import Window


@dataclass(frozen=True, slots=True)
class Part:
    """One run of some jobs together.

    Attributes:
        records: what each program wrote down, by its name.
        link_bytes: bytes sent over each trunk within the window, by (from switch, to switch).
    """

    kinds: frozenset[JobKind]
    window: Window
    records: Mapping[str, tuple[Record, ...]]
    link_bytes: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class ArmMetrics:
    """An arm's figures; None where nothing was finished, or where another arm is needed.

    `priority_bps` is what all jobs but the bulk sent over the bottleneck (body bits per second).
    `bulk_leftover_bps` is the bulk's goodput alone minus that: what was left over for the bulk.
    """

    inference_p50_s: float | None = None
    inference_p99_s: float | None = None
    inference_requests: int = 0
    inference_unfinished: int = 0
    iteration_mean_s: float | None = None
    iteration_p99_s: float | None = None
    iterations: int = 0
    bulk_goodput_bps: float | None = None
    bulk_leftover_bps: float | None = None
    bulk_share_of_leftover: float | None = None
    priority_bps: float | None = None
    scrape_p50_s: float | None = None
    scrape_p99_s: float | None = None
    scrapes: int = 0
    link_utilisation: float | None = None
    max_link_utilisation: float | None = None

    def value(self, name: str) -> float | None:
        """A figure by its name."""
        value: float | None = getattr(self, name)
        return value


METRICS = tuple(field.name for field in fields(ArmMetrics))


@dataclass(frozen=True, slots=True)
class ArmResult:
    """An arm's figures, with the samples behind them for a chart, and what there is to say."""

    metrics: ArmMetrics
    latencies_s: tuple[float, ...] = ()
    iterations_s: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which that share (0..1) lies, linear between ranks; None of nothing.

    The same definition as NumPy's default (Hyndman and Fan, type 7).
    """
    if not values:
        return None
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean; None of nothing."""
    return math.fsum(values) / len(values) if values else None


def measure(scenario: Scenario, parts: Sequence[Part]) -> ArmResult:
    """The figures of one arm, from the part or parts it was run in."""
    requests = _requests(parts)
    iterations = _iterations(parts)
    scrapes = _scrapes(parts)
    bulk = _part_with(parts, JobKind.BULK)
    latencies_s = tuple(request.latency_s for request in requests)
    iterations_s = tuple(step.end_s - step.begin_s for step in iterations)
    scrapes_s = tuple(scrape.latency_s for scrape in scrapes)
    metrics = ArmMetrics(
        inference_p50_s=percentile(latencies_s, 0.50),
        inference_p99_s=percentile(latencies_s, 0.99),
        inference_requests=len(requests),
        inference_unfinished=sum(not request.finished for request in requests),
        iteration_mean_s=mean(iterations_s),
        iteration_p99_s=percentile(iterations_s, 0.99),
        iterations=len(iterations),
        bulk_goodput_bps=None if bulk is None else goodput_bps(bulk),
        priority_bps=None if bulk is None else priority_bps(scenario, bulk),
        scrape_p50_s=percentile(scrapes_s, 0.50),
        scrape_p99_s=percentile(scrapes_s, 0.99),
        scrapes=len(scrapes),
        link_utilisation=None if bulk is None else bottleneck_utilisation(scenario, bulk),
        max_link_utilisation=None if bulk is None else _max_utilisation(scenario, bulk),
    )
    return ArmResult(metrics, latencies_s, iterations_s, _notes(parts, metrics))


def goodput_bps(part: Part) -> float | None:
    """Body bits per second the bulk receiver took in over the window; None without samples."""
    samples = [record for record in part.records["bulk-receiver"] if isinstance(record, Transfer)]
    at_begin = _bytes_at(samples, part.window.begin_s)
    at_end = _bytes_at(samples, part.window.end_s)
    if at_begin is None or at_end is None:
        return None
    return (at_end - at_begin) * 8 / part.window.length_s


def priority_bps(scenario: Scenario, part: Part) -> float:
    """Body bits per second of all other jobs that left over the bottleneck in the window.

    A rank sends 2(n-1)/n of its gradient's bytes to the next one in each ring all-reduce
    (Patarasuk and Yuan, 2009); an inference request is counted where it crosses, its answer comes
    the other way.
    """
    placement = scenario.placement
    total_bytes = 0.0
    if scenario.leaves_bottleneck(placement.inference_client, placement.inference_server):
        total_bytes += sum(request.request_bytes for request in _requests([part]))
    if scenario.leaves_bottleneck(placement.inference_server, placement.inference_client):
        total_bytes += sum(request.response_bytes for request in _requests([part]))
    crossing = sum(scenario.leaves_bottleneck(*edge) for edge in scenario.ring_edges())
    ranks = len(placement.ranks)
    for step in _iterations([part]):
        total_bytes += crossing * step.gradient_bytes * 2 * (ranks - 1) / ranks
    return total_bytes * 8 / part.window.length_s


def bottleneck_utilisation(scenario: Scenario, part: Part) -> float:
    """Share of the bottleneck's summed rate that was sent, 0..1, headers included."""
    switch = scenario.host(scenario.placement.bulk_sender).switch
    sent = sum(amount for (source, _), amount in part.link_bytes.items() if source == switch)
    return sent * 8 / part.window.length_s / scenario.bottleneck_bps()


def _max_utilisation(scenario: Scenario, part: Part) -> float:
    """The same for the busiest single trunk and direction of the network."""
    rates = {frozenset((link.a, link.b)): link.rate_bps for link in scenario.topology.links}
    return max(
        amount * 8 / part.window.length_s / rates[frozenset(ends)]
        for ends, amount in part.link_bytes.items()
    )


def _bytes_at(samples: Sequence[Transfer], instant_s: float) -> float | None:
    """The counter at an instant, linear between the samples around it; None outside them."""
    for before, after in pairwise(samples):
        if before.at_s <= instant_s <= after.at_s:
            share = (instant_s - before.at_s) / (after.at_s - before.at_s)
            return before.bytes_total + share * (after.bytes_total - before.bytes_total)
    return None


def _requests(parts: Iterable[Part]) -> list[Request]:
    """Requests that were meant to be sent in the window, answered or not."""
    return [
        record
        for part in parts
        for record in part.records.get("inference-client", ())
        if isinstance(record, Request) and record.intended_s in part.window
    ]


def _iterations(parts: Iterable[Part]) -> list[Iteration]:
    """Rank 0's steps that ended in the window; all ranks step together."""
    return [
        record
        for part in parts
        for record in part.records.get("training-0", ())
        if isinstance(record, Iteration) and record.end_s in part.window
    ]


def _scrapes(parts: Iterable[Part]) -> list[Scrape]:
    return [
        record
        for part in parts
        for record in part.records.get("scraper", ())
        if isinstance(record, Scrape) and record.intended_s in part.window
    ]


def _part_with(parts: Sequence[Part], kind: JobKind) -> Part | None:
    return next((part for part in parts if kind in part.kinds), None)


def _notes(parts: Sequence[Part], metrics: ArmMetrics) -> tuple[str, ...]:
    """What did not happen, in words."""
    kinds = frozenset[JobKind]().union(*(part.kinds for part in parts))
    counts = (
        (JobKind.INFERENCE, metrics.inference_requests, "no inference request fell in the window"),
        (JobKind.TRAINING, metrics.iterations, "no training iteration ended in the window"),
        (JobKind.BULK, metrics.bulk_goodput_bps, "the bulk upload moved nothing in the window"),
        (JobKind.SCRAPE, metrics.scrapes, "no scrape fell in the window"),
    )
    notes = [words for kind, amount, words in counts if kind in kinds and not amount]
    if metrics.inference_unfinished:
        notes.append(
            f"{metrics.inference_unfinished} of {metrics.inference_requests} inference requests "
            "were never answered; they count with the time they had waited"
        )
    return tuple(notes)
