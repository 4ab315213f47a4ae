import argparse

import pytest

from demo.errors import ScenarioError
from headway.commands import demo


@pytest.fixture
def parse():
    parser = argparse.ArgumentParser()
    demo.register(parser.add_subparsers())
    return lambda *words: parser.parse_args(["demo", *words])


def test_defaults_describe_a_whole_demo(parse):
    args = parse()
    assert args.run is demo.run
    assert args.arms == "alone,plain,headway,cut"
    assert (args.duration, args.seed, args.repeat) == (20.0, 1, 1)


@pytest.mark.parametrize("words", [("--duration", "0"), ("--repeat", "0"), ("--seed", "x")])
def test_impossible_arguments_are_refused(parse, words, capsys):
    with pytest.raises(SystemExit):
        parse(*words)
    assert "error" in capsys.readouterr().err


def test_a_topology_that_is_too_small_is_refused_before_anything_starts(parse, monkeypatch):
    monkeypatch.setattr(demo, "find_spec", lambda name: object())
    with pytest.raises(ScenarioError, match="4 hosts"):
        demo.run(parse("--topology", "leafspine,spines=1,leaves=3,hosts=1"))


def test_a_missing_package_is_named_with_its_remedy(parse, monkeypatch):
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    with pytest.raises(demo.MissingPackage, match="torch"):
        demo.run(parse())
