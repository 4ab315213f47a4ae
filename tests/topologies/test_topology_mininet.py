"""mn.py as Mininet executes it: without __file__, its names taken over into Mininet's own."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import topologies
from topologies.errors import SpecSyntaxError, UnknownParameterError
from topologies.model import Topology
from topologies.registry import families

MN_FILE = Path(topologies.__file__).with_name("mn.py")


class FakeSwitch:
    """Stands for emulation.switch.HeadwaySwitch."""


@pytest.fixture
def customs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    switch, network = ModuleType("emulation.switch"), ModuleType("emulation.network")
    vars(switch)["HeadwaySwitch"] = FakeSwitch
    vars(network)["as_mininet_topo"] = lambda topology: topology
    monkeypatch.setitem(sys.modules, "emulation.switch", switch)
    monkeypatch.setitem(sys.modules, "emulation.network", network)
    monkeypatch.setattr(sys, "path", [*sys.path])
    names: dict[str, Any] = {}
    exec(compile(MN_FILE.read_text(), str(MN_FILE), "exec"), names, names)
    return names


def test_every_family_and_the_switch_are_offered(customs: dict[str, Any]) -> None:
    assert set(customs["topos"]) == {family.name for family in families()}
    assert customs["switches"] == {"headway": FakeSwitch}
    assert sys.path[0] == str(MN_FILE.parent.parent)


def test_parameters_as_mininet_hands_them_over(customs: dict[str, Any]) -> None:
    topology = customs["topos"]["leafspine"](spines=2, leaves=3, hosts=2, rate="20M")
    assert isinstance(topology, Topology)
    assert len(topology.hosts) == 6
    assert topology.links[0].rate_bps == 20_000_000


def test_mistakes_are_explained(customs: dict[str, Any]) -> None:
    with pytest.raises(SpecSyntaxError, match="write name,key=value"):
        customs["topos"]["leafspine"](2, 3)
    with pytest.raises(UnknownParameterError, match="did you mean 'spines'"):
        customs["topos"]["leafspine"](spine=2)


def test_no_name_of_ours_replaces_one_of_mininets(customs: dict[str, Any]) -> None:
    public = {name for name in customs if not name.startswith("_")}
    assert public == {"topos", "switches"}
