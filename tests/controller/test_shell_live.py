"""On real switches, under both frameworks: every host reaches every other one."""

import dataclasses
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from openflow_peer import Controller, wait_for

from policies.load import load_policy
from topologies.model import Topology
from topologies.registry import build

pytestmark = pytest.mark.root
WAYS = ["os-ken", pytest.param("ryu", marks=pytest.mark.ryu)]


def renamed(topology: Topology, prefix: str) -> Topology:
    """The same under names of its own: bridges and interfaces are the whole machine's."""

    def own(name: str) -> str:
        return prefix + name

    return dataclasses.replace(
        topology,
        switches=tuple(dataclasses.replace(s, name=own(s.name)) for s in topology.switches),
        hosts=tuple(
            dataclasses.replace(h, name=own(h.name), switch=own(h.switch)) for h in topology.hosts
        ),
        links=tuple(dataclasses.replace(k, a=own(k.a), b=own(k.b)) for k in topology.links),
    )


TOPOLOGY = renamed(build("leafspine,spines=2,leaves=2,hosts=2"), "zv")
PAIRS = [(a, b) for a in TOPOLOGY.hosts for b in TOPOLOGY.hosts if a is not b]


@pytest.fixture(params=WAYS)
def controller(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Controller]:
    started = Controller(request.param, tmp_path_factory.mktemp("controller"))
    try:
        yield started.wait_ready()
        started.assert_well()
    finally:
        started.stop()


def ping_all(network: Any) -> dict[tuple[str, str], str]:
    pings = {
        (a.name, b.name): network.popen(
            a.name, ["ping", "-c3", "-i0.3", "-W2", b.ip.partition("/")[0]],
            stdout=subprocess.PIPE, text=True,
        )
        for a, b in PAIRS
    }  # fmt: skip
    return {pair: ping.communicate(timeout=30)[0] for pair, ping in pings.items()}


def test_all_hosts_ping_each_other(controller: Controller) -> None:
    from emulation.network import emulate

    with emulate(TOPOLOGY, policy=load_policy(), controller=controller.address) as network:
        links = len(TOPOLOGY.links)
        wait_for(lambda: controller.metrics()["headway_links_up"] == links, "links found", 30)
        wait_for(lambda: controller.metrics()["headway_settled"] == 1, "paths in use", 30)
        ping_all(network)  # who nobody has heard of yet may lose a first packet
        outputs = ping_all(network)
    silent = {pair: text for pair, text in outputs.items() if " 0% packet loss" not in text}
    assert not silent
    assert controller.count("command-refused") == 0
    assert controller.count("tables-repaired") == 0
