"""Takes into the corpus what the fuzzer found that reaches further: fuzz_keep.py [TARGET…].

Of the inputs in build/fuzz, the shortest first, those that run a line of our code, coming from
another, that the corpus doesn't yet; each is named after the function in which that is. Finds, in
build/fuzz/finds, are not for this: their names should tell what was wrong.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parent.parent
sys.path[:0] = [str(_HERE), str(_ROOT)]

from fuzz_targets import TARGETS, Target  # noqa: E402

CORPUS, LEARNED = _HERE / "corpus", _ROOT / "build" / "fuzz"
_OURS = tuple(f"{_ROOT / package}/" for package in ("classifier", "controller"))
_MOST_BYTES = 1500  # of an input that is kept
_Step = tuple[str, str, int, int]  # file, function, line before, line


def steps_of(target: Target, data: bytes) -> dict[_Step, None]:
    """The steps from line to line that an input takes, in their order."""
    found: dict[_Step, None] = {}
    before: dict[FrameType, int] = {}

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            code = frame.f_code
            name = Path(code.co_filename).stem
            found[name, code.co_name, before.get(frame, 0), frame.f_lineno] = None
            before[frame] = frame.f_lineno
        elif event == "return":
            before.pop(frame, None)
        return line

    sys.settrace(lambda frame, *_: line if frame.f_code.co_filename.startswith(_OURS) else None)
    try:
        target.run(data)
    finally:
        sys.settrace(None)
    return found


def keep(name: str) -> int:
    """How many were taken."""
    target, count = TARGETS[name], 0
    target.run(b"")
    reached: set[_Step] = set()
    for part in (name, *target.also):
        for file in (CORPUS / part).glob("*"):
            reached.update(steps_of(target, file.read_bytes()[: target.most_bytes]))
    for file in sorted((LEARNED / name).glob("*"), key=lambda file: (file.stat().st_size, file)):
        data = file.read_bytes()
        new = [step for step in steps_of(target, data) if step not in reached]
        if new and len(data) <= _MOST_BYTES:
            reached.update(new)
            count += 1
            module, function, *_ = new[0]
            told = f"reaches-{module}-{function.strip('_<>')}-{sha256(data).hexdigest()[:8]}"
            (CORPUS / name).mkdir(exist_ok=True)
            (CORPUS / name / told).write_bytes(data)
    return count


if __name__ == "__main__":
    for one in sys.argv[1:] or TARGETS:
        print(one, keep(one))
