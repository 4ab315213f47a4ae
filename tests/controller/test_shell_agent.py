"""The advisor as a process beside the real controller, under both frameworks."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from openflow_peer import Controller, wait_for

pytestmark = pytest.mark.slow
WAYS = ["os-ken", pytest.param("ryu", marks=pytest.mark.ryu)]


def started(way: str, folder: Path, agent: str) -> Controller:
    """A controller with this agent."""
    env = {"HEADWAY_AGENT": agent, "HEADWAY_STATE": str(folder / "state")}
    return Controller(way, folder, env=env).wait_ready()


def standing(controller: Controller) -> str:
    """What the agent may do, by the metrics."""
    told = controller.metrics()
    return next(
        name
        for name in ("absent", "trusted", "benched")
        if told[f'headway_agent{{standing="{name}"}}'] == 1
    )


def advisors(folder: Path) -> list[int]:
    """Process ids of the advisors with the state folder of this test."""
    told = subprocess.run(
        ["pgrep", "-f", f"controller.advice.process.*{folder}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [int(word) for word in told.stdout.split()]


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_advisor_is_started_again_and_ends_with_the_controller(
    way: str, tmp_path: Path
) -> None:
    controller = started(way, tmp_path, "least-loaded")
    try:
        wait_for(lambda: standing(controller) == "trusted", "the agent is there", 30)
        (first,) = advisors(tmp_path)
        with controller.counts("agent-down"):
            os.kill(first, signal.SIGKILL)
        wait_for(lambda: standing(controller) == "trusted", "the agent is there again", 30)
        (second,) = advisors(tmp_path)
        assert second != first
        controller.assert_well()
    finally:
        controller.stop()
    wait_for(lambda: not Path(f"/proc/{second}").exists(), "the advisor has ended")


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_is_no_policy_is_told_and_the_controller_goes_on(
    way: str, tmp_path: Path
) -> None:
    torn = tmp_path / "torn.npz"
    torn.write_bytes(b"PK\x03\x04 torn")
    controller = started(way, tmp_path, str(torn))
    try:
        wait_for(lambda: controller.count("agent-down") >= 2, "two tries", 30)
        assert "torn.npz: not a policy file" in controller.log
        assert standing(controller) == "absent"
        controller.assert_well()
    finally:
        controller.stop()
