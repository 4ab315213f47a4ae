"""The policy in force, how it came to be, and how it changes: what the API and the clock call.

Owns the order of a change, which is all or nothing:

    read and check -> a version on record, pending -> queues -> rules on every switch -> applied

Whoever refuses on the way makes everything before it go back. Runs in the shell, in green threads;
each call blocks its own thread alone, and one change is made at a time.
"""

import copy
import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from controller import canary, framework
from controller.advice.capacities import topology_of
from controller.advice.registry import default_folder
from controller.canary import Figures, Track, slice_figures
from controller.errors import ApplyError, BusyError, ControllerError, StoreError
from controller.events import Event, PolicyAnswered, PolicyChanged
from controller.jobs import JobRegister, addresses
from controller.queues import Keeper, keeper_at
from controller.repolicy import repolicy
from controller.settings import Settings
from controller.state import State
from controller.store import Version, VersionStore
from policies.check import check
from policies.difference import difference
from policies.document import to_document
from policies.errors import PolicyConflictError, PolicyError
from policies.intents import effective, next_change
from policies.load import DEFAULT_POLICY, parse_policy
from policies.model import Policy
from policies.numbers import renumber

_AGAIN_S = 2.0  # until a keeper that isn't there yet is asked again
_TELL_AGAIN_S = 60.0  # it may have been restarted; hearing the same again costs it little
_LOOK_S = 5.0  # between looks at schedules, so that a clock set anew is noticed
_ANSWER_S = 60.0  # the core answers by itself long before
_log = logging.getLogger("headway")


@dataclass(slots=True)
class Trial:
    """A canary under way.

    Attributes:
        version: On record, pending.
        wanted: The whole new policy.
        slices: Who tries it.
        began: Wall-clock time.
        bake_s: How long figures are gathered before the verdict; 0 waits for an operator.
        before: Figures of each slice over as long a time before it, if there were any.
        start: Counters when it began.
    """

    version: Version
    wanted: Policy
    slices: tuple[str, ...]
    began: datetime
    bake_s: float
    before: Mapping[str, Figures]
    start: Mapping[str, Figures]


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _folder(settings: Settings) -> Path:
    folder = Path(settings.state) if settings.state else default_folder()
    return folder / "emulated" if settings.emulated else folder


def _hold(folder: Path) -> int:
    """Keeps other controllers off the record for as long as this descriptor is open."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = os.open(folder / "controller.lock", os.O_CREAT | os.O_WRONLY, 0o600)
    except OSError as error:
        raise StoreError(
            f"{folder}: can't be written: {error.strerror}; choose another folder with --state"
        ) from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise StoreError(
            f"{folder}: another controller keeps its record of policies there; end that one, or "
            "give this one a folder of its own with --state (HEADWAY_STATE)"
        ) from error
    return held


class Manager:
    """The running policy. `policy` is as written; the core has what of it holds at this hour."""

    def __init__(self, settings: Settings) -> None:
        """Finds the policy to begin with.

        Raises:
            PolicyError: It is wrong, or can't hold on the network of `Settings.links`.
            StoreError: The record of versions can't be used.
        """
        self.settings = settings
        folder = _folder(settings)
        self._held = _hold(folder)
        self.store = VersionStore(folder)
        self.keeper: Keeper = keeper_at(settings.queues)
        self.topology = topology_of(settings.links)
        self.version, self.policy = self._first()
        self.jobs = JobRegister(
            folder,
            lambda: self.policy,
            lambda word, part: addresses(self._state, self.topology, word, part),
            forget=settings.emulated,
        )
        self.trial: Trial | None = None
        self.track = Track()
        self._tried = False  # at the last look
        self._state: State | None = None
        self._send: Callable[[Event], None] = lambda _event: None
        self._answers: dict[int, PolicyAnswered | None] = {}
        self._wakes: dict[int, Any] = {}
        self._number = 0
        self._busy = False
        self._told_at: datetime | None = None  # when the keeper last heard the whole policy

    def close(self) -> None:
        """Lets go of the records, for another controller."""
        self.jobs.close()
        self.store.close()
        os.close(self._held)

    def begin_with(self) -> Policy:
        """What holds of the policy now, for the core to start with."""
        return effective(self.policy, _now())

    def start(self, state: State, send: Callable[[Event], None]) -> None:
        """Begins to keep time, and to bring queues in line with the policy."""
        self._state, self._send = state, send
        self.jobs.start(send)
        framework.hub.spawn(self._keep_time)

    # --- questions ------------------------------------------------------------------------------

    def check(self, text: str, name: str) -> dict[str, Any]:
        """What a policy would mean here; raises PolicyError with the place of each mistake."""
        return self._checked(text, name)[1]

    def plan(self, text: str, name: str) -> dict[str, Any]:
        """The difference to the running network, without touching it."""
        policy, report = self._checked(text, name)
        wanted = effective(policy, _now())
        try:
            queues = self.keeper.ask("plan", document=to_document(wanted))
        except ApplyError as error:  # `apply` would stop here; the rest can be told all the same
            queues = {"trouble": str(error)}
        return {
            "name": policy.name,
            "version": self.version.id,
            "policy": difference(self.policy, policy),
            "rules": self._rules_planned(wanted),
            "queues": queues.get("changed", {}),
            "queues_kept": queues.get("kept", True),
            "queues_trouble": queues.get("trouble", ""),
            "report": report,
        }

    def running(self) -> dict[str, Any]:
        """The policy in force, its version, and what is being tried."""
        change = next_change(self.policy, _now())
        return {
            **self.version.told(),
            "text": self.version.text,
            "next_change": change.isoformat() if change else None,
            "canary": self._trial_told(),
        }

    def history(self, limit: int = 100) -> list[dict[str, Any]]:
        """Versions, newest first."""
        return [version.told() for version in self.store.history(limit)]

    # --- changes --------------------------------------------------------------------------------

    def apply(
        self, text: str, name: str, who: str = "", why: str = "",
        canary: float | None = None, bake_s: float = 60.0,
    ) -> dict[str, Any]:  # fmt: skip
        """Puts a policy in force, on every switch or on none.

        Args:
            text: The policy, YAML.
            name: For messages: the file's name.
            who: Who asks.
            why: What for.
            canary: Share (0..1) of the changed slices that try it first; None is everybody now.
            bake_s: How long they try it; 0 waits for `promote` or `abort`.

        Raises:
            PolicyError: The policy is wrong; nothing was changed.
            ApplyError: A switch or the keeper refused; everything is as it was.
        """
        with self._alone():
            self._refuse_during_trial()
            policy, report = self._checked(text, name)
            if canary is not None:
                told = self._try_out(text, policy, canary, bake_s, who=who, why=why)
            else:
                version = self.store.begin(policy, text, who=who, why=why, kind="apply")
                told = self._commit(version, policy)
            return {**told, "warnings": report["warnings"]}

    def rollback(self, who: str = "", why: str = "", to: int | None = None) -> dict[str, Any]:
        """Goes back to version `to`, or to the one in force before; during a trial, ends that."""
        if self.trial and to is None:
            return self.abort(who)
        with self._alone():
            self._refuse_during_trial()
            target = self.store.version(to) if to is not None else self.store.previous()
            policy, _ = self._checked(target.text, f"version {target.id}")
            why = why or f"back to version {target.id}"
            version = self.store.begin(
                policy, target.text, who=who, why=why, kind="rollback", back_to=target.id
            )
            return self._commit(version, policy)

    def promote(self, who: str = "") -> dict[str, Any]:
        """Puts what is being tried in force for everybody."""
        with self._alone():
            trial = self._trial_or_raise()
            self.trial = None
            _log.info("version %d promoted %s", trial.version.id, f"by {who}" if who else "")
            return self._commit(trial.version, trial.wanted)

    def abort(self, who: str = "") -> dict[str, Any]:
        """Ends a trial: the running policy for everybody."""
        with self._alone():
            trial = self._trial_or_raise()
            return self._take_back(trial, f"ended {f'by {who}' if who else 'by an operator'}")

    # --- how ------------------------------------------------------------------------------------

    def _first(self) -> tuple[Version, Policy]:
        """The last policy applied, or the file's, if that has changed since it was begun with."""
        settings, store = self.settings, self.store
        path = settings.policy_path or DEFAULT_POLICY
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError(f"{path}: can't be read: {error}") from error
        current = store.current()
        # A network made anew begins with the numbers of the file, as its queues do.
        numbers = current.numbers if current and not settings.emulated else {}
        if (
            current
            and not (settings.fresh or settings.emulated)
            and (not settings.policy or store.started_with(text) or current.text == text)
        ):
            policy = renumber(parse_policy(current.text, f"version {current.id}"), numbers)
            try:
                self._examined(policy)
            except PolicyError as error:  # it is in force already: better that than none
                _log.warning("%s", error)
            return current, policy
        policy = renumber(parse_policy(text, str(path)), numbers)
        self._examined(policy)
        version = store.begin(policy, text, who="", why=f"started with {path.name}", kind="start")
        return store.finish(version.id, "applied"), policy

    def _checked(self, text: str, name: str) -> tuple[Policy, dict[str, Any]]:
        def read() -> tuple[Policy, dict[str, Any]]:
            policy = renumber(parse_policy(text, name), self.version.numbers)
            return policy, self._examined(policy)

        return framework.off_thread(read)  # type: ignore[no-any-return]

    def _examined(self, policy: Policy) -> dict[str, Any]:
        """What a policy would mean on this network.

        Raises:
            PolicyConflictError: Something of it can't hold here, or be known to.
        """
        if self.topology is None:
            known = {
                tier.name for tier in policy.tiers if any(e[:1].isdigit() for e in tier.switches)
            }
            for confinement in effective(policy, _now()).confinements:
                if not known.issuperset(confinement.tiers):
                    raise PolicyConflictError(
                        f"{policy.source or policy.name}: intents: {confinement.source!r}: which "
                        "switches are of that tier is not known; start the controller with --links "
                        "FILE, as 'headway topo SPEC --json' prints it, or list datapath ids under "
                        "'tiers'"
                    )
        return check(policy, self.topology, _now()).told()

    def _rules_planned(self, wanted: Policy) -> dict[str, dict[str, int]]:
        if self._state is None:
            return {}
        blank: dict[int, Any] = {id(self._state.agent): None}
        copied: State = copy.deepcopy(self._state, blank)
        list(repolicy(copied, wanted, copied.last_tick))
        planned: dict[str, dict[str, int]] = {}
        for switch in copied.connected():
            counts: dict[str, int] = {}
            for command in switch.mirror.sync(delete=copied.settled):
                kind = command.change.value  # type: ignore[union-attr]
                counts[kind] = counts.get(kind, 0) + 1
            if counts:
                planned[f"{switch.dpid:#x}"] = counts
        return planned

    def _commit(self, version: Version, policy: Policy) -> dict[str, Any]:
        try:
            told = self._enforce(effective(policy, _now()))
        except ApplyError as error:
            self.store.finish(version.id, "refused", str(error))
            raise
        self.version, self.policy = self.store.finish(version.id, "applied"), policy
        return {**self.version.told(), **told}

    def _enforce(self, wanted: Policy) -> dict[str, Any]:
        """Queues, then rules; if rules are refused, the queues go back too."""
        began = _now()
        before = self._state.policy if self._state else wanted
        queues = self.keeper.ask("apply", document=to_document(wanted))
        try:
            answer = self._ask_core(wanted)
        except ApplyError as error:
            try:
                self.keeper.ask("apply", document=to_document(before))
            except ApplyError as second:
                raise ApplyError(f"{error}; and queues could not be put back: {second}") from error
            raise
        connected = sum(1 for _ in self._state.connected()) if self._state else 0
        return {
            "switches": connected,
            "rules": {f"{dpid:#x}": count for dpid, count in answer.changes.items()},
            "queues": queues.get("changed", {}),
            "queues_kept": queues.get("kept", True),
            "missing": queues.get("missing", []),
            "seconds": round((_now() - began).total_seconds(), 3),
        }

    def _ask_core(self, wanted: Policy) -> PolicyAnswered:
        self._number += 1
        number = self._number
        wake = self._wakes[number] = framework.hub.Event()
        self._send(PolicyChanged(wanted, number))
        wake.wait(_ANSWER_S)
        del self._wakes[number]
        answer = self._answers.pop(number, None)
        if answer is None:
            raise ApplyError(f"the controller's core gave no answer in {_ANSWER_S:g} s")
        if answer.refused:
            raise ApplyError(f"{answer.refused}; everything is as it was")
        return answer

    def answered(self, answer: PolicyAnswered) -> None:
        """Takes the core's answer."""
        if wake := self._wakes.get(answer.number):
            self._answers[answer.number] = answer
            wake.set()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._busy:
            raise BusyError("another change is being made; try again")
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    # --- trials ---------------------------------------------------------------------------------

    def _try_out(
        self, text: str, policy: Policy, share: float, bake_s: float, *, who: str, why: str
    ) -> dict[str, Any]:
        now = _now()
        names = canary.chosen(effective(self.policy, now), effective(policy, now), share)
        if not names:
            raise ApplyError(
                "a canary needs slices that both policies have and that differ; apply it without"
            )
        version = self.store.begin(policy, text, who=who, why=why, kind="canary")
        self.track.note(self.figures())
        before = self.track.lately(bake_s)
        try:
            told = self._enforce(self._mixed(policy, names))
        except ApplyError as error:
            self.store.finish(version.id, "refused", str(error))
            raise
        self.trial = Trial(version, policy, names, now, bake_s, before, self.figures())
        _log.info("version %d is tried by %s for %g s", version.id, ", ".join(names), bake_s)
        return {**version.told(), **told, "canary": self._trial_told()}

    def _mixed(self, wanted: Policy, names: tuple[str, ...]) -> Policy:
        """What holds now while some slices try another policy."""
        now = _now()
        return canary.blend(effective(self.policy, now), effective(wanted, now), names)

    def _take_back(self, trial: Trial, why: str) -> dict[str, Any]:
        self.trial = None  # if going back is refused now, the next look tries again
        version = self.store.finish(trial.version.id, "rolled-back", why)
        _log.warning("version %d taken back: %s", version.id, why)
        told = self._enforce(effective(self.policy, _now()))
        return {**version.told(), **told, "why": why}

    def _judge(self, trial: Trial) -> None:
        during = {name: f.since(trial.start.get(name, Figures())) for name, f in
                  self.figures().items()}  # fmt: skip

        def side(*, inside: bool) -> tuple[Figures, Figures]:
            return tuple(  # type: ignore[return-value]
                Figures.total(f for n, f in part.items() if (n in trial.slices) is inside)
                for part in (trial.before, during)
            )

        verdict = canary.verdict(side(inside=True), side(inside=False), trial.slices)
        with self._alone():
            if self.trial is not trial:
                return
            if verdict.promote:
                self.trial = None
                self._commit(trial.version, trial.wanted)
                _log.info("version %d promoted: %s", trial.version.id, verdict.why)
            else:
                self._take_back(trial, verdict.why)

    def figures(self) -> dict[str, Figures]:
        """Counters of every slice, summed over the network."""
        return slice_figures(self._state) if self._state else {}

    def _refuse_during_trial(self) -> None:
        if self.trial:
            raise ApplyError(
                f"version {self.trial.version.id} is being tried; promote it or roll it back first"
            )

    def _trial_or_raise(self) -> Trial:
        if self.trial is None:
            raise ApplyError("nothing is being tried")
        return self.trial

    def _trial_told(self) -> dict[str, Any] | None:
        if self.trial is None:
            return None
        return {
            "version": self.trial.version.id, "slices": list(self.trial.slices),
            "bake_s": self.trial.bake_s, "began": self.trial.began.isoformat(),
        }  # fmt: skip

    # --- time -----------------------------------------------------------------------------------

    def _keep_time(self) -> None:
        """Puts in force what schedules say, and ends trials, for as long as the process lives."""
        said: dict[str, str] = {}
        while True:
            for step in (self._bring_in_line, self._at_this_hour, self.jobs.expire):
                complaint = ""
                try:
                    step()
                except ControllerError as error:  # of a switch, the keeper, the record
                    complaint = str(error)
                if complaint and complaint != said.get(step.__name__):  # once, not at every look
                    _log.warning("policy %s: %s", self.policy.name, complaint)
                said[step.__name__] = complaint
            framework.hub.sleep(self._until_next())

    def _until_next(self) -> float:
        now = _now()
        waits = [_LOOK_S if self._is_in_line(now) else _AGAIN_S]
        if change := next_change(self.policy, now):
            waits.append((change - now).total_seconds())
        if (end := self.jobs.next_end()) is not None:
            waits.append(end)
        if self.trial and self.trial.bake_s:
            waits.append(self.trial.bake_s - (now - self.trial.began).total_seconds())
        return max(0.05, min(waits))

    def _is_in_line(self, now: datetime) -> bool:
        told = self._told_at
        return told is not None and 0 <= (now - told).total_seconds() < _TELL_AGAIN_S

    def _bring_in_line(self) -> None:
        """Queues as the policy has them: their keeper may begin, or begin again, after us."""
        if self._busy or self._is_in_line(_now()):
            return
        with self._alone():
            if self._state:
                self.keeper.ask("apply", document=to_document(self._state.policy))
            self._told_at = _now()

    def _at_this_hour(self) -> None:
        trial = self.trial
        # A little after a trial its packets are still on their way.
        self.track.note(self.figures(), normal=not (trial or self._tried))
        self._tried = bool(trial)
        if trial:
            if trial.bake_s and (_now() - trial.began).total_seconds() >= trial.bake_s:
                self._judge(trial)
                return
            wanted = self._mixed(trial.wanted, trial.slices)
        else:
            wanted = effective(self.policy, _now())
        if self._state is None or wanted == self._state.policy or self._busy:
            return
        with self._alone():
            self._enforce(wanted)
            _log.info("policy %s: what holds at this hour is in force", self.policy.name)
