"""Jobs take the time they should: patterns, cycles, collisions, priorities, conservation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.load import load_policy
from rl_agent.errors import JobsError
from rl_agent.jobs.collectives import Collective
from rl_agent.jobs.core import Decision, JobsCore, Setting
from rl_agent.jobs.deal import draw
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.report import times
from rl_agent.jobs.rivals import Ecmp, LeastLoaded
from rl_agent.jobs.simulation import Simulation
from rl_agent.jobs.workload import Kind, Mix
from topologies.registry import build

FABRIC = Fabric.of(build("leafspine,spines=2,leaves=3,hosts=3,rate=100M"))
QUIET = Mix(training=1, ranks=3, inference=0, federated=0, checkpoints=0, background=0)
MIXED = Mix(training=2, ranks=3, inference=2, federated=1, checkpoints=1, background=2)


def _play(setting, advisor, seeds):
    core = JobsCore(setting, len(seeds))
    chosen = advisor(core.even)
    view, total = core.reset([np.random.default_rng(seed) for seed in seeds]), 0.0
    while not core.over:
        view, reward = core.step(chosen.decide(view))
        total = total + reward
    return core, total


@pytest.mark.parametrize("collective", Collective)
@pytest.mark.parametrize("ranks", [2, 3, 5])
def test_patterns_reach_every_rank_and_send_what_the_algorithm_must(collective, ranks):
    stages = collective.stages(ranks)
    for stage in stages:
        assert all(a != b and 0 <= a < ranks and 0 <= b < ranks for a, b, _ in stage)
    assert {end for stage in stages for a, b, _ in stage for end in (a, b)} == set(range(ranks))
    total = sum(share for stage in stages for *_, share in stage)
    assert total == pytest.approx(2 * (ranks - 1))  # the bound that all of them share


@pytest.mark.parametrize("collective", Collective)
def test_a_job_alone_on_a_wide_fabric_takes_its_ideal_time(collective):
    setting = Setting(FABRIC.non_blocking(), replace(QUIET, collectives=(collective,)), steps=60)
    core, reward = _play(setting, Ecmp, [1, 2, 3])
    seen = times(core.simulation, Kind.TRAINING)
    assert seen.finished > 10
    assert seen.mean_ratio == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(reward, 0.0, atol=1e-2)


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**31))
def test_nobody_is_faster_than_ideal_and_time_lost_only_grows(seed):
    core = JobsCore(Setting(FABRIC, MIXED, steps=20), 2)
    core.reset([np.random.default_rng(seed + i) for i in range(2)])
    lost_s = core.simulation.lost_s()
    while not core.over:
        core.step(Decision(np.tile(core.even, (2, 1, 1))))
        now = core.simulation.lost_s()
        assert (now >= lost_s - 1e-9).all()
        lost_s = now
    ratio = core.simulation.ratio
    assert (ratio[~np.isnan(ratio)] >= 1.0 - 1e-9).all()


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**31))
def test_bits_are_conserved_and_no_link_carries_more_than_it_can(seed):
    core = JobsCore(Setting(FABRIC, MIXED, steps=20), 1)
    core.reset([np.random.default_rng(seed)])
    simulation = core.simulation
    while not core.over:
        core.step(Decision(core.even[None]))
        assert (core.utilisation().sum(1) <= 1.0 + 1e-9).all()
        into = simulation.carried_bits.sum() / core.setting.interval_s
        hosts = len(FABRIC.hosts)
        out_of_hosts = (core.utilisation().sum(1) * simulation.work.capacity_bps)[
            :, -2 * hosts : -hosts
        ]
        assert out_of_hosts.sum() == pytest.approx(into)


def test_all_that_a_finished_cycle_had_to_send_was_carried():
    work = draw(FABRIC, QUIET, 10.0, np.random.default_rng(4))
    simulation = Simulation(FABRIC, load_policy(), [work])
    paths = FABRIC.candidates[simulation.pair][..., 0]
    simulation.assign(np.where(paths >= 0, paths, len(FABRIC.paths.pair)))
    simulation.advance(10.0)
    finished = int((~np.isnan(simulation.ratio)).sum())
    cycle = work.bits.sum()
    carried = simulation.carried_bits.sum()
    assert finished > 3
    assert finished * cycle - 1 <= carried <= (finished + 1) * cycle + 1


def test_two_flows_on_one_path_take_turns_and_pins_part_them():
    """The collision that ECMP has by bad luck, made on purpose, then cured."""
    mix = replace(QUIET, training=2, ranks=2, collectives=(Collective.PIPELINE,))
    core = JobsCore(Setting(FABRIC, mix, steps=60), 1)
    ratio = {}
    for name in ("together", "apart"):
        view = core.reset([np.random.default_rng(8)])
        while not core.over:
            slot = np.arange(view.pair.shape[1])[None]
            pin = np.where(name == "apart", slot // 2 % 2, 0) * np.ones_like(view.pair)
            routed = view.pair < len(FABRIC.paths.pairs)
            view, _ = core.step(Decision(core.even[None], np.where(routed, pin, -1)))
        ratio[name] = times(core.simulation, Kind.TRAINING).mean_ratio
    assert ratio["apart"] <= ratio["together"]


def test_hashing_follows_weights_and_moves_only_what_it_must():
    mix = replace(QUIET, training=0, background=200)
    core = JobsCore(Setting(FABRIC, mix, steps=5), 1)
    core.reset([np.random.default_rng(5)])
    paths, first = FABRIC.paths, FABRIC.paths.start
    weights = core.even[None].copy()
    before = core._paths(Decision(weights))
    weights[:, :, first] = 3.0  # three quarters on the first of two
    after = core._paths(Decision(weights))
    moved = before != after
    assert np.isin(after[moved], first).all()
    routed = after[core.simulation.pair < len(paths.pairs)]
    assert np.isin(routed, first).mean() == pytest.approx(0.75, abs=0.08)


def test_least_loaded_beats_ecmp_where_paths_are_many():
    fabric = Fabric.of(build("leafspine,spines=4,leaves=4,hosts=4,rate=100M"))
    setting = Setting(fabric, Mix(training=4, background=0), steps=40)
    hashed, placed = (_play(setting, advisor, range(4))[1].sum() for advisor in (Ecmp, LeastLoaded))
    assert placed > hashed


def test_requests_are_not_held_up_by_bulk():
    """Strict priority: with ten bulk senders inference takes what it takes alone."""
    alone = Setting(FABRIC, replace(QUIET, training=0, inference=2), steps=60)
    crowd = Setting(FABRIC, replace(alone.mix, checkpoints=10), steps=60)
    quiet, busy = (
        times(_play(setting, Ecmp, [3, 4, 5])[0].simulation, Kind.INFERENCE)
        for setting in (alone, crowd)
    )
    assert busy.mean_ratio < 1.3 * quiet.mean_ratio


def test_weak_cables_are_weak_both_ways_and_others_are_not():
    work = draw(FABRIC, replace(QUIET, weak_cables=2), 1.0, np.random.default_rng(1))
    trunks = len(FABRIC.paths.network.ends)
    part = work.capacity_bps / FABRIC.capacity_bps
    assert sorted(part[:trunks])[:4] == [0.25] * 4 and (part[:trunks] == 1).sum() == trunks - 4
    assert (part[trunks:] == 1).all()


@pytest.mark.parametrize("make, word", [
    (lambda: Mix(training=-1), "0 or more"),
    (lambda: Mix(ranks=1), "2 ranks"),
    (lambda: Mix(weak_cables=-1), "weak_cables"),
    (lambda: Setting(FABRIC, steps=0), "steps"),
    (lambda: Fabric.of(build("leafspine,leaves=1,hosts=4")), "two switches"),
    (lambda: draw(FABRIC, Mix(ranks=9), 1.0, np.random.default_rng(1)), "10 hosts"),
    (lambda: JobsCore(Setting(FABRIC, MIXED), 0), "1 environment"),
])  # fmt: skip
def test_what_can_not_be_says_why(make, word):
    with pytest.raises(JobsError, match=word):
        make()
