"""The benchmarks of environments and jobs measure what they say."""

import numpy as np
import pytest
from shortest_paths import k_shortest

from benchmarks import environments, jobs
from benchmarks.result import Options
from rl_agent.jobs.fabric import network_of
from topologies.registry import build


def test_the_loop_finds_the_largest_utilisation() -> None:
    paths = k_shortest(network_of(build("ring,n=5")), 2)
    rng = np.random.default_rng(1)
    logits, demands = rng.normal(size=len(paths.pair)), rng.uniform(size=len(paths.pairs))
    expected = paths.max_utilisation(paths.softmax(logits), demands)
    assert environments.largest_by_loop(paths, logits, demands) == pytest.approx(float(expected))


@pytest.mark.slow
def test_environments_runs() -> None:
    result = environments.run(Options(quick=True))
    assert [len(part.rows) for part in result.parts] == [7, 4]


@pytest.mark.slow
def test_jobs_runs() -> None:
    (part,) = jobs.run(Options(quick=True)).parts
    assert [row[0] for row in part.rows] == [f"4 jobs, {name}" for name in jobs._METHODS]
