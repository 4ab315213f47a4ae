"""The words for mistakes: plain, printable, and each mistake once."""

import re

import pytest

from policies.errors import PolicyConflictError, PolicyError, PolicySchemaError
from policies.load import parse_policy
from policies.quantities import read_duration, read_rate

START = "version: 1\nname: x\n"
MEMBER = "slices: {t1: {guarantee: 1%, members: "
PYDANTIC = re.compile(r"[Ii]nput|Field|Extra|Dictionary|Tuple|String|Value error|valid ")


def mistakes(text: str) -> list[tuple[str, str]]:
    with pytest.raises(PolicySchemaError) as error:
        parse_policy(text, "x.yaml")
    return [(flaw.place, flaw.message) for flaw in error.value.flaws]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: x\n", "is missing"),
        ("version: 2\nname: x\n", "write version: 1"),
        ("version: true\nname: x\n", "write version: 1"),
        ("version: 1.0\nname: x\n", "write version: 1"),
        ("version: 1\nname: 3\n", "give a word or text"),
        (f"version: 1\nname: {'x' * 65}\n", "at most 64 characters"),
        (START + "nme: y\n", "unknown key; did you mean 'name'?"),
        (START + "queues: {}\n", "give at least one"),
        (START + "queues: []\n", "give a mapping"),
        (START + "queues: {a: {id: 0, priority: 1, share: 0}}\n", "give more than 0"),
        (START + "queues: {a: {id: 0, priority: 1, share: .inf}}\n", "infinity"),
        (START + "queues: {a: {id: 0, priority: 1, share: x}}\n", "give a number"),
        (START + "queues: {a: {id: 0.5, priority: 1, share: 1}}\n", "give a whole number"),
        (START + "classes: {blk: {dscp: 1, queue: a}}\n", "did you mean 'bulk'?"),
        (START + "services: [3]\n", "give a mapping"),
        (START + "slices: 3\n", "give a mapping"),
        (START + "slices: {t1: {members: 3, guarantee: 1%}}\n", "give a list"),
        (START + MEMBER + f"[{'{vlan: 1},' * 257}]}}}}\n", "at most 256"),
        ("3\n", "give a mapping"),
    ],
)
def test_plain_words(text: str, words: str) -> None:
    told = mistakes(text)
    assert any(words in message for _, message in told), told
    assert not any(PYDANTIC.search(message) for _, message in told), told


@pytest.mark.parametrize(
    "member", ["{vlan: 0}", "{vlan: 0}, {vlan: 5000}", "{port: [a], vlan: 1}", "3"]
)
def test_list_of_bad_entries_is_not_called_too_short_as_well(member: str) -> None:
    told = mistakes(f"{START}{MEMBER}[{member}]}}}}\n")
    assert all(place.startswith("slices.t1.members.") for place, _ in told)
    assert mistakes(f"{START}{MEMBER}[]}}}}\n") == [("slices.t1.members", "give at least one")]


@pytest.mark.parametrize("bad", ["\\e[31m", "\\n", "\\u202E", "\\t", "\\x7f"])
@pytest.mark.parametrize(
    "text",
    [
        'version: 1\nname: "aBADb"\n',
        START + 'services: [{name: "aBADb", class: bulk, ports: [1]}]\n',
        START + 'intents: ["bulk BADunder 10 ms"]\n',
        START + 'trusted_ports: ["BAD"]\n',
        START + 'queues: {"BAD": {id: 0, priority: 1, share: 1}}\n',
        START + '"BAD": 1\n',
    ],
)
def test_control_characters_are_refused_and_not_printed(text: str, bad: str) -> None:
    with pytest.raises(PolicyError) as error:
        parse_policy(text.replace("BAD", bad), "x.yaml")
    assert str(error.value).replace("\n", "").isprintable()
    if "services" in text or "intents" in text or 'name: "' in text:
        assert "can't be printed" in str(error.value)


def test_bounds_of_quantities_are_inside() -> None:
    assert read_duration("10 us") == 1e-5
    assert read_duration("0.00001 s") == 1e-5
    assert read_duration("10 s") == 10
    assert read_rate("0.000001 Gbit/s").bps == 1000
    with pytest.raises(ValueError, match="10 us to 10 s"):
        read_duration("9.9 us")


def test_deadline_without_a_size_is_told_so() -> None:
    for text in ("checkpoint done by 06:00", "bulk of a done by 06:00 from 22:00"):
        ((place, message),) = mistakes(f"{START}intents: [{text}]\n")
        assert place == "intents.0"
        assert "a size is missing; write 'checkpoint 200 GB done by 06:00'" in message


def test_too_many_vague_patterns_are_told_at_a_member() -> None:
    slices = "\n".join(
        f"  t{n}: {{guarantee: 0.1%, members: [{{ports: {[f'?{n}x{k}?' for k in range(20)]}}}]}}"
        for n in range(300)
    )
    with pytest.raises(PolicyConflictError) as error:
        parse_policy(f"{START}slices:\n{slices}\n", "x.yaml")
    (flaw,) = error.value.flaws
    assert re.fullmatch(r"slices\.t\d+\.members\.0", flaw.place) and flaw.line > 3
    assert "6000 port patterns of the members (untagged), 6000 of them with wild" in flaw.message
    assert "give slices their own VLANs" in flaw.message
