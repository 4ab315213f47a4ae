"""The table of signatures as it is printed, and as it stands in the documentation."""

import json
import re
import shlex
from pathlib import Path

import pytest

from classifier.table import ENTRIES
from headway.cli import _parser
from headway.signature_table import print_signatures, signatures

_DOCS = Path(__file__).parents[2] / "docs"


def test_the_documentation_is_what_the_command_prints(capsys) -> None:
    print_signatures(as_json=False)
    printed = capsys.readouterr().out
    stands = (_DOCS / "signatures.md").read_text(encoding="utf-8")
    assert stands == printed, "headway classify --signatures > docs/signatures.md"


def test_every_line_has_its_source_and_what_it_looks_for() -> None:
    known = list(signatures())
    assert sum(one.family.startswith("First bytes") for one in known) == len(ENTRIES)
    assert not [one for one in known if not one.source or not one.evidence or not one.protocol]


def test_each_row_has_all_its_cells(capsys) -> None:
    print_signatures(as_json=False)
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}


def test_json_has_the_same_lines(capsys) -> None:
    print_signatures(as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert len(told["signatures"]) == len(list(signatures()))
    assert {role["protocol"] for role in told["roles"]} >= {"SSH", "HTTP", "ZMTP"}
    first = told["signatures"][0]
    assert first["class"] == "control" and "`" not in first["evidence"]


_COMMANDS = re.findall(
    r"^    (?:sudo )?(?:\S+ .*\| )?\.venv/bin/(headway .*?)(?:  +#.*| > .*| \| .*)?$",
    (_DOCS / "classification.md").read_text(encoding="utf-8").replace("\\\n", ""),
    re.MULTILINE,
)


@pytest.mark.parametrize("command", _COMMANDS)
def test_commands_of_the_documentation_are_understood(command: str) -> None:
    _parser().parse_args(shlex.split(command)[1:])
