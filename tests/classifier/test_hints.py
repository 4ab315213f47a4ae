"""Hints: operator rules, jobs, marks and ports, each against looking at every entry."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.hints import Hint, Hints
from classifier.jobs import Job, Jobs
from classifier.model import TCP, UDP, FlowKey
from policies.classes import TrafficClass, Transport
from policies.load import load_policy, parse_policy
from policies.model import OperatorRule, Policy, PortRange, ServicePorts

TEXT = """\
version: 1
name: ruled
slices:
  blue: {members: [{vlan: 11}], guarantee: 20%}
  red: {members: [{vlan: 12}], guarantee: 20%}
rules:
  - {name: copies, class: bulk, from: 10.0.0.0/8, to: 10.1.0.5, ports: [9000, "9100-9120"],
     transport: tcp, slice: red}
  - {class: gradient, from: ["10.2.0.0/16", "2001:db8::/32"]}
  - {class: telemetry, transport: udp, ports: [8125]}
  - {class: inference, to: 10.3.0.1, ports: [8000]}
"""
BULK, GRADIENT = TrafficClass.BULK, TrafficClass.GRADIENT


def key(client: str, cport: int, server: str, sport: int, **more: int) -> FlowKey:
    return FlowKey(
        more.get("domain", 0), more.get("transport", TCP),
        ip_address(client).packed, cport, ip_address(server).packed, sport,
    )  # fmt: skip


@pytest.fixture(scope="module")
def hints() -> Hints:
    return Hints.of(parse_policy(TEXT, "x"))


@pytest.mark.parametrize(
    ("flow", "name"),
    [
        (key("10.9.9.9", 40000, "10.1.0.5", 9000, domain=2), "copies"),
        (key("10.1.0.5", 9110, "10.9.9.9", 40000, domain=2), "copies"),
        (key("10.9.9.9", 9000, "10.1.0.5", 40000, domain=2), None),  # not of the `to` end
        (key("10.9.9.9", 40000, "10.1.0.5", 9000, domain=1), None),
        (key("10.9.9.9", 40000, "10.1.0.5", 9000), None),
        (key("10.9.9.9", 40000, "10.1.0.5", 9121, domain=2), None),
        (key("10.9.9.9", 40000, "10.1.0.5", 9000, domain=2, transport=UDP), None),
        (key("10.2.3.4", 1, "192.0.2.1", 2), "gradient from 10.2.0.0/16 2001:db8::/32"),
        (key("::1", 1, "2001:db8::7", 2, transport=132),
         "gradient from 10.2.0.0/16 2001:db8::/32"),
        (key("192.0.2.1", 8125, "192.0.2.2", 5, transport=UDP), "telemetry udp, port 8125"),
        (key("192.0.2.1", 5, "192.0.2.2", 8125), None),
        (key("10.2.0.1", 8125, "192.0.2.2", 5, transport=UDP),
         "gradient from 10.2.0.0/16 2001:db8::/32"),  # the first that matches
        (key("10.3.0.1", 8000, "192.0.2.2", 5), "inference to 10.3.0.1, port 8000"),
        (key("10.3.0.1", 5, "192.0.2.2", 8000), None),
    ],
)  # fmt: skip
def test_operator_rules(hints: Hints, flow: FlowKey, name: str | None) -> None:
    found = hints.operator(flow)
    assert (found.why if found else None) == (f"rule {name}" if name else None)


def test_marks_are_those_of_the_policy_and_no_mark_says_nothing() -> None:
    hints = Hints.of(load_policy())
    assert hints.mark(46) == Hint(TrafficClass.INFERENCE, "DSCP 46")
    assert hints.mark(0) is None
    assert hints.mark(63) is None


def test_the_servers_port_says_more_than_the_clients() -> None:
    hints = Hints.of(load_policy())
    assert hints.port(TCP, 29500, 8000) == Hint(TrafficClass.INFERENCE,
                                                "port of KServe v2 / Triton")  # fmt: skip
    assert hints.port(TCP, 29500, 50000) == Hint(GRADIENT, "port of torch.distributed")
    assert hints.port(UDP, 40000, 8000) is None
    assert hints.port(132, 8000, 8000) is None
    assert hints.port(TCP, 0, 65535) is None


def test_a_job_is_named_and_ends_by_the_wall_clock() -> None:
    jobs = Jobs([Job("train-7", GRADIENT, (ip_network("10.0.0.0/8"),), slice_name="red",
                     expires_at=100.0)])  # fmt: skip
    hints = Hints.of(parse_policy(TEXT, "x"), jobs)
    flow = key("10.0.0.1", 1, "10.0.0.2", 2, domain=2)
    assert hints.job(flow) == hints.job(flow, 99.0) == Hint(GRADIENT, "job train-7")
    assert hints.job(flow, 100.0) is None
    assert hints.job(flow._replace(domain=1)) is None
    jobs.remove("train-7")
    assert hints.job(flow) is None


# --- against brute force --------------------------------------------------------------------------

NETWORKS = st.lists(
    st.sampled_from(["10.0.0.1", "10.0.0.0/30", "10.0.0.0/8", "0.0.0.0/0", "::1", "::/0"]),
    max_size=2,
).map(lambda names: tuple(map(ip_network, names)))
RANGES = st.builds(lambda a, b: PortRange(min(a, b), max(a, b)), *[st.integers(1, 9)] * 2)
RULES = st.builds(
    OperatorRule,
    name=st.text("ab", max_size=3),
    traffic_class=st.sampled_from(TrafficClass),
    from_prefixes=NETWORKS,
    to_prefixes=NETWORKS,
    ports=st.lists(RANGES, max_size=3).map(tuple),
    transport=st.sampled_from([None, *Transport]),
    slice_name=st.sampled_from([None, "red", "gone"]),
)
ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.1.2.3", "192.0.2.1", "::1", "::2"])
KEYS = st.builds(
    key, ADDRESSES, st.integers(0, 10), ADDRESSES, st.integers(0, 10),
    domain=st.sampled_from([0, 1, 2]), transport=st.sampled_from([TCP, UDP, 132]),
)  # fmt: skip


def takes(rule: OperatorRule, flow: FlowKey) -> bool:
    def among(address: bytes, networks: Any) -> bool:
        return not networks or any(ip_address(address) in network for network in networks)

    def one_way(near: bytes, far: bytes, port: int) -> bool:
        return (
            among(near, rule.from_prefixes)
            and among(far, rule.to_prefixes)
            and (not rule.ports or any(r.first <= port <= r.last for r in rule.ports))
        )

    return (
        (rule.slice_name is None or (rule.slice_name, flow.domain) == ("red", 2))
        and (rule.transport is None or rule.transport.number == flow.transport)
        and (
            one_way(flow.client, flow.server, flow.sport)
            or one_way(flow.server, flow.client, flow.cport)
        )
    )


def with_rules(rules: list[OperatorRule]) -> Policy:
    return replace(parse_policy(TEXT, "x"), rules=tuple(rules))


@given(st.lists(RULES, max_size=8), st.lists(KEYS, max_size=20))
def test_bits_say_what_looking_at_every_rule_says(
    rules: list[OperatorRule], flows: list[FlowKey]
) -> None:
    hints = Hints.of(with_rules(rules))
    for flow in flows:
        first = next((rule for rule in rules if takes(rule, flow)), None)
        wanted = Hint(first.traffic_class, f"rule {first.name}") if first else None
        assert hints.operator(flow) == wanted
        back = flow._replace(
            client=flow.server, cport=flow.sport, server=flow.client, sport=flow.cport
        )
        assert hints.operator(back) == wanted  # either end may have begun


@given(st.lists(st.builds(lambda n, c, t, r: ServicePorts(n, c, t, r.first, r.last),
                          st.text("xyz", min_size=1), st.sampled_from(TrafficClass),
                          st.sampled_from(Transport), RANGES), max_size=8))  # fmt: skip
def test_the_first_service_of_a_port_wins(services: list[ServicePorts]) -> None:
    hints = Hints.of(replace(load_policy(), services=tuple(services)))
    for transport in Transport:
        for port in range(11):
            known = (s for s in services if s.transport is transport and s.first <= port <= s.last)
            first = next(known, None)
            wanted = Hint(first.traffic_class, f"port of {first.name}") if first else None
            assert hints.port(transport.number, 0, port) == wanted
            assert hints.port(transport.number, port, 0) == wanted
