import subprocess
import sys
import time

import pytest

from demo.errors import JobFailed
from demo.processes import await_finite, await_ready, hand_out, running, watch_until
from demo.programs import Program
from demo.records import Transfer
from demo.window import Window

JOB = """
import sys, time
from demo.jobs.channel import Channel
from demo.records import Transfer
channel = Channel("test")
window = channel.await_window()
channel.emit(Transfer(window.begin_s, 1))
"""
FINITE = Program("finite", "h1", (sys.executable, "-c", JOB), finite=True)
ENDLESS = Program("endless", "h2", (sys.executable, "-c", JOB + "\ntime.sleep(60)"))
CRASHING = Program("crashing", "h3", (sys.executable, "-c", "raise SystemExit('no such thing')"))


def spawn(host, argv, **options):
    return subprocess.Popen(argv, **options)


def window():
    now_s = time.monotonic()
    return Window(now_s + 0.05, now_s + 0.1)


def test_jobs_get_ready_take_their_window_and_are_ended(tmp_path):
    with running([FINITE, ENDLESS], spawn, tmp_path) as jobs:
        await_ready(jobs, 10)
        opened = window()
        hand_out(opened, jobs)
        await_finite(jobs, 5)
        watch_until(jobs, opened.end_s)
        assert [Transfer(opened.begin_s, 1)] == [
            record for record in jobs[0].records() if isinstance(record, Transfer)
        ]
        assert jobs[1].process.poll() is None
    assert jobs[1].process.poll() is not None


def test_a_crash_shows_the_jobs_last_words(tmp_path):
    crashed = pytest.raises(JobFailed, match="no such thing")
    with crashed as caught, running([CRASHING], spawn, tmp_path) as jobs:
        await_ready(jobs, 10)
    assert "crashing on h3" in str(caught.value)


def test_an_endless_job_that_ends_is_a_failure(tmp_path):
    short = Program("short", "h1", FINITE.argv)
    with running([short], spawn, tmp_path) as jobs:
        await_ready(jobs, 10)
        hand_out(window(), jobs)
        jobs[0].process.wait(5)
        with pytest.raises(JobFailed, match="exit status 0"):
            watch_until(jobs, time.monotonic() + 1)


def test_a_job_that_is_never_ready_is_named(tmp_path):
    silent = Program("silent", "h1", (sys.executable, "-c", "import time; time.sleep(60)"))
    late = pytest.raises(JobFailed, match="silent on h1 was not ready")
    with late, running([silent], spawn, tmp_path) as jobs:
        await_ready(jobs, 0.2)
    assert jobs[0].process.poll() is not None


def test_an_interrupt_leaves_no_process_behind(tmp_path):
    with pytest.raises(KeyboardInterrupt), running([ENDLESS], spawn, tmp_path) as jobs:
        raise KeyboardInterrupt
    assert jobs[0].process.poll() is not None


def test_a_job_ends_when_its_runner_is_gone(tmp_path):
    with running([ENDLESS], spawn, tmp_path) as jobs:
        await_ready(jobs, 10)
        hand_out(window(), jobs)
        jobs[0].process.stdin.close()
        assert jobs[0].process.wait(5) == 0
