"""Processes are found by the tag in their environment, stopped by id, and no others."""

import signal
import subprocess
import sys
import time

from emulation import cleanup
from emulation.cleanup import Belongings
from emulation.ownership import Run, new_run

DEAD = Run(pid=2**22 + 1, start_ticks=1, serial=0)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True);"


def start(run, code="import time; time.sleep(60)"):
    return subprocess.Popen(
        [sys.executable, "-c", code], env=run.environment(), stdout=subprocess.PIPE
    )


def test_a_tagged_process_is_stopped_and_an_untagged_one_is_not():
    run = new_run()
    ours, other = start(run), start(new_run())
    try:
        cleanup.stop_processes(run)
        assert ours.wait(5) == -signal.SIGTERM
        assert other.poll() is None
    finally:
        other.kill()
        other.communicate()
        ours.communicate()


def test_one_that_does_not_listen_is_killed():
    run = new_run()
    child = start(run, DEAF + "time.sleep(60)")
    child.stdout.readline()
    began = time.monotonic()
    cleanup.stop_processes(run)
    assert child.wait(5) == -signal.SIGKILL
    assert time.monotonic() - began < 3
    child.communicate()


def test_a_grandchild_carries_the_tag():
    run = new_run()
    quiet = "stdout=subprocess.DEVNULL"
    child = start(run, f"import subprocess; subprocess.Popen(['sleep', '60'], {quiet})")
    child.communicate()
    assert len(cleanup._processes()[run]) == 1
    cleanup.stop_processes(run)
    assert run not in cleanup._processes()


def test_what_a_dead_process_left_is_left_over_and_a_live_ones_is_not(monkeypatch):
    live = new_run()
    found = [Belongings(DEAD, interfaces=("a-eth1",)), Belongings(live, interfaces=("b-eth1",))]
    monkeypatch.setattr(cleanup, "_find_all", lambda: iter(found))
    assert cleanup.leftovers() == (found[0],)


def test_belongings_say_what_they_are():
    things = Belongings(Run(7, 1, 0), processes=(1, 2), bridges=("leaf1",))
    assert str(things) == "2 processes, 1 bridge of process 7"
    assert str(Belongings(Run(7, 1, 0))) == "nothing of process 7"
