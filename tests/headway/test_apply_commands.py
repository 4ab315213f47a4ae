"""plan, apply, rollback and history against the API's routes; the network is in memory."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from api_site import OPERATOR, READER, Quick, free_port

from headway.changes import policy_lines, queue_lines, rule_lines
from headway.cli import main
from policies.load import DEFAULT_POLICY

DEFAULT = DEFAULT_POLICY.read_text()
SLICES = """
slices:
  blue: {members: [{vlan: 11}], guarantee: 10 Mbit/s}
  red: {members: [{vlan: 12}], guarantee: 20%, maximum: 30 Mbit/s, talks_to: [blue]}
"""
Headway = Callable[..., int]


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def server(port: int, folder: Path) -> Iterator[Quick]:
    started = Quick(folder, port)
    yield started
    started.stop()


@pytest.fixture
def headway(port: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Headway:
    """The command line, for the server; its token is the one it left in its state folder."""
    monkeypatch.setenv("HEADWAY_STATE", str(folder / "state"))
    monkeypatch.setenv("HEADWAY_API_URL", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("HEADWAY_API_TOKENS", raising=False)

    def run(*words: object) -> int:
        return main([str(word) for word in words])

    return run


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(DEFAULT + SLICES)
    return file


@pytest.mark.usefixtures("server")
def test_from_plan_to_rollback(headway: Headway, mine: Path, capsys: Any) -> None:
    assert headway("plan", mine) == 0
    told = capsys.readouterr().out
    assert "+ slices.blue: " in told
    assert "guarantee 10 Mbit/s" in told
    assert "rules, groups and meters: 2 to add, on 1 switch" in told
    assert "queues: 3 to change, on 1 port" in told

    assert headway("apply", mine, "-m", "two tenants", "--yes") == 0
    assert "version 2 (default) is in force: 2 rules on 1 switch" in capsys.readouterr().out

    mine.write_text(DEFAULT + SLICES.replace("20%", "30%").replace("30 Mbit/s", "1 Gbit/s"))
    assert headway("plan", mine) == 0
    told = capsys.readouterr().out
    assert "~ slices.red.guarantee: 20% -> 30%" in told
    assert "~ slices.red.maximum: 30 Mbit/s -> 1 Gbit/s" in told

    assert headway("rollback", "-m", "back") == 0
    assert "version 3 (default) is in force" in capsys.readouterr().out
    assert headway("history") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:5] for line in lines] == ["*   3", "    2", "    1"]
    assert "rollback" in lines[0]
    assert lines[0].endswith("back")
    assert "local" in lines[1]
    assert lines[1].endswith("two tenants")


@pytest.mark.usefixtures("server")
def test_history_shows_texts_and_differences(headway: Headway, mine: Path, capsys: Any) -> None:
    headway("apply", mine, "--yes")
    capsys.readouterr()
    assert headway("history", 1) == 0
    assert capsys.readouterr().out == DEFAULT
    assert headway("history", "--diff") == 0
    told = capsys.readouterr().out
    assert "+slices:" in told
    assert "--- version 1 (default)" in told
    assert headway("history", 2, "--diff") == 0
    assert capsys.readouterr().out == ""
    assert headway("history", "--json", "-n", 1) == 0
    assert [v["version"] for v in json.loads(capsys.readouterr().out)] == [2]
    assert headway("history", 99) == 2
    assert "no version 99; there are 1 to 2" in capsys.readouterr().err


@pytest.mark.usefixtures("server")
def test_a_named_version_comes_back(headway: Headway, mine: Path, capsys: Any) -> None:
    headway("apply", mine, "--yes")
    assert headway("rollback", 1, "--json") == 0
    told = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert (told["kind"], told["equal_to"]) == ("rollback", 1)


@pytest.mark.usefixtures("server")
def test_a_canary_is_waited_for(headway: Headway, mine: Path, capsys: Any) -> None:
    def promote() -> None:
        time.sleep(0.5)
        headway("apply", "--promote")

    thread = threading.Thread(target=promote)
    thread.start()
    assert headway("apply", mine, "--canary", "10%", "--bake", "1m", "--yes") == 0
    thread.join()
    told = capsys.readouterr()
    assert "is tried by red" in told.out
    assert "in force for everybody" in told.err


@pytest.mark.usefixtures("server")
def test_a_canary_taken_back_is_an_error(headway: Headway, mine: Path, capsys: Any) -> None:
    thread = threading.Timer(0.5, headway, args=("rollback",))
    thread.start()
    assert headway("apply", mine, "--canary", "0.1", "--bake", "60", "--yes") == 2
    thread.join()
    assert "rolled-back" in capsys.readouterr().err
    assert headway("apply", mine, "--canary", "10%", "--bake", "0", "--yes") == 0  # not waited for
    assert headway("rollback") == 0
    assert "no longer tried" in capsys.readouterr().out
    assert headway("apply", "--promote") == 2
    assert "nothing is being tried" in capsys.readouterr().err


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("yes", 0), ("", 1), ("n", 1)])
def test_it_asks_before_it_applies(
    headway: Headway, mine: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, answer: str,
    code: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    assert headway("apply", mine) == code
    assert "+ slices.blue" in capsys.readouterr().out
    headway("history", "--json")
    assert len(json.loads(capsys.readouterr().out)) == (2 if code == 0 else 1)


@pytest.mark.usefixtures("server")
def test_nobody_to_ask_is_an_error(headway: Headway, mine: Path, capsys: Any) -> None:
    assert headway("apply", mine) == 2
    assert "--yes" in capsys.readouterr().err


def test_mistakes_of_the_file_are_told_before_anybody_is_asked(
    headway: Headway, mine: Path, capsys: Any
) -> None:
    mine.write_text(DEFAULT.replace("share: 0.30", "share: 3"))
    for command in ("plan", "apply"):
        assert headway(command, mine, "--api", "http://127.0.0.1:1") == 2
        error = capsys.readouterr().err
        assert "mine.yaml:16: queues.inference.share" in error


def test_without_a_controller_it_says_how_to_start_one(
    headway: Headway, mine: Path, folder: Path, port: int, capsys: Any
) -> None:
    assert headway("history") == 2
    assert "is a controller running here" in capsys.readouterr().err
    (folder / "state").mkdir()
    (folder / "state" / f"api-{port}.token").write_text(f"operator {OPERATOR} local")
    for words in (("history",), ("plan", mine), ("apply", mine, "--yes"), ("rollback",)):
        assert headway(*words) == 2
        error = capsys.readouterr().err
        assert "start one with 'headway run'" in error
        assert error.count("\n") == 1


@pytest.mark.usefixtures("server")
def test_wrong_tokens_are_told(headway: Headway, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "token"
    for text, told in (
        (f"operator {READER}", "--token-file FILE says who asks"),
        ("", "no token in it"),
        ("operator", "no token in it"),
    ):
        file.write_text(text)
        assert headway("history", "--token-file", file) == 2
        assert told in capsys.readouterr().err
    assert headway("history", "--token-file", tmp_path / "none") == 2
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "told"),
    [("127.0.0.1:8080", "give http://"), ("ftp://a", "give http://"), ("http://", "give http://"),
     ("http://127.0.0.1:99999", "give http://"), ("http://a/b", "give http://"),
     ("http://192.0.2.1:8080", "readable on the way"), ("https://192.0.2.1", "--token-file")],
)  # fmt: skip
def test_wrong_addresses_are_told(headway: Headway, url: str, told: str, capsys: Any) -> None:
    assert headway("history", "--api", url) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [("apply", "x.yaml", "--canary", "0"), ("apply", "x.yaml", "--canary", "150%"),
     ("apply", "x.yaml", "--canary", "few"), ("apply", "x.yaml", "--bake", "soon"),
     ("apply", "x.yaml", "--bake", "-5"), ("rollback", "0"), ("rollback", "last"),
     ("history", "-n", "0"), ("history", "-n", "many")],
)  # fmt: skip
def test_wrong_options_are_told(headway: Headway, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        headway(*words)
    assert ended.value.code == 2


@pytest.mark.parametrize("words", [("apply",), ("apply", "x.yaml", "--promote")])
def test_a_file_or_promote(headway: Headway, words: tuple[str, ...], capsys: Any) -> None:
    assert headway(*words) == 2
    assert "give a FILE to apply, or --promote" in capsys.readouterr().err


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "line"),
    [(("queues.bulk.share", 0.1, 0.2), "~ queues.bulk.share: 0.1 -> 0.2"),
     (("slices", {"a": {"name": "a", "weight": 1.0}}, []), "- slices.a"),
     (("slices.a", None, {"name": "a", "guarantee": {"bps": 1e6, "share": None}}),
      "+ slices.a: guarantee 1 Mbit/s"),
     (("slices.a.maximum", None, {"bps": 2e6, "share": None}), "+ slices.a.maximum: 2 Mbit/s"),
     (("slices.a.talks_to", ["b"], []), "- slices.a.talks_to: b"),
     (("classes.control.latency_s", None, 0.01), "+ classes.control.latency_s: 0.01")],
)  # fmt: skip
def test_a_difference_is_a_line(entry: tuple[Any, Any, Any], line: str) -> None:
    path, old, new = entry
    assert policy_lines([{"path": path, "old": old, "new": new}]) == [f"  {line}"]


def test_a_rate_that_becomes_a_share_is_one_line() -> None:
    told = policy_lines([
        {"path": "slices.a.guarantee.bps", "old": 1e7, "new": None},
        {"path": "slices.a.guarantee.share", "old": None, "new": 0.2},
        {"path": "intents.x.line", "old": 1, "new": 2},
    ])  # fmt: skip
    assert told == ["  ~ slices.a.guarantee: 10 Mbit/s -> 20%"]


def test_nothing_is_told_as_nothing() -> None:
    assert policy_lines([]) == ["  nothing of the policy differs"]
    assert rule_lines({}) == ["rules: none to change"]
    assert queue_lines({}, kept=True) == ["queues: none to change"]
    assert "headway queues" in queue_lines({}, kept=False)[0]


def test_many_switches_are_summed() -> None:
    lines = rule_lines({f"{n:#x}": {"add": 1, "delete": 2} for n in range(1, 31)})
    assert lines[0] == "rules, groups and meters: 30 to add, 60 to delete, on 30 switches"
    assert lines[-1] == "  and 10 more; --json has all"
    assert len(lines) == 22
