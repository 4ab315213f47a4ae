"""Slices, tiers and intents in policy files: what loads, and how each mistake is told."""

import time
from ipaddress import ip_network

import pytest

from policies.classes import TrafficClass
from policies.errors import PolicyConflictError, PolicyError, PolicyFileError, PolicySchemaError
from policies.load import load_policy, parse_policy
from policies.model import Policy, Rate
from policies.source import MAX_BYTES

TEXT = """\
version: 1
name: mine
time_zone: Europe/Zurich
slices:
  tenant-b:
    members:
      - {ports: [leaf2-eth1, leaf2-eth2], vlan: 20}
    guarantee: 10 Mbit/s
    maximum: 40 Mbit/s
    weight: 2
    classes: [gradient, bulk]
    talks_to: [tenant-a]
  tenant-a:
    members:
      - {ports: [leaf1-*], prefixes: [10.1.0.0/16, "2001:db8::/32"]}
      - {ports: [leaf2-eth1, leaf2-eth2]}
    guarantee: 20%
tiers:
  near: [leaf1, "leaf2*", 17, "0x11"]
intents:
  - gradient of tenant-b at least 30% of any uplink
  - inference of tenant-a under 10 ms
"""


def load(text: str) -> Policy:
    return parse_policy(text, "mine.yaml")


def test_everything_a_slice_can_say_is_read() -> None:
    policy = load(TEXT)
    first, second = policy.slices
    assert (first.name, first.number, second.name, second.number) == ("tenant-a", 1, "tenant-b", 2)
    assert first.members[0].prefixes == (ip_network("10.1.0.0/16"), ip_network("2001:db8::/32"))
    assert first.members[0].vlan is None and second.members[0].vlan == 20
    assert (first.guarantee, first.maximum) == (Rate(share=0.2), None)
    assert (second.guarantee, second.maximum) == (Rate(bps=1e7), Rate(bps=4e7))
    assert set(first.classes) == set(TrafficClass)
    assert first.default_class is TrafficClass.BACKGROUND
    assert second.default_class is TrafficClass.BULK, "background is not allowed, so the last"
    assert second.talks_to == ("tenant-a",) and second.weight == 2
    assert [tier.name for tier in policy.tiers] == ["near"]
    assert policy.tiers[0].switches == ("leaf1", "leaf2*", "17", "0x11")
    assert [intent.line for intent in policy.intents] == [21, 22]
    assert policy.time_zone == "Europe/Zurich"


def test_tier_has_switches_by_name_pattern_and_datapath_id() -> None:
    (tier,) = load(TEXT).tiers
    assert tier.has("leaf1", 1) and tier.has("leaf22", 1) and tier.has("spine1", 0x11)
    assert not tier.has("leaf3", 1)


def test_what_is_left_out_is_the_defaults() -> None:
    policy, default = load("version: 1\nname: mine\n"), load_policy()
    assert (policy.queues, policy.classes, policy.services) == (
        default.queues,
        default.classes,
        default.services,
    )
    assert policy.slices == () and policy.time_zone == "UTC"


def test_empty_services_are_no_services() -> None:
    assert load("version: 1\nname: mine\nservices: []\n").services == ()


def test_latency_of_a_class() -> None:
    classes = "".join(
        f"  {c.value}: {{dscp: 0, queue: background, latency: {n + 1} ms}}\n"
        for n, c in enumerate(TrafficClass)
    )
    policy = load(f"version: 1\nname: mine\nclasses:\n{classes}")
    assert policy.class_of(TrafficClass.CONTROL).latency_s == 0.001
    assert load_policy().class_of(TrafficClass.BULK).latency_s is None


# --- mistakes: (old, new, line, what the message says) --------------------------------------------

SCHEMA = {
    "unknown key of a slice": ("    weight: 2", "    wait: 2", 10, "did you mean 'weight'?"),
    "key of another place": ("    weight: 2", "    vlan: 2", 10, "unknown key; there are classes,"),
    "unknown key of a member": ("vlan: 20}", "vlna: 20}", 7, "did you mean 'vlan'?"),
    "rate without unit": ("guarantee: 10 Mbit/s", "guarantee: 10000000", 8,
                          "10000000 is not a rate; write \"10 Mbit/s\""),
    "rate in bytes": ("guarantee: 10 Mbit/s", "guarantee: 10 MB/s", 8, "1 MB/s is 8 Mbit/s"),
    "unknown unit": ("guarantee: 10 Mbit/s", "guarantee: 10 furlongs", 8, "use kbit/s, Mbit/s"),
    "rate too low": ("guarantee: 10 Mbit/s", "guarantee: 10 bit/s", 8, "1 kbit/s to 4 Tbit/s"),
    "rate too high": ("guarantee: 10 Mbit/s", "guarantee: 10000 Tbit/s", 8, "1 kbit/s to 4 Tbit/s"),
    "share above all": ("guarantee: 20%", "guarantee: 120%", 17, "at most 100%"),
    "share of nothing": ("guarantee: 20%", "guarantee: 0%", 17, "above 0%"),
    "no guarantee": ("    guarantee: 20%\n", "", 13, "is missing"),
    "VLAN 0": ("vlan: 20}", "vlan: 0}", 7, "give 1 or more"),
    "VLAN 4095": ("vlan: 20}", "vlan: 4095}", 7, "give 4094 or less"),
    "octal VLAN": ("vlan: 20}", "vlan: 020}", 7, "give a whole number"),
    "weight too low": ("weight: 2", "weight: 0.01", 10, "give 0.1 or more"),
    "weight too high": ("weight: 2", "weight: 10000", 10, "give 1000 or less"),
    "weight that is none": ("weight: 2", "weight: .nan", 10, "infinity and NaN"),
    "a host for a prefix": ("10.1.0.0/16", "10.1.2.3/16", 15, "did you mean 10.1.0.0/16?"),
    "no prefix": ("10.1.0.0/16", "ten", 15, "is not a network; write"),
    "a number for a prefix": ("10.1.0.0/16", "10", 15, "is not a network; write"),
    "a multicast prefix": ("10.1.0.0/16", "224.0.0.0/4", 15, "multicast"),
    "brackets in ports": ("leaf1-*", "'leaf[12]-*'", 15, "no interface name or pattern"),
    "empty member": ("{ports: [leaf1-*], prefixes: [10.1.0.0/16, \"2001:db8::/32\"]}", "{}", 15,
                     "give ports, vlan or prefixes"),
    "members no list": ("      - {ports: [leaf2-eth1, leaf2-eth2], vlan: 20}", "      {vlan: 20}",
                        6, "give a list"),
    "no members": ("    members:\n      - {ports: [leaf2-eth1, leaf2-eth2], vlan: 20}",
                   "    members: []", 6, "give at least one"),
    "unknown class": ("[gradient, bulk]", "[gradient, blk]", 11, "did you mean 'bulk'?"),
    "no class": ("[gradient, bulk]", "[]", 11, "give at least one"),
    "reserved name": ("  tenant-b:", "  the:", 5, "means something in intents"),
    "name with a space": ("  tenant-b:", "  tenant b:", 5, "can't be a name"),
    "a slice that is a word": ("    guarantee: 20%\n", "    guarantee: 20%\n  x: word\n", 18,
                               "give a mapping"),
    "datapath id 0": ("17,", "0,", 19, "no datapath id"),
    "datapath id too large": ("17,", "99999999999999999999,", 19, "no datapath id"),
    "unknown time zone": ("Europe/Zurich", "Europe/Zurch", 3, "did you mean Europe/Zurich?"),
    "folder for a time zone": ("Europe/Zurich", "Europe", 3, "no time zone 'Europe'"),
    "path for a time zone": ("Europe/Zurich", "../../etc/passwd", 3, "no time zone"),
    "unknown sentence": ("inference of tenant-a under 10 ms", "be quick", 22, "What can be said:"),
    "unknown class in a sentence": ("- inference of", "- inferense of", 22,
                                    "did you mean 'inference'?"),
    "sentence without unit": ("under 10 ms", "under 10", 22, "the unit is missing"),
    "a number for a sentence": ("inference of tenant-a under 10 ms", "10", 22, "word or text"),
}  # fmt: skip


@pytest.mark.parametrize("case", SCHEMA)
def test_wrong_value_is_told_with_its_line(case: str) -> None:
    old, new, line, words = SCHEMA[case]
    assert TEXT.count(old) >= 1
    with pytest.raises(PolicySchemaError) as error:
        load(TEXT.replace(old, new, 1))
    assert f"mine.yaml:{line}: " in str(error.value)
    assert words in str(error.value)


CONFLICTS = {
    "maximum below guarantee": ("maximum: 40 Mbit/s", "maximum: 4 Mbit/s", 9,
                                "4 Mbit/s is below the guarantee of 10 Mbit/s"),
    "default class not allowed": ("    weight: 2", "    default_class: control", 10,
                                  "control is not among"),
    "class twice": ("[gradient, bulk]", "[bulk, bulk]", 11, "given twice"),
    "talks to itself": ("[tenant-a]", "[tenant-b]", 12, "a slice talks to itself anyway"),
    "talks to nobody known": ("[tenant-a]", "[tenant-x]", 12, "did you mean 'tenant-a'?"),
    "talks to one twice": ("[tenant-a]", "[tenant-a, tenant-a]", 12, "given twice"),
    "shares above the link": ("guarantee: 10 Mbit/s", "guarantee: 81%", 17, "add up to 101%"),
    "one host, two slices": ("leaf2-eth2], vlan: 20", "leaf2-eth2]", 16,
                             "can be of this slice and of 'tenant-b'"),
    "intent of nobody known": ("of tenant-a under", "of tenant-z under", 22, "no slice 'tenant-z'"),
    "intent of a class not allowed": ("gradient of tenant-b", "control of tenant-b", 21,
                                      "may not use class control"),
    "intent twice": ("inference of tenant-a under 10 ms",
                     "gradient of tenant-b at least 30% of any uplink", 22, "given twice"),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFLICTS)
def test_contradiction_in_the_file_is_told_with_its_line(case: str) -> None:
    old, new, line, words = CONFLICTS[case]
    assert TEXT.count(old) == 1
    with pytest.raises(PolicyConflictError) as error:
        load(TEXT.replace(old, new))
    assert f"mine.yaml:{line}: " in str(error.value)
    assert words in str(error.value)


def test_all_contradictions_are_told_at_once() -> None:
    text = TEXT.replace("[tenant-a]", "[tenant-b]").replace("20%", "200%", 1)
    with pytest.raises(PolicySchemaError):
        load(text)
    text = TEXT.replace("[tenant-a]", "[tenant-b]").replace("maximum: 40", "maximum: 4")
    with pytest.raises(PolicyConflictError) as error:
        load(text)
    assert len(str(error.value).splitlines()) == 2


def test_slice_may_stay_in_tiers_once() -> None:
    more = "  - tenant-a stays in tier near\n  - data of tenant-a never leaves tier far\n"
    with pytest.raises(PolicyConflictError, match="say it once, with 'or'"):
        load(TEXT + more)


def test_too_many_slices_are_refused() -> None:
    text = "version: 1\nname: x\nslices:\n" + "".join(
        f"  s{n}: {{members: [{{ports: [p{n}]}}], guarantee: 1 kbit/s}}\n" for n in range(1024)
    )
    with pytest.raises(PolicySchemaError, match="at most 1023"):
        load(text)


# --- texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_byte_order_mark_and_line_ends_mean_nothing(ending: str, mark: str) -> None:
    assert load(mark + TEXT.replace("\n", ending)) == load(TEXT)


def test_words_are_words_and_not_yaml_1_1() -> None:
    text = TEXT.replace("tenant-b", "no").replace("tenant-a", "yes")
    assert [entry.name for entry in load(text).slices] == ["no", "yes"]


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_utf_16_is_named(tmp_path, mark: bytes) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mine.yaml"
    path.write_bytes(mark + TEXT.encode("utf-16-le"))
    with pytest.raises(PolicyFileError, match="UTF-16; save it as UTF-8"):
        load_policy(path)


def test_device_without_end_is_refused() -> None:
    from pathlib import Path

    with pytest.raises(PolicyError, match="at most"):
        load_policy(Path("/dev/zero"))


@pytest.mark.parametrize("text", ["name: \x00", "name: \ud800", "name: \x07", "a: \ufffe"])
def test_character_that_no_text_has_is_told_with_its_line(text: str) -> None:
    with pytest.raises(PolicyFileError, match=r"^mine.yaml:2: not YAML: a control character"):
        load(f"version: 1\n{text}\n")


def test_tab_is_told() -> None:
    with pytest.raises(PolicyFileError, match=r"mine.yaml:2:1: not YAML: .*spaces, not tabs"):
        load("queues:\n\tx: 1\n")


def many(count: int) -> str:
    return "version: 1\nname: big\nslices:\n" + "".join(
        f"  tenant-{n}:\n    members:\n      - {{ports: [leaf{n % 40}-eth{n // 40 + 1}],"
        f" vlan: {n + 1}, prefixes: [10.{n // 250}.{n % 250}.0/24]}}\n"
        f"      - {{vlan: {n + 1}, ports: ['edge{n}-*']}}\n    guarantee: {50 / count:.4f}%\n"
        f"    classes: [inference, gradient, bulk, background]\n"
        f"    talks_to: [tenant-{(n + 1) % count}]\n"
        for n in range(count)
    )


@pytest.mark.parametrize(("count", "most_s"), [(200, 1.0), (1000, 5.0)])
def test_hundreds_of_slices_load_in_time(count: int, most_s: float) -> None:
    start = time.monotonic()
    policy = load(many(count))
    assert time.monotonic() - start < most_s  # measured: 0.05 and 0.4 s
    assert len(policy.slices) == count


HARD = {
    "patterns that may all meet": "ports: ['*{n}']",
    "one prefix each on all ports": "prefixes: [10.{a}.{b}.0/24]",
    "everybody everywhere": "ports: ['*']",
    "prefixes within prefixes": "prefixes: [10.0.0.0/8, 10.{a}.0.0/16]",
}


@pytest.mark.parametrize("case", HARD)
def test_a_thousand_slices_are_compared_in_time(case: str) -> None:
    text = "version: 1\nname: big\nslices:\n" + "".join(
        f"  s{n}: {{members: [{{{HARD[case].format(n=n, a=n // 250, b=n % 250)}}}],"
        " guarantee: 1 kbit/s}\n"
        for n in range(1000)
    )
    start = time.monotonic()
    try:
        load(text)
    except PolicyConflictError as error:
        assert len(str(error).splitlines()) <= 21
    assert time.monotonic() - start < 8


def test_largest_file_of_nothing_is_refused_in_time() -> None:
    for text in ("a: 1\n#" + "x" * MAX_BYTES, "- " * (MAX_BYTES // 2), "[a, " * (MAX_BYTES // 4),
                 "".join(f"k{n}: 1\n" for n in range(MAX_BYTES // 12)),
                 "? " * (MAX_BYTES // 2), "a: '" + "''" * (MAX_BYTES // 2 - 3)):  # fmt: skip
        start = time.monotonic()
        with pytest.raises(PolicyError):
            load(text)
        assert time.monotonic() - start < 8
