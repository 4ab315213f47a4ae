import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.metrics import Part, goodput_bps, measure, percentile
from demo.programs import JobKind
from demo.records import Iteration, Request, Scrape, Transfer
from demo.window import Window

WINDOW = Window(10.0, 20.0)
ALL = frozenset({JobKind.TRAINING, JobKind.INFERENCE, JobKind.BULK, JobKind.SCRAPE})


def part(**changes):
    records = {
        "inference-client": (
            Request(9.9, 9.0, True, 1000, 1000),  # warm-up: not counted
            Request(10.0, 0.010, True, 1000, 1000),
            Request(15.0, 0.030, True, 1000, 1000),
            Request(19.9, 5.000, False, 1000, 0),
        ),
        "training-0": (
            Iteration(0, 8.0, 9.5, 1.0, 4_000),
            Iteration(1, 9.5, 10.5, 1.0, 4_000),
            Iteration(2, 10.5, 12.0, 1.0, 4_000),
        ),
        "bulk-receiver": (Transfer(9.5, 0), Transfer(10.5, 2_000_000), Transfer(20.5, 22_000_000)),
        "scraper": (Scrape(11.0, 0.02, 257),),
    }
    link_bytes = {("leaf1", "spine1"): 62_500_000, ("leaf1", "spine2"): 31_250_000}
    return dataclasses.replace(Part(ALL, WINDOW, records, link_bytes), **changes)


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=60),
    st.sampled_from([0.0, 0.25, 0.5, 0.99, 1.0]),
)
def test_percentile_is_numpys(values, share):
    assert percentile(values, share) == pytest.approx(np.percentile(values, 100 * share))


def test_percentile_of_nothing_is_none():
    assert percentile([], 0.5) is None


def test_an_arm_counts_what_fell_in_its_window(scenario):
    metrics = measure(scenario, [part()]).metrics
    assert metrics.inference_requests == 3
    assert metrics.inference_unfinished == 1
    assert metrics.inference_p50_s == pytest.approx(0.030)
    assert metrics.iterations == 2
    assert metrics.iteration_mean_s == pytest.approx(1.25)
    assert metrics.scrapes == 1


def test_goodput_is_read_off_the_receivers_counter():
    # 1 MB by 10.0, 21 MB by 20.0: 20 MB in 10 s
    assert goodput_bps(part()) == pytest.approx(16e6)


def test_goodput_needs_samples_on_both_sides_of_the_window():
    assert goodput_bps(part(records={"bulk-receiver": (Transfer(12.0, 5),)})) is None


def test_utilisation_is_of_the_trunks_that_leave_the_senders_switch(scenario):
    # 93.75 MB in 10 s over 2 x 50 Mbit/s
    metrics = measure(scenario, [part()]).metrics
    assert metrics.link_utilisation == pytest.approx(0.75)
    assert metrics.max_link_utilisation == pytest.approx(1.0)


def test_priority_traffic_is_requests_and_one_ring_edge(scenario):
    # 3 requests of 1000 B, 2 iterations of 1.5 x 4000 B over the edge from rank 0 to rank 1
    metrics = measure(scenario, [part()]).metrics
    assert metrics.priority_bps == pytest.approx((3 * 1000 + 2 * 6000) * 8 / 10)


def test_a_job_that_finished_nothing_is_a_note_and_not_an_error(scenario):
    result = measure(scenario, [part(records={"bulk-receiver": ()})])
    assert result.metrics.inference_p99_s is None
    assert result.metrics.iteration_mean_s is None
    assert result.metrics.bulk_goodput_bps is None
    assert len(result.notes) == 4


def test_the_arm_alone_is_put_together_from_parts(scenario):
    parts = [part(kinds=frozenset({kind})) for kind in (JobKind.TRAINING, JobKind.BULK)]
    records = parts[0].records
    parts[0] = dataclasses.replace(parts[0], records={"training-0": records["training-0"]})
    parts[1] = dataclasses.replace(parts[1], records={"bulk-receiver": records["bulk-receiver"]})
    result = measure(scenario, parts)
    assert result.metrics.iterations == 2
    assert result.metrics.bulk_goodput_bps == pytest.approx(16e6)
    assert result.metrics.priority_bps == 0
    assert result.notes == ()
