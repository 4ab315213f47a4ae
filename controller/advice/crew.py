"""The advisors of one network: who is active, who has a canary's share, who decides in shadow.

Owns putting their answers together, scoring each on the traffic that then came, and what follows
from the scores: a canary that does worse than the active policy for a while loses its role. Knows
no socket and no file.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from controller.advice.advisor import Advisor, Observation, on_live_paths
from controller.advice.builtin import Factory, part_outside, think
from controller.advice.drift import DriftWatch
from controller.advice.network import BoolArray, CandidatePaths, FloatArray
from controller.advice.registry import Role

_TOLERANCE, _SLACK = 0.02, 0.01  # as the guard's
_UNSEEN = 0.25  # of a policy's features, as the guard's
_STRIKES = 5  # turns in a row
_LOG = logging.getLogger("headway")


@dataclass(frozen=True, slots=True)
class Member:
    """A policy and its role; `share` of the edge pairs is a canary's."""

    role: Role
    factory: Factory
    share: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the crew says.

    Attributes:
        splits: float64 (P,).
        scores: Largest link utilisation that each role's last splits gave on this traffic, and
            "static" for equal splits.
        drift: How traffic differs from what a member was trained on.
        fallen: Roles that are to be withdrawn, and why.
    """

    splits: FloatArray
    scores: dict[str, float]
    drift: tuple[str, ...] = ()
    fallen: Mapping[Role, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Seat:
    """A member at work on one network."""

    member: Member
    advisor: Advisor
    drift: DriftWatch
    splits: FloatArray | None = None  # of its last turn
    error: str = ""
    strikes: int = 0


class Crew:
    """Advisors over one set of candidate paths."""

    def __init__(self, paths: CandidatePaths, pair_names: list[str], members: list[Member]) -> None:
        self.paths, self._names = paths, pair_names
        self._mixed: FloatArray | None = None
        self._last: Observation | None = None
        self._seats: dict[Role, _Seat] = {}
        self._fallen: dict[Role, str] = {}
        self._canary = np.zeros(len(paths.pairs), np.bool_)
        self.assign(members)

    def assign(self, members: list[Member]) -> None:
        """Gives roles to these members; who keeps theirs keeps what they remember."""
        seats: dict[Role, _Seat] = {}
        for member in members:
            known = self._seats.get(member.role)
            if known and known.member.factory == member.factory:
                known.member = member
                seats[member.role] = known
            else:
                seats |= self._seated(member)
        self._seats = seats
        canary = seats.get(Role.CANARY)
        share = canary.member.share if canary else 0.0
        self._canary = np.array([in_share(name, share) for name in self._names], np.bool_)

    def _seated(self, member: Member) -> dict[Role, _Seat]:
        """A member at work; nobody if it is on trial and can't even begin."""
        factory = member.factory
        try:
            advisor = factory.make(self.paths)
        except Exception as error:
            if member.role is Role.ACTIVE:
                raise
            _LOG.exception("%s failed", factory.name)
            self._fallen[member.role] = f"{type(error).__name__}: {error}"
            return {}
        return {member.role: _Seat(member, advisor, DriftWatch())}

    @property
    def active(self) -> Factory:
        """Who answers for the crew."""
        return self._seats[Role.ACTIVE].member.factory

    @property
    def outside(self) -> float:
        """How much of what the active policy last looked at its training had not shown it."""
        return part_outside(self._seats[Role.ACTIVE].advisor)

    def advise(self, demands: FloatArray, link_up: BoolArray, fallback: FloatArray) -> Answer:
        """One turn: (K,) demands, (E,) links, (P,) equal splits."""
        scores = self._scores(demands, fallback)
        fallen = self._judge_trials(scores)
        seen = Observation(demands, link_up)
        drift = self._drift()
        for role in (Role.ACTIVE, Role.CANARY):
            if (seat := self._seats.get(role)) is not None:
                self._ask(seat, seen)
        self._last = seen
        return Answer(self._mix(link_up), scores, tuple(drift), fallen)

    @staticmethod
    def _ask(seat: _Seat, seen: Observation) -> None:
        """Whatever a policy on trial throws, the active one goes on."""
        try:
            seat.splits, seat.error = seat.advisor.advise(seen), ""
        except Exception as error:
            if seat.member.role is Role.ACTIVE:
                raise
            _LOG.exception("%s failed", seat.member.factory.name)
            seat.splits, seat.error = None, f"{type(error).__name__}: {error}"

    def think(self) -> None:
        """What can wait until the answer has been given: the shadow, and plans for next time."""
        if (shadow := self._seats.get(Role.SHADOW)) and self._last:
            self._ask(shadow, self._last)
        for seat in self._seats.values():
            think(seat.advisor)

    def _scores(self, demands: FloatArray, fallback: FloatArray) -> dict[str, float]:
        """How last turn's splits would have done, and what was followed did, on this traffic."""
        played = {role.value: seat.splits for role, seat in self._seats.items()}
        played |= {"followed": self._mixed, "static": fallback}
        shape = (len(self.paths.pair),)
        return {
            name: float(self.paths.max_utilisation(splits, demands))
            for name, splits in played.items()
            if splits is not None and splits.shape == shape and np.isfinite(splits).all()
        }

    def _judge_trials(self, scores: Mapping[str, float]) -> dict[Role, str]:
        """Who is on trial falls after some turns in a row that failed or did worse."""
        fallen, self._fallen = self._fallen, {}
        for role in (Role.CANARY, Role.SHADOW):
            seat = self._seats.get(role)
            if seat is None:
                continue
            wrong = seat.error or (self._harm(scores) if role is Role.CANARY else "")
            seat.strikes = seat.strikes + 1 if wrong else 0
            if seat.strikes >= _STRIKES:
                fallen[role] = f"{_STRIKES} turns in a row, the last: {wrong}"
                del self._seats[role]
        return fallen

    def _harm(self, scores: Mapping[str, float]) -> str:
        """Whether what was followed, with the canary's share, was worse than without it."""
        if self._mixed is None:
            return ""
        followed, without = scores.get("followed", np.inf), scores.get("active", np.inf)
        if Role.CANARY.value not in scores:
            return "" if self._seats[Role.CANARY].splits is None else "splits that are none"
        limit = max(without * (1 + _TOLERANCE), without + _SLACK)
        return "" if followed <= limit else f"{followed:.3f}, without it {without:.3f}"

    def _drift(self) -> list[str]:
        alarms = (
            (seat.member.factory.name, seat.drift.take(_unseen(seat.advisor)))
            for seat in self._seats.values()
        )
        return [
            f"traffic is not what {name} was trained on: {text}" for name, text in alarms if text
        ]

    def _mix(self, link_up: BoolArray) -> FloatArray:
        """The active policy's splits, the canary's for its pairs."""
        splits = self._seats[Role.ACTIVE].splits
        canary = self._seats.get(Role.CANARY)
        if splits is None:
            raise ValueError("the active advisor has not been asked")
        if canary and canary.splits is not None and self._is_sound(canary.splits):
            trial = on_live_paths(self.paths, canary.splits, link_up)
            splits = np.where(self._canary[self.paths.pair], trial, splits)
        self._mixed = splits
        return splits

    def _is_sound(self, splits: FloatArray) -> bool:
        """A canary's nonsense must not cost the active policy its turn."""
        return (
            splits.shape == (len(self.paths.pair),)
            and bool(np.isfinite(splits).all())
            and bool((splits >= 0).all())
            and bool(np.abs(self.paths.pair_sum(splits) - 1).max() < 1e-3)
        )


def _unseen(advisor: Advisor) -> str:
    part = part_outside(advisor)
    return f"{part:.0%} of its features" if part > _UNSEEN else ""


def in_share(pair_name: str, share: float) -> bool:
    """Whether a pair belongs to a canary's share: the same pairs every time, on every machine."""
    digest = hashlib.sha256(pair_name.encode()).digest()
    return int.from_bytes(digest[:4], "big") < share * (1 << 32)
