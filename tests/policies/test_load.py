"""Policy files: what comes with Headway loads, and every mistake is told with its place."""

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.classes import PathGroup, TrafficClass, Transport
from policies.errors import (
    PolicyConflictError,
    PolicyError,
    PolicyFileError,
    PolicySchemaError,
)
from policies.load import DEFAULT_POLICY, MAX_BYTES, load_policy
from policies.model import Policy

EXAMPLES = int(os.environ.get("EXAMPLES", "60"))  # of each property; more digs deeper

SHIPPED = sorted(DEFAULT_POLICY.parent.glob("*.yaml"))
TEXT = """\
version: 1
name: example

queues:
  rest: {id: 0, priority: 6, share: 0.05}
  bulk: {id: 1, priority: 7, share: 0.05}
  most: {id: 2, priority: 1, share: 0.90}

classes:
  control: {dscp: CS6, queue: most}
  inference: {dscp: EF, queue: most, paths: latency}
  messaging: {dscp: AF41, queue: most}
  telemetry: {dscp: CS2, queue: most}
  gradient: {dscp: AF31, queue: most}
  federated: {dscp: AF21, queue: most}
  model-distribution: {dscp: AF11, queue: most}
  bulk: {dscp: CS1, queue: bulk}
  background: {dscp: 0, queue: rest}

services:
  - {name: HTTP, class: inference, ports: [11434]}
  - {name: Gloo, class: gradient, ports: ["29600-29999"]}
  - {name: rsync, class: bulk, ports: [873]}

trusted_ports: []
"""
Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


# --- the contract of every policy -----------------------------------------------------------------


def assert_sound(policy: Policy) -> None:
    """What the controller and the emulator rely on."""
    assert {entry.traffic_class for entry in policy.classes} == set(TrafficClass)
    ids = [queue.queue_id for queue in policy.queues]
    assert ids == sorted(set(ids)) and ids[0] == 0
    assert sum(queue.share for queue in policy.queues) <= 1 + 1e-9
    marks = [dscp for queue in policy.queues for dscp in queue.dscps]
    assert len(marks) == len(set(marks)), "a mark names one queue only"
    assert policy.queues[0].dscps == ()
    for traffic_class in TrafficClass:
        entry = policy.class_of(traffic_class)
        (queue,) = (q for q in policy.queues if q.queue_id == entry.queue_id)
        assert queue.queue_id == 0 or entry.dscp in queue.dscps
    for service in policy.services:
        assert 1 <= service.first <= service.last <= 65535


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_policy_is_sound(path: Path) -> None:
    policy = load_policy(path)
    assert policy.name == path.stem
    assert_sound(policy)


def test_default_is_loaded_when_no_file_is_named() -> None:
    policy = load_policy()
    assert policy == load_policy(DEFAULT_POLICY)
    assert len(policy.queues) == len(TrafficClass)
    assert policy.class_of(TrafficClass.INFERENCE).path_group is PathGroup.LATENCY
    assert Transport.UDP in {service.transport for service in policy.services}


def test_plain_has_one_queue() -> None:
    (queue,) = load_policy(DEFAULT_POLICY.with_name("plain.yaml")).queues
    assert (queue.queue_id, queue.share, queue.dscps) == (0, 1.0, ())


def test_example_of_these_tests_is_sound(write: Write) -> None:
    assert_sound(load_policy(write(TEXT)))


def test_policy_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_policy().name = "mine"  # type: ignore[misc]


# --- mistakes in one place: (old, new, what the message says) -------------------------------------

BULK = "  bulk: {id: 1, priority: 7, share: 0.05}"
SCHEMA = {
    "unknown key": ("trusted_ports:", "trusted_port:", "did you mean 'trusted_ports'?"),
    "unknown class": ("{name: rsync, class: bulk,", "{name: rsync, class: bluk,",
                      "did you mean 'bulk'?"),
    "unknown key in a queue": (BULK, "  bulk: {id: 1, priorty: 7, share: 0.05}",
                               "did you mean 'priority'?"),
    "share above 1": (BULK, "  bulk: {id: 1, priority: 7, share: 1.5}", "or less"),
    "share above its ceiling": (BULK, "  bulk: {id: 1, priority: 7, share: 0.05, ceiling: 0.01}",
                                "above ceiling"),
    "queue id out of range": (BULK, "  bulk: {id: 99, priority: 7, share: 0.05}", "queues.bulk.id"),
    "text for a number": (BULK, "  bulk: {id: one, priority: 7, share: 0.05}", "whole number"),
    "unknown mark": ("{dscp: EF,", "{dscp: XX,", "unknown DSCP name 'XX'"),
    "mark out of range": ("{dscp: EF,", "{dscp: 64,", "give 63 or less"),
    "unknown path group": ("paths: latency", "paths: latncy", "'latency' or 'throughput'"),
    "port out of range": ("[11434]", "[70000]", "ports are 1..65535"),
    "range downwards": ('["29600-29999"]', '["29999-29600"]', "a range goes upwards"),
    "not a port": ("[11434]", "[http]", "is not a port or a range"),
    "no list of ports": ("[11434]", "11434", "ports is a list"),
    "wrong version": ("version: 1", "version: 2", "version"),
    "no name": ("name: example", "name: ''", "is empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", SCHEMA)
def test_wrong_key_or_value_is_told_with_file_and_line(write: Write, case: str) -> None:
    old, new, words = SCHEMA[case]
    assert TEXT.count(old) == 1
    path = write(TEXT.replace(old, new))
    line = TEXT[: TEXT.index(old)].count("\n") + 1
    with pytest.raises(PolicySchemaError) as error:
        load_policy(path)
    assert f"{path}:{line}: " in str(error.value)
    assert words in str(error.value)


CONFLICTS = {
    "missing class": ("  messaging: {dscp: AF41, queue: most}\n", "", "missing messaging"),
    "unknown queue": ("queue: bulk}", "queue: bluk}", "no queue 'bluk'"),
    "queue id twice": (BULK, "  bulk: {id: 2, priority: 7, share: 0.05}", "ids must differ"),
    "no default queue": ("{id: 0, priority: 6", "{id: 15, priority: 6", "one must be 0"),
    "shares above 1": (BULK, "  bulk: {id: 1, priority: 7, share: 0.5}", "add up to 1.45"),
    "one mark, two queues": ("dscp: CS1,", "dscp: CS6,", "a mark can name one queue only"),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFLICTS)
def test_contradiction_is_told(write: Write, case: str) -> None:
    old, new, words = CONFLICTS[case]
    assert TEXT.count(old) == 1
    path = write(TEXT.replace(old, new))
    with pytest.raises(PolicyConflictError) as error:
        load_policy(path)
    assert str(path) in str(error.value)
    assert words in str(error.value)


# --- files that are no policy at all --------------------------------------------------------------

BOMB = "a: &a [x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n"
    for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)
NOT_FILES: dict[str, tuple[str | bytes, str]] = {
    "not UTF-8": (b"name: \xff\n", "not UTF-8 at byte 6"),
    "too large": (b"#" * (MAX_BYTES + 1), "at most"),
    "not YAML": ("name: [1, 2\nqueues: {", "not YAML"),
    "a tab": ("queues:\n\tx: 1\n", ":2:1: not YAML"),
    "a bomb of aliases": (BOMB, "aliases (*name) are not allowed"),
    "an alias": ("a: &x 1\nb: *x\n", ":2:4: aliases"),
    "a tag": ("a: !!python/object/apply:os.system [ls]\n", ":1:4: tags"),
    "a bad timestamp": ("a: !!timestamp x\n", "tags"),
    "two documents": ("a: 1\n---\na: 2\n", "not YAML"),
    "a key twice": (TEXT + "name: again\n", "'name' is given twice, first in line 2"),
    "a nested key twice": ("classes:\n  bulk: 1\n  bulk: 2\n", ":3:3: 'bulk' is given twice"),
    "deep lists": ("[" * 5_000, "nested too deep"),
    "deep mappings": ("{a: " * 10_000, "nested too deep"),
    "a number without end": ("version: " + "9" * 6000, "not YAML"),
    "a control character": ("name: \x00", "not YAML"),
}


@pytest.mark.parametrize("case", NOT_FILES)
def test_file_that_is_no_policy_is_refused(write: Write, case: str) -> None:
    content, words = NOT_FILES[case]
    path = write(content)
    start = time.monotonic()
    with pytest.raises(PolicyFileError) as error:
        load_policy(path)
    assert time.monotonic() - start < 5
    assert str(error.value).startswith(str(path))
    assert words in str(error.value)


@pytest.mark.parametrize("content", ["", "# nothing\n", "3", "[1, 2]", "just words", "null"])
def test_yaml_that_is_no_mapping_is_refused(write: Write, content: str) -> None:
    with pytest.raises(PolicySchemaError):
        load_policy(write(content))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(PolicyFileError, match="can't be read"):
            load_policy(path)


def test_many_mistakes_are_not_all_shown(write: Write) -> None:
    start = time.monotonic()
    with pytest.raises(PolicySchemaError) as error:
        load_policy(write("".join(f"k{n}: 1\n" for n in range(5000))))
    assert time.monotonic() - start < 5
    assert len(str(error.value).splitlines()) == 21


# --- anything -------------------------------------------------------------------------------------


def check(content: bytes, folder: Path) -> None:
    path = folder / "any.yaml"
    path.write_bytes(content)
    try:
        policy = load_policy(path)
    except PolicyError as error:
        assert str(path) in str(error)
    else:
        assert_sound(policy)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@settings(max_examples=EXAMPLES)
@given(content=st.binary(max_size=300))
def test_any_bytes_are_a_policy_or_an_error(folder: Path, content: bytes) -> None:
    check(content, folder)


pieces = st.sampled_from(
    ["{", "}", "[", "]", ": ", ", ", "\n", "  ", "- ", "? ", "&a ", "*a", "!!int ", "!x ", "|\n",
     ">", "'", '"', "#", "%", "~", "<<", "1", "0x1", "1e9", ".inf", ".nan", "2001-99-99", "1:61",
     "yes", "version", "name", "queues", "classes", "bulk", "services", "ports", "dscp", "share"]
)  # fmt: skip


@settings(max_examples=EXAMPLES)
@given(words=st.lists(pieces, max_size=25))
def test_any_yaml_words_are_a_policy_or_an_error(folder: Path, words: list[str]) -> None:
    check("".join(words).encode(), folder)


@settings(max_examples=EXAMPLES)
@given(at=st.integers(0, len(TEXT) - 1), cut=st.integers(0, 40), words=st.lists(pieces, max_size=3))
def test_any_edit_of_a_policy_is_a_policy_or_an_error(
    folder: Path, at: int, cut: int, words: list[str]
) -> None:
    check((TEXT[:at] + "".join(words) + TEXT[at + cut :]).encode(), folder)
