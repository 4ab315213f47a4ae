"""Whatever bytes a policy file holds: a Policy or one PolicyError, in bounded time."""

import os
import random
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from policies import source
from policies.check import examine
from policies.document import from_document, to_document
from policies.errors import PolicyError
from policies.intents import effective, next_change
from policies.load import DEFAULT_POLICY, parse_policy
from policies.source import PureLoader, decode, parse
from topologies.registry import build

FastLoader = getattr(source, "FastLoader", PureLoader)  # libyaml may be missing
MUTANTS = int(os.environ.get("MUTANTS", "60"))  # of each file; more digs deeper
SHIPPED = sorted(DEFAULT_POLICY.parent.rglob("*.yaml"))
RICH = b"""\
version: 1
name: rich
time_zone: Europe/Zurich
slices:
  t1: {members: [{ports: [leaf1-*], vlan: 7, prefixes: [10.0.0.0/8]}], guarantee: 10 Mbit/s}
  t2: {members: [{ports: [leaf2-eth1]}], guarantee: 20%, maximum: 40%, talks_to: [t1], weight: 3}
tiers: {near: [leaf*, 17]}
rules:
  - {name: copies, class: bulk, from: 10.0.0.0/8, to: [10.1.0.5, "::/0"], ports: [80, "90-99"]}
  - {class: gradient, transport: tcp, slice: t1}
intents:
  - inference of t1 under 10 ms
  - federated at most 20% of any uplink between 08:00 and 18:00 on weekdays
  - bulk of t2 20 GB done by 06:00 from 22:00
  - t1 stays in tier near
"""
WORDS = [b"\x00", b"\xff", b"\xef\xbb\xbf", b"\t", b"{", b"}", b"[", b"]", b": ", b"- ", b"&a ",
         b"*a", b"!!int ", b"|\n", b"'", b'"', b"#", b"%", b"~", b"<<: ", b"1e999", b".nan", b"-1",
         b"0x", b"99999999999999999999", b"08:00", b" from ", b" of ", b"/0", b"0.0.0.0/0", b"::/0",
         b"*", b"?", b"\xe2\x80\xa8", b"\r", b"null", b"true", b"slices:", b"intents:"]  # fmt: skip
NOW = datetime(2026, 3, 28, 20, 0, tzinfo=timezone.utc)
NETWORK = build("leafspine")


def mutant(text: bytes, dice: random.Random) -> bytes:
    data = bytearray(text)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(data) + 1)
        kind = dice.randrange(6)
        if kind == 0:
            data[at:at] = dice.choice(WORDS)
        elif kind == 1:
            del data[at : at + dice.randint(1, 30)]
        elif kind == 2 and at < len(data):
            data[at] = dice.randrange(256)
        elif kind == 3:
            piece = data[at : at + dice.randint(1, 200)]
            data[dice.randrange(len(data) + 1) :][:0] = piece
            data[at:at] = piece
        elif kind == 4:
            lines = data.split(b"\n")
            dice.shuffle(lines[: dice.randint(1, len(lines))])
            line = dice.randrange(len(lines))
            lines[line] = lines[dice.randrange(len(lines))]
            data = bytearray(b"\n".join(lines))
        else:
            data[at : at + dice.randint(0, 12)] = dice.choice(WORDS) * dice.randint(1, 4)
    return bytes(data)


@pytest.mark.parametrize("path", [*SHIPPED, None], ids=lambda p: p.stem if p else "rich")
def test_mutants_are_policies_or_errors(path: Path | None) -> None:
    text = path.read_bytes() if path else RICH
    dice = random.Random(4)
    good = 0
    for number in range(MUTANTS):
        data = mutant(text, dice)
        start = time.monotonic()
        try:
            policy = parse_policy(decode("x.yaml", data), "x.yaml")
        except PolicyError as error:
            assert str(error).startswith("x.yaml"), f"mutant {number}"
        else:
            good += 1
            now = effective(policy, NOW)
            next_change(policy, NOW)
            assert from_document(to_document(now)) == now
            examine(policy, NETWORK, NOW)
            examine(policy, None, NOW)
        assert time.monotonic() - start < 5, f"mutant {number}"
    assert good, "some mutants only change words, and are worth checking"


def values(loader: type, text: str) -> object:
    made = loader(text)
    return made.construct_document(made.get_single_node())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_both_parsers_read_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert values(FastLoader, text) == values(PureLoader, text)


ODD = ["a: 010\n", "a: 1:30\n", "a: on\n", "a: 2026-01-01\n", "a: 1_000\n", "a: .5\n", "a: 1e3\n",
       "a: 0x1F\n", "a: ~\n", "a:\n", "a: -0\n", "a: +7\n", "<<: {b: 1}\n", "=: 1\n", "a: 0o17\n",
       "a: .inf\n", "a: 'x'\n", "a: Null\n", "? a\n: b\n"]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_both_parsers_agree_on_what_a_word_is(text: str) -> None:
    assert values(FastLoader, text) == values(PureLoader, text)


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x\n", "a: !!int 1\n", "a: 1\na: 2\n", "[" * 40])
def test_both_parsers_refuse_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for loader in (FastLoader, PureLoader):
        monkeypatch.setattr("policies.source._LOADER", loader)
        with pytest.raises(PolicyError) as error:
            parse("x", text)
        told.append(str(error.value))
    assert told[0] == told[1]
