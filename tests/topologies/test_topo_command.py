"""`headway topo`: lists, shows, saves."""

import argparse
import json
from pathlib import Path

import pytest

from headway.commands import topo
from topologies.errors import SpecSyntaxError, UnknownFamilyError
from topologies.picture import draw
from topologies.registry import build, families


def headway(*words: str) -> int:
    parser = argparse.ArgumentParser(prog="headway")
    topo.register(parser.add_subparsers())
    args = parser.parse_args(["topo", *words])
    code: int = args.run(args)
    return code


def test_list_names_every_family_and_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    assert headway() == 0
    listing = capsys.readouterr().out
    for family in families():
        assert family.name in listing
        assert all(parameter.name in listing for parameter in family.parameters)
    assert "spines       2     spine switches (1..64)" in listing


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert headway("--json") == 0
    listing = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in listing] == [family.name for family in families()]


def test_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert headway("leafspine,spines=2,leaves=3,hosts=2") == 0
    summary = capsys.readouterr().out
    assert "leafspine: 5 switches, 6 hosts, 6 links" in summary
    assert "2 x spine, 3 x leaf" in summary
    assert "6 x 50Mbit/s" in summary
    assert "note" not in summary


def test_very_slow_links_are_pointed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.json"
    nodes = [{"id": i} for i in range(9)]
    edges = [{"source": 0, "target": i, "capacity": 1000 * i} for i in range(1, 9)]
    path.write_text(json.dumps({"nodes": nodes, "edges": edges}))
    assert headway(f"file:{path}") == 0
    summary = capsys.readouterr().out
    assert "give scale=" in summary
    assert "8 kinds" in summary


def test_saved_and_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert headway("ring,n=5", "--json") == 0
    path = tmp_path / "mine.json"
    path.write_text(capsys.readouterr().out)
    assert build(f"file:{path}") == build("ring,n=5")


def test_draws(tmp_path: Path) -> None:
    assert headway("ring,n=5", "--svg", str(tmp_path / "ring.svg")) == 0
    assert (tmp_path / "ring.svg").read_text() == draw(build("ring,n=5"))
    with pytest.raises(SpecSyntaxError, match="say what to draw"):
        headway("--svg", "all.svg")


def test_mistakes_reach_the_command_line_as_topology_errors() -> None:
    with pytest.raises(UnknownFamilyError, match="did you mean"):
        headway("leafspin")


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        headway("--help")
    assert done.value.code == 0
    assert "headway topo file:mine.json" in capsys.readouterr().out
