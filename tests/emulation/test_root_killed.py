"""However the process ends: Ctrl-C, SIGTERM, an exception or kill -9, nothing of it remains."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulation import cleanup, ovs
from emulation.ownership import parse

pytestmark = pytest.mark.root
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, time
from subprocess import DEVNULL
from emulation.network import emulate
from tests.emulation.small import NOWHERE, POLICY, RATE_BPS
from topologies.model import Host, Link, Switch, Topology
hosts = tuple(
    Host(f"zkh{n}", f"02:00:00:00:5b:0{n}", f"10.93.0.{n}/24", f"zk{n}", RATE_BPS) for n in (1, 2)
)
switches = (Switch("zk1", 0x5B01), Switch("zk2", 0x5B02))
topology = Topology("killed", switches, hosts, (Link("zk1", "zk2", RATE_BPS),))
with emulate(topology, policy=POLICY, controller=NOWHERE) as network:
    # Not our pipes, or whoever reads them would wait for `sleep`.
    network.popen("zkh1", ["sleep", "300"], stdout=DEVNULL, stderr=DEVNULL)
    network.host("zkh2").cmd("sleep 300 &")
    print(network.run.tag, flush=True)
    if sys.argv[1:] == ["fail"]:
        raise ZeroDivisionError
    time.sleep(300)
"""


@pytest.fixture
def child():
    """A process that has built a network, and that network's run."""
    process, run = start()
    yield process, run
    process.kill()
    process.communicate()
    cleanup.remove(cleanup.belongings(run))


def start(*arguments):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    run = parse(process.stdout.readline().strip())
    assert run is not None, process.communicate()
    return process, run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_takes_everything_down(child, number):
    process, run = child
    assert cleanup.belongings(run).bridges == ("zk1", "zk2")
    process.send_signal(number)
    process.communicate(timeout=15)
    assert process.returncode in (-signal.SIGINT, 128 + signal.SIGTERM)
    assert cleanup.belongings(run) == cleanup.Belongings(run)


def test_a_second_ctrl_c_does_not_stop_the_cleaning(child):
    process, run = child
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    process.communicate(timeout=15)
    assert cleanup.belongings(run) == cleanup.Belongings(run)


def test_an_exception_takes_everything_down():
    process, run = start("fail")
    _, said = process.communicate(timeout=15)
    assert "ZeroDivisionError" in said
    assert cleanup.belongings(run) == cleanup.Belongings(run)


def test_after_kill_9_clean_removes_what_is_left_and_only_that(child):
    process, run = child
    ovs.vsctl("--may-exist", "add-br", "zkother", "--", "set", "Bridge", "zkother",
              "datapath_type=netdev")  # fmt: skip
    try:
        process.kill()
        process.communicate()
        subprocess.run([sys.executable, "-m", "headway", "clean"], cwd=ROOT, check=True)
        assert cleanup.belongings(run) == cleanup.Belongings(run)
        assert "zkother" in ovs.vsctl("list-br").split()
    finally:
        ovs.vsctl("--if-exists", "del-br", "zkother")


def test_the_next_start_removes_it_too(child):
    process, run = child
    process.kill()
    process.communicate()
    second, _ = start("fail")
    second.communicate(timeout=15)
    assert cleanup.belongings(run) == cleanup.Belongings(run)
