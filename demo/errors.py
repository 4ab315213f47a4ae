"""What can go wrong in the demo, one class per mistake; every message says what to do.

Owns the exceptions of the package `demo`. It must not import anything of the project.
"""

from __future__ import annotations


class DemoError(RuntimeError):
    """Base of every error the demo raises on purpose."""


class ScenarioError(DemoError):
    """The topology, the arms or the durations asked for cannot carry the demo."""


class RecordError(DemoError):
    """A job wrote a line that is not one of its records."""


class JobFailed(DemoError):
    """A job ended before its window did, or never became ready."""

    def __init__(self, job: str, host: str, reason: str, stderr_tail: str) -> None:
        self.job = job
        self.stderr_tail = stderr_tail
        shown = stderr_tail.strip() or "(it wrote nothing to its standard error)"
        super().__init__(f"job {job} on {host} {reason}; its last words:\n{shown}")


class FabricNotReady(DemoError):
    """The hosts of the demo could not reach each other in time."""
