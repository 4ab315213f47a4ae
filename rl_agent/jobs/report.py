"""An episode's outcome in the words of those who run the jobs.

Owns the figures only: iteration time, request latency, completion time, as ratios to the job alone
at access-link rate and in seconds.
"""

from dataclasses import dataclass

import numpy as np

from controller.advice.network import FloatArray
from rl_agent.jobs.simulation import Simulation
from rl_agent.jobs.workload import Kind


@dataclass(frozen=True, slots=True)
class Times:
    """Times of one kind of job: the mean and 99th percentile ratio, and seconds; NaN if none."""

    finished: int
    mean_ratio: float
    p99_ratio: float
    mean_s: float
    p99_s: float


def times(simulation: Simulation, kind: Kind, row: int | None = None) -> Times:
    """Of all finished cycles of a kind, in one environment or (None) in all of them."""
    which = simulation.work.kind == kind
    if row is not None:
        which = which & (np.arange(len(which)) == row)[:, None]
    ratio, took_s = simulation.ratio[which], simulation.took_s[which]
    known = ~np.isnan(ratio)
    return Times(int(known.sum()), *_mean_p99(ratio[known]), *_mean_p99(took_s[known]))


def as_info(simulation: Simulation, row: int) -> dict[str, float]:
    """The same of one environment, every kind, flat, for Gymnasium's info."""
    info: dict[str, float] = {}
    for kind in Kind:
        seen = times(simulation, kind, row)
        name = kind.name.lower()
        info[f"{name}_finished"] = float(seen.finished)
        info[f"{name}_mean_ratio"], info[f"{name}_p99_ratio"] = seen.mean_ratio, seen.p99_ratio
        info[f"{name}_mean_s"], info[f"{name}_p99_s"] = seen.mean_s, seen.p99_s
    return info


def _mean_p99(values: FloatArray) -> tuple[float, float]:
    if not values.size:
        return float("nan"), float("nan")
    return float(values.mean()), float(np.percentile(values, 99))
