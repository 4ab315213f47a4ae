"""`headway jobs` and `headway flows` against the API's routes; the network is in memory."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from api_site import FLOWS, JOB, Quick, free_port

from headway.cli import main

Headway = Callable[..., int]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    folder, port = tmp_path_factory.mktemp("site"), free_port()
    started = Quick(folder, port)
    yield folder, port
    started.stop()


@pytest.fixture
def headway(server: tuple[Path, int], monkeypatch: pytest.MonkeyPatch) -> Headway:
    monkeypatch.setenv("HEADWAY_STATE", str(server[0] / "state"))
    monkeypatch.setenv("HEADWAY_API_URL", f"http://127.0.0.1:{server[1]}")
    monkeypatch.delenv("HEADWAY_API_TOKENS", raising=False)
    return lambda *words: main([str(word) for word in words])


def test_from_add_to_remove(headway: Headway, capsys: Any) -> None:
    add = ("jobs", "add", "train-7", "--class", "gradient", "--hosts", "10.0.0.1,10.0.0.2",
           "--ports", "29500,40000-40100", "--period", "0.8", "--bytes", "400MB", "--ttl", "2h",
           "-m", "a run")  # fmt: skip
    assert headway(*add) == 0
    told = capsys.readouterr().out
    assert told.startswith("job train-7 is registered: train-7 ")
    assert "hosts 10.0.0.1 10.0.0.2  ports 29500 40000-40100  ends in 2 h" in told
    assert headway(*add) == 0  # as often as one likes
    capsys.readouterr()
    assert headway("jobs", "list") == 0
    assert capsys.readouterr().out.count("train-7") == 1
    assert headway("jobs", "list", "--class", "bulk") == 0
    assert capsys.readouterr().out == "no jobs\n"
    assert headway("jobs", "show", "train-7") == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (lines["hosts"], lines["bytes"], lines["why"]) == (
        "10.0.0.1 10.0.0.2", "400000000.0", "a run"
    )  # fmt: skip
    assert headway("jobs", "renew", "train-7", "--ttl", "7d") == 0
    assert capsys.readouterr().out == "job train-7 ends in 7 d\n"
    assert headway("jobs", "remove", "train-7") == 0
    assert capsys.readouterr().out == "job train-7 is removed\n"
    assert headway("jobs", "remove", "train-7") == 2
    assert "headway: error: no job 'train-7'" in capsys.readouterr().err


def test_a_file_says_what_options_do_not(
    headway: Headway, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "job.json"
    file.write_text(json.dumps({**JOB, "peers": "any"}))
    assert headway("jobs", "add", "mine", "--file", file, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["peers"], told["ports"]) == ("mine", "any", JOB["ports"])
    text = io.BytesIO(json.dumps({**JOB, "id": "piped"}).encode())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=text))
    assert headway("jobs", "add", "--file", "-") == 0
    capsys.readouterr()
    assert headway("jobs", "list", "--json") == 0
    assert [job["id"] for job in json.loads(capsys.readouterr().out)] == ["mine", "piped"]
    for name in ("mine", "piped"):
        headway("jobs", "remove", name)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["add"], "say ID, --class, --hosts"),
        (["add", "a", "--class", "gradient"], "say --hosts"),
        (["add", "a", "--class", "bulk", "--hosts", "10.0.0.1/8"], "did you mean 10.0.0.0/8?"),
        (["add", "a", "--class", "bulk", "--hosts", "h1", "--slice", "x"], "no host 'h1'"),
        (["add", "a", "--class", "bulk", "--hosts", "::1", "--slice", "x"], "no slice 'x'"),
        (["add", "a/b", "--class", "bulk", "--hosts", "::1"], "no job's id"),
        (["add", "a", "--class", "bulk", "--hosts", "::1", "--ports", "0"], "1..65535"),
        (["add", "a", "--class", "bulk", "--hosts", "::1", "--bytes", "4"], "unit is missing"),
        (["add", "--file", "/dev/null"], "not JSON"),
        (["add", "--file", "/nowhere.json"], "No such file"),
        (["show", "a"], "no job 'a'"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    headway: Headway, capsys: Any, words: list[str], told: str
) -> None:
    assert headway("jobs", *words) == 2
    error = capsys.readouterr().err
    assert error.startswith("headway: error: ")
    assert told in error


@pytest.mark.parametrize(
    ("words", "told"),
    [(["add", "a", "--class", "gradiant"], "invalid choice"), (["add", "--ttl", "soon"], "2h"),
     (["add", "--hosts", ","], "at least one"), ([], "ACTION"), (["dance"], "invalid choice")],
)  # fmt: skip
def test_what_is_no_command_is_told_with_its_words(
    headway: Headway, capsys: Any, words: list[str], told: str
) -> None:
    with pytest.raises(SystemExit) as error:
        headway("jobs", *words)
    assert error.value.code == 2
    assert told in capsys.readouterr().err


def test_flows_are_shown_with_what_they_rest_on(headway: Headway, capsys: Any) -> None:
    assert headway("flows") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["flow", "class", "protocol", "role", "rests", "on", "sure", "why"]
    assert "tcp 10.0.0.1:41000 > 10.0.0.2:8001" in lines[1]
    assert "inference" in lines[1]
    assert "99%" in lines[1]
    assert "udp [2001:db8::1]:5000 > [2001:db8::2]:4791" in lines[2]
    assert headway("flows", "--host", "10.0.0.0/8", "--class", "inference", "--json") == 0
    assert json.loads(capsys.readouterr().out) == FLOWS[:1]
    assert headway("flows", "--reason", "trusted mark") == 0
    assert capsys.readouterr().out == "no flows\n"
    assert headway("flows", "--host", "nobody") == 2


def test_a_flow_is_explained(headway: Headway, capsys: Any) -> None:
    assert headway("flows", "--explain", "10.0.0.2:8001", "10.0.0.1:41000") == 0
    told = capsys.readouterr().out
    assert "KServe v2 gRPC" in told
    assert [line.split()[0] for line in told.splitlines()[2:]] == ["signature", "port", "default"]
    assert headway("flows", "--transport", "udp", "--explain", "[::1]:5", "[::2]:4791") == 0
    told = capsys.readouterr().out
    assert "has not looked at this flow" in told
    assert "port of RoCEv2" in told
    with pytest.raises(SystemExit):
        headway("flows", "--explain", "10.0.0.1", "10.0.0.2:5")
