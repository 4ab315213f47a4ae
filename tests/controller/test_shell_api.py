"""The API of the real controller, on both frameworks: versions outlive it, `apply` just works."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from openflow_peer import ROOT, Controller, Switch, free_port, wait_for

from policies.load import DEFAULT_POLICY

WAYS = ["os-ken", pytest.param("ryu", marks=pytest.mark.ryu)]
pytestmark = pytest.mark.slow
DEFAULT = DEFAULT_POLICY.read_text()


def started(way: str, folder: Path, port: int) -> Controller:
    """A controller with an API."""
    address = f"127.0.0.1:{port}"
    env = {"HEADWAY_STATE": str(folder / "state"), "HEADWAY_API": address}
    options = ["--api", address] if way == "os-ken" else []
    return Controller(way, folder, *options, env=env).wait_ready()


def headway(folder: Path, port: int, *words: object) -> str:
    """What the command says."""
    ended = subprocess.run(
        [sys.executable, "-m", "headway", *map(str, words), "--api", f"http://127.0.0.1:{port}"],
        env={**os.environ, "HEADWAY_STATE": str(folder / "state")}, cwd=ROOT, text=True,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def ask(folder: Path, port: int, path: str) -> Any:
    token = (folder / "state" / f"api-{port}.token").read_text().split()[1]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.mark.parametrize("way", WAYS)
def test_apply_rollback_and_history_over_a_restart(way: str, tmp_path: Path) -> None:
    port, mine = free_port(), tmp_path / "mine.yaml"
    mine.write_text(DEFAULT.replace("name: default", "name: mine").replace("0.30", "0.29"))
    controller = started(way, tmp_path, port)
    try:
        assert "~ queues.inference.share: 0.3 -> 0.29" in headway(tmp_path, port, "plan", mine)
        headway(tmp_path, port, "apply", mine, "-m", "to see", "--yes")
        assert ask(tmp_path, port, "/v1/policy")["name"] == "mine"
        controller.assert_well()
    finally:
        controller.process.kill()
        controller.process.wait()
    controller = started(way, tmp_path, port)
    try:
        assert ask(tmp_path, port, "/v1/policy")["name"] == "mine"
        assert "to see" in headway(tmp_path, port, "history")
        headway(tmp_path, port, "rollback")
        assert ask(tmp_path, port, "/v1/policy")["name"] == "default"
        controller.assert_well()
    finally:
        controller.stop()


@pytest.mark.parametrize("way", WAYS)
def test_what_a_switch_has_is_told(way: str, tmp_path: Path) -> None:
    port = free_port()
    controller = started(way, tmp_path, port)
    try:
        switch = Switch(controller.address, 7)
        wait_for(lambda: ask(tmp_path, port, "/stats/switches") == [7], "the switch is told")
        assert ask(tmp_path, port, "/v1/switches/7")["connected"]
        switch.ping()
        switch.close()
        wait_for(lambda: ask(tmp_path, port, "/stats/switches") == [], "it left")
        controller.assert_well()
    finally:
        controller.stop()
