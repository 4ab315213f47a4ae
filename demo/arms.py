"""Runs the arms: the same seeded jobs on the same topology, under different networks.

Owns the order of things and the common windows. It must not print, nor compute figures; what the
arms are stands in `demo.plan`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import policies
from demo.decisions import Decisions, read_decisions
from demo.fabric import Fabric, live_fabric
from demo.metrics import ArmResult, Part, measure
from demo.outage import Cut, Outage, Repair, candidate_links, choose_link, read_cut
from demo.plan import Arm, Environment, Plan, Progress, Repeat, Stage
from demo.ports import ports_of
from demo.processes import Job, await_finite, await_ready, hand_out, running, watch_until
from demo.programs import JobKind, programs_of
from demo.records import ProbeStream
from demo.scenario import Scenario
from demo.weak import Weakness, weaken
from demo.window import Window
from topologies.model import Link

PLAIN_POLICY = Path(policies.__file__).with_name("plain.yaml")
_ALL_JOBS = frozenset({JobKind.TRAINING, JobKind.INFERENCE, JobKind.BULK, JobKind.SCRAPE})
_READY_TIMEOUT_S = 60.0
_DRAIN_TIMEOUT_S = 20.0
_SCRAPE_ALONE_S = 5.0  # a scrape a second, each much the same: a short look is enough
_CUT_WINDOW_S = 4.0
_CUT_WARMUP_S = 1.0
_MEND_S = 2.0  # for discovery to see the link again
_LOOK_S = 0.5
_UNKNOWN = Environment("", "")


@dataclass(slots=True)
class _Pass:
    """One pass while it goes on."""

    plan: Plan
    index: int
    progress: Progress
    results: dict[Arm, ArmResult] = field(default_factory=dict)
    outage: Outage | None = None
    decisions: Decisions | None = None
    environment: Environment = _UNKNOWN

    @property
    def folder(self) -> Path:
        return self.plan.folder / f"repeat-{self.index + 1}"

    def say(self, arm: Arm, what: str, expected_s: float) -> None:
        self.progress(Stage(self.index, arm, what, expected_s))


def run_demo(plan: Plan, progress: Progress) -> tuple[Repeat, ...]:
    """Run all arms as often as asked, with the next seed each time.

    Raises:
        DemoError, EmulationError, PolicyError: each says what to do.
    """
    return tuple(
        _run_pass(_Pass(_with_seed(plan, plan.scenario.seed + index), index, progress))
        for index in range(plan.repeats)
    )


def _with_seed(plan: Plan, seed: int) -> Plan:
    ports = ports_of(plan.ports, seed)
    return replace(plan, scenario=replace(plan.scenario, seed=seed, ports=ports))


def _run_pass(current: _Pass) -> Repeat:
    plan = current.plan
    if plan.arms & {Arm.ALONE, Arm.PLAIN}:
        first = Arm.ALONE if Arm.ALONE in plan.arms else Arm.PLAIN
        current.say(first, "starting the plain network", 10.0)
        folder = current.folder / "plain"
        with live_fabric(plan.scenario, PLAIN_POLICY, folder, "--no-classify") as fabric:
            _note_environment(current, fabric)
            if Arm.ALONE in plan.arms:
                _run_arm(current, fabric, Arm.ALONE, _alone_parts(plan))
            if Arm.PLAIN in plan.arms:
                _run_arm(current, fabric, Arm.PLAIN, [(_ALL_JOBS, plan.duration_s)])
    if plan.arms & {Arm.HEADWAY, Arm.CUT}:
        first = Arm.HEADWAY if Arm.HEADWAY in plan.arms else Arm.CUT
        current.say(first, "starting the network under Headway", 10.0)
        with live_fabric(plan.scenario, plan.policy, current.folder / "headway") as fabric:
            _note_environment(current, fabric)
            if Arm.HEADWAY in plan.arms:
                _run_arm(current, fabric, Arm.HEADWAY, [(_ALL_JOBS, plan.duration_s)])
            if Arm.CUT in plan.arms:
                current.outage = _run_cuts(current, fabric)
    if plan.weakness is not None:
        _run_weakened(current, plan.weakness)
    return Repeat(current.results, current.outage, current.environment, current.decisions)


def _run_weakened(current: _Pass, weakness: Weakness) -> None:
    """All jobs on the network with a weak trunk: over equal splits, then as the agent says."""
    plan, scenario = current.plan, weaken(current.plan.scenario, weakness)
    state = current.folder / Arm.AGENT.value / "state"
    options = {Arm.STATIC: (), Arm.AGENT: ("--agent", plan.agent, "--state", str(state))}
    shutil.rmtree(state, ignore_errors=True)  # an earlier demo's decisions aren't this one's
    for arm in (arm for arm in options if arm in plan.arms):
        current.say(arm, f"starting the network with {weakness}", 10.0)
        folder = current.folder / arm.value
        with live_fabric(scenario, plan.policy, folder, *options[arm]) as fabric:
            _note_environment(current, fabric)
            _run_arm(current, fabric, arm, [(_ALL_JOBS, plan.duration_s)], scenario)
    if Arm.AGENT in plan.arms:
        current.decisions = read_decisions(state, plan.agent)


def _alone_parts(plan: Plan) -> list[tuple[frozenset[JobKind], float]]:
    """Each kind of job by itself, with how long it is measured."""
    kinds = (JobKind.TRAINING, JobKind.INFERENCE, JobKind.BULK)
    parts = [(frozenset({kind}), plan.duration_s) for kind in kinds]
    return [*parts, (frozenset({JobKind.SCRAPE}), min(_SCRAPE_ALONE_S, plan.duration_s))]


def _run_arm(
    current: _Pass,
    fabric: Fabric,
    arm: Arm,
    parts: Iterable[tuple[frozenset[JobKind], float]],
    scenario: Scenario | None = None,
) -> None:
    """Run the parts and take their figures; on the plan's scenario unless another is given."""
    done = [_run_part(current, fabric, arm, kinds, length_s) for kinds, length_s in parts]
    current.results[arm] = measure(scenario or current.plan.scenario, done)


def _run_part(
    current: _Pass, fabric: Fabric, arm: Arm, kinds: frozenset[JobKind], length_s: float
) -> Part:
    """Start some jobs, warm up, measure over one common window, let late answers come in."""
    words = "all jobs" if kinds == _ALL_JOBS else " and ".join(kind.value for kind in kinds)
    programs = programs_of(current.plan.scenario, kinds)
    folder = current.folder / arm.value / words.replace(" ", "-")
    current.say(arm, f"{words}: starting", 8.0 if JobKind.TRAINING in kinds else 2.0)
    with running(programs, fabric.network.popen, folder) as jobs:
        window = _open_window(jobs, current.plan.warmup_s, length_s)
        current.say(arm, f"{words}: warming up", current.plan.warmup_s)
        _watch(fabric, jobs, window.begin_s)
        before = fabric.network.link_counters()
        current.say(arm, f"{words}: measuring", length_s)
        _watch(fabric, jobs, window.end_s)
        sent = _sent_since(before, fabric)
        current.say(arm, f"{words}: waiting for late answers", 1.0)
        await_finite(jobs, _DRAIN_TIMEOUT_S)
        _watch(fabric, jobs, window.end_s + _LOOK_S)  # the receiver's last sample
        records = {job.name: job.records() for job in jobs}
    return Part(kinds, window, records, sent)


def _run_cuts(current: _Pass, fabric: Fabric) -> Outage:
    """Cut the trunk that takes the probes out of their switch, then the one that brings them."""
    candidates = candidate_links(current.plan.scenario)
    if not candidates:
        return Outage((), "nothing to cut: every trunk there is the only way")
    return Outage(tuple(_run_cut(current, fabric, candidates, repair) for repair in Repair))


def _run_cut(current: _Pass, fabric: Fabric, candidates: Sequence[Link], repair: Repair) -> Cut:
    """Probe both ways, see which trunk is in use, cut it, go on probing, mend it."""
    scenario, network = current.plan.scenario, fabric.network
    near = scenario.host(scenario.placement.inference_client).switch
    programs = programs_of(scenario, {JobKind.PROBE})
    current.say(Arm.CUT, f"{repair.value} repair: starting the probes", 3.0)
    with running(programs, network.popen, current.folder / f"cut-{repair.value}") as jobs:
        window = _open_window(jobs, _CUT_WARMUP_S, _CUT_WINDOW_S)
        _watch(fabric, jobs, window.begin_s)
        before = network.link_counters()
        current.say(Arm.CUT, f"{repair.value} repair: cutting a link in use", _CUT_WINDOW_S)
        _watch(fabric, jobs, window.begin_s + _LOOK_S)
        carried = _sent_since(before, fabric)
        link = choose_link(candidates, near, carried, repair)
        cut_at_s = time.monotonic()
        network.cut(*link)
        await_finite(jobs, _CUT_WINDOW_S + _DRAIN_TIMEOUT_S)
        receiver = "probe-forward-receiver" if repair is Repair.LOCAL else "probe-backward-receiver"
        streams = next(_streams(job) for job in jobs if job.name == receiver)
    network.mend(*link)
    time.sleep(_MEND_S)
    return read_cut(link, repair, cut_at_s, streams)


def _sent_since(
    before: Mapping[tuple[str, str], int], fabric: Fabric
) -> dict[tuple[str, str], int]:
    """Bytes sent over each trunk since an earlier reading of the counters."""
    return {ends: amount - before[ends] for ends, amount in fabric.network.link_counters().items()}


def _open_window(jobs: Sequence[Job], warmup_s: float, length_s: float) -> Window:
    """When all jobs are ready: give them one window, the same for all."""
    await_ready(jobs, _READY_TIMEOUT_S)
    begin_s = time.monotonic() + warmup_s
    window = Window(begin_s, begin_s + length_s)
    hand_out(window, jobs)
    return window


def _watch(fabric: Fabric, jobs: Sequence[Job], instant_s: float) -> None:
    fabric.controller.check()
    watch_until(jobs, instant_s)


def _streams(job: Job) -> tuple[ProbeStream, ...]:
    return tuple(record for record in job.records() if isinstance(record, ProbeStream))


def _note_environment(current: _Pass, fabric: Fabric) -> None:
    current.environment = Environment(
        fabric.network.datapath.value, fabric.network.congestion_control
    )
