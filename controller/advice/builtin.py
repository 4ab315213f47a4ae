"""Finds an advisor: one of the built-in names, or the file of an exported policy.

Owns the list of names and two plain advisors. They are also what a policy has to beat.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from controller.advice.advisor import Advisor, Observation
from controller.advice.errors import UnknownAgentError
from controller.advice.given import PREFIX, Given
from controller.advice.network import CandidatePaths, FloatArray
from controller.advice.plan import OnlineGradient
from controller.advice.policy import PolicyAdvisor, load, locate, shipped
from controller.advice.view import fallback_splits


class Static:
    """Equal shares of the shortest live paths: what there is without an agent."""

    def __init__(self, paths: CandidatePaths) -> None:
        self.paths = paths

    def advise(self, seen: Observation) -> FloatArray:
        """Looks at links alone."""
        return fallback_splits(self.paths, seen.link_up)


class LeastLoaded:
    """Moves shares from busy to less busy paths, a little in each of a few steps.

    Multiplicative weights on the utilisation of each path's busiest link: the fluid form of what
    schedulers of single flows do (Hedera, NSDI 2010).
    """

    _STEPS, _RATE, _FLOOR = 20, 0.5, 1e-3

    def __init__(self, paths: CandidatePaths) -> None:
        self.paths = paths
        self._splits = fallback_splits(paths, np.ones(len(paths.network.ends), np.bool_))

    def advise(self, seen: Observation) -> FloatArray:
        """Starts from the splits of the last time."""
        paths, alive = self.paths, self.paths.alive(seen.link_up)
        start = np.maximum(self._splits, self._FLOOR) * alive
        splits = paths.normalise(start)
        for _ in range(self._STEPS):
            busy = paths.path_max(paths.utilisation(splits, seen.demands))
            scale = busy / max(float(busy.max(initial=0.0)), 1e-12)
            splits = paths.normalise(splits * np.exp(-self._RATE * scale))
        self._splits = splits
        return splits


@dataclass(frozen=True, slots=True)
class Factory:
    """Makes advisors of one kind.

    Attributes:
        name: For people.
        make: An advisor over these candidate paths.
        sha256: Of its file; "" for the built-in ones.
    """

    name: str
    make: Callable[[CandidatePaths], Advisor]
    sha256: str = ""


_BUILT_IN: dict[str, Callable[[CandidatePaths], Advisor]] = {
    "static": Static,
    "least-loaded": LeastLoaded,
    "online-gradient": OnlineGradient,
}
NAMES = tuple(_BUILT_IN)


def check(agent: str) -> None:
    """Finds plain mistakes before anything is started; doesn't open the file.

    Raises:
        UnknownAgentError: Neither a name nor a file.
    """
    known = agent in (*_BUILT_IN, *shipped()) or agent.startswith(PREFIX)
    if not known and not Path(agent).is_file():
        names = ", ".join((*NAMES, *shipped()))
        raise UnknownAgentError(f"no agent {agent!r}: give {names}, or a policy's file")


def find(agent: str) -> Factory:
    """The advisor of that name or file.

    Raises:
        AdviceError: There is none, or its file is damaged.
    """
    check(agent)
    if agent in _BUILT_IN:
        return Factory(agent, _BUILT_IN[agent])
    if agent.startswith(PREFIX):
        return Factory("given", partial(Given, Path(agent.removeprefix(PREFIX))))
    path = locate(agent)
    policy = load(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Factory(path.stem, policy.advisor, digest)


def part_outside(advisor: Advisor) -> float:
    """How much of what a policy last looked at its training had not shown it, 0 to 1."""
    if isinstance(advisor, PolicyAdvisor):
        return advisor.policy.outside(advisor.seen)
    return 0.0


def think(advisor: Advisor) -> None:
    """Lets a policy do what it puts off until it has answered."""
    if isinstance(advisor, PolicyAdvisor):
        advisor.think()
