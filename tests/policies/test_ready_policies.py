"""The contract of every ready policy: it loads, holds on its own network, and is drawn."""

import ast
import importlib.util
from datetime import datetime, timezone
from pathlib import Path

import pytest

from emulation.vlans import seats
from headway.cli import main
from headway.overlay import draw_policy
from policies.catalogue import picture_file, policy_file, ready_names, topology_file
from policies.check import examine
from policies.errors import PolicyFileError
from policies.intents import next_change
from policies.load import load_policy
from policies.model import Policy
from topologies.model import Topology
from topologies.registry import build

FOLDER = Path(__file__).parents[2] / "policies" / "ready"
NAMES = sorted(file.stem for file in FOLDER.glob("*.yaml"))
NOW = datetime(2026, 1, 7, 12, tzinfo=timezone.utc)  # a Wednesday; when pictures are drawn for


def _policy(name: str) -> Policy:
    return load_policy(Path(name))


def _topology(name: str) -> Topology:
    return build(f"file:{topology_file(policy_file(Path(name)))}")


def test_these_sites_have_one() -> None:
    wanted = {"training-cluster", "inference-edge", "federated-hospital", "campus", "wan"}
    assert wanted <= set(NAMES)
    assert ready_names() == tuple(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_called_as_its_file_and_says_what_it_promises(name: str) -> None:
    assert (_policy(name).name, _topology(name).name) == (name, name)
    lines = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../policy.schema.json"
    words = lines[1 : next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    assert 3 <= len([line for line in words if line.strip("# ")]) <= 7
    assert len(lines) < 70


@pytest.mark.parametrize("name", NAMES)
def test_it_holds_on_its_own_network_whenever_schedules_change(name: str) -> None:
    policy, topology = _policy(name), _topology(name)
    moment: datetime | None = NOW
    for _ in range(12):  # more changes than a weekday has
        if moment is None:
            break
        report = examine(policy, topology, moment)
        assert not report.lines(report.conflicts)
        assert not report.lines(report.warnings)
        moment = next_change(policy, moment)


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_emulated_on_a_small_machine(name: str) -> None:
    topology = _topology(name)
    assert 4 <= len(topology.switches) <= 8
    assert 8 <= len(topology.hosts) <= 16
    rates = [link.rate_bps for link in topology.links] + [h.rate_bps for h in topology.hosts]
    assert min(rates) >= 20e6
    assert max(rates) <= 100e6


@pytest.mark.parametrize("name", NAMES)
def test_every_host_has_a_slice_and_every_slice_hosts(name: str) -> None:
    policy, topology = _policy(name), _topology(name)
    found = seats(topology, policy)
    assert {seat.host for seat in found} == {host.name for host in topology.hosts}
    assert {seat.slice_name for seat in found} == {entry.name for entry in policy.slices}
    places = [(seat.slice_name, seat.ip) for seat in found]
    assert len(set(places)) == len(places)
    for seat in found:
        owner = next(entry for entry in policy.slices if entry.name == seat.slice_name)
        assert any(
            member.may_enter(seat.switch_port)
            and member.vlan == seat.vlan
            and (not member.prefixes or any(seat.address.ip in n for n in member.prefixes))
            for member in owner.members
        )


@pytest.mark.parametrize("name", NAMES)
def test_its_picture_is_current(name: str) -> None:
    drawn = draw_policy(_topology(name), _policy(name), NOW)
    assert picture_file(name).read_text(encoding="utf-8") == drawn, (
        f"draw it again: headway check {name} --picture {picture_file(name)}"
    )


def test_it_has_live_tests_of_its_promises() -> None:
    file = Path(__file__).with_name("test_root_ready_policies.py")
    words = {
        node.value
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(NAMES) <= words


def test_check_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = tmp_path / "campus.svg"
    assert main(["check", "campus", "--picture", str(drawn)]) == 0
    assert drawn.read_text(encoding="utf-8") == picture_file("campus").read_text(encoding="utf-8")
    lonely = tmp_path / "lonely.yaml"
    lonely.write_text("version: 1\nname: lonely\n", encoding="utf-8")
    assert main(["check", str(lonely), "--picture", str(drawn)]) == 2
    assert "--picture needs a network" in capsys.readouterr().err


def test_a_file_of_that_name_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert policy_file(Path("campus")) == FOLDER / "campus.yaml"
    Path("campus").write_text("version: 1\nname: mine\n", encoding="utf-8")
    assert policy_file(Path("campus")) == Path("campus")
    assert load_policy(Path("campus")).name == "mine"
    assert topology_file(Path("campus")) is None


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(PolicyFileError, match="did you mean 'federated-hospital'"):
        load_policy(Path("federated-hospitl"))
    with pytest.raises(PolicyFileError, match=r"there are campus, .*wan"):
        policy_file(Path("zzz"))
    with pytest.raises(PolicyFileError, match="No such file"):  # a path is a path
        load_policy(Path("ready/campus.yaml"))


def test_they_are_packaged() -> None:
    if importlib.util.find_spec("tomllib") is None:
        pytest.skip("needs tomllib, Python 3.11")
    import tomllib

    project = tomllib.loads((FOLDER.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert "ready/*" in project["tool"]["setuptools"]["package-data"]["policies"]
