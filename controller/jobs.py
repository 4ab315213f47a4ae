"""The jobs that launchers registered: kept until they end, over restarts too.

Owns their record, one SQLite file in the state folder, and telling the core whenever there are
others (`JobsChanged`). A job is on record before the core hears of it, so a controller killed in
between begins again with all that were answered for. Runs in the shell; what a job's flows get is
the core's business.
"""

import json
import logging
import re
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

from classifier.errors import JobsFullError
from classifier.job_form import MOST_HOSTS, JobForm, from_told, job_of, told
from classifier.jobs import Job, Jobs
from classifier.prefixes import Network
from controller.errors import JobError, StoreError, UnknownJobError
from controller.events import Event, JobsChanged
from controller.sqlite import Database
from controller.state import State
from policies.fabric import TopologyLike
from policies.mistakes import suggest
from policies.model import Policy

FILE = "jobs.sqlite"
_REMEDY = "the file of registered jobs; mend its folder, or move the file away to begin with none"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    told TEXT NOT NULL);
"""
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", re.ASCII)
_log = logging.getLogger("headway")
Find = Callable[[str, str | None], Iterable[Network]]


class JobRegister:
    """The jobs of one controller; a file in `folder`, made if it isn't there."""

    def __init__(
        self,
        folder: Path,
        policy: Callable[[], Policy],
        find: Find,
        *,
        forget: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Reads what an earlier controller kept.

        Args:
            folder: Of the record.
            policy: The one in force, for slices and what they may use.
            find: Addresses of a host, by its MAC address or name, and the slice it is in; raises
                JobError.
            forget: Begin with none: the network is made anew.
            clock: Wall clock, seconds.

        Raises:
            StoreError: The file is damaged, or can't be written.
        """
        self._policy, self._find, self._clock = policy, find, clock
        self._send: Callable[[Event], None] = lambda _event: None
        self._file = Database(folder / FILE, _SCHEMA, StoreError, _REMEDY, lasting=True)
        with self._file.transaction() as db:
            if forget:
                db.execute("DELETE FROM job")
            rows = db.execute("SELECT id, told FROM job ORDER BY number").fetchall()
            self._jobs = Jobs(_job(*row) for row in rows)
        self.expire()

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    def start(self, send: Callable[[Event], None]) -> None:
        """Tells the core what there is, and from now on of every change."""
        self._send = send
        if self._jobs:
            self._tell()

    # --- questions ------------------------------------------------------------------------------

    def all(self) -> tuple[Job, ...]:
        """Those that are not over, in the order they came."""
        now = self._clock()
        return tuple(job for job in self._jobs if not job.is_over(now))

    def in_order(self) -> tuple[Job, ...]:
        """The same, so that the first that takes a flow is the one it belongs to."""
        now = self._clock()
        return tuple(job for job in self._jobs.in_order() if not job.is_over(now))

    def job(self, name: str) -> Job:
        """The job with this id.

        Raises:
            UnknownJobError: There is none.
        """
        job = self._jobs.get(name)
        if job is None or job.is_over(self._clock()):
            raise UnknownJobError(f"no job {name!r}{suggest(name, [j.id for j in self.all()])}")
        return job

    def trouble(self, job: Job) -> str:
        """Why the policy in force gives a job nothing; empty where it does."""
        return _trouble(self._policy(), job)

    def next_end(self) -> float | None:
        """Seconds until the next job is over."""
        ends = [job.expires_at for job in self._jobs if job.expires_at is not None]
        return max(0.0, min(ends) - self._clock()) if ends else None

    # --- changes --------------------------------------------------------------------------------

    def put(self, form: JobForm, who: str, *, over: bool) -> Job:
        """Registers a job, for its `ttl_s` from now.

        Args:
            form: What was told.
            who: Who tells it.
            over: It may take the place of another job of its id.

        Raises:
            JobError: The policy has no such slice, or that may not use the class; a host is not
                known; there is another job of that id; there are too many.
        """
        self.expire()
        job = job_of(
            form, lambda word: self._find(word, form.slice), self._clock() + form.ttl_s, who
        )
        if trouble := self.trouble(job):
            raise JobError(trouble)
        if len(job.prefixes) > MOST_HOSTS:
            raise JobError(f"{len(job.prefixes)} addresses; a job has at most {MOST_HOSTS}")
        old = self._jobs.get(job.id)
        if old and not over and _endless(old) != _endless(job):
            raise JobError(f"there is another job {job.id!r}; PUT /v1/jobs/{job.id} replaces it")
        self._keep(job)
        _log.info("job %s: %s, registered by %s", job.id, job.traffic_class.value, who or "nobody")
        return job

    def renew(self, name: str, ttl_s: float) -> Job:
        """Lets a job go on for `ttl_s` from now.

        Raises:
            UnknownJobError: There is none, or it is over.
        """
        job = replace(self.job(name), expires_at=self._clock() + ttl_s)
        self._keep(job)
        return job

    def remove(self, name: str) -> Job:
        """Forgets a job.

        Raises:
            UnknownJobError: There is none.
        """
        job = self.job(name)
        self._forget([job])
        _log.info("job %s: removed", name)
        return job

    def expire(self) -> None:
        """Forgets those that are over."""
        over = [job for job in self._jobs if job.is_over(self._clock())]
        if over:
            self._forget(over)
            _log.info("jobs over: %s", ", ".join(job.id for job in over[:10]))

    def _keep(self, job: Job) -> None:
        """On record, then in force; what can't be kept leaves both as they were."""
        before = self._jobs.get(job.id)
        try:
            self._jobs.put(job)
        except JobsFullError as error:
            raise JobError(str(error)) from error
        try:
            with self._file.transaction() as db:
                db.execute(
                    "INSERT INTO job (id, told) VALUES (?, ?) "
                    "ON CONFLICT (id) DO UPDATE SET told = excluded.told",
                    (job.id, json.dumps(told(job))),
                )
        except StoreError:
            if before:
                self._jobs.put(before)
            else:
                self._jobs.remove(job.id)
            raise
        if before is None or _endless(before) != _endless(job):
            self._tell()

    def _forget(self, jobs: Iterable[Job]) -> None:
        names = [job.id for job in jobs]
        with self._file.transaction() as db:
            db.executemany("DELETE FROM job WHERE id = ?", [(name,) for name in names])
        for name in names:
            self._jobs.remove(name)
        self._tell()

    def _tell(self) -> None:
        self._send(JobsChanged(tuple(map(_endless, self.in_order()))))


def addresses(
    state: State | None, topology: TopologyLike | None, word: str, slice_name: str | None
) -> list[Network]:
    """Addresses of a host, by its MAC address or by its name in the topology.

    Raises:
        JobError: It is not known, or has sent from no address yet.
    """
    if not _MAC.fullmatch(word):
        names = {host.name: host.address for host in topology.hosts} if topology else {}
        if word not in names:
            raise JobError(f"no host {word!r}{suggest(word, names)}; an IP address does as well")
        return [ip_network(names[word])]
    numbers = {part.name: part.number for part in state.policy.slices} if state else {}
    found = [
        _network(ip)
        for host in (state.hosts.values() if state else ())
        if host.mac == int(word.replace(":", ""), 16)
        and slice_name in (None, *(n for n in numbers if numbers[n] == host.slice_number))
        for ip in host.ips
    ]
    if not found:
        raise JobError(f"no address of a host {word} is known yet; give its IP address")
    return found


def _network(address: int) -> Network:
    """Of an address as hosts have it: IPv6 ones are larger."""
    size = 4 if address < 1 << 32 else 16
    return ip_network(address.to_bytes(size, "big"))


def _endless(job: Job) -> Job:
    """Without its end, which is this register's business."""
    return replace(job, expires_at=None)


def _trouble(policy: Policy, job: Job) -> str:
    slices, name = {part.name: part for part in policy.slices}, job.slice_name
    if name is None:
        return ""
    if name not in slices:
        return f"no slice {name!r}{suggest(name, slices)}"
    allowed = slices[name].classes
    if job.traffic_class not in allowed:
        words = ", ".join(entry.value for entry in allowed)
        return f"slice {name!r} may not use class {job.traffic_class.value}; it may use {words}"
    return ""


def _job(name: str, text: str) -> Job:
    try:
        return from_told(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise sqlite3.DatabaseError(f"job {name!r} is not what was written") from error
