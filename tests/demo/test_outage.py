import pytest

from demo.jobs.probe import StreamWatch
from demo.outage import Outage, Repair, candidate_links, choose_link, read_cut
from demo.records import ProbeStream
from demo.scenario import plan_scenario
from topologies.registry import build

LINK = ("leaf1", "spine1")


def test_the_link_in_use_is_chosen_by_the_direction_that_is_asked_about(scenario):
    candidates = candidate_links(scenario)
    carried = {("leaf1", "spine1"): 90, ("leaf1", "spine2"): 2, ("spine2", "leaf1"): 80}
    assert choose_link(candidates, "leaf1", carried, Repair.LOCAL) == ("leaf1", "spine1")
    assert choose_link(candidates, "leaf1", carried, Repair.REMOTE) == ("leaf1", "spine2")


def test_a_topology_without_a_second_way_has_nothing_to_cut():
    assert candidate_links(plan_scenario(build("dumbbell"), seed=1)) == ()


def test_the_longest_gap_that_spans_the_cut_is_the_outage():
    hit = ProbeStream(0, 990, 10, 0.011, 5.0)
    early = ProbeStream(1, 999, 1, 0.500, 1.0)  # a gap long before the cut: not its doing
    unhurt = ProbeStream(2, 1000, 0, 0.020, 5.0)
    cut = read_cut(LINK, Repair.LOCAL, 5.001, [hit, early, unhurt])
    assert cut.outage_s == 0.011
    assert cut.packets_lost == 11


def test_an_outage_is_the_worst_of_its_cuts():
    local = read_cut(LINK, Repair.LOCAL, 5.0, [ProbeStream(0, 990, 10, 0.010, 5.0)])
    remote = read_cut(LINK, Repair.REMOTE, 5.0, [ProbeStream(0, 950, 50, 0.050, 5.0)])
    outage = Outage((local, remote))
    assert outage.outage_s == 0.050
    assert outage.of(Repair.LOCAL) == 0.010
    assert outage.packets_lost == 60
    assert Outage(()).outage_s is None


def test_a_stream_watch_counts_losses_and_the_longest_silence():
    watch = StreamWatch(0, last_at_s=0.0)
    for sequence, at_s in ((10, 0.001), (11, 0.002), (15, 0.030), (16, 0.031)):
        watch.packet(sequence, at_s)
    summary = watch.summary(until_s=0.0315, rate_per_s=1000)
    assert (summary.received, summary.lost) == (4, 3)
    assert abs(summary.longest_gap_s - 0.028) < 1e-9
    assert summary.longest_gap_at_s == 0.002


def test_a_silence_to_the_end_is_lost_packets_too():
    watch = StreamWatch(0, last_at_s=0.0)
    watch.packet(0, 0.001)
    summary = watch.summary(until_s=1.001, rate_per_s=1000)
    assert summary.lost in (999, 1000)
    assert summary.longest_gap_s == pytest.approx(1.0)
