"""The command line: finds the subcommand, runs it, and tells its errors in one line.

Owns exit codes: 0 done, 1 an answer of "no", 2 an error, 130 Ctrl-C, 143 SIGTERM. Knows no
subcommand's work.
"""

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence

from classifier.errors import ClassifierError
from controller.errors import ControllerError
from demo.errors import DemoError
from emulation.errors import EmulationError
from emulation.signals import sigterm_unwinds
from headway import __version__
from headway.errors import CommandError
from policies.errors import PolicyError
from rl_agent.errors import AgentError
from topologies.errors import TopologyError

# In the order of --help. Modules of `headway.commands`.
_COMMANDS = (
    "topo", "doctor", "clean", "run", "up", "queues", "demo", "train", "evaluate", "advise",
    "policy", "check", "plan", "apply", "rollback", "history", "classify",
    "jobs", "flows",
)  # fmt: skip
# What a person can mend; anything else is a defect of ours and keeps its traceback.
_ERRORS = (
    AgentError, ClassifierError, CommandError, ControllerError, DemoError, EmulationError,
    PolicyError, TopologyError,
)  # fmt: skip
_EXIT_ERROR, _EXIT_INTERRUPTED = 2, 130

_EPILOG = """\
examples:
  headway doctor                            is everything here?
  headway topo leafspine,spines=2           what a topology looks like
  headway demo                              real AI traffic without and with Headway
  headway up --topology leafspine           a network, its controller, and Mininet's prompt
  headway run --listen 127.0.0.1:6653       only the controller, for your own switches
  headway train --topology abilene --output runs/a   learn how to split traffic
  headway policy list                       who advises on paths, and how well
  headway check mine.yaml --topology ring   what a policy of classes and slices would mean there
  headway apply mine.yaml -m "why"          put it in force; plan, rollback and history too
  headway classify day.pcap                 what the flows of a capture are, and why
  headway jobs add train-7 --class gradient --hosts 10.0.0.1,10.0.0.2   what a job's traffic is
  headway flows                             what each flow is taken for, and why
  headway clean                             remove what a killed run left behind

'headway COMMAND --help' tells more.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one subcommand and returns the exit code; `argv` is without the program's name."""
    args = _parser().parse_args(argv)
    try:
        with sigterm_unwinds():
            code: int = args.run(args)
            return code
    except _ERRORS as error:
        print(f"headway: error: {error}", file=sys.stderr)
        return _EXIT_ERROR
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has left; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno == errno.ENOSPC and error.filename is None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            print("headway: error: the output could not be written: no space left", file=sys.stderr)
            return _EXIT_ERROR
        if error.filename is None:  # not a file somebody named
            raise
        print(f"headway: error: {error.filename}: {error.strerror}", file=sys.stderr)
        return _EXIT_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headway",
        description="Network-aware control of AI traffic over OpenFlow.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"headway {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in _COMMANDS:
        importlib.import_module(f"headway.commands.{name}").register(subparsers)
    return parser
