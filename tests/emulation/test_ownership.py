"""Tags: what is ours, and whether whoever made it still runs."""

import os
import subprocess
import sys

import pytest

from emulation.ownership import ENVIRONMENT, Run, new_run, parse, parse_alias


def test_a_tag_comes_back_as_the_run_it_names():
    run = Run(12, 34, 5)
    assert parse(run.tag) == run
    assert parse_alias(run.alias) == run


@pytest.mark.parametrize("tag", ["", "1-2", "1-2-3-4", "a-b-c", "-1-2-3", "uplink to rack 4"])
def test_other_peoples_words_are_no_tags(tag):
    assert parse(tag) is None
    assert parse_alias(tag) is None


def test_an_alias_without_our_prefix_is_not_ours():
    assert parse_alias("1-2-3") is None


def test_this_process_lives():
    assert new_run().alive


def test_two_networks_of_one_process_differ():
    assert new_run() != new_run()


def test_a_process_that_ended_does_not():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert not Run(child.pid, 1, 0).alive


def test_an_ended_child_that_nobody_waited_for_does_not():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with open(f"/proc/{child.pid}/stat", encoding="ascii") as file:
        start_ticks = int(file.read().rpartition(")")[2].split()[19])
    run = Run(child.pid, start_ticks, 0)
    assert run.alive
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not run.alive
    child.wait()


def test_another_process_with_the_same_id_is_not_the_maker():
    assert not Run(os.getpid(), 1, 0).alive


def test_the_environment_is_added_to():
    run = Run(1, 2, 3)
    assert run.environment({"A": "b"}) == {"A": "b", ENVIRONMENT: "1-2-3"}
