"""The doctor's findings as data, and as lines."""

import argparse
import json

import pytest

from emulation import doctor
from emulation.doctor import Check, State, buffer_check, can_run, parse_listeners
from emulation.ovs import SEND_BUFFER_BYTES, Buffers
from headway.commands import doctor as command

LISTENERS = """\
LISTEN 0 128 127.0.0.1:6653 0.0.0.0:* users:(("python",pid=77,fd=5))
LISTEN 0 128 [::]:8080 [::]:*
"""


def test_listeners_are_named_with_their_process():
    assert parse_listeners(LISTENERS) == {6653: "python (process 77)", 8080: ""}
    assert parse_listeners("") == {}


def test_a_small_buffer_in_use_is_told_with_the_commands_that_mend_it():
    check = buffer_check(Buffers(default_bytes=212992, in_use_bytes=212992))
    assert check.state is State.WARN
    assert "wmem_default=67108864" in check.remedy
    assert "ovs-ctl restart" in check.remedy


def test_a_small_default_is_no_fault_while_nothing_was_sent():
    assert buffer_check(Buffers(212992, None)).state is State.OK
    assert buffer_check(Buffers(212992, SEND_BUFFER_BYTES)).state is State.OK


def test_a_warning_does_not_stop_the_demo_and_a_gap_does():
    warning, gap = Check("a", State.WARN, "x"), Check("b", State.MISSING, "y")
    assert can_run([warning])
    assert not can_run([warning, gap])


def test_without_root_it_says_so_and_still_looks_at_the_rest(monkeypatch):
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    checks = {check.name: check for check in doctor.examine()}
    assert checks["root"].state is State.MISSING
    assert checks["kernel qdiscs"].state is State.WARN
    assert checks["python"].state is State.OK


def test_what_is_not_well_has_a_remedy():
    for check in doctor.examine():
        assert check.state is State.OK or check.remedy or "not tried" in check.detail


def test_text_is_one_line_each():
    text = command.as_text([Check("a", State.OK, "x", "unused"), Check("bb", State.WARN, "y", "z")])
    assert text.splitlines() == ["ok       a   x", "warn     bb  y  ->  z"]


@pytest.mark.parametrize(("state", "code"), [(State.OK, 0), (State.MISSING, 1)])
def test_the_exit_code_says_whether_the_demo_can_run(monkeypatch, capsys, state, code):
    monkeypatch.setattr(command, "examine", lambda: (Check("a", state, "x"),))
    assert command.run(argparse.Namespace(json=True)) == code
    answer = json.loads(capsys.readouterr().out)
    assert answer["can_run"] is (code == 0)
    assert answer["checks"] == [{"name": "a", "state": state.value, "detail": "x", "remedy": ""}]
