"""The whole demo, tiny: real hosts, switches, queues, controller and jobs."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.root, pytest.mark.slow]
SPEC = "leafspine,spines=2,leaves=2,hosts=2"
COMMAND = [sys.executable, "-m", "headway", "demo", "--topology", SPEC, "--duration", "3"]


def test_all_arms_give_their_figures(tmp_path):
    done = subprocess.run(
        COMMAND, cwd=tmp_path, env=_environment(), capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads((tmp_path / "demo-output" / "demo.json").read_text())
    for arm in ("alone", "plain", "headway", "static", "agent"):
        assert document["arms"][arm]["bulk_goodput_bps"] > 1e6
        assert document["arms"][arm]["inference_requests"] > 10
    assert document["agent"][0]["verdicts"].get("applied", 0) > 0
    assert 0 < document["outage_s"] < 5
    assert (tmp_path / "demo-output" / "demo.png").stat().st_size > 10_000
    assert _left_over() == []


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    process = subprocess.Popen(
        [*COMMAND, "--arms", "plain"], cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    for line in process.stdout:
        if "measuring" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert _left_over() == []


def _environment():
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def _left_over():
    """Interfaces and bridges of this topology that are still there."""
    links = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout
    bridges = subprocess.run(
        ["ovs-vsctl", "list-br"], capture_output=True, text=True, check=True
    ).stdout
    words = links.split() + bridges.split()
    return [word for word in words if word.startswith(("leaf1-", "spine1-", "leaf1", "spine1"))]
