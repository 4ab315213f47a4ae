"""Operator rules in a policy file: what is read, refused, told apart and shown."""

import json
from datetime import datetime, timezone
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.changes import policy_lines
from headway.cli import main
from policies.check import examine
from policies.classes import TrafficClass, Transport
from policies.difference import difference
from policies.document import from_document, to_document
from policies.errors import PolicyConflictError, PolicyError, PolicySchemaError
from policies.load import load_policy, parse_policy
from policies.model import OperatorRule, PortRange
from policies.rules import rule_words

HEAD = """\
version: 1
name: ruled
slices:
  blue: {members: [{vlan: 11}], guarantee: 20%}
  red: {members: [{vlan: 12}], guarantee: 20%, classes: [bulk, gradient, background]}
rules:
"""
COPIES = ('  - {name: copies, class: bulk, from: 10.0.0.0/8, to: 10.1.0.5, '
          'ports: [9000, "9100-9120"], transport: tcp, slice: red}\n')  # fmt: skip
GRADIENT = '  - {class: gradient, from: [10.2.0.0/16, "2001:db8::/32"]}\n'
STATSD = "  - {class: telemetry, transport: udp, ports: [8125]}\n"


def rules(*lines: str) -> tuple[OperatorRule, ...]:
    return parse_policy(HEAD + "".join(lines), "mine.yaml").rules


def test_every_key_of_a_rule_is_read() -> None:
    assert rules(COPIES, GRADIENT) == (
        OperatorRule(
            "copies", TrafficClass.BULK, (ip_network("10.0.0.0/8"),), (ip_network("10.1.0.5"),),
            (PortRange(9000, 9000), PortRange(9100, 9120)), Transport.TCP, "red",
        ),
        OperatorRule(
            "gradient from 10.2.0.0/16 2001:db8::/32", TrafficClass.GRADIENT,
            (ip_network("10.2.0.0/16"), ip_network("2001:db8::/32")),
        ),
    )  # fmt: skip


def test_a_policy_needs_no_rules() -> None:
    assert load_policy().rules == ()
    assert parse_policy("version: 1\nname: a\nrules: []\n", "x").rules == ()


def test_rules_without_a_name_are_told_apart_by_what_they_say() -> None:
    found = rules(STATSD, "  - {class: bulk, to: 10.0.0.1}\n",
                  "  - {class: bulk, from: [10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16, 10.4.0.0/16]}\n",
                  "  - {class: bulk, from: [10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16, 10.5.0.0/16]}\n"
                  )  # fmt: skip
    few = "bulk from 10.1.0.0/16 10.2.0.0/16 10.3.0.0/16 and 1 more"
    assert [rule.name for rule in found] == [
        "telemetry udp, port 8125", "bulk to 10.0.0.1", few, f"{few} (2)"
    ]  # fmt: skip


def test_what_a_rule_takes_in_words() -> None:
    assert rule_words(rules(COPIES)[0]) == (
        "tcp, 10.0.0.0/8 to 10.1.0.5, port 9000 9100-9120, slice red"
    )


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("{class: bulk}", "rules.0", "give from, to, ports, transport or slice"),
        ("{from: 10.0.0.1}", "rules.0.class", "is missing"),
        ("{class: bluk, from: 10.0.0.1}", "rules.0.class", "did you mean 'bulk'?"),
        ("{class: bulk, from: 10.0.0.1/8}", "rules.0.from.0", "did you mean 10.0.0.0/8?"),
        ("{class: bulk, to: host7}", "rules.0.to.0", "'host7' is no address"),
        ("{class: bulk, to: 7}", "rules.0.to", "give a list"),
        ("{class: bulk, to: []}", "rules.0.to", "give at least one"),
        ("{class: bulk, ports: 80}", "rules.0.ports", "ports is a list"),
        ("{class: bulk, ports: [80-70]}", "rules.0.ports", "a range goes upwards"),
        ("{class: bulk, transport: sctp}", "rules.0.transport", "give 'tcp' or 'udp'"),
        ("{class: bulk, port: [80]}", "rules.0.port", "did you mean 'ports'?"),
        ("{name: '', class: bulk, ports: [80]}", "rules.0.name", "is empty"),
    ],
)
def test_what_is_wrong_in_a_rule_is_told_with_its_line(line: str, place: str, words: str) -> None:
    with pytest.raises(PolicySchemaError) as error:
        rules(f"  - {line}\n")
    told = str(error.value)
    assert f"mine.yaml:7: {place}: " in told
    assert words in told


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["{class: bulk, slice: rde}"], "7: rules.0.slice: no slice 'rde'; did you mean 'red'?"),
        (["{class: inference, slice: red}"],
         "7: rules.0.class: slice 'red' may not use class inference"),
        (["{name: a, class: bulk, ports: [1]}", "{name: a, class: bulk, ports: [2]}"],
         "8: rules.1.name: 'a' is given twice; keep one"),
        (["{class: bulk, from: 10.0.0.1, to: '::1'}"],
         "7: rules.0: from and to have no address family in common"),
        (["{name: a, class: bulk, from: 10.0.0.0/8}", "{class: gradient, from: 10.1.0.0/16}"],
         "8: rules.1: never matches: rule 'a' before it takes every such flow"),
        (["{name: a, class: bulk, from: 10.0.0.0/8}", "{class: gradient, to: 10.1.0.0/16}"],
         "8: rules.1: never matches: rule 'a'"),  # the direction says nothing
        (["{name: a, class: bulk, from: [10.0.0.0/9, 10.128.0.0/9]}",
          "{class: gradient, from: 10.0.0.0/8, ports: [80], transport: tcp, slice: red}"],
         "8: rules.1: never matches: rule 'a'"),
        (["{name: a, class: bulk, ports: ['1-50', '51-99']}",
          "{class: gradient, to: 10.0.0.1, ports: ['40-60']}"],
         "8: rules.1: never matches: rule 'a'"),
    ],
)  # fmt: skip
def test_rules_that_cannot_hold_are_refused(lines: list[str], told: str) -> None:
    with pytest.raises(PolicyConflictError) as error:
        rules(*(f"  - {line}\n" for line in lines))
    assert f"mine.yaml:{told}" in str(error.value)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{class: bulk, from: 10.0.0.0/8, ports: [80]}", "{class: bulk, from: 10.0.0.0/8}"),
        ("{class: bulk, from: 10.0.0.0/8, slice: red}", "{class: bulk, from: 10.1.0.0/16}"),
        ("{class: bulk, ports: [80], transport: tcp}", "{class: bulk, ports: [80]}"),
        ("{class: bulk, ports: [80], transport: tcp}",
         "{class: bulk, ports: [80], transport: udp}"),
        # The port is of the other end.
        ("{class: bulk, from: 10.0.0.1, to: 10.0.0.2, ports: [80]}",
         "{class: bulk, from: 10.0.0.2, to: 10.0.0.1, ports: [80]}"),
        ("{class: bulk, from: 0.0.0.0/0}", "{class: bulk, from: '::/0'}"),
        ("{class: bulk, ports: ['1-50', '52-99']}", "{class: bulk, ports: ['40-60']}"),
    ],
)  # fmt: skip
def test_a_rule_of_which_something_is_left_is_kept(first: str, second: str) -> None:
    assert len(rules(f"  - {first}\n", f"  - {second}\n")) == 2


def test_a_rule_that_only_some_flows_of_which_are_taken_stays() -> None:
    assert len(rules(COPIES, "  - {class: bulk, from: 10.0.0.0/8, to: 10.1.0.5}\n")) == 2


NETWORKS = st.sampled_from(
    [None, "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.2.3", "0.0.0.0/0"]
)
LINES = st.fixed_dictionaries(
    {"class": st.just("bulk")},
    optional={"from": NETWORKS, "to": NETWORKS, "ports": st.sampled_from([[5], ["1-9"], ["5-20"]]),
              "transport": st.sampled_from(["tcp", "udp"])},
)  # fmt: skip
ENDS = st.sampled_from(["10.1.2.3", "10.200.0.1", "10.3.0.1", "192.0.2.1"])


@given(st.lists(LINES, min_size=2, max_size=2), st.lists(st.tuples(ENDS, ENDS), max_size=8),
       st.lists(st.tuples(*[st.sampled_from([0, 5, 7, 15])] * 2), max_size=6))  # fmt: skip
def test_a_rule_said_never_to_match_never_does(
    lines: list[dict[str, Any]], ends: list[tuple[str, str]], ports: list[tuple[int, int]]
) -> None:
    from ipaddress import ip_address

    from classifier.hints import Hints
    from classifier.model import FlowKey

    said = [{k: v for k, v in line.items() if v is not None} for line in lines]
    text = f"version: 1\nname: a\nrules: {json.dumps(said)}\n"
    alone = f"version: 1\nname: a\nrules: {json.dumps(said[:1])}\n"
    other = f"version: 1\nname: a\nrules: {json.dumps(said[1:])}\n"
    try:
        parse_policy(text, "x")
    except PolicySchemaError:
        return
    except PolicyConflictError as error:
        assert "never matches" in str(error)
        first, second = (Hints.of(parse_policy(part, "x")) for part in (alone, other))
        for a, b in ends:
            for near, far in ports:
                for transport in (6, 17):
                    flow = FlowKey(0, transport, ip_address(a).packed, near,
                                   ip_address(b).packed, far)  # fmt: skip
                    assert first.operator(flow) or not second.operator(flow)


def test_the_most_rules_there_may_be_are_read_soon() -> None:
    text = "".join(
        f"  - {{class: bulk, from: [{', '.join(f'10.{i % 256}.{i // 256}.{n}' for n in range(60))}]"
        f", ports: [{i + 1}]}}\n"
        for i in range(512)
    )
    assert len(rules(text)) == 512
    with pytest.raises(PolicySchemaError, match="there are too many; at most 512"):
        rules("".join(f"  - {{class: bulk, ports: [{i + 1}]}}\n" for i in range(513)))


# --- what they change -----------------------------------------------------------------------------


def policy(*lines: str) -> Any:
    return parse_policy(HEAD + "".join(lines), "mine.yaml")


def test_rules_are_part_of_the_document() -> None:
    said = policy(COPIES, GRADIENT, STATSD)
    assert from_document(json.loads(json.dumps(to_document(said)))) == said
    older = to_document(said)
    del older["rules"]  # of a controller that knew none
    assert from_document(older).rules == ()


def test_a_plan_shows_what_changes() -> None:
    before, after = policy(GRADIENT), policy(COPIES.replace("9100", "9110"), GRADIENT)
    (line,) = policy_lines(difference(before, after))
    assert line == (
        "  + rules.copies: traffic_class bulk, from_prefixes 10.0.0.0/8, to_prefixes 10.1.0.5/32, "
        "ports 9000 9110-9120, transport tcp, slice_name red"
    )
    (line,) = policy_lines(difference(after, policy(COPIES, GRADIENT)))
    assert line == "  ~ rules.copies.ports: 9000 9110-9120 -> 9000 9100-9120"
    (line,) = policy_lines(difference(after, before))
    assert line.startswith("  - rules.copies")


def test_a_plan_shows_another_order() -> None:
    (line,) = policy_lines(difference(policy(COPIES, STATSD), policy(STATSD, COPIES)))
    assert line == (
        "  ~ rules.order: copies telemetry udp, port 8125 -> telemetry udp, port 8125 copies"
    )


def test_check_shows_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(HEAD + COPIES + STATSD)
    assert main(["check", str(file)]) == 0
    told = capsys.readouterr().out
    assert "rules, the first that matches" in told
    assert "tcp, 10.0.0.0/8 to 10.1.0.5, port 9000 9100-9120, slice red" in told
    report = examine(policy(COPIES), None, datetime(2026, 11, 23, tzinfo=timezone.utc))
    assert report.told()["rules"] == [
        {"name": "copies", "class": "bulk",
         "flows": "tcp, 10.0.0.0/8 to 10.1.0.5, port 9000 9100-9120, slice red"}
    ]  # fmt: skip


def test_a_broken_rule_is_an_exit_code(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(HEAD + "  - {class: bulk}\n")
    assert main(["check", str(file)]) == 2
    assert f"{file}:7: rules.0: give from" in capsys.readouterr().err


def test_mistakes_are_policy_errors() -> None:
    with pytest.raises(PolicyError):
        rules("  - 5\n")
