"""What the benchmark of the demo makes of the demo's document."""

import pytest

from benchmarks.demo import _agent_notes, _weak_part

NAMES = (
    "inference_p50_s", "inference_p99_s", "iteration_mean_s", "iteration_p99_s",
    "bulk_goodput_bps", "priority_bps", "scrape_p99_s", "link_utilisation",
)  # fmt: skip


def figures(value: float | None) -> dict[str, float | None]:
    return {**dict.fromkeys(NAMES, 1.0), "iteration_mean_s": value}


DOCUMENT = {
    "topology": "leafspine",
    "weakened": "leaf1-spine1=0.1",
    "arms": {"static": figures(5.0), "agent": figures(0.6)},
    "runs": [
        {"static": figures(6.0), "agent": figures(0.6)},
        {"static": figures(1.0), "agent": figures(0.5)},
        {"static": figures(None), "agent": figures(0.6)},  # no step ended in the window
    ],
    "agent": [{"agent": "default", "turns": 9, "verdicts": {"applied": 2, "held": 7}}],
}


def test_ratios_are_of_the_same_repeat_and_their_spread_is_shown() -> None:
    part = _weak_part(DOCUMENT)
    row = next(row for row in part.rows if row[0] == "iteration mean, ms")
    assert row[1:6] == pytest.approx((5000.0, 600.0, 0.3, 0.1, 0.5))
    assert part.title == "leafspine with leaf1-spine1=0.1"


def test_what_became_of_the_advice_is_noted() -> None:
    assert _agent_notes(DOCUMENT) == ["agent default, repeat 1: 9 answers, 2 applied, 7 held"]
