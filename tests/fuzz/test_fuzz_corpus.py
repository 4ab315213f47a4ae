"""The corpus of the fuzzer, replayed: no crash, bounded work and memory, the same answer each time.

Needs no atheris; scripts/fuzz.sh looks for more. Work is counted in lines of our code, not in time,
so a slow machine changes nothing; the alarm only keeps a hang from lasting.
"""

import faulthandler
import signal
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import fuzz_targets
import pytest
from fuzz_targets import TARGETS, Target

CORPUS = Path(__file__).resolve().parent / "corpus"
ROOT = CORPUS.parents[2]
OURS = tuple(f"{ROOT / package}/" for package in ("classifier", "controller", "policies"))
MOST_CORPUS_BYTES = 1 << 20
HANG_S = 120


class Steps:
    """Counts the lines of our packages that run."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        return self._line if frame.f_code.co_filename.startswith(OURS) else None

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        self.count += 1
        return self._line


@contextmanager
def counted() -> Iterator[Steps]:
    before, steps = sys.gettrace(), Steps()
    sys.settrace(steps)
    try:
        yield steps
    finally:
        sys.settrace(before)


@contextmanager
def no_hang(what: str) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"{what} hangs")

    before = signal.signal(signal.SIGALRM, stop)
    faulthandler.dump_traceback_later(2 * HANG_S)  # code in C lets no handler run
    signal.alarm(HANG_S)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def inputs(name: str, target: Target) -> list[Path]:
    return [file for part in (name, *target.also) for file in sorted((CORPUS / part).glob("*"))]


@pytest.mark.parametrize("name", TARGETS)
def test_corpus(name: str) -> None:
    target = TARGETS[name]
    target.run(b"")  # what is loaded or made once is not the input's doing
    tracing = tracemalloc.is_tracing()
    for file in inputs(name, target):
        data = file.read_bytes()
        if len(data) > target.most_bytes:
            data = data[: target.most_bytes]
        with no_hang(str(file)):
            with counted() as steps:
                first = target.run(data)
            tracemalloc.start()
            try:
                again = target.run(data)
                memory = tracemalloc.get_traced_memory()[1]
            finally:
                if not tracing:
                    tracemalloc.stop()
        at_all, a_byte = target.steps
        assert steps.count <= at_all + a_byte * len(data), f"{file}: {steps.count} steps"
        assert memory <= target.most_memory, f"{file}: {memory} bytes"
        assert again == first, f"{file}: not the same answer twice"


def test_every_target_has_a_corpus() -> None:
    for name, target in TARGETS.items():
        assert inputs(name, target), name
    folders = {folder.name for folder in CORPUS.iterdir()}
    assert folders <= set(TARGETS)


def test_corpus_is_small() -> None:
    files = [file for file in CORPUS.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= MOST_CORPUS_BYTES
    assert all(file.stat().st_size <= 9000 for file in files)


def test_counting_sees_work() -> None:
    with counted() as steps:
        fuzz_targets.frames(bytes(2) + bytes(60))
    assert 0 < steps.count < 200
