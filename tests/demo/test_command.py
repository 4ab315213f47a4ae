import argparse

import pytest

from controller.advice.errors import UnknownAgentError
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
    assert args.arms == "alone,plain,headway,static,agent,cut"
    assert (args.duration, args.seed, args.repeat) == (20.0, 1, 1)


def test_a_wrong_weak_trunk_is_refused_before_anything_starts(parse, monkeypatch):
    monkeypatch.setattr(demo, "find_spec", lambda name: object())
    monkeypatch.setattr(demo, "require_root", lambda: None)
    with pytest.raises(ScenarioError, match="no trunk"):
        demo.run(parse("--weaken", "leaf1-leaf2=0.5"))


def test_an_unknown_agent_is_refused_before_anything_starts(parse, monkeypatch):
    monkeypatch.setattr(demo, "find_spec", lambda name: object())
    monkeypatch.setattr(demo, "require_root", lambda: None)
    with pytest.raises(UnknownAgentError, match="nobody"):
        demo.run(parse("--agent", "nobody"))


def test_the_agent_is_the_shipped_policy_where_one_is_shipped(monkeypatch):
    monkeypatch.setattr("controller.advice.policy.shipped", lambda: ("abilene", "default"))
    assert demo.default_agent() == "default"
    monkeypatch.setattr("controller.advice.policy.shipped", lambda: ())
    assert demo.default_agent() == "online-gradient"


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
