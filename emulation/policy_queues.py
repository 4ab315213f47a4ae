"""The default policy, also where its file can't be read: under the system's Python.

`mn --custom topologies/mn.py` runs under the interpreter that Debian's Mininet belongs to, which
has neither pydantic nor PyYAML. Borrowing their folder from `.venv` would break as soon as the two
Pythons differ, so the `.venv` interpreter is asked instead, and answers in JSON.
"""

import json
import subprocess
from pathlib import Path

from emulation.errors import MissingToolError
from policies.document import from_document
from policies.model import Policy

_ROOT = Path(__file__).resolve().parent.parent
_INTERPRETER = _ROOT / ".venv" / "bin" / "python"
_DUMP = (
    "import json; from policies.document import to_document; from policies.load import load_policy;"
    " print(json.dumps(to_document(load_policy())))"
)


def default_policy() -> Policy:
    """The default policy.

    Raises:
        MissingToolError: Neither this Python nor `.venv` can read policy files.
        PolicyError: The file is wrong.
    """
    try:
        from policies.load import load_policy  # noqa: PLC0415 - needs packages that may be missing
    except ImportError:
        return _ask_project_environment()
    return load_policy()


def _ask_project_environment() -> Policy:
    try:
        answer = subprocess.run(
            [_INTERPRETER, "-c", _DUMP], cwd=_ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingToolError(
            f"this Python can't read policy files, and neither can {_INTERPRETER}; run 'make' in "
            f"{_ROOT}"
        ) from error
    return from_document(json.loads(answer.stdout))
