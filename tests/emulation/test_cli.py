"""The command line: help that teaches, errors in one line, exit codes."""

import os
import signal

import pytest

from emulation.errors import EmulationError
from headway import cli
from headway.commands import doctor
from policies.errors import PolicyError


def fail_with(error):
    def run(_args):
        raise error

    return run


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"])
    assert stop.value.code == 0
    assert "headway demo " in capsys.readouterr().out


@pytest.mark.parametrize("argv", [[], ["dance"], ["doctor", "--no-such-option"]])
def test_a_wrong_command_line_is_exit_2(argv):
    with pytest.raises(SystemExit) as stop:
        cli.main(argv)
    assert stop.value.code == 2


@pytest.mark.parametrize("name", cli._COMMANDS)
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([name, "--help"])
    assert stop.value.code == 0
    assert f"headway {name}" in capsys.readouterr().out


@pytest.mark.parametrize("error", [EmulationError("no switch"), PolicyError("no switch")])
def test_an_error_of_ours_is_one_line(monkeypatch, capsys, error):
    monkeypatch.setattr(doctor, "run", fail_with(error))
    assert cli.main(["doctor"]) == 2
    assert capsys.readouterr().err == "headway: error: no switch\n"


def test_a_defect_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(doctor, "run", fail_with(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        cli.main(["doctor"])


def test_ctrl_c_is_130(monkeypatch):
    monkeypatch.setattr(doctor, "run", fail_with(KeyboardInterrupt()))
    assert cli.main(["doctor"]) == 130


def test_sigterm_unwinds(monkeypatch):
    unwound = []

    def run(_args):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            unwound.append(True)

    monkeypatch.setattr(doctor, "run", run)
    with pytest.raises(SystemExit) as stop:
        cli.main(["doctor"])
    assert (stop.value.code, unwound) == (143, [True])
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
