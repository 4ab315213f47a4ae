"""`headway policy` and `headway advise`: what they print, and their errors in one line."""

import json
from pathlib import Path

import numpy as np
import pytest

from controller.advice import builtin
from controller.advice.builtin import LeastLoaded
from controller.advice.messages import Message
from controller.advice.observe import FEATURES
from controller.advice.policy import Policy
from controller.advice.policy import save as exported
from controller.advice.snapshot import save
from headway.cli import main


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that passes for an exported policy."""
    monkeypatch.setattr(
        builtin, "find", lambda agent: builtin.Factory(Path(agent).stem, LeastLoaded)
    )
    file = tmp_path / "mine.npz"
    file.write_bytes(b"a policy")
    return file


def policy(state: Path, *words: object) -> int:
    action, *rest = map(str, words)
    return main(["policy", action, *rest, "--state", str(state)])


def test_an_empty_registry_says_what_to_do(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert policy(state, "list") == 0
    assert "headway policy import" in capsys.readouterr().out


def test_from_import_to_rollback(
    state: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert policy(state, "import", file, "--why", "to see") == 0
    for action in (("shadow",), ("canary", "--share", "0.2"), ("promote",)):
        assert policy(state, action[0], "mine", *action[1:]) == 0
    capsys.readouterr()
    assert policy(state, "list", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["policies"][0]["name"] == "mine"
    assert told["roles"]["active"]["policy"]["name"] == "mine"
    assert policy(state, "list") == 0
    assert "active" in capsys.readouterr().out
    assert policy(state, "rollback") == 0
    assert "headway run --agent" in capsys.readouterr().out


@pytest.mark.parametrize("words", [("promote", "nobody"), ("rollback",), ("explain", "a", "b")])
def test_mistakes_are_told_in_one_line(
    state: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert policy(state, *words) == 2
    error = capsys.readouterr().err
    assert error.startswith("headway: error: ")
    assert error.count("\n") == 1


def test_a_damaged_file_is_not_taken_in(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = tmp_path / "torn.npz"
    torn.write_bytes(b"PK\x03\x04")
    assert policy(state, "import", torn) == 2
    assert "torn.npz" in capsys.readouterr().err
    assert main(["advise", str(torn)]) == 2


def test_an_exported_policy_is_taken_in_and_shown(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    width, file = len(FEATURES), tmp_path / "real.npz"
    zeros, ones = np.zeros(width, np.float32), np.ones(width, np.float32)
    weights = (zeros[:, None], np.zeros(1, np.float32))
    digest = exported(Policy(weights, zeros, ones, -ones, ones), file)
    assert policy(state, "import", file) == 0
    capsys.readouterr()
    assert main(["advise", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"name": "real", "sha256": digest}
    assert policy(state, "promote", digest[:8]) == 0


@pytest.mark.parametrize("share", ["0", "1.5", "half", "nan"])
def test_a_share_is_a_share(state: Path, share: str) -> None:
    with pytest.raises(SystemExit):
        policy(state, "canary", "mine", "--share", share)


def saved(folder: Path) -> None:
    """A snapshot of two leaves and two spines, the second weak."""
    folder.mkdir()
    network = Message(
        "network",
        {"nodes": ["leaf1", "leaf2", "spine1", "spine2"], "dpids": [1, 2, 3, 4],
         "places": {"h1": 1}},
        {"ends": np.array([(0, 2), (2, 1), (0, 3), (3, 1)], np.int32),
         "capacity": np.array([20e6, 20e6, 5e6, 5e6]), "pairs": np.array([[0, 1]], np.int32),
         "pair": np.array([0, 0], np.int32), "hops": np.array([[0, 1], [2, 3]], np.int32)},
    )  # fmt: skip
    demands, splits = np.array([[0.0], [8e6]]), np.array([[0.5, 0.5], [0.8, 0.2]])
    seen = Message("observation", {}, {
        "demands": demands, "forecast": demands, "link_up": np.ones(4, np.bool_),
        "utilisation": np.array([0.3, 0.3, 0.3, 0.3]), "current": splits,
        "fallback": np.full((2, 2), 0.5),
    })  # fmt: skip
    hosts = [["02:00:00:00:00:02", ["10.0.0.2"], 2]]
    save(folder, network, seen, {"time": 0.0, "agent": "x", "standing": "trusted", "hosts": hosts})


@pytest.mark.parametrize("pair", [("leaf1", "leaf2"), ("h1", "10.0.0.2"), ("0x1", "2")])
def test_explain_tells_the_paths_and_what_equal_splits_would_do(
    state: Path, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    saved(state)
    assert policy(state, "explain", *pair) == 0
    text = capsys.readouterr().out
    assert "leaf1 spine2 leaf2: 50% of latency, 20% of throughput, equal splits 50%" in text
    assert "0.32 of its capacity; with equal splits 0.80" in text
    assert policy(state, "explain", *pair, "--json") == 0
    assert json.loads(capsys.readouterr().out)["largest_fallback"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("pair", "told"),
    [(("leaf1", "leaf9"), "no switch or host"), (("leaf1", "h1"), "on one switch"),
     (("leaf1", "spine1"), "no pair of edge switches")],
)  # fmt: skip
def test_explain_says_what_it_does_not_know(
    state: Path, pair: tuple[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(state)
    assert policy(state, "explain", *pair) == 2
    assert told in capsys.readouterr().err


def test_advise_says_what_an_agent_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", "least-loaded", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "least-loaded"


@pytest.mark.parametrize(
    ("options", "told"),
    [(["--agent", "nobody"], "no agent 'nobody'"),
     (["--agent", "static", "--links", "/nowhere.json"], "headway topo SPEC --json"),
     (["--agent", "static", "--advise-interval", "0.01"], "0.1 to 10")],
)  # fmt: skip
def test_run_finds_mistakes_before_it_starts(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in (
        "AGENT",
        "LINKS",
        "ADVISE_INTERVAL_S",
        "POLICY",
        "METRICS",
        "TELEMETRY_INTERVAL_S",
    ):
        monkeypatch.setenv(f"HEADWAY_{name}", "")
        monkeypatch.delenv(f"HEADWAY_{name}")
    assert main(["run", *options]) == 2
    assert told in capsys.readouterr().err
