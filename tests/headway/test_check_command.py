"""`headway check`: a dry run for people and programs, and its exit codes."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import TypeAdapter

from headway.cli import main
from policies.load import DEFAULT_POLICY, load_policy
from policies.schema import json_schema

GOOD = """\
version: 1
name: mine
time_zone: Europe/Zurich
slices:
  ten-a: {members: [{ports: [leaf1-eth1, leaf2-eth1]}], guarantee: 20%, classes: [bulk, control]}
  ten-b: {members: [{ports: [leaf1-eth2]}], guarantee: 5 Mbit/s, maximum: 10 Mbit/s, weight: 2}
intents:
  - bulk at most 20% of any uplink between 08:00 and 18:00
"""
NETWORK = "leafspine,spines=2,leaves=2,hosts=2"
SCHEMA_FILE = DEFAULT_POLICY.with_name("policy.schema.json")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_file_alone(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(file)]) == 0
    shown = capsys.readouterr()
    assert "mine by itself" in shown.out and "no conflicts" in shown.out
    assert "not checked: latency targets" in shown.out and shown.err == ""


def test_on_a_network(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(file), "--topology", NETWORK, "--at", "2026-11-23T09:00"]) == 0
    shown = capsys.readouterr().out
    assert "Mon 23 Nov 2026 09:00 Europe/Zurich, until Mon 23 Nov 18:00" in shown
    assert "in force: bulk at most 20%" in shown
    assert "ten-a" in shown and "h1, h3" in shown and "15 Mbit/s" in shown
    assert "bulk" in shown and "not checked" not in shown


def test_hour_of_today_and_every_port(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = ["check", str(file), "--topology", NETWORK, "--at", "20:00"]
    assert main(ask) == 0
    some = capsys.readouterr().out
    assert "in force" not in some
    assert main([*ask, "--all"]) == 0
    assert len(capsys.readouterr().out) > len(some)


def test_as_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(file), "--topology", NETWORK, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True and told["mistakes"] == []
    assert told["policy"] == "mine" and told["topology"] == "leafspine"
    assert [entry["name"] for entry in told["slices"]] == ["ten-a", "ten-b"]
    trunk = next(link for link in told["links"] if link["fabric"])
    assert told["loads"][trunk["load"]]["promised_bps"] == 15_000_000


def test_conflicts_are_two(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace("20%, cl", "95%, cl"), encoding="utf-8")
    assert main(["check", str(file), "--topology", NETWORK, "--json"]) == 2
    shown = capsys.readouterr()
    assert json.loads(shown.out)["conflicts"][0]["place"] == "slices.ten-a.guarantee"
    assert shown.err.startswith(f"headway: error: {file}:5: slices.ten-a.guarantee: on leaf")
    assert "add up to 52.5 Mbit/s" in shown.err
    assert main(["check", str(file), "--topology", NETWORK]) == 2
    assert "1 thing can't hold" in capsys.readouterr().out


def test_mistakes_are_two(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace("weight: 2", "wait: 2"), encoding="utf-8")
    assert main(["check", str(file)]) == 2
    assert f"{file}:6: slices.ten-b.wait: unknown key" in capsys.readouterr().err


def test_mistakes_as_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace("weight: 2", "wait: 2"), encoding="utf-8")
    assert main(["check", str(file), "--json"]) == 2
    (mistake,) = (told := json.loads(capsys.readouterr().out))["mistakes"]
    assert told["ok"] is False
    assert (mistake["line"], mistake["place"]) == (6, "slices.ten-b.wait")
    assert mistake["message"].startswith("unknown key; did you mean 'weight'")


@pytest.mark.parametrize(
    ("text", "line", "place"),
    [
        (GOOD.replace("leaf1-eth2", "leaf*"), 6, "slices.ten-b.members.0"),
        (GOOD + "x: ]\n", 9, "file"),
        (GOOD.replace("20%, cl", "95%, cl"), 5, "slices.ten-a.guarantee"),
    ],
)
def test_conflicts_and_broken_files_have_the_same_shape(
    file: Path, capsys: pytest.CaptureFixture[str], text: str, line: int, place: str
) -> None:
    file.write_text(text, encoding="utf-8")
    assert main(["check", str(file), "--topology", NETWORK, "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert (told["mistakes"][0]["line"], told["mistakes"][0]["place"]) == (line, place)
    assert set(told["mistakes"][0]) == {"line", "place", "message"}


def test_warnings_are_not_an_error(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace("leaf1-eth2", "leaf9-eth2"), encoding="utf-8")
    assert main(["check", str(file), "--topology", NETWORK]) == 0
    shown = capsys.readouterr().out
    assert f"warning: {file}:6: slices.ten-b.members.0: no host port" in shown
    assert f"warning: {file}:4: slices: of no slice, so not let in: h2 on leaf1-eth2," in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give a FILE to check, or --schema"),
        (["nosuch.yaml"], "can't be read"),
        (["nosuch"], "no ready policy"),
        (["FILE", "--at", "noon"], "write 2026-11-23T08:30"),
        (["FILE", "--at", "25:00"], "write 2026-11-23T08:30"),
        (["FILE", "--at", "9999-12-31T23:59"], "give a year from 1970 to 9998"),
        (["FILE", "--at", "0001-01-01T00:00"], "give a year from 1970 to 9998"),
        (["FILE", "--topology", "nosuch"], "nosuch"),
    ],
)
def test_wrong_arguments_are_two(
    file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["check", *(str(file) if word == "FILE" else word for word in arguments)]) == 2
    assert words in capsys.readouterr().err


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(GOOD.encode())))
    assert main(["check", "-", "--topology", NETWORK]) == 0
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"version: 2\n")))
    assert main(["check", "-"]) == 2
    assert "stdin:1: version" in capsys.readouterr().err


def test_nothing_is_written(file: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in file.parent.iterdir()}
    main(["check", str(file), "--topology", NETWORK])
    assert before == {path: path.stat().st_mtime_ns for path in file.parent.iterdir()}


# --- the schema for editors -----------------------------------------------------------------------


def test_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema()


def test_schema_that_comes_with_headway_is_current() -> None:
    # If this fails: headway check --schema > policies/policy.schema.json
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == json_schema()


def test_schema_says_what_every_key_of_a_slice_is() -> None:
    definitions = json_schema()["$defs"]
    for model in ("SliceModel", "MemberModel", "QueueModel"):
        for key, field in definitions[model]["properties"].items():
            assert field.get("description"), f"{model}.{key}"
    assert json_schema()["additionalProperties"] is False


@pytest.mark.parametrize("name", ["default", "plain"])
def test_shipped_policies_name_their_schema(name: str) -> None:
    path = DEFAULT_POLICY.with_name(f"{name}.yaml")
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=policy.schema.json"
    assert load_policy(path).name == name


def test_schema_is_json_schema() -> None:
    TypeAdapter(dict[str, object]).validate_python(json_schema())
    assert json_schema()["$schema"].startswith("https://json-schema.org/")
