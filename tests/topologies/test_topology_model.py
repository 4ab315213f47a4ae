"""The model refuses each mistake with a class of its own, and says what to do."""

from dataclasses import FrozenInstanceError

import pytest

from topologies import errors
from topologies.model import Host, Link, Switch, Topology

MBIT = 1_000_000


def host(number: int = 1, **changes: object) -> Host:
    fields: dict[str, object] = {
        "name": f"h{number}",
        "mac": f"00:00:00:00:00:{number:02x}",
        "ip": f"10.0.0.{number}/16",
        "switch": "s1",
        "rate_bps": MBIT,
    }
    return Host(**{**fields, **changes})  # type: ignore[arg-type]


def topology(**changes: object) -> Topology:
    fields: dict[str, object] = {
        "name": "pair",
        "switches": (Switch("s1", 1), Switch("s2", 2)),
        "hosts": (host(1), host(2, switch="s2")),
        "links": (Link("s1", "s2", MBIT),),
    }
    return Topology(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_sound_topology_is_frozen() -> None:
    pair = topology()
    with pytest.raises(FrozenInstanceError):
        pair.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["", "1s", "edge-1", "a.b", "a b", "a;reboot", "é", "s1\n"])
def test_names_that_prompt_or_kernel_cannot_use(name: str) -> None:
    with pytest.raises(errors.NodeNameError, match="a letter, then letters"):
        Switch(name, 1)
    with pytest.raises(errors.NodeNameError):
        host(name=name)


@pytest.mark.parametrize("dpid", [0, -1, 2**64])
def test_datapath_id_out_of_range(dpid: int) -> None:
    with pytest.raises(errors.DatapathIdError, match=r"1\.\.2\^64-1"):
        Switch("s1", dpid)


@pytest.mark.parametrize(
    "mac",
    [
        "01:00:5e:00:00:01",  # multicast
        "ff:ff:ff:ff:ff:ff",
        "00:00:00:00:00:00",
        "00:00:00:00:00:0A",  # comparisons are by text: one spelling only
        "00-00-00-00-00-01",
        "",
    ],
)
def test_mac_no_host_can_have(mac: str) -> None:
    with pytest.raises(errors.AddressError, match="unicast"):
        host(mac=mac)


@pytest.mark.parametrize(
    "ip",
    [
        "10.0.0.1",
        "10.0.0.0/16",
        "10.0.255.255/16",
        "10.0.0.1/255.255.0.0",
        "224.0.0.1/4",
        "127.0.0.1/8",
        "fe80::1/64",
        "x",
    ],
)
def test_ip_no_host_can_have(ip: str) -> None:
    with pytest.raises(errors.AddressError, match=r"10\.0\.0\.1/16"):
        host(ip=ip)


@pytest.mark.parametrize("rate_bps", [0, -5])
def test_rates_are_positive(rate_bps: int) -> None:
    with pytest.raises(errors.RateError):
        Link("s1", "s2", rate_bps)
    with pytest.raises(errors.RateError):
        host(rate_bps=rate_bps)


@pytest.mark.parametrize("delay_s", [-0.001, -(10**400), float("nan"), float("inf")])
def test_delays_are_finite_and_not_negative(delay_s: float) -> None:
    with pytest.raises(errors.DelayError):
        Link("s1", "s2", MBIT, delay_s)


def test_link_to_itself() -> None:
    with pytest.raises(errors.SelfLoopError):
        Link("s1", "s1", MBIT)


def test_parallel_links_in_either_spelling() -> None:
    with pytest.raises(errors.ParallelLinkError, match="s1 and s2: write one"):
        topology(links=(Link("s1", "s2", MBIT), Link("s2", "s1", MBIT)))


def test_no_switch() -> None:
    with pytest.raises(errors.NoSwitchError):
        topology(switches=(), hosts=(), links=())


def test_one_name_for_a_switch_and_a_host() -> None:
    with pytest.raises(errors.DuplicateNameError, match="'s2'"):
        topology(hosts=(host(1, name="s2"),))


def test_one_datapath_id_twice() -> None:
    with pytest.raises(errors.DuplicateDatapathIdError, match="dpid 7"):
        topology(switches=(Switch("s1", 7), Switch("s2", 7)))


@pytest.mark.parametrize(
    "same", [{"mac": "00:00:00:00:00:01"}, {"ip": "10.0.0.1/16"}, {"ip": "10.0.0.1/8"}]
)
def test_one_address_twice(same: dict[str, str]) -> None:
    with pytest.raises(errors.DuplicateAddressError):
        topology(hosts=(host(1), host(2, **same)))


def test_unknown_ends() -> None:
    with pytest.raises(errors.UnknownSwitchError, match="did you mean 'leaf1'"):
        topology(
            switches=(Switch("leaf1", 1), Switch("x", 2)), links=(Link("leaf1", "leaf2", MBIT),)
        )
    with pytest.raises(errors.UnknownSwitchError, match="host h1"):
        topology(hosts=(host(1, switch="nowhere"),))


def test_two_pieces() -> None:
    with pytest.raises(errors.DisconnectedError, match="1 of 2 switches"):
        topology(links=())


def test_interface_names_fit_linux() -> None:
    # "abcdefghij-eth1" has 15 characters; one more letter, or a tenth port, is too much.
    topology(switches=(Switch("abcdefghij", 1),), hosts=(host(1, switch="abcdefghij"),), links=())
    ten = tuple(host(number, switch="abcdefghij") for number in range(1, 11))
    with pytest.raises(errors.InterfaceNameError, match="shorten the name"):
        topology(switches=(Switch("abcdefghij", 1),), hosts=ten, links=())
    with pytest.raises(errors.InterfaceNameError):
        topology(hosts=(host(1, name="abcdefghijk"),))


def test_every_mistake_is_a_topology_error_and_documented() -> None:
    classes = [
        item
        for item in vars(errors).values()
        if isinstance(item, type) and item.__module__ == errors.__name__
    ]
    assert all(issubclass(item, errors.TopologyError) and item.__doc__ for item in classes)
