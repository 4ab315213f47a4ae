"""What a policy means on a network: everything that can't hold there is told with its numbers."""

import json
import time
from datetime import datetime, timezone

import pytest

from emulation.attachments import attachments
from policies.check import check, examine
from policies.errors import PolicyConflictError
from policies.fabric import distances, fabric_of
from policies.latency_bound import BURST_FRAMES, FRAME_BITS
from policies.load import DEFAULT_POLICY, load_policy, parse_policy
from policies.model import Policy
from policies.report import Report
from topologies.model import Topology
from topologies.registry import build

UTC = timezone.utc
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PAIR = build("leafspine,spines=2,leaves=2,hosts=2")  # leaf1-eth1, -eth2 hosts; 50 Mbit/s up
CLOUDS = build("edgecloud")


def policy(slices: str = "", *intents: str, more: str = "") -> Policy:
    said = "".join(f"  - {text}\n" for text in intents)
    return parse_policy(
        f"version: 1\nname: mine\n{more}slices:\n{slices or '  {}'}\nintents:\n{said or '  []'}",
        "mine.yaml",
    )


def one(name: str, ports: str, guarantee: str = "10%", more: str = "") -> str:
    return f"  {name}: {{members: [{{ports: [{ports}]}}], guarantee: {guarantee}{more}}}\n"


A, B = one("ten-a", "leaf1-eth1, leaf2-eth1"), one("ten-b", "leaf1-eth2, leaf2-eth2")


def conflicts(found: Report) -> str:
    return "\n".join(found.lines(found.conflicts))


def ask(said: Policy, topology: Topology | None = PAIR) -> Report:
    return examine(said, topology, MONDAY)


@pytest.mark.parametrize(
    "spec", ["leafspine", "fattree,k=4", "ring,n=5", "edgecloud", "abilene", "dumbbell"]
)
def test_ports_are_the_emulators(spec: str) -> None:
    topology = build(spec)
    ours = {(p.interface, p.switch, p.peer, p.rate_bps) for p in fabric_of(topology).ports}
    assert ours == {(a.interface, a.switch, a.peer, a.rate_bps) for a in attachments(topology)}


@pytest.mark.parametrize("path", [None, DEFAULT_POLICY.with_name("plain.yaml")])
@pytest.mark.parametrize("topology", [None, PAIR, CLOUDS])
def test_shipped_policies_hold(path, topology: Topology | None) -> None:  # type: ignore[no-untyped-def]
    report = check(load_policy(path), topology, MONDAY)
    assert not report.conflicts and not report.warnings
    assert bool(report.unchecked) is (topology is None)


def test_report_tells_every_link_and_slice() -> None:
    report = check(policy(A + B.replace("10%", "5 Mbit/s")), PAIR, MONDAY)
    assert {link.interface for link in report.links} == {a.interface for a in attachments(PAIR)}
    first, second = report.slices
    assert (first.hosts, second.hosts) == (("h1", "h3"), ("h2", "h4"))
    assert first.ports == ("leaf1-eth1", "leaf2-eth1") and first.switches is None
    trunk = next(link for link in report.links if link.fabric)
    load = report.loads[trunk.load]
    assert [(s.name, s.rate_bps) for s in load.slices] == [("ten-a", 5e6), ("ten-b", 5e6)]
    assert load.asked_bps == 1e7
    access = next(link for link in report.links if link.interface == "leaf1-eth2")
    assert [s.name for s in report.loads[access.load].slices] == ["ten-b"]


def test_report_is_json_and_complete() -> None:
    found = ask(policy(A, "gradient of ten-a under 10 ms"))
    told = json.loads(json.dumps(found.told()))
    assert told["in_force"] == ["gradient of ten-a under 10 ms"]
    assert told["loads"][told["links"][0]["load"]]["slices"][0]["name"] == "ten-a"
    assert told["slices"][0]["guarantee"] == "10%" and told["conflicts"] == []


# --- rates ----------------------------------------------------------------------------------------

RATES = {
    "guarantees above a link": (
        (A.replace("10%", "30 Mbit/s") + B.replace("10%", "25 Mbit/s"),),
        "mine.yaml:4: slices.ten-a.guarantee: on ", "(50 Mbit/s) and 7 more ports promises add up "
        "to 55 Mbit/s: guarantees of 2 slices, the largest 30 Mbit/s of 'ten-a'"),
    "one guarantee above a link": (
        (A.replace("10%", "60 Mbit/s"),), "mine.yaml:4: slices.ten-a.guarantee", "add up to 60 M"),
    "share and rate together": (
        (A.replace("10%", "60%") + B.replace("10%", "25 Mbit/s"),), "guarantee", "55 Mbit/s"),
    "guarantee above maximum of another kind": (
        (A.replace("10%", "20%, maximum: 5 Mbit/s"),), "slices.ten-a.maximum",
        "the guarantee 20% is 10 Mbit/s, above the maximum 5 Mbit/s, 5 Mbit/s"),
    "promise above a limit": (
        (A, "gradient of ten-a at least 30% of any uplink",
         "gradient of ten-a at most 20% of any uplink"), "mine.yaml:7: intents.0",
        "needs 15 Mbit/s, but 'gradient of ten-a at most 20% of any uplink' allows 10 Mbit/s"),
    "promise of a slice above a limit of all": (
        (A, "gradient of ten-a at least 30% of any uplink",
         "gradient at most 20% of any uplink"), "intents.0", "needs 15 Mbit/s, but"),
    "promises of slices together above a limit of all": (
        (A + B, "gradient of ten-a at least 15% of any uplink",
         "gradient of ten-b at least 15% of any uplink", "gradient at most 20% of any uplink"),
        "intents.0", "needs 15 Mbit/s, but 'gradient at most 20% of any uplink' allows 10"),
    "promise above the maximum": (
        (A.replace("10%", "10%, maximum: 10 Mbit/s"),
         "gradient of ten-a at least 12 Mbit/s of any uplink"), "intents.0",
        "needs 12 Mbit/s, above the maximum of 'ten-a', 10 Mbit/s"),
    "promises together above the maximum": (
        (A.replace("10%", "10%, maximum: 10 Mbit/s"),
         "gradient of ten-a at least 6 Mbit/s of any uplink",
         "control of ten-a at least 7 Mbit/s of any uplink"), "intents.1",
        "and others need 13 Mbit/s, above the maximum"),
    "promises and guarantees above a link": (
        (A.replace("10%", "60%") + B, "gradient of ten-b at least 50% of any uplink"),
        "intents.0", "promises add up to 55 Mbit/s"),
    "promise of all above a link": (
        ("", "gradient at least 60 Mbit/s of any uplink"), "intents.0", "add up to 60 Mbit/s"),
    "promises of all above a link": (
        ("", "gradient at least 60% of any uplink", "control at least 50% of any uplink"),
        "intents.0", "add up to 55 Mbit/s"),
    "deadline above the maximum": (
        (A.replace("10%", "10%, maximum: 10 Mbit/s"),
         "bulk of ten-a 90 GB done by 06:00 from 22:00"),
        "intents.0", "needs 25 Mbit/s, above the maximum of 'ten-a', 10 Mbit/s (from Mon 23 Nov "
        "22:00 UTC)"),
    "deadline above a link": (
        ("", "bulk 360 GB done by 06:00 from 22:00"), "intents.0", "add up to 100 Mbit/s"),
    "contradiction at some hours": (
        (A, "gradient of ten-a at least 30% of any uplink between 06:00 and 09:00",
         "gradient of ten-a at most 20% of any uplink between 08:00 and 18:00"), "intents.0",
        "(from Tue 24 Nov 08:00 UTC)"),
    "idle capacity and a limit": (
        ("", "model-distribution may use any idle capacity",
         "model-distribution at most 50% of any uplink on sun"), "mine.yaml:6: intents.0",
        "but line 7 says 'model-distribution at most 50% of any uplink on sun'"),
    "idle capacity and a maximum": (
        (A.replace("10%", "10%, maximum: 10 Mbit/s"), "bulk of ten-a may use any idle capacity"),
        "intents.0", "slice 'ten-a' has a maximum of 10 Mbit/s"),
}  # fmt: skip


@pytest.mark.parametrize("case", RATES)
def test_rates_that_can_t_hold_are_refused(case: str) -> None:
    said, place, words = RATES[case]
    found = ask(policy(*said))
    assert place in conflicts(found)
    assert words in conflicts(found)
    with pytest.raises(PolicyConflictError) as error:
        check(policy(*said), PAIR, MONDAY)
    assert words in str(error.value)


FINE = {
    "limit and promise at different hours": (
        A, "gradient of ten-a at least 30% of any uplink between 06:00 and 08:00",
        "gradient of ten-a at most 20% of any uplink between 08:00 and 18:00"),
    "limit and promise on different days": (
        A, "gradient of ten-a at least 30% of any uplink on weekdays",
        "gradient of ten-a at most 20% of any uplink on weekends"),
    "limits of different classes": (
        A, "gradient of ten-a at least 30% of any uplink", "bulk at most 20% of any uplink"),
    "promise and limit of different slices": (
        A + B, "gradient of ten-a at least 30% of any uplink",
        "gradient of ten-b at most 20% of any uplink"),
    "guarantees that fill the link": (A.replace("10%", "60%") + B.replace("10%", "20 Mbit/s"),),
    "idle capacity and a limit of another slice": (
        A + B, "bulk of ten-a may use any idle capacity", "bulk of ten-b at most 5% of any uplink"),
}  # fmt: skip


@pytest.mark.parametrize("case", FINE)
def test_what_can_hold_is_not_refused(case: str) -> None:
    assert conflicts(ask(policy(*FINE[case]))) == ""


def test_queue_with_a_ceiling_contradicts_idle_capacity_and_promises() -> None:
    text = DEFAULT_POLICY.read_text(encoding="utf-8").replace(
        "{id: 1, priority: 7, share: 0.01}", "{id: 1, priority: 7, share: 0.01, ceiling: 0.2}"
    )
    said = parse_policy(
        text + "intents:\n  - bulk may use any idle capacity\n"
        "  - bulk at least 30% of any uplink\n", "mine.yaml",
    )  # fmt: skip
    assert "its queue 'bulk' has a ceiling of 0.2" in conflicts(ask(said))
    assert "above the ceiling 0.2 of queue 'bulk', 10 Mbit/s" in conflicts(ask(said))


def test_without_a_network_shares_and_rates_are_compared_among_themselves() -> None:
    said = policy(A.replace("10%", "60%, maximum: 10 Mbit/s"),
                  "gradient of ten-a at least 20 Mbit/s of any uplink",
                  "control of ten-a at least 120 Mbit/s of any uplink",
                  "control of ten-a at most 20% of any uplink")  # fmt: skip
    found = ask(said, None)
    assert "above the maximum of 'ten-a', 10 Mbit/s" in conflicts(found)
    assert "20%" not in conflicts(found), "a rate against a share needs a link"
    both = policy(A, "gradient of ten-a at least 60% of any uplink",
                  "bulk of ten-a at least 50% of any uplink")  # fmt: skip
    assert "on any link promises add up to 110%" in conflicts(ask(both, None))


# --- places ---------------------------------------------------------------------------------------

DC = one("clinic", "dc1-eth1, dc2-eth1")
TIERS = "tiers:\n  both: [dc1, far1]\n  islands: [far1, far3]\n  nothing: [x]\n"


def test_confinement_that_holds() -> None:
    found = ask(policy(DC, "clinic stays in tier on-premises or aggregation-edge"), CLOUDS)
    assert not found.conflicts
    assert found.slices[0].switches == ("agg1", "agg2", "dc1", "dc2")
    carried = {
        link.interface for link in found.links if link.fabric and found.loads[link.load].slices
    }
    assert carried and all(name.startswith(("agg", "dc")) for name in carried)
    peers = {link.peer for link in found.links if link.interface in carried}
    assert peers <= {"agg1", "agg2", "dc1", "dc2"}


PLACES = {
    "member outside": (
        (one("clinic", "dc1-eth1, far3-eth1"), "clinic stays in tier on-premises"),
        "mine.yaml:11: intents.0", "'clinic' has members on far3 (far-edge), outside tier on-prem"),
    "no way inside": (
        (DC, "clinic stays in tier on-premises"), "intents.0",
        "no path from dc1 to dc2 inside tier"),
    "no way between islands": (
        (one("clinic", "far1-eth1, far3-eth1"), "clinic stays in tier islands"), "intents.0",
        "no path from far1 to far3 inside tier islands (far1, far3)"),
    "unknown tier": ((DC, "clinic stays in tier cluod"), "intents.0", "did you mean 'cloud'?"),
    "tier without switches": ((DC, "clinic stays in tier nothing or on-premises or cloud"),
                              "tiers.nothing", "no switch of edgecloud is in it"),
    "partner outside": (
        (one("clinic", "dc1-eth1", more=", talks_to: [web]") + one("web", "cloud1-eth1"),
         "clinic stays in tier on-premises"), "intents.0",
        "'clinic' talks to 'web', all of whose members (cloud1) are outside"),
}  # fmt: skip


@pytest.mark.parametrize("case", PLACES)
def test_places_that_can_t_be_are_refused(case: str) -> None:
    said, place, words = PLACES[case]
    found = ask(policy(*said, more=TIERS), CLOUDS)
    assert place in conflicts(found)
    assert words in conflicts(found)


WARNINGS = {
    "port of no switch": (
        one("lost", "leaf9-eth1"),
        "no host port of leafspine is called leaf9-eth1; did you mean leaf2-eth1?"),
    "port with a switch behind": (one("lost", "leaf1-eth3"), "leaf1-eth3 leads to a switch"),
    "prefix of nobody": ("  lost: {members: [{prefixes: [192.0.2.0/24]}], guarantee: 1%}\n",
                         "no host of leafspine there has an address in 192.0.2.0/24"),
    "nowhere": (one("lost", "nosuch*"), "slices.lost: has no member on leafspine"),
}  # fmt: skip


@pytest.mark.parametrize("case", WARNINGS)
def test_members_that_are_nowhere_are_warned_about(case: str) -> None:
    slices, words = WARNINGS[case]
    found = ask(policy(slices))
    assert not found.conflicts
    assert words in "\n".join(found.lines(found.warnings))
    assert "mine.yaml:4: " in found.lines(found.warnings)[1]
    assert (
        "mine.yaml:3: slices: of no slice, so not let in: h1 on" in found.lines(found.warnings)[0]
    )


def test_hosts_are_found_by_address() -> None:
    address = PAIR.hosts[2].address
    found = ask(policy(f"  some: {{members: [{{prefixes: [{address}/32]}}], guarantee: 1%}}\n"))
    assert found.slices[0].hosts == ("h3",) and found.slices[0].ports == ("leaf2-eth1",)


def test_hosts_that_tag_may_be_anywhere_and_are_warned_when_shut_out() -> None:
    said = policy("  tagged: {members: [{vlan: 5}], guarantee: 1%}\n",
                  "tagged stays in tier on-premises or telco-edge")  # fmt: skip
    found = ask(said, CLOUDS)
    assert found.slices[0].ports == ("*",) and found.slices[0].hosts == ()
    assert not found.conflicts and "will reach nobody" in "\n".join(found.lines(found.warnings))


# --- latency --------------------------------------------------------------------------------------


def test_latency_bound_is_the_documented_one() -> None:
    hop_s = (1 + BURST_FRAMES) * FRAME_BITS / 50e6
    for factor, refused in ((0.99, True), (1.01, False)):
        text = f"inference of ten-a under {3 * hop_s * factor * 1e3:.6f} ms"
        assert bool(ask(policy(A, text)).conflicts) is refused, "leaf, spine, leaf"


def test_latency_that_can_t_be_is_told_with_its_way() -> None:
    found = conflicts(ask(policy(A, "inference of ten-a under 100 us")))
    assert "mine.yaml:7: intents.0: inference under 100 us can't be kept: from leaf" in found
    assert "3 switches" in found and "on 50 Mbit/s" in found


def test_latency_counts_propagation() -> None:
    said = policy(one("far", "far1-eth1, cloud1-eth1"), "inference of far under 5 ms")
    delays_s = [link.delay_s for link in CLOUDS.links]
    assert min(delays_s) >= 0 and sum(delays_s) > 0.005
    assert "propagation 8." in conflicts(ask(said, CLOUDS))


def test_latency_counts_the_ceiling() -> None:
    said = policy(A.replace("10%", "1%, maximum: 1 Mbit/s"), "inference of ten-a under 20 ms")
    assert "can't be kept" in conflicts(ask(said))


def test_latency_of_everybody_is_checked_without_slices() -> None:
    assert "classes.inference: inference under 100 us" in conflicts(
        ask(policy("", "inference under 100 us"))
    )
    assert not ask(policy("", "inference under 10 ms")).conflicts


def test_distances_are_shortest_and_stay_inside() -> None:
    fabric = fabric_of(build("ring,n=6"))
    switches = frozenset(fabric.switches)
    assert distances(fabric, "s1", switches)["s4"].switches == 4
    assert distances(fabric, "s1", switches - {"s2"})["s3"].switches == 5
    assert "s3" not in distances(fabric, "s1", frozenset({"s1", "s3"}))


# --- size -----------------------------------------------------------------------------------------


def test_two_hundred_slices_are_checked_in_time() -> None:
    network = build("leafspine,spines=4,leaves=20,hosts=10")
    slices = "".join(
        f"  t{n}: {{members: [{{ports: [leaf{n // 10 + 1}-eth{n % 10 + 1}]}}], guarantee: 0.2%}}\n"
        for n in range(200)
    )
    texts = [f"federated of t{n} at most {n % 7 + 1}% of any uplink between 0{n % 9}:00 and 18:00"
             for n in range(0, 200, 10)]  # fmt: skip
    said = policy(slices, "inference of t3 under 50 ms", *texts)
    start = time.monotonic()
    found = ask(said, network)
    assert time.monotonic() - start < 10
    assert not found.conflicts and len(found.slices) == 200
