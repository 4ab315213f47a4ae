"""Two ranks of the training job over loopback: real torch, real gloo."""

import subprocess
import sys
import time

import pytest

from demo.processes import await_ready, hand_out, running
from demo.programs import Program
from demo.records import Iteration
from demo.window import Window

pytestmark = pytest.mark.slow
pytest.importorskip("torch", reason="needs PyTorch (the extra 'train')")


def rank(index):
    words = ("--rank", index, "--world", 2, "--master", "127.0.0.1", "--port", 29517)
    more = ("--interface", "lo", "--gradient-bytes", 100_000, "--iterations", 20)
    argv = (sys.executable, "-m", "demo.jobs.training", *map(str, (*words, *more)))
    return Program(f"training-{index}", "h", argv)


def test_ranks_step_together_and_learn(tmp_path):
    def spawn(host, argv, **options):
        return subprocess.Popen(argv, **options)

    with running([rank(0), rank(1)], spawn, tmp_path) as jobs:
        await_ready(jobs, 60)
        now_s = time.monotonic()
        hand_out(Window(now_s, now_s + 5), jobs)
        deadline_s = now_s + 30
        while time.monotonic() < deadline_s and len(jobs[0].records()) < 21:
            time.sleep(0.1)
        steps = [record for record in jobs[0].records() if isinstance(record, Iteration)]
    assert len(steps) == 20
    assert all(step.end_s > step.begin_s for step in steps)
    assert 90_000 < steps[0].gradient_bytes < 110_000
    assert steps[-1].loss < steps[0].loss * 1.1
