"""What the API needs of the rest of the controller, and nothing more."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from controller.api.access import Tokens
from controller.canary import Figures
from controller.jobs import JobRegister
from controller.notes import NoteLog
from controller.state import State
from controller.store import VersionStore


class PolicyManager(Protocol):
    """The running policy and how it changes. Every call blocks its own green thread alone.

    All raise `PolicyError` for a policy that is wrong and `ApplyError` where a switch or the keeper
    of queues refused (then everything is as it was), `BusyError` while another change is made.
    """

    store: VersionStore
    jobs: JobRegister

    def check(self, text: str, name: str) -> dict[str, Any]:
        """What a policy would mean here."""

    def plan(self, text: str, name: str) -> dict[str, Any]:
        """The difference to the running network."""

    def running(self) -> dict[str, Any]:
        """The policy in force, with its text and version."""

    def apply(
        self, text: str, name: str, who: str = "", why: str = "",
        canary: float | None = None, bake_s: float = 60.0,
    ) -> dict[str, Any]:  # fmt: skip
        """Puts a policy in force, or lets a share of the slices it changes try it."""

    def rollback(self, who: str = "", why: str = "", to: int | None = None) -> dict[str, Any]:
        """Goes back to an earlier version."""

    def promote(self, who: str = "") -> dict[str, Any]:
        """Puts what is being tried in force for everybody."""

    def abort(self, who: str = "") -> dict[str, Any]:
        """Ends a trial."""

    def figures(self) -> Mapping[str, Figures]:
        """What each slice sent and lost since the controller began."""


def _no_deadline() -> AbstractContextManager[Any]:
    return nullcontext()


def _at_once(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


# The flows that were recognised, each as `answers.FlowAnswer` has it.
FlowsShown = Callable[[], Iterable[dict[str, Any]]]


def no_flows() -> Iterable[dict[str, Any]]:
    """Of a controller that looks at none."""
    return ()


@dataclass(frozen=True, slots=True)
class Site:
    """The controller the API speaks for.

    Attributes:
        state: What it knows; read between two waits, never changed here.
        manager: The policy and its changes.
        notes: Where refused calls are counted.
        tokens: Who may ask.
        pause: Lets the controller's other green threads run.
        aside: Calls what computes for long while they run.
        deadline: A context that raises TimeoutError when a body takes too long to arrive.
        flows: What each flow is taken for.
    """

    state: State
    manager: PolicyManager
    notes: NoteLog
    tokens: Tokens
    pause: Callable[[], object] = lambda: None
    aside: Callable[..., Any] = _at_once
    deadline: Callable[[], AbstractContextManager[Any]] = _no_deadline
    flows: FlowsShown = no_flows
