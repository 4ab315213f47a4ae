"""Every benchmark at its smallest, and what they stand on."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import openflow, outage, record, scale, scale_worker, setup, wiretap
from benchmarks.openflow import Type
from benchmarks.processes import ROOT, ControllerKind
from benchmarks.result import Options, Part, Result, text, to_markdown
from topologies.registry import build

SMALL = "leafspine,spines=2,leaves=3,hosts=2"


# --- tables ---------------------------------------------------------------------------------------


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells for 1 columns"):
        Part("t", ("a",), (("x", 1),))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(None, "-"), (1234567, "1,234,567"), (1234.5, "1,234"), (0.01234, "0.0123"), ("> 60 s",) * 2],
)
def test_cells_are_written_for_people(cell: float | str | None, expected: str) -> None:
    assert text(cell) == expected


def test_only_the_own_section_is_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text("# Results\n\nWords of ours.\n\n## two\n\n<!-- generated: two -->\nold\n"
                    "<!-- end -->\n\nMore words.\n")  # fmt: skip
    result = Result((Part("t", ("size", "s"), (("small", 1.5),)),), ("a note",))
    circumstances = record.Circumstances("python -m benchmarks one", 1, ("2 cores",))
    for name in ("one", "two", "two", "one"):
        record.rewrite(path, name, result, circumstances, 3.2)
    written = path.read_text()
    assert "Words of ours." in written
    assert "More words." in written
    assert "old" not in written
    assert written.count("| small | 1.50 |") == 2
    assert written.count("<!-- end -->") == 2


def test_markdown_has_one_line_a_row() -> None:
    part = Part("t", ("size", "s"), (("small", 1.5), ("big", None)))
    lines = [line for line in to_markdown(Result((part,))) if line.startswith("|")]
    assert lines == ["| size | s |", "| --- | ---: |", "| small | 1.50 |", "| big | - |"]


# --- scale ----------------------------------------------------------------------------------------


def test_scale_counts_what_the_product_does() -> None:
    topology = build(SMALL)
    assert scale_worker.compute_paths(topology)["trees"] == 12
    figures = scale_worker.compile_rules(topology)
    assert figures["edge_rules_max"] > figures["core_rules_max"] > 0
    assert figures["changes"] > 0
    assert figures["reroute_changes"] > 0


def test_the_rival_needs_a_rule_for_each_pair() -> None:
    pytest.importorskip("networkx")
    # 3 leaves of 2 hosts: 6 * 5 pairs, of which each leaf sees those with a host of its own.
    assert scale_worker.per_pair(build(SMALL))["edge_rules_max"] == 18


def test_scale_says_why_a_size_has_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scale._LIMIT_S, "paths", 0.01)
    assert scale._run_step(SMALL, "paths") == "> 0.01 s"


@pytest.mark.slow
def test_scale_runs() -> None:
    monkey = pytest.MonkeyPatch()
    monkey.setattr(scale, "_QUICK", (SMALL, "fattree,k=4"))
    result = scale.run(Options(quick=True))
    monkey.undo()
    assert [len(part.rows) for part in result.parts] == [2, 2, 2, 2]


# --- setup ----------------------------------------------------------------------------------------


def test_messages_are_cut_where_they_end() -> None:
    whole = openflow.message(Type.HELLO, xid=7) + openflow.message(Type.ECHO_REQUEST, b"abc")
    buffer = bytearray(whole[:-1])
    assert list(openflow.cut(buffer)) == [(Type.HELLO, 7, b"")]
    buffer += whole[-1:]
    assert list(openflow.cut(buffer)) == [(Type.ECHO_REQUEST, 0, b"abc")]
    assert not buffer
    with pytest.raises(ValueError, match="4 bytes"):
        list(openflow.cut(bytearray(struct.pack("!BBHI", 4, 0, 4, 0))))


def test_a_pretended_switch_tells_what_it_was_told() -> None:
    tables = openflow.Tables()
    match = struct.pack("!HHII", 1, 12, 0x80000004, 3) + bytes(4)
    head = struct.pack("!QQBBHHHIIIH2x", 5, 0, 2, 0, 0, 0, 99, 0, 0, 0, 0)
    tables.change(Type.FLOW_MOD, head + match)
    (entry,) = tables.tell(openflow.Multipart.FLOW)
    assert struct.unpack_from("!HBxIIH", entry) == (len(entry), 2, 0, 0, 99)
    assert entry.endswith(match)
    delete = struct.pack("!QQBBHHHIIIH2x", 5, 0, 2, 4, 0, 0, 99, 0, 0, 0, 0)
    tables.change(Type.FLOW_MOD, delete + match)
    assert not list(tables.tell(openflow.Multipart.FLOW))


def test_long_answers_are_split() -> None:
    replies = list(openflow.multipart_replies(1, 9, [bytes(30_000)] * 3))
    assert [struct.unpack_from("!HH", reply, 8) for reply in replies] == [(1, 1), (1, 0)]
    assert all(len(reply) <= openflow.MAX_MESSAGE for reply in replies)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [ControllerKind.HEADWAY, ControllerKind.OS_KEN])
def test_every_new_host_is_answered(kind: ControllerKind) -> None:
    figures = setup._flood(kind, setup.Flood(edges=2, hosts=30, window=4))
    assert figures["rate"] > 0
    assert figures["changes_each"] >= 1


@pytest.mark.root
@pytest.mark.slow
def test_setup_runs_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "_FABRIC", "leafspine,spines=1,leaves=2,hosts=2")
    kinds = [ControllerKind.HEADWAY, ControllerKind.OS_KEN]
    part = setup._live_part(kinds, 1, Options(quick=True))
    figures = {row[0]: row[1] for row in part.rows}
    assert figures["all other pairs at once, unanswered"] == 0
    assert figures["packets to the controller for these flows"] == 0


# --- outage ---------------------------------------------------------------------------------------


def test_a_reaction_ends_with_the_last_switch_that_confirms(tmp_path: Path) -> None:
    passed = [
        [1.0, 1, Type.PORT_STATUS, 0],
        [2.00, 1, Type.PORT_STATUS, 0],
        [2.01, 2, Type.GROUP_MOD, 5],
        [2.01, 2, Type.BARRIER_REQUEST, 6],
        [2.02, 3, Type.GROUP_MOD, 7],
        [2.02, 3, Type.BARRIER_REQUEST, 8],
        [2.03, 2, Type.BARRIER_REPLY, 6],
        [2.05, 3, Type.BARRIER_REPLY, 8],
        [2.30, 3, Type.BARRIER_REPLY, 9],
    ]
    path = tmp_path / "passed"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in passed) + "[3.0, 1")
    found = wiretap.reaction(wiretap.read(path), after_s=1.5, within_s=0.5)
    assert found is not None
    assert (round(found.confirmed_s, 3), found.groups) == (0.05, 2)
    assert wiretap.reaction(wiretap.read(path), after_s=2.5, within_s=0.5) is None


@pytest.mark.root
@pytest.mark.slow
def test_outage_runs() -> None:
    with outage._Bench.of("leafspine,spines=2,leaves=2,hosts=1") as bench:
        found = bench.measure(outage.Fault.REMOTE_TRUNK)
    assert 0 <= found.lost < found.sent / 2
    assert found.reaction is not None


# --- all ------------------------------------------------------------------------------------------


def test_the_list_names_every_benchmark() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list"], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "scale", "routing", "decisions", "classify", "setup", "outage", "slices", "demo", "ports",
        "jobs", "environments", "calibration",
    ]  # fmt: skip
