"""Running jobs as processes: start, wait until ready, hand out the window, watch, stop.

Owns the runner's side of `demo.jobs.channel`, and every process it started: whatever happens,
leaving the `with` block ends them, each by its own process id. It must not know networks; how a
process gets into a host's namespace is the caller's `Spawn`.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

from demo.errors import JobFailed
from demo.programs import Program
from demo.records import Ready, Record, read_records
from demo.window import Window

# Starts a command inside a host's namespace, with the keyword arguments of subprocess.Popen.
Spawn: TypeAlias = Callable[..., "subprocess.Popen[Any]"]

_POLL_S = 0.05
_TERMINATE_TIMEOUT_S = 3.0
_TAIL_BYTES = 4000


@dataclass(frozen=True, slots=True)
class Job:
    """A running program, with the files its output goes to."""

    program: Program
    process: subprocess.Popen[Any]
    output: Path
    errors: Path

    @property
    def name(self) -> str:
        """The program's name."""
        return self.program.name

    def ready(self) -> bool:
        """Whether the job has said that it waits for its window."""
        return any(isinstance(record, Ready) for record in read_records(self.output))

    def records(self) -> tuple[Record, ...]:
        """All the job has written down so far."""
        return tuple(read_records(self.output))

    def check(self) -> None:
        """Raise if the job has ended with an error, or has ended though it should not.

        Raises:
            JobFailed: with the tail of its standard error.
        """
        code = self.process.poll()
        if code is not None and (code != 0 or not self.program.finite):
            raise self.failure(f"ended with exit status {code}")

    def failure(self, reason: str) -> JobFailed:
        """The error that says what became of this job."""
        tail = self.errors.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
        return JobFailed(self.name, self.program.host, reason, tail)


@contextmanager
def running(programs: Sequence[Program], spawn: Spawn, folder: Path) -> Iterator[tuple[Job, ...]]:
    """Start programs, and end them all on the way out, however that comes about."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs: list[Job] = []
    try:
        for program in programs:
            jobs.append(_start(program, spawn, folder))
        yield tuple(jobs)
    finally:
        stop_all([job.process for job in jobs])


def await_ready(jobs: Sequence[Job], timeout_s: float) -> None:
    """Return when all jobs wait for their window.

    Raises:
        JobFailed: one ended, or was not ready in time.
    """
    deadline_s = time.monotonic() + timeout_s
    waiting = list(jobs)
    while waiting:
        for job in waiting:
            if job.process.poll() is not None:
                raise job.failure(f"ended with exit status {job.process.returncode} at its start")
        waiting = [job for job in waiting if not job.ready()]
        if waiting and time.monotonic() > deadline_s:
            raise waiting[0].failure(f"was not ready after {timeout_s:.0f} s")
        time.sleep(_POLL_S)


def hand_out(window: Window, jobs: Sequence[Job]) -> None:
    """Tell all jobs when is measured; they begin their work at once.

    Raises:
        JobFailed: one has closed its input.
    """
    for job in jobs:
        stream: IO[bytes] | None = job.process.stdin
        if stream is None:
            raise job.failure("was started without an input")
        try:
            stream.write(window.to_line().encode())
            stream.flush()
        except BrokenPipeError as error:
            raise job.failure("ended before its window") from error


def watch_until(jobs: Sequence[Job], instant_s: float) -> None:
    """Sleep until an instant of the monotonic clock, looking after the jobs.

    Raises:
        JobFailed: one ended though it should not.
    """
    while (left_s := instant_s - time.monotonic()) > 0:
        for job in jobs:
            job.check()
        time.sleep(min(left_s, _POLL_S))


def await_finite(jobs: Sequence[Job], timeout_s: float) -> None:
    """Wait for the jobs that end by themselves; the others go on meanwhile.

    Raises:
        JobFailed: one did not end in time, or with an error.
    """
    deadline_s = time.monotonic() + timeout_s
    for job in (job for job in jobs if job.program.finite):
        try:
            job.process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise job.failure(f"did not end {timeout_s:.0f} s after its window") from error
        job.check()


def stop_all(processes: Sequence[subprocess.Popen[Any]]) -> None:
    """End processes: ask, wait, then kill what is left."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline_s = time.monotonic() + _TERMINATE_TIMEOUT_S
    for process in processes:
        try:
            process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()


def python_environment() -> dict[str, str]:
    """The environment of the jobs: this code importable, one thread per numeric library."""
    root = str(Path(__file__).resolve().parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([root, inherited] if inherited else [root]),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }


def _start(program: Program, spawn: Spawn, folder: Path) -> Job:
    output, errors = folder / f"{program.name}.jsonl", folder / f"{program.name}.err"
    with output.open("wb") as out, errors.open("wb") as err:
        process = spawn(
            program.host,
            list(program.argv),
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            env=python_environment(),
        )
    return Job(program, process, output, errors)
